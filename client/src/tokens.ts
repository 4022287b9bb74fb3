/** The user's token, which another tab of the same user may replace. */
import type { Token } from "./connection-types.js";
import { attempt } from "./page.js";
import { checkToken } from "./problem.js";

/** How many tokens of other tabs are kept beside this tab's own. */
const LENT_MAX = 2;

export class Tokens {
  /** The token that the app has given this tab. */
  #own: Token;
  /** The tokens that other tabs have lent it, the newest first. They are tried before its own. */
  #lent: string[] = [];

  constructor(own: Token) {
    this.#own = own;
  }

  get current(): Token {
    return this.#lent[0] ?? this.#own;
  }

  /** The current one if another tab can be told it. */
  get text(): string | null {
    return typeof this.current === "string" ? this.current : null;
  }

  /** @returns Whether it is another one. */
  set(token: Token): boolean {
    const isAnother = token !== this.current;
    this.#own = token;
    this.#lent = [];
    return isAnother;
  }

  /** Another tab has this one. A function stays: it is asked anew each time. */
  offer(token: string): void {
    const isUsable = attempt(() => (checkToken(token), true)) ?? false;
    if (!isUsable || token === this.current || typeof this.#own === "function") return;
    this.#lent = [token, ...this.#lent.filter((one) => one !== token)].slice(0, LENT_MAX);
  }

  /**
   * Makes another one than was refused the current one. @returns Whether there is another.
   * @param refused `null` if none was sent.
   */
  takeOther(refused: string | null): boolean {
    if (typeof this.current === "function") return false;
    if ((this.current ?? null) !== refused) return true;
    return this.#lent.shift() !== undefined && (this.current ?? null) !== refused;
  }
}
