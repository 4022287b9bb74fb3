/** What the server and a device say to each other, and what of it the app sees. */

/** The subprotocols, the better one first. */
export const PROTOCOL_VERSION_2 = "user-session.v2";
export const PROTOCOL_VERSION_1 = "user-session.v1";

/** In exactly these bytes the platform answers it without waking the user's object. */
export const HEARTBEAT = '{"type":"ping"}';

/** The reason of the close by which every version of the server tells of a logout. */
export const LOGOUT_REASON = "Logged out from all devices";

/** The beginning of the reason of a close by which the server tells that a ticket is good no longer. */
export const TICKET_UNKNOWN = "ticket_unknown";

/** What the server takes in one frame, in bytes of UTF-8. */
export const FRAME_BYTES_MAX = 65_536;

/** What a user is seen as. */
export type Presence = "online" | "away" | "offline";

export function isPresence(value: unknown): value is Presence {
  return value === "online" || value === "away" || value === "offline";
}

/** What all devices of a user share. */
export interface SessionState {
  userId: string;
  /** In the order in which they were joined. */
  activeGames: string[];
  presence: Presence;
  /** When any device last did anything: milliseconds since the Unix epoch, 0 for never. */
  lastActive: number;
}

/** An installation: a browser profile, a phone. */
export interface SessionDevice {
  deviceId: string;
  /** Empty if it was never named. */
  name: string;
  /** Milliseconds since the Unix epoch. */
  firstSeen: number;
  /** Milliseconds since the Unix epoch. */
  lastActive: number;
  presence: Presence;
  /** How many of its sockets are open; 0 if it is away. */
  tabs: number;
  /** Whether it is this one. */
  current: boolean;
}

/**
 * An event of the app's own: published by a device, or pushed by a server.
 * @template Data What its data is taken for. Nothing checks that it is.
 */
export interface SessionEvent<Data = unknown> {
  /** What it was published as; of a push, its `type`. */
  name: string;
  /** What was published with it, `null` if nothing; of a push, its whole body. */
  data: Data;
  /** The id of the device that published it, `null` for a push. */
  from: string | null;
  /** The number of a push that is kept in the inbox, by which it can be marked as read; `null` for all else. */
  inbox: number | null;
}

/** One of the user's own values, as this page shows it. The same object until something of it changes. */
export interface SessionValue {
  /** Any JSON, with what was asked here and may still be granted; `undefined` if it is not there. */
  readonly value: unknown;
  /** The server's version of it, 0 if it is not there. */
  readonly version: number;
  /** Whether something that was asked here waits for its answer. */
  readonly isPending: boolean;
  /** Why the last change that was asked here was not made, until the next one, or until it changes. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A message of the inbox that the user has not read. */
export interface SessionMessage {
  /** Its number, by which it can be marked as read. */
  readonly inbox: number;
  /** The `type` of the push. */
  readonly name: string;
  /** The whole body of the push. */
  readonly data: unknown;
  /** When it goes away by itself: milliseconds since the Unix epoch, by the server's clock; `Infinity` for never. */
  readonly expiresAt: number;
}

/** Something that has happened, as listeners are told of it. */
export type SessionChange =
  | { type: "gameJoined"; gameId: string }
  | { type: "gameLeft"; gameId: string }
  | { type: "presenceChanged"; presence: Presence }
  | { type: "event"; event: SessionEvent }
  /** Events, or messages of the inbox, were missed or may have been: read again what hangs on them. */
  | { type: "reset" }
  | { type: "loggedOut" };

/** How much a logout has ended. */
export interface EndedCount {
  /** Sockets that were closed, this one's too if it was. */
  sockets: number;
  /** Credentials that the server knew, counting what is of one sign-in once. */
  credentials: number;
}

/** How a request ended. Promises of it are never rejected. */
export type RequestOutcome =
  | {
      ok: true;
      /**
       * Whether a credential of the device that `logoutDevice` has ended is also this one's, and stays valid. `null`
       * if that is not known, since the connection broke before the answer.
       */
      credentialShared: boolean | null;
      /**
       * How much a logout has ended. It is missing from the outcome of other requests, from a server of version 1, and
       * if the connection broke before the answer.
       */
      ended?: EndedCount;
      /**
       * Whether that is all there was; it stands beside `ended`. If it is `false`, the device may come back by a
       * credential that the server has forgotten, or that was renewed from one without its knowing: `logoutOthers`
       * ends those, too.
       */
      complete?: boolean;
      /** A newer one of the same took its place, so it was not sent; an event of which only the newest counts, not again. */
      replaced?: true;
    }
  | {
      ok: false;
      /**
       * An error code of the server (`invalid_message`, `limit_reached`, `too_large` …), or
       * `ended`: the session is over for this tab; `unknown`: the connection broke, and whether it was
       * done can't be found out; `unsupported`: the server speaks version 1; `queue_full`;
       * `unsupported_runtime`: nothing here makes sockets.
       */
      code: string;
      message: string;
    };

/** A frame of the server's, as far as it has been looked at. */
export interface Frame {
  type: string;
  [key: string]: unknown;
}

/** The parsed frame, `null` if it is none. */
export function parseFrame(text: unknown): Frame | null {
  if (typeof text !== "string") return null;
  try {
    const value: unknown = JSON.parse(text);
    return isFrame(value) ? value : null;
  } catch {
    return null;
  }
}

function isFrame(value: unknown): value is Frame {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
