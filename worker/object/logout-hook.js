/**
 * Runs the app's `onLogout` by an alarm: the object restarts after a logout, while an alarm is stored with it
 * and rings in the next instance. What the app does then is its own.
 */
import { quoted, report, summary } from "../common/log.js";

/**
 * The devices that a logout has ended.
 * @typedef {"all"} LogoutScope
 */

// The restart comes within this time (see logout-restart.js), and would break off a hook that runs earlier.
const DELAY_MS = 500;

// The platform tries again after 2, 4, 8 … seconds, up to six times.
const RETRIES_MAX = 5;

/**
 * The only part of an object's state that is needed here.
 * @typedef {object} Alarms
 * @property {{setAlarm: (time: number) => Promise<void>}} storage
 */

export class LogoutHook {
  #ctx;

  /** @param {Alarms} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
  }

  /** Sets the alarm, in the turn in which the logout is stored. It never rejects. */
  async schedule() {
    try {
      await this.#ctx.storage.setAlarm(Date.now() + DELAY_MS);
    } catch (error) {
      report(`onLogout could not be scheduled: ${summary(error)}`);
    }
  }

  /**
   * Runs the hook. It rejects if the hook fails, so that the platform tries again; the last failure is only
   * logged.
   * @param {string} userId
   * @param {number} retryCount The number of failures before.
   * @param {(scope: LogoutScope) => Promise<void>} hook
   */
  async run(userId, retryCount, hook) {
    try {
      await hook("all");
    } catch (error) {
      const isLast = retryCount >= RETRIES_MAX;
      const next = isLast ? "it is not tried again: end the app's sessions by hand" : "trying again";
      report(`user ${quoted(userId)}: onLogout failed: ${summary(error)}; ${next}`);
      if (!isLast) throw error;
    }
  }
}
