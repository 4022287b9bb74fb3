/**
 * The package as a Worker sees it: the Durable Object's class, a function that routes requests
 * to it, and a Worker made of both.
 */
import { DurableObject } from "cloudflare:workers";

import type { PushInput, PushName, SessionDefinition, ValueInput, ValueName } from "../client/dist/session.js";

/** How present a user is; one without a connected device is `offline`. */
export type Presence = "online" | "away" | "offline";

/** A user's state. */
export interface UserState {
  userId: string;
  /** In the order in which they were joined. */
  activeGames: string[];
  presence: Presence;
  /** Time of the last thing any device did, in milliseconds since the Unix epoch; 0 for never. */
  lastActive: number;
  /** How many sockets are open. */
  connectedDevices: number;
  /** Kept for old readers: no device is connected. */
  isHibernating: boolean;
}

/** Why a call was refused: nothing was done. */
export interface CallError {
  error: { code: string; message: string };
}

/** A user's counts: times in milliseconds, sizes in bytes of UTF-8. */
export interface UserMetrics {
  userId: string;
  since: number;
  wakes: number;
  asleepMs: number;
  heartbeatsAsleep: number;
  awakeMs: number;
  connects: number;
  requests: number;
  join_game: number;
  leave_game: number;
  update_presence: number;
  sync_state: number;
  ping: number;
  logout_all: number;
  broadcast: number;
  refused: number;
  framesSent: number;
  bytesSent: number;
  bytesReceived: number;
  rowsWritten: number;
}

/**
 * A message for the devices: it arrives as the JSON text it is written as, in version 2 as the `body`
 * of a frame of its own. `type` is none that version 1 gets from the session itself, such as `state`.
 * The first form takes what has a type of the app's own, the second what is written out.
 */
export type PushedMessage = { type: string } | { type: string; [key: string]: unknown };

/**
 * The bindings that the Worker's environment must hold, and may. The variables have no place in the type: a
 * configuration's own type has those that it sets.
 */
export interface UserSessionEnv {
  /** Whatever class `wrangler types` finds there: one of yours, or none if it is in another Worker. */
  USER_SESSION_DO: DurableObjectNamespace<any>;
  /** Limits how often one user connects. */
  CONNECT_LIMITER?: RateLimit;
  /** The Worker that is asked for sessions in `AUTH_MODE` `session`. */
  AUTH?: Fetcher;
  /** Takes what is counted. */
  METRICS?: AnalyticsEngineDataset;
}

/** A user who has proved to be one. */
export interface Identity {
  userId: string;
  /**
   * When the user signed in or the credential was issued, in seconds since the Unix epoch. A logout
   * ends what was issued in its second or before.
   */
  issuedAt: number;
  /** When the credential ends, in milliseconds since the Unix epoch. */
  expiresAt?: number;
  /**
   * Names the session, with all that is renewed from it; it is no secret. Without it sessions are told apart by
   * `issuedAt` alone. 1 to 256 bytes of UTF-8.
   */
  credentialId?: string;
  /** Names the credential itself, for instance a token of that session. 1 to 256 bytes of UTF-8. */
  tokenId?: string;
  /** Whether `issuedAt` is the time of the sign-in, which stays when a credential is renewed. */
  isSignInTime?: boolean;
}

/** What the platform hands to a Worker with a request. An old runtime has no `abort`. */
export interface RequestContext {
  waitUntil(promise: Promise<any>): void;
  abort?(reason?: any): void;
}

/** How requests are checked. */
export interface UserSessionOptions<E = unknown> {
  /**
   * Says who is asking, in place of `AUTH_MODE`: `null` is nobody. It gets the request without its
   * body. What it throws makes the answer a 503.
   */
  authenticate?: (request: Request, env: E) => Identity | null | Promise<Identity | null>;
  /**
   * The context that your handler gets with the request. Three seconds after a page was refused by a socket that its
   * client has not closed, or as soon as that client sends a message, the context is ended, and the client's connection
   * and your `waitUntil` with it.
   */
  ctx?: RequestContext;
}

/** The part that a logout has ended: everything, all but one session, a device, or a single credential. */
export type LogoutScope = "all" | "others" | "device" | "credential";

/** The end that a logout has made, by which the app ends what it has itself, its refresh tokens for instance. */
export interface EndedSessions {
  scope: LogoutScope;
  /** When it happened, in milliseconds since the Unix epoch. */
  at: number;
  /**
   * The second until which everything was ended that was issued, also what this server has never seen; there is none
   * if only the credentials in `credentialIds` were.
   */
  issuedUntil?: number;
  /**
   * The ids of the credentials that were ended, as far as they are known: that of the session (`sid`), without one
   * the token's own (`jti`), without either the SHA-256 of what was signed.
   */
  credentialIds: string[];
  /** The id of the credential that was spared. */
  exceptCredentialId?: string;
}

/** The answer to a logout. */
export interface LogoutResult {
  success: true;
  /** How many sockets were closed, and how many credentials ended that were known. */
  ended: { sockets: number; credentials: number };
  /**
   * The device had older credentials that are forgotten, or one of which nobody knows what was renewed from it: to be
   * sure, end all others.
   */
  complete?: false;
}

/** A device as it calls itself: in version 2 an installation of the app with its tabs. */
export interface UserDevice {
  deviceId: string;
  /** The name that the device has given itself; empty if it has given none. */
  name: string;
  /** In milliseconds since the Unix epoch, as all times here. */
  firstSeen: number;
  lastActive: number;
  presence: Presence;
  /** How many of its tabs are connected; 0 when it is away. */
  tabs: number;
}

/** To whom a push goes, and for how long. */
export interface PushOptions {
  /**
   * Seconds, at least 1, for which it waits in the user's inbox, also for devices that are not connected, 30 days
   * at most: each client of version 2 gets it once, until the user has read it. Of one user 64
   * messages and 256 KiB wait, the oldest give way.
   */
  keep?: number;
  /** Identifies a push that may be sent twice: it is delivered once. 1 to 128 bytes of UTF-8. */
  pushId?: string;
  /**
   * The devices that get it, 1 to 64; for all leave it out, since an empty list is refused. Not
   * together with `keep`.
   */
  to?: string[];
  /** The devices that don't get it, 1 to 64. */
  except?: string[];
}

/** The result of a push. */
export interface PushResult {
  /** How many connected sockets have got it. */
  delivered: number;
  /** A push of the same `pushId` was delivered before. */
  repeated?: true;
  /** Its number in the inbox, how many wait now, and how many were dropped for it; only with `keep`. */
  inbox?: number;
  kept?: number;
  dropped?: number;
}

/** A push that waits in the user's inbox. */
export interface InboxMessage {
  /** Its number, which counts up from message to message. */
  inbox: number;
  expiresAt: number;
  body: object;
}

/** A condition for a change of a value. */
export interface ValueOptions {
  /** The version that the value must have, 0 if it must not be there; else the change is refused as `conflict`. */
  ifVersion?: number;
}

/** One of the user's values. */
export interface UserValue {
  value: unknown;
  /** When it was changed last, in milliseconds since the Unix epoch, or a little more: versions only go up. */
  version: number;
}

/** Why a change of a value was refused. With the code `conflict` it says what the value is now. */
export interface ValueError {
  error: { code: string; message: string; key?: string; version?: number; value?: unknown };
}

/** Everything that is known about a user. */
export interface UserExport extends UserState {
  /** The second of the last logout of all devices; 0 if there was none. */
  loggedOutAt: number;
  /** How many credentials were ended one by one. */
  endedCredentials: number;
  /** Where the count of the frames to all stands; 0 if no device of version 2 was here. */
  epoch: number;
  seq: number;
  devices: UserDevice[];
  /** The frames to all that a device which comes back could still be told. */
  frames: object[];
  /** The newest message's number, up to where the user has read, and what waits. */
  inbox: { last: number; read: number; messages: InboxMessage[] };
  /** How many ids of pushes are remembered, as hashes, and how many runs of clients. */
  pushIds: number;
  runs: number;
  values: Record<string, UserValue>;
}

/** One user's devices and what they share. Call it by `userSession(env, userId)`. */
export class UserSessionDO<E = Cloudflare.Env> extends DurableObject<E> {
  /**
   * The app's definition of its messages, in a class that extends this one: what a device broadcasts or sets, and what a
   * server pushes, is refused as `invalid_message` if it does not fit. A name that is not defined is not checked.
   */
  static session?: SessionDefinition | undefined;

  /**
   * Serves the paths below `/__user-session`, with that prefix or without. With it, a request that
   * `routeUserSession` has not checked is checked by `AUTH_MODE`; without it, by nobody: never pass
   * on a client's request by such a path.
   */
  override fetch(request: Request): Promise<Response>;
  /**
   * Does nothing here. Override it to end the app's own sessions after a logout. When it fails it is
   * called again up to five times, so it may be called more than once for one logout.
   */
  onLogout(userId: string, scope: LogoutScope, env: E, ended: EndedSessions): void | Promise<void>;
  /** Calls `onLogout`: an alarm of your own would take its place. */
  override alarm(info?: AlarmInvocationInfo): Promise<void>;
  override webSocketMessage(socket: WebSocket, content: string | ArrayBuffer): void;
  override webSocketClose(socket: WebSocket, code: number, reason: string): void;
  override webSocketError(socket: WebSocket): void;

  /** The user's state. */
  getState(): UserState;
  /** The user's counts since `since`; docs/operating.md says what each count is. */
  getMetrics(): UserMetrics;
  /** Erases the user's data and tells every connected device. */
  clear(): { success: true };
  /**
   * Sends a message to every connected device, or to those that `options` name: an object, or JSON
   * text that goes out to the letter, of at most 64 KiB.
   */
  push(message: string | PushedMessage, options?: PushOptions): PushResult | CallError;
  /** Adds a game, as if a device had joined it; an id has 1 to 128 bytes of UTF-8. */
  joinGame(gameId: string): { activeGames: string[] } | CallError;
  /** Removes a game, as if a device had left it. */
  leaveGame(gameId: string): { activeGames: string[] } | CallError;
  /** The user's values, by key. */
  getValues(): { values: Record<string, UserValue> };
  /**
   * Sets a value on all devices, as if a device had: what JSON can express, in at most 16 KiB; a user has 128 values
   * and 128 KiB. Nothing happens if it is that already.
   * @param key 1 to 128 bytes of UTF-8.
   */
  setValue(key: string, value: unknown, options?: ValueOptions): { version: number } | ValueError;
  /** Deletes a value on all devices. Its version is 0 then. */
  deleteValue(key: string, options?: ValueOptions): { version: number } | ValueError;
  /** Ends the session on every device, at once. The games stay. */
  logoutAll(): LogoutResult;
  /**
   * Ends everything but one session, known by its id or by that of its token, wherever and by whatever device the
   * others are used.
   */
  logoutOthers(exceptCredentialId: string): LogoutResult | CallError;
  /** Ends a device, connected or not, and the credentials that it came by, wherever those are used. */
  logoutDevice(deviceId: string): LogoutResult | CallError;
  /** Ends one credential, known by the id of its session or by its own (1 to 256 bytes of UTF-8), wherever it is used. */
  logoutCredential(credentialId: string): LogoutResult | CallError;
  /** The devices: those that are connected, and those of version 2 that were. */
  getDevices(): { devices: UserDevice[] };
  /** All that is stored about the user. */
  export(): UserExport;
}

type Calls = Pick<UserSessionDO, Exclude<keyof UserSessionDO, keyof DurableObject | "onLogout">>;

/** The methods of `UserSessionDO` as a server calls them, from outside of the object. */
export type UserSession = {
  [Name in keyof Calls]: (...args: Parameters<Calls[Name]>) => Promise<ReturnType<Calls[Name]>>;
};

/** The push of a server that has named the app's definition. */
export interface DefinedPush<S extends SessionDefinition> {
  /**
   * Pushes a message that is defined: `{ type: name, ...data }`. The object checks it.
   * @param data May be left out if no member is needed.
   */
  <Name extends PushName<S>>(
    name: Name,
    ...rest: {} extends PushInput<S, Name>
      ? [data?: PushInput<S, Name>, options?: PushOptions]
      : [data: PushInput<S, Name>, options?: PushOptions]
  ): Promise<PushResult | CallError>;
  /** Pushes any other message. */
  (message: PushedMessage, options?: PushOptions): Promise<PushResult | CallError>;
}

/** The setting of a value by a server that has named the app's definition: one that is defined, and one of its type. */
export type DefinedSetValue<Call, S extends SessionDefinition> = Call extends (
  key: any,
  value: any,
  ...rest: infer Rest
) => infer Answer
  ? <Name extends ValueName<S>>(key: Name, value: ValueInput<S, Name>, ...rest: Rest) => Answer
  : Call;

/** Calls as the app's definition types them: those about a part that it defines. */
export type DefinedCalls<Calls, S extends SessionDefinition> = {
  [Name in keyof Calls]: Name extends "push"
    ? PushName<S> extends never
      ? Calls[Name]
      : DefinedPush<S>
    : Name extends "setValue"
      ? ValueName<S> extends never
        ? Calls[Name]
        : DefinedSetValue<Calls[Name], S>
      : Calls[Name];
};

/** The facts of your app that `userSession` may be given. */
export interface UserSessionCallOptions<Own extends string = never, S extends SessionDefinition = SessionDefinition> {
  /** Names of methods that your own class adds; they can be called, too. */
  own?: readonly Own[];
  /** The app's definition of its messages, by which `push` and `setValue` take a name and what it holds. */
  session?: S;
}

/**
 * A user's session to call, as often as needed. It outlives the restart of the object after a logout:
 * a call that fails by it, and was not begun, is made once more.
 * @param userId At most 1,024 bytes of UTF-8.
 * @throws {TypeError} if `env` has no binding `USER_SESSION_DO`, or the user's id can't be one.
 */
export function userSession<Own extends string = never, S extends SessionDefinition = SessionDefinition<{}, {}, {}>>(
  env: Pick<UserSessionEnv, "USER_SESSION_DO">,
  userId: string,
  options?: UserSessionCallOptions<Own, S>,
): DefinedCalls<UserSession, S> & Record<Own, (...args: any[]) => Promise<unknown>>;

/**
 * Checks and serves a request whose path is `/__user-session` or below. Pass it on as it came: with the
 * prefix in its path, and with a body that nobody has read.
 * @returns The answer, whose headers may be changed, or `null` if the request is for another path. It
 *   never rejects: what fails is logged and answered with 500 or 503.
 */
export function routeUserSession<E extends UserSessionEnv>(
  request: Request,
  env: E,
  options?: UserSessionOptions<E>,
): Promise<Response | null>;

declare const worker: {
  fetch(request: Request, env: UserSessionEnv, ctx?: RequestContext): Promise<Response>;
};
export default worker;
