/** The messages between the tabs of a browser that share a socket, which all of them hear. */
import type { Ending } from "./connection-types.js";
import type { SessionProblem } from "./problem.js";

/** A place among the frames that are counted. */
export interface Place {
  epoch: number;
  seq: number;
}

/** Up to where a tab has everything, as the address of a socket says it. */
export interface Known {
  /** `null` if it counts no frames. */
  position: Place | null;
  /** The number of the newest message of the inbox, `null` if it knows of none. */
  inbox: number | null;
}

/** What the tab that leads knows. */
export interface HostKnown extends Known {
  /** Up to which message the inbox is read. */
  read: number;
  /** The server's clock, in milliseconds since the Unix epoch. */
  time: number;
}

/** Why a tab that joins may lack something, as its first frame tells it. */
export interface Breaks {
  /** Messages that it has not may have been dropped. */
  lost: boolean;
  /** The frames that it has missed can't be brought: it must start over. */
  reset: boolean;
}

/** A request that a tab asks the one with the socket to send. */
export interface Ask {
  /** Its name among the tabs. */
  key: string;
  /** The message as JSON, without an id. */
  text: string;
  /** The id under which it was sent before, `null` if it never was. */
  id: string | null;
}

/** The end of a session, for all tabs. */
export interface SharedEnding {
  ending: Ending;
  reason: string;
}

/**
 * What a tab says. `from` is its run, and `to` that of the tab that is meant, `null` for all.
 *
 * - `leading`: this tab leads from now on
 * - `join`: the wish to be served by the tab that leads; `isNew` if its user has just opened or begun it
 * - `welcome`: the first state, and what the tab has missed
 * - `unserved`: only the server can tell what the tab has missed; `inbox` is the place from which on messages came here
 * - `probe`, `alive`: the question whether the tab that leads runs, and its answer
 * - `live`: there is a connection from now on
 * - `frame`: a frame of the server's
 * - `send`, `ask`: what the tab that leads is to send; `sent`: the id under which it has
 * - `dropped`: the connection has ended, and there will be another
 * - `ended`: the session is over
 * - `problem`: why there is no connection
 * - `wake`: somebody looks at a tab that waits
 * - `token`: a token that a tab has, `isNew` if it was set just now
 */
export type TabMessage<Kind extends keyof Contents = keyof Contents> = Kind extends unknown
  ? { from: string; kind: Kind } & Contents[Kind]
  : never;

/** The same, before it is signed. */
export type Unsigned<Kind extends keyof Contents = keyof Contents> = Kind extends unknown
  ? { kind: Kind } & Contents[Kind]
  : never;

interface Contents {
  leading: unknown;
  join: { known: Known; isNew: boolean };
  welcome: { to: string; stream: string; version: 1 | 2; frames: readonly string[] };
  unserved: { to: string; inbox: number | null };
  probe: unknown;
  alive: { to: string };
  live: { stream: string };
  frame: { stream: string; text: string };
  send: { stream: string; text: string };
  ask: { stream: string } & Ask;
  sent: { key: string; id: string };
  dropped: { stream: string };
  ended: { to: string | null } & SharedEnding;
  problem: { to: string | null; problem: SessionProblem };
  wake: unknown;
  token: { token: string; isNew: boolean };
}
