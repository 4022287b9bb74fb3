import { WebSocket } from "ws";

/** How the hook comes back: after 1, 2, 4 … 30 s, ten times. */
const BACK_OFF_MS = 1_000;
const BACK_OFF_MS_MAX = 30_000;
const TRIES_MAX = 10;

/**
 * A device's connection. It takes its first frame itself, and hands on the others.
 */
export class FleetDevice {
  /** The first frame of the connection, once it is there. @type {string | null} */
  greeting = null;
  /** When that came: `performance.now()`. */
  greetedAt = 0;
  /** How many connections have failed or ended. */
  losses = 0;
  /** Whether it comes back by itself. */
  returns = false;
  /** @type {(text: string) => void} */
  onFrame = () => {};
  #url;
  #tries = 0;
  /** @type {{resolve: () => void, reject: (error: Error) => void} | null} */
  #waiting = null;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
    this.socket = this.#open();
  }

  /** Waits for the first frame. @returns {Promise<void>} */
  greeted() {
    if (this.greeting !== null) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #open() {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    socket.on("open", () => {
      this.#tries = 0;
    });
    socket.on("message", (data) => this.#received(/** @type {Buffer} */ (data).toString()));
    // `close` follows.
    socket.on("error", () => {});
    socket.once("close", (code) => this.#lost(code));
    return socket;
  }

  /** @param {string} text */
  #received(text) {
    if (this.greeting !== null) {
      this.onFrame(text);
      return;
    }
    this.greeting = text;
    this.greetedAt = performance.now();
    this.#waiting?.resolve();
    this.#waiting = null;
  }

  /** @param {number} code */
  #lost(code) {
    this.losses++;
    this.greeting = null;
    if (!this.returns || this.#tries === TRIES_MAX) {
      this.#waiting?.reject(new Error(`a device was cut off: ${code}`));
      this.#waiting = null;
      return;
    }
    const wait = Math.min(BACK_OFF_MS * 2 ** this.#tries++, BACK_OFF_MS_MAX);
    setTimeout(() => {
      this.socket = this.#open();
    }, wait);
  }
}
