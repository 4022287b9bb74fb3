/**
 * Attempts that were given up before they got anywhere. The network may bring one to the server behind a later
 * one, which the server then takes for the older of the two, and closes as replaced.
 */
import { monotonicMs } from "./clock.js";

/** How late an attempt may come. */
const LATE_MS = 60_000;

export class Strays {
  #lastAt = -Infinity;

  /** An attempt was given up that may still reach the server. */
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
