/** The options, events and figures of a connection. */
import type { FrameOf, ServerFrame } from "./frames.js";
import type { SessionProblem } from "./problem.js";
import type { Known, Place } from "./tab-messages.js";
import type { TabGroup } from "./tabs.js";

/** Why a session is over for this tab, for good. */
export type Ending = "logged_out" | "replaced" | "unauthorized" | "forbidden";

/** The endings that a close's code tells of. */
export const ENDINGS_BY_CODE = new Map<number, Ending>([
  [4401, "unauthorized"],
  [4403, "forbidden"],
  [4409, "replaced"],
]);

/** The credential for a server that takes no cookie, or a function that fetches it. */
export type Token = string | null | undefined | (() => TokenValue | Promise<TokenValue>);
type TokenValue = string | null | undefined;

/** Counts and times since the client was made. */
export interface ConnectionMetrics {
  /** How often it was tried to connect. */
  attempts: number;
  /** Sockets that brought a first frame. */
  connections: number;
  /** When the last of them did, milliseconds since the Unix epoch, `null` if none has. */
  connectedAt: number | null;
  /** How long the last heartbeat's answer took, in milliseconds, `null` if none has come. */
  roundTripMs: number | null;
  /** Connections given up because an answer was overdue. */
  timeouts: number;
  framesSent: number;
  framesReceived: number;
  lastClose: { code: number; reason: string; at: number } | null;
}

export function noMetrics(): ConnectionMetrics {
  return {
    attempts: 0,
    connections: 0,
    connectedAt: null,
    roundTripMs: null,
    timeouts: 0,
    framesSent: 0,
    framesReceived: 0,
    lastClose: null,
  };
}

export interface ConnectionHandlers {
  /** The address for the next socket. It throws a `ProblemError` if there is none. */
  address(): string;
  opened(version: 1 | 2): void;
  frame(frame: Exclude<ServerFrame, FrameOf<"pong">>): void;
  /** A socket is about to be asked for, or another tab's. @returns What is known. */
  known(): Known;
  /**
   * The socket is gone, or there was none; there will be another, if the problem is retryable.
   * @param code That of its close, if it was closed.
   */
  dropped(code?: number): void;
  ended(ending: Ending, reason: string): void;
  /** The problem is another by now. */
  problemChanged(): void;
}

export interface ConnectionSettings {
  token: () => Token;
  /** Whether there is another token to try than the one that was refused. */
  takeOtherToken: (refused: string | null) => boolean;
  heartbeatMs: number;
  WebSocket: typeof WebSocket | undefined;
  /** Whether the app has given that class: its sockets may carry what a request does not. */
  isOwnWebSocket: boolean;
  /** Whether the app was told that there is no network. */
  isOffline: boolean;
  /** Over when this device knows who it is, and whether it shares its socket; `null` once it is. */
  ready: Promise<unknown> | null;
  /** The tabs that have one socket, `null` if this tab has one to itself. */
  group: TabGroup | null;
}

/** The beginning of a connection, as its first frame tells it. */
export interface Connected {
  version: 1 | 2;
  /** The place that the server has gone on from, `null` if it has started over. */
  resumed: Place | null;
  /** The place from which it was asked to go on, and did not; `null` if there is none. */
  refused: Place | null;
  /** Where the first frame is; `null` in version 1. */
  position: Place | null;
  /** Above this number all messages of the inbox come, `null` if there is no inbox. */
  inbox: number | null;
  /** Messages up to this number may have been dropped. */
  lostAt: number;
}

/** One attempt to connect. */
export interface Attempt {
  /** The address of its socket, empty before there is one. */
  address: string;
  /** The token that went along. */
  token: string | null;
  /** Whether its token is still awaited. */
  isToken: boolean;
  /** Whether its socket was made without the token that there is. */
  isUnshown: boolean;
  /** Whether its socket opened. */
  hasOpened: boolean;
}

/** An attempt of which nothing is known yet. */
export function newAttempt(): Attempt {
  return { address: "", token: null, isToken: false, isUnshown: false, hasOpened: false };
}

/** How an attempt or a connection ended. */
export interface Outcome {
  /** The code of its close, or of one that means the same. */
  code: number;
  /** The reason that the server gave, empty if none. */
  reason: string;
  /** The same as a problem, `null` if there is none that shows. */
  problem: SessionProblem | null;
  /** How long the server asks to wait, in milliseconds. */
  waitMs: number;
}

/** How a connection begins. */
export interface Start {
  /** Whether a new token is why. */
  isRenewed?: boolean;
}
