/** The session at a moment, as the app sees it. */
import type { Ending } from "./connection-types.js";
import type { SessionProblem } from "./problem.js";
import type { SessionDevice, SessionMessage, SessionState, SessionValue } from "./protocol.js";
import { NO_VALUES } from "./values.js";

/**
 * - `idle`: not started, or closed
 * - `connecting`: no connection yet
 * - `connected`
 * - `reconnecting`: it broke a moment ago
 * - `lost`: it could not be had for longer than a moment; it is tried on and on
 * - `logged_out`, `replaced` (by a newer connection of the same tab), `unauthorized` (not signed in,
 *   close code 4401), `forbidden` (4403): over for this tab, until `reconnect` is called
 */
export type ConnectionStatus = "idle" | "connecting" | "connected" | "reconnecting" | "lost" | Ending;

/** The knowledge of a moment. Never changed: another moment has another. */
export interface SessionSnapshot {
  /** `null` until the server has told it. Joins and leaves that wait for their answer are in it. */
  readonly state: SessionState | null;
  /** All devices of the user, also those that are away. Empty with a server of version 1. */
  readonly devices: readonly SessionDevice[];
  /** How many messages of the inbox the user has not read on any device. 0 with a server of version 1. */
  readonly unread: number;
  /**
   * The messages of the inbox that the user has not read and that this page has, oldest first. There may be fewer than
   * `unread`. The same array until it changes.
   */
  readonly messages: readonly SessionMessage[];
  /**
   * The user's values by their keys, in an object without a prototype: any text may be a key. Empty until they are
   * known, and with a server of version 1. The same object until any of them changes.
   */
  readonly values: Readonly<Record<string, SessionValue>>;
  /** Whether there is a connection, or was a moment ago. */
  readonly isConnected: boolean;
  /** Whether the first state is still to come. */
  readonly isLoading: boolean;
  /**
   * The message of the problem while there is one, else of the last request that was refused or that the server
   * failed to do, until one that is asked after it succeeds, or it is done after all, or the client connects again.
   */
  readonly error: string | null;
  /**
   * Why the client is not connected, as far as it is known, and `null` while it is. It is known from the
   * second failed attempt on, and at the latest after 5 s.
   */
  readonly problem: SessionProblem | null;
  readonly connectionStatus: ConnectionStatus;
  /** How many requests wait for their answer. */
  readonly pendingRequests: number;
}

export const MESSAGE_OF_ENDING: Record<Ending, string> = {
  logged_out: "this session was logged out",
  replaced: "this tab's session goes on in a newer connection",
  unauthorized: "not signed in",
  forbidden: "not allowed",
};

/** A snapshot before anything is known. */
export function blankSnapshot(status: ConnectionStatus, isLoading: boolean): SessionSnapshot {
  return {
    state: null,
    devices: [],
    unread: 0,
    messages: [],
    values: NO_VALUES,
    isConnected: false,
    isLoading,
    error: null,
    problem: null,
    connectionStatus: status,
    pendingRequests: 0,
  };
}

/** Whether nothing comes after it by itself. */
export function isOver(status: ConnectionStatus): status is Ending {
  return status in MESSAGE_OF_ENDING;
}
