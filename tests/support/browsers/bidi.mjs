/** A connection by WebDriver BiDi, the protocol that Firefox is driven by: JSON over a WebSocket. */
import { once } from "node:events";

import { WebSocket } from "ws";

import { PATIENCE_MS } from "../patience.mjs";

/**
 * @typedef {object} Waiting
 * @property {(result: any) => void} resolve
 * @property {(error: Error) => void} reject
 */

export class Bidi {
  /** @type {WebSocket} */
  #socket;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #sent = 0;
  /** What was last done alone, whether or not it has succeeded. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {WebSocket} socket Open.
   * @param {(method: string, params: any) => void} onEvent
   */
  constructor(socket, onEvent) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const { id, type, method, params, result, error, message } = JSON.parse(String(data));
      if (type === "event") return onEvent(method, params);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (type === "error") return waiting?.reject(new Error(`${error}: ${message}`));
      return waiting?.resolve(result);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the browser has gone"));
      this.#waiting.clear();
    });
  }

  /**
   * Begins a session.
   * @param {string} url
   * @param {(method: string, params: any) => void} onEvent
   */
  static async connect(url, onEvent) {
    const socket = new WebSocket(url);
    await once(socket, "open");
    const bidi = new Bidi(socket, onEvent);
    await bidi.send("session.new", { capabilities: {} });
    return bidi;
  }

  /**
   * Sends a command, and waits for its result.
   * @param {string} method
   * @param {object} [params]
   * @returns {Promise<any>}
   */
  send(method, params = {}) {
    const id = ++this.#sent;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), PATIENCE_MS);
      const done = () => clearTimeout(timer);
      this.#waiting.set(id, {
        resolve: (result) => (done(), resolve(result)),
        reject: (error) => (done(), reject(error)),
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /**
   * Does something while no other that is done so is: one window has the keyboard, and each that opens takes it.
   * @template T
   * @param {() => Promise<T>} work
   */
  alone(work) {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  close() {
    this.#socket.terminate();
  }
}
