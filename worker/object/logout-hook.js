/**
 * Tells the app of a logout. It is done by an alarm: the object restarts after a logout, and an
 * alarm is stored with the logout and rings in whatever instance there is then.
 */
import { quoted, report, summary } from "../shared/log.js";

/**
 * Which devices a logout has ended.
 * @typedef {"all"} LogoutScope
 */

// The restart comes within this time (see logout-restart.js), and would break off what runs before.
const DELAY_MS = 500;

// The platform tries again after 2, 4, 8 … seconds, up to six times.
const RETRIES_MAX = 5;

/**
 * The part of an object's state that is needed here.
 * @typedef {object} Alarms
 * @property {{setAlarm: (time: number) => Promise<void>}} storage
 */

export class LogoutHook {
  #ctx;

  /** @param {Alarms} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
  }

  /** Has the hook run soon. To be called in the turn in which the logout is stored; never fails. */
  async schedule() {
    try {
      await this.#ctx.storage.setAlarm(Date.now() + DELAY_MS);
    } catch (error) {
      report(`onLogout could not be scheduled: ${summary(error)}`);
    }
  }

  /**
   * Runs the hook, and has it run again if it fails, a few times.
   * @param {string} userId
   * @param {number} retryCount How often it has failed.
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
