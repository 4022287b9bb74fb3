"use client";
/** The package's exports for React. Each is a module of its own, so a page pays for none that it does not use. */
export type { ActionOutcome } from "./account-parts.js";
export type { PublishOptions } from "./client.js";
export type { ConnectionMetrics, Token } from "./connection-types.js";
export { DeviceList } from "./device-list.js";
export type { DeviceListProps, DeviceListTexts } from "./device-list.js";
export { shallowEqual } from "./equal.js";
export {
  useConnectionStatus,
  useDevices,
  useInbox,
  usePresence,
  useSessionActions,
  useSessionEvent,
  useUserValue,
} from "./hooks.js";
export type { ConnectionState, Inbox, SessionActions, SessionEventOptions, SetUserValue, UserValueState } from "./hooks.js";
export { LogoutEverywhere } from "./logout-everywhere.js";
export type { LogoutEverywhereProps, LogoutEverywhereTexts } from "./logout-everywhere.js";
export type { ProblemCode, SessionProblem } from "./problem.js";
export type { Presence, RequestOutcome, SessionDevice, SessionEvent, SessionMessage, SessionState, SessionValue } from "./protocol.js";
export { UserSessionProvider } from "./provider.js";
export type { UserSessionProviderProps } from "./provider.js";
export type { UseUserSessionOptions, UseUserSessionResult } from "./session-handle.js";
export type { ConnectionStatus, SessionSnapshot } from "./snapshot.js";
export { useUserSession } from "./use-session.js";
export type { Selector } from "./use-session.js";
export type { HeardData, HeardName, InvalidMessage, TypedOptions, TypedSession, TypedSetOptions, TypedValue, TypedValues } from "./typed.js";
export { createSessionHooks } from "./typed-hooks.js";
export type { SessionHooks, TypedActions, TypedMessage, TypedResult, TypedSet } from "./typed-hooks.js";
