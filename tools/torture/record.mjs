/**
 * The record of a run: what was done to the server, what devices sent and what they saw, in the order
 * in which it happened in this process. The checker reads nothing else.
 */
import { appendFileSync } from "node:fs";

/**
 * A connection of a device, from its opening to its end. No other has its name.
 * @typedef {string} VisitName
 */

/** @typedef {{kind: "run", users: Record<string, string[]>}} RunEntry The devices of each user. */
/** @typedef {{kind: "start"}} StartEntry The server is started, for the first time or again. */
/** @typedef {{kind: "kill"}} KillEntry The process is about to be killed. */
/**
 * A device of version 2 asks to be let in; no other has such an entry. It has seen all up to `since`, and has
 * all messages up to `inbox`.
 * @typedef {{kind: "connecting", user: string, device: string, visit: VisitName, since: string | null,
 *   inbox: number | null}} ConnectingEntry
 */
/** @typedef {{kind: "open", user: string, device: string, visit: VisitName}} OpenEntry */
/** @typedef {{kind: "sent", user: string, visit: VisitName, n: number, frame: any}} SentEntry */
/** @typedef {{kind: "saw", user: string, visit: VisitName, frame: any}} SawEntry */
/**
 * The connection has ended, or, without a code, its device looks no more.
 * @typedef {{kind: "closed", user: string, visit: VisitName, code?: number}} ClosedEntry
 */
/** @typedef {{kind: "asked", user: string}} AskedEntry `GET /state` is under way. */
/** @typedef {{kind: "state", user: string, body: any}} StateEntry Its answer. */
/** @typedef {{kind: "pushing", user: string, push: string}} PushingEntry A push is sent, maybe again. */
/**
 * It was answered with 200, and with its number unless it was there already.
 * @typedef {{kind: "pushed", user: string, push: string, inbox: number | null}} PushedEntry
 */
/** @typedef {{kind: "settled"}} SettledEntry Nobody sends, everybody has been told everything. */
/** @typedef {{kind: "stuck", what: string}} StuckEntry Something that must come has not. */

/**
 * @typedef {RunEntry | StartEntry | KillEntry | ConnectingEntry | OpenEntry | SentEntry | SawEntry | ClosedEntry
 *   | AskedEntry | StateEntry | PushingEntry | PushedEntry | SettledEntry | StuckEntry} Entry
 */

/** How many entries are written to the file at once. */
const BATCH = 10_000;

export class Recorder {
  #take;
  #file;
  /** @type {string[]} */
  #lines = [];

  /**
   * @param {(entry: Entry) => void} take Is handed each entry as it happens.
   * @param {string} [file] Gets each as a line of JSON.
   */
  constructor(take, file) {
    this.#take = take;
    this.#file = file;
  }

  /** @param {Entry} entry */
  add(entry) {
    if (this.#file !== undefined) {
      // By the clock that never jumps.
      this.#lines.push(JSON.stringify({ at: performance.now(), ...entry }));
      if (this.#lines.length >= BATCH) this.flush();
    }
    this.#take(entry);
  }

  /** Writes what is not yet in the file. */
  flush() {
    if (this.#file === undefined || this.#lines.length === 0) return;
    appendFileSync(this.#file, `${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }
}
