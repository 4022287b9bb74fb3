/** What a device has asked for and what the server has not acknowledged yet. */
import { element, part } from "./dom.js";

/** @import { RequestOutcome } from "/client/index.js" */

/** A connected device shows what takes longer than this. */
const SLOW_MS = 1_000;

export class Outbox {
  #root;
  #list;
  /** @type {Set<{isSlow: boolean}>} */
  #waiting = new Set();
  #isConnected = false;
  /** What the end of the session has left unsent. @type {string[]} */
  lost = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#list = part(root, "ul");
  }

  /**
   * Shows a request until it is answered.
   * @param {string} text What was asked, for the user.
   * @param {Promise<RequestOutcome>} asked
   */
  async hold(text, asked) {
    const entry = { isSlow: false };
    const row = element("li", {}, text);
    this.#waiting.add(entry);
    this.#list.append(row);
    const timer = setTimeout(() => {
      entry.isSlow = true;
      this.#show();
    }, SLOW_MS);
    this.#show();
    const outcome = await asked;
    clearTimeout(timer);
    row.remove();
    this.#waiting.delete(entry);
    if (!outcome.ok && outcome.code === "ended") this.lost.push(text);
    this.#show();
    return outcome;
  }

  /** @param {boolean} isConnected Whether the device is: then most is answered before it could be read. */
  render(isConnected) {
    this.#isConnected = isConnected;
    this.#show();
  }

  #show() {
    const entries = [...this.#waiting];
    this.#root.hidden = entries.length === 0 || (this.#isConnected && entries.every(({ isSlow }) => !isSlow));
  }
}
