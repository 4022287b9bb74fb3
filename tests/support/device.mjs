/**
 * A device for tests: a plain WebSocket client that remembers what it was told.
 */
import { WebSocket } from "ws";

import { PATIENCE_MS } from "./patience.mjs";

/** @import { Server } from "./server.mjs" */

/**
 * How a socket ended.
 * @typedef {object} Ending
 * @property {number} code
 * @property {string} reason
 * @property {number} at `performance.now()` of the close event.
 */

export class Device {
  /** Every frame so far, as text. @type {string[]} */
  frames = [];
  /** @type {Ending | null} */
  ending = null;
  /** @type {Set<() => void>} */
  #watchers = new Set();
  #read = 0;

  /**
   * @param {string} url
   * @param {object} [options]
   * @param {string[]} [options.protocols]
   * @param {Record<string, string>} [options.headers]
   */
  constructor(url, { protocols = [], headers = {} } = {}) {
    this.socket = new WebSocket(url, protocols, { headers });
    this.socket.on("message", (data) => {
      this.frames.push(String(data));
      this.#changed();
    });
    this.socket.on("close", (code, reason) => {
      this.ending = { code, reason: String(reason), at: performance.now() };
      this.#changed();
    });
    // What failed is seen in what does not come; `close` follows.
    this.socket.on("error", () => {});
  }

  /**
   * Connects as a device of a user and waits for its first frame, which `next` then returns.
   * @param {Pick<Server, "ws">} server
   * @param {string} userId
   * @param {string} [deviceId]
   */
  static async connect(server, userId, deviceId = "test-device") {
    const query = new URLSearchParams({ userId, deviceId });
    const device = new Device(`${server.ws}/__user-session?${query}`);
    await device.#until(() => device.frames.length > 0, "the first frame");
    return device;
  }

  /** @param {object | string | Uint8Array} message Objects go out as JSON. */
  send(message) {
    const isRaw = typeof message === "string" || message instanceof Uint8Array;
    this.socket.send(isRaw ? message : JSON.stringify(message));
  }

  /** The next frame that no `next` has returned yet, as text. */
  async nextText() {
    await this.#until(() => this.frames.length > this.#read, `frame ${this.#read + 1}`);
    return this.frames[this.#read++];
  }

  /** The next frame, parsed. */
  async next() {
    return JSON.parse(await this.nextText());
  }

  /**
   * Sends a message and returns the next frame, parsed.
   * @param {object | string | Uint8Array} message
   */
  async ask(message) {
    this.send(message);
    return this.next();
  }

  /** Waits for the close event. @returns {Promise<Ending>} */
  async closed() {
    await this.#until(() => this.ending !== null, "the close event");
    return /** @type {Ending} */ (this.ending);
  }

  /**
   * Closes the socket and waits for its own close event.
   * @param {number} [code]
   * @param {string} [reason]
   */
  async close(code, reason) {
    this.socket.close(code, reason);
    return this.closed();
  }

  /** The frames that no `next` has returned yet, parsed. */
  unread() {
    return this.frames.slice(this.#read).map((text) => JSON.parse(text));
  }

  /**
   * @param {() => boolean} condition
   * @param {string} what
   * @returns {Promise<void>}
   */
  #until(condition, what) {
    return new Promise((resolve, reject) => {
      const check = () => {
        const isMet = condition();
        if (!isMet && !this.ending) return;
        clearTimeout(timer);
        this.#watchers.delete(check);
        if (isMet) resolve();
        else reject(new Error(`closed with ${this.ending?.code} before ${what}`));
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(check);
        const seen = this.frames.slice(-3).join("\n");
        reject(new Error(`waited ${PATIENCE_MS} ms for ${what}; last frames:\n${seen}`));
      }, PATIENCE_MS);
      this.#watchers.add(check);
      check();
    });
  }

  #changed() {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
