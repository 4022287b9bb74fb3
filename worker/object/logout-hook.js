/**
 * Runs the app's `onLogout` by an alarm: the object restarts after a logout, while an alarm is stored with it
 * and rings in the next instance. Each logout has a row until the app was told of it. What the app does then is its
 * own.
 */
import { quoted, report, summary } from "../common/log.js";

/**
 * The part that a logout has ended.
 * @typedef {"all" | "others" | "device" | "credential"} LogoutScope
 */

/**
 * The end that a logout has made, as the app is told it.
 * @typedef {object} EndedSessions
 * @property {LogoutScope} scope
 * @property {number} at When it happened, in milliseconds since the epoch.
 * @property {number} [issuedUntil] The second until which everything was ended that was issued; none if only the
 *   credentials were that are named.
 * @property {string[]} credentialIds The ids of the credentials that were ended, as far as they are known.
 * @property {string} [exceptCredentialId] The id of the one that was spared.
 */

/** The beginning of the keys of logouts of which the app is still to be told. */
export const REPORT_KEY = "session.report.";

// The restart comes within this time (see logout-restart.js), and would break off a hook that runs earlier.
const DELAY_MS = 500;

// The platform tries again after 2, 4, 8 … seconds, up to six times.
const RETRIES_MAX = 5;

// Keys are sorted as text, and no number has more digits.
const NUMBER_DIGITS = 16;

/**
 * How urgent a logout is: of all before any other, and of the same kind the newest first, so that nobody delays another's
 * by asking for many.
 * @type {Record<LogoutScope, number>}
 */
const URGENCY = { all: 3, others: 2, device: 1, credential: 0 };

// An app that is down fails for each of them, so no more are tried before the next ring.
const FAILURES_MAX = 16;

/**
 * The rows of an object's storage, as far as they are needed here.
 * @typedef {object} Rows
 * @property {(key: string, value: string) => void} put
 * @property {(key: string) => unknown} delete
 * @property {(options: {prefix: string, reverse: boolean, limit: number}) => Iterable<[string, unknown]>} list
 */

/**
 * The only part of an object's state that is needed here.
 * @typedef {object} Alarms
 * @property {{setAlarm: (time: number) => Promise<void>, kv: Rows}} storage
 */

export class LogoutHook {
  #storage;

  /** @param {Alarms} ctx */
  constructor({ storage }) {
    this.#storage = storage;
  }

  /**
   * Stores what a logout has ended and sets the alarm, in the turn in which the logout is stored.
   * @param {string} ended JSON of EndedSessions.
   */
  note(ended) {
    const { kv } = this.#storage;
    /** @type {EndedSessions} */
    const { scope } = JSON.parse(ended);
    const prefix = `${REPORT_KEY}${URGENCY[scope]}.`;
    // The number is counted in storage, since another instance may have told of a logout a moment ago.
    const [last] = kv.list({ prefix, reverse: true, limit: 1 });
    const number = last ? Number(last[0].slice(prefix.length)) + 1 : 0;
    kv.put(prefix + String(number).padStart(NUMBER_DIGITS, "0"), ended);
    void this.#schedule();
  }

  /**
   * Runs the hook for each logout, for the others also if it fails for one. It rejects then, so that the platform tries
   * again; the last failure is only logged.
   * @param {string} userId
   * @param {number} retryCount The number of failures before.
   * @param {(ended: EndedSessions) => Promise<void>} hook
   */
  async run(userId, retryCount, hook) {
    const isLast = retryCount >= RETRIES_MAX;
    /** @type {Map<string, unknown>} */
    const failures = new Map();
    for (let row = this.#next(failures); row && failures.size < FAILURES_MAX; row = this.#next(failures)) {
      const [key, ended] = row;
      try {
        await hook(JSON.parse(String(ended)));
      } catch (error) {
        const next = isLast ? "it is not tried again: end the app's sessions by hand" : "trying again";
        report(`user ${quoted(userId)}: onLogout failed: ${summary(error)}; ${next}`);
        if (!isLast) failures.set(key, error);
      }
      if (!failures.has(key)) this.#storage.kv.delete(key);
    }
    const [failure] = failures.values();
    if (failures.size > 0) throw failure;
  }

  /**
   * Reads the row of the most urgent logout.
   * @param {Map<string, unknown>} failures Those that are left out, by key.
   */
  #next(failures) {
    const rows = this.#storage.kv.list({ prefix: REPORT_KEY, reverse: true, limit: failures.size + 1 });
    return [...rows].find(([key]) => !failures.has(key));
  }

  async #schedule() {
    try {
      await this.#storage.setAlarm(Date.now() + DELAY_MS);
    } catch (error) {
      report(`onLogout could not be scheduled: ${summary(error)}`);
    }
  }
}
