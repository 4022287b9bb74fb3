/** Every member that the package's types name, to be compared with what is given, and types that must be taken. */
import { UserSessionDO, routeUserSession, userSession } from "user-session-worker";
import worker from "user-session-worker";
import type {
  CallError,
  EndedSessions,
  Identity,
  InboxMessage,
  LogoutResult,
  LogoutScope,
  Presence,
  PushOptions,
  PushedMessage,
  UserDevice,
  UserExport,
  UserMetrics,
  UserSession,
  UserSessionEnv,
  UserSessionOptions,
  UserState,
  UserValue,
  ValueError,
} from "user-session-worker";

type Kind<V> = V extends string
  ? "string"
  : V extends number
    ? "number"
    : V extends boolean
      ? "boolean"
      : V extends readonly unknown[]
        ? "array"
        : "object";
/** The members of a type and their kinds, of those that may be missing with a question mark. */
type Members<T> = {
  [Name in keyof T]-?: {} extends Pick<T, Name> ? `${Kind<NonNullable<T[Name]>>}?` : Kind<T[Name]>;
};
type Answer<Name extends keyof UserSession> = Exclude<Awaited<ReturnType<UserSession[Name]>>, CallError>;

const STATE: Members<UserState> = {
  userId: "string",
  activeGames: "array",
  presence: "string",
  lastActive: "number",
  connectedDevices: "number",
  isHibernating: "boolean",
};

const METRICS: Members<UserMetrics> = {
  ...{ userId: "string", since: "number" },
  ...{ wakes: "number", asleepMs: "number", heartbeatsAsleep: "number", awakeMs: "number", connects: "number" },
  ...{ requests: "number", join_game: "number", leave_game: "number", update_presence: "number" },
  ...{ sync_state: "number", ping: "number", logout_all: "number", broadcast: "number", refused: "number" },
  ...{ framesSent: "number", bytesSent: "number", bytesReceived: "number", rowsWritten: "number" },
};

const LOGOUT: Members<LogoutResult> = {
  ...{ success: "boolean", ended: "object", complete: "boolean?" },
};

/** The members of the answer to each call that is not refused. */
export const answers: { [Name in keyof UserSession]: Members<Answer<Name>> } = {
  getState: STATE,
  getMetrics: METRICS,
  clear: { success: "boolean" },
  push: { delivered: "number", repeated: "boolean?", inbox: "number?", kept: "number?", dropped: "number?" },
  joinGame: { activeGames: "array" },
  leaveGame: { activeGames: "array" },
  logoutAll: LOGOUT,
  logoutOthers: LOGOUT,
  logoutDevice: LOGOUT,
  logoutCredential: LOGOUT,
  getDevices: { devices: "array" },
  getValues: { values: "object" },
  setValue: { version: "number" },
  deleteValue: { version: "number" },
  export: {
    ...STATE,
    ...{ loggedOutAt: "number", endedCredentials: "number", epoch: "number", seq: "number" },
    ...{ devices: "array", frames: "array", inbox: "object", pushIds: "number", runs: "number", values: "object" },
  },
};

/** The members of what is within an export, and of a refusal. */
export const parts: {
  devices: Members<UserDevice>;
  inbox: Members<UserExport["inbox"]>;
  messages: Members<InboxMessage>;
  refusal: Members<CallError>;
  error: Members<CallError["error"]>;
  value: Members<UserValue>;
  conflict: Members<ValueError["error"]>;
  ended: Members<LogoutResult["ended"]>;
} = {
  devices: {
    ...{ deviceId: "string", name: "string", firstSeen: "number", lastActive: "number" },
    ...{ presence: "string", tabs: "number" },
  },
  inbox: { last: "number", read: "number", messages: "array" },
  messages: { inbox: "number", expiresAt: "number", body: "object" },
  refusal: { error: "object" },
  error: { code: "string", message: "string" },
  value: { value: "object", version: "number" },
  conflict: { code: "string", message: "string", key: "string?", version: "number?", value: "object?" },
  ended: { sockets: "number", credentials: "number" },
};

/** A push by each option that there is. */
export const pushOptions: { [Name in keyof PushOptions]-?: Required<Pick<PushOptions, Name>> } = {
  keep: { keep: 60 },
  pushId: { pushId: "p" },
  to: { to: ["a"] },
  except: { except: ["a"] },
};

/** The words that a presence may be. */
export const presences: Record<Presence, true> = { online: true, away: true, offline: true };

/** An app's messages have types of their own. */
interface News {
  type: "news";
  n: number;
}
export const message: PushedMessage = { type: "news", n: 1 };
export const typedMessage = (news: News): PushedMessage => news;

export const identities: Identity[] = [
  { userId: "kim", issuedAt: 1 },
  { userId: "kim", issuedAt: 1, expiresAt: 2, credentialId: "c" },
  { userId: "kim", issuedAt: 1, credentialId: "c", tokenId: "t", isSignInTime: true },
];

/** A class of the app's own, as the documentation shows it, and what it is bound as. */
export class OwnSessionDO extends UserSessionDO<OwnEnv> {
  override async onLogout(userId: string, scope: LogoutScope, env: OwnEnv, ended: EndedSessions): Promise<void> {
    await fetch(`https://app.example/${scope}/${userId}/${ended.issuedUntil}/${env.MAX_DEVICES}`);
  }

  reconcile(): string[] {
    return this.getState().activeGames;
  }
}

interface OwnEnv {
  USER_SESSION_DO: DurableObjectNamespace<OwnSessionDO>;
  AUTH_MODE: "jwt";
  MAX_DEVICES: number;
  CONNECT_LIMITER: RateLimit;
  AUTH: Service;
  METRICS: AnalyticsEngineDataset;
}

/** Bound by `script_name`: `wrangler types` knows no class there. */
interface ForeignEnv {
  USER_SESSION_DO: DurableObjectNamespace /* UserSessionDO from user-session */;
}

const checks: UserSessionOptions<OwnEnv> = {
  authenticate: (request, env) => (request.headers.has(env.AUTH_MODE) ? (identities[0] ?? null) : null),
};

export async function everything(request: Request, own: OwnEnv, foreign: ForeignEnv): Promise<unknown[]> {
  const session: UserSession = userSession(foreign, "kim");
  const ours = userSession(own, "kim", { own: ["reconcile"] });
  // @ts-expect-error No class has such a method, unless it is named.
  await session.reconcile?.();
  // @ts-expect-error A user's id is a text.
  userSession(own, 7);
  // @ts-expect-error There is no such binding.
  userSession({}, "kim");
  const bound: UserSessionEnv[] = [own, foreign];
  const { error }: CallError = { error: { code: "c", message: "m" } };
  return [
    ...[await routeUserSession(request, own, checks), await routeUserSession(request, foreign)],
    ...[await worker.fetch(request, own), await ours.reconcile(), await ours.getState(), bound, error],
  ];
}
