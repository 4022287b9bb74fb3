/** The user's token, which another tab of the same user may replace. */
import type { Token } from "./connection-types.js";

export class Tokens {
  current: Token;
  /** The one before, if another tab brought the current one. */
  #spare: Token;

  constructor(first: Token) {
    this.current = first;
  }

  /** The current one if another tab can be told it. */
  get text(): string | null {
    return typeof this.current === "string" ? this.current : null;
  }

  /** @returns Whether it is another one. */
  set(token: Token): boolean {
    if (token === this.current) return false;
    this.current = token;
    this.#spare = undefined;
    return true;
  }

  /** Another tab has this one. A function stays: it is asked anew each time. */
  offer(token: string): void {
    if (token === this.current || typeof this.current === "function") return;
    this.#spare = this.current;
    this.current = token;
  }

  /**
   * Makes another one than was refused the current one. @returns Whether there is another.
   * @param refused `null` if none was sent.
   */
  takeOther(refused: string | null): boolean {
    if (typeof this.current === "function") return false;
    if ((this.current ?? null) !== refused) return true;
    if (this.#spare === undefined) return false;
    this.current = this.#spare;
    this.#spare = undefined;
    return true;
  }
}
