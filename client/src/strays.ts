/**
 * Attempts that were given up before they got anywhere, and sockets of other tabs that have repeated a request of this one's.
 * The network may bring what came by them to the server behind a later attempt, which the server then takes for the
 * older of the two, and closes as replaced.
 */
import { monotonicMs } from "./clock.js";

/** How late an attempt may come. */
const LATE_MS = 60_000;

export class Strays {
  #lastAt = -Infinity;

  /** Something was given up that may still reach the server. */
  note(): void {
    this.#lastAt = monotonicMs();
  }

  /**
   * @returns Whether it may be one of them that has replaced a connection. That is believed once: another tab
   * that has the same id replaces the next connection, too.
   */
  take(): boolean {
    const isLikely = monotonicMs() - this.#lastAt < LATE_MS;
    this.#lastAt = -Infinity;
    return isLikely;
  }
}
