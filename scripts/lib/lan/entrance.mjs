/** Who is let in: whoever has brought the newest secret, each of which lets in one browser. */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** As many bits as nobody guesses, in a code that is small enough to be drawn in 19 lines. */
const SECRET_BYTES = 16;
const SESSION_BYTES = 32;

const WRONG_MAX = 10;
const WINDOW_MS = 60_000;
/** How many addresses' wrong secrets are counted at a time. */
const ADDRESSES_MAX = 256;

/** What becomes of an attempt to come in. `last` is the wrong one that is one too many. */
/** @typedef {{session: string} | {refused: "wrong" | "last" | "unheard"}} Attempt */

export class Entrance {
  #secret = freshText(SECRET_BYTES);
  /** Digests of the sessions. @type {Buffer[]} */
  #sessions = [];
  /** Wrong secrets by address. @type {Map<string, {count: number, until: number}>} */
  #wrong = new Map();
  #now;

  /** @param {() => number} [now] The time in milliseconds. */
  constructor(now = Date.now) {
    this.#now = now;
  }

  /** The secret that lets in the next browser. */
  get secret() {
    return this.#secret;
  }

  /**
   * Exchanges the secret for a session, and makes the next secret. An address that has sent too many wrong ones is not heard
   * for a minute. That costs nobody else anything, so neighbours can't keep the phone out.
   * @param {string} given
   * @param {string} address Where it comes from.
   * @returns {Attempt}
   */
  enter(given, address) {
    const wrong = this.#wrongOf(address);
    if (wrong.count >= WRONG_MAX) return { refused: "unheard" };
    if (!timingSafeEqual(digest(given), digest(this.#secret))) {
      wrong.count += 1;
      this.#remember(address, wrong);
      return { refused: wrong.count < WRONG_MAX ? "wrong" : "last" };
    }
    this.#secret = freshText(SECRET_BYTES);
    this.#wrong.delete(address);
    const session = freshText(SESSION_BYTES);
    this.#sessions.push(digest(session));
    return { session };
  }

  /**
   * @param {string} given Perhaps a session.
   * @returns {number} The session's number, from 1 on; 0 if it is none.
   */
  numberOf(given) {
    const shown = digest(given);
    return this.#sessions.findIndex((session) => timingSafeEqual(session, shown)) + 1;
  }

  /** @param {string} address */
  #wrongOf(address) {
    const now = this.#now();
    const known = this.#wrong.get(address);
    return known && known.until > now ? known : { count: 0, until: now + WINDOW_MS };
  }

  /** @param {string} address @param {{count: number, until: number}} wrong */
  #remember(address, wrong) {
    this.#wrong.delete(address);
    this.#wrong.set(address, wrong);
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size > ADDRESSES_MAX) this.#wrong.delete(oldest);
  }
}

/** @param {number} bytes */
function freshText(bytes) {
  return randomBytes(bytes).toString("base64url");
}

/** Texts of all lengths become equally long, as a comparison in constant time needs them. @param {string} text */
function digest(text) {
  return createHash("sha256").update(text).digest();
}
