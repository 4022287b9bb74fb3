/** How fast the server is asked, since it closes whoever floods it: so much in a second, and half as much more at once. */
import { monotonicMs } from "./clock.js";

const SLOWEST_PER_SECOND = 0.5;
/** For so long the server gets less after it has refused. */
const SLOW_MS = 60_000;

export class Pace {
  readonly #fullPerSecond: number;
  #perSecond: number;
  /** How many frames may be sent at once, and the most that these may become. */
  #credit: number;
  #creditMax: number;
  #creditedAt = 0;
  /** When the server last refused one that was sent at the present rate, by `monotonicMs`. */
  #slowedAt = -Infinity;

  constructor(perSecond: number) {
    this.#perSecond = this.#fullPerSecond = perSecond;
    this.#creditMax = this.#credit = burst(perSecond);
  }

  /** Adds what time has earned. @returns In how many milliseconds a frame may be sent, 0 for at once. */
  earn(): number {
    const now = monotonicMs();
    if (now - this.#slowedAt > SLOW_MS) {
      this.#perSecond = this.#fullPerSecond;
      this.#creditMax = burst(this.#perSecond);
    }
    const earned = (Math.max(0, now - this.#creditedAt) / 1_000) * this.#perSecond;
    this.#credit = Math.min(this.#creditMax, this.#credit + earned);
    this.#creditedAt = now;
    return this.#credit >= 1 ? 0 : ((1 - this.#credit) / this.#perSecond) * 1_000;
  }

  /** A frame is sent. */
  spend(): void {
    this.#credit--;
  }

  /**
   * The server takes less than was thought: for a while it gets half of it, and no bursts.
   * @param sentAt When what it has refused was sent, by `monotonicMs`.
   * @param askedMs How long it asks to wait, in milliseconds.
   * @returns How long to wait, in milliseconds.
   */
  slowDown(sentAt: number, askedMs: number): number {
    const now = monotonicMs();
    // Others that were sent with it are refused as well, which says no more.
    if (sentAt > this.#slowedAt) {
      this.#perSecond = Math.max(SLOWEST_PER_SECOND, this.#perSecond / 2);
      this.#slowedAt = now;
    }
    // A server that refuses and asks for no wait to speak of would be asked without a pause.
    const waitMs = Math.max(askedMs, 1_000 / this.#perSecond);
    this.#creditMax = 1;
    this.#credit = 1 - (waitMs / 1_000) * this.#perSecond;
    this.#creditedAt = now;
    return waitMs;
  }
}

function burst(perSecond: number): number {
  return Math.max(1, perSecond * 1.5);
}
