export { UserSessionClient } from "./client.js";
export type { PublishOptions, UserSessionClientOptions } from "./client.js";
export type { ConnectionMetrics, Token } from "./connection-types.js";
export type { AppStateLike, Environment } from "./environment.js";
export { PROBLEM_CODES } from "./problem.js";
export type { ProblemCode, SessionProblem } from "./problem.js";
export type {
  EndedCount,
  Presence,
  RequestOutcome,
  SessionChange,
  SessionDevice,
  SessionEvent,
  SessionMessage,
  SessionState,
  SessionValue,
} from "./protocol.js";
export { shareClient } from "./shared.js";
export type { SharedClient } from "./shared.js";
export type { ConnectionStatus, SessionSnapshot } from "./snapshot.js";
export type { KeyValueStorage } from "./store.js";
export type { SessionValues, SetOptions } from "./values.js";
export { typedClient } from "./typed.js";
export type { HeardData, HeardName, InvalidMessage, TypedOptions, TypedSession, TypedSetOptions, TypedValue, TypedValues } from "./typed.js";
