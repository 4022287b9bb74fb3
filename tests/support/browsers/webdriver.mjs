/** A session of WebDriver, by which WebKitGTK is driven: requests, one after the other, each for the window that is current. */
import { request } from "node:http";

import { PATIENCE_MS } from "../patience.mjs";

/**
 * Sends a command.
 * @param {string} url
 * @param {"GET" | "POST" | "DELETE"} method
 * @param {object} [body]
 * @param {number} [timeout] Milliseconds.
 * @returns {Promise<any>} Its result.
 */
export function command(url, method, body, timeout = PATIENCE_MS) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent: false, timeout }, async (response) => {
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      const { value } = JSON.parse(text);
      if (response.statusCode === 200) return resolve(value);
      return reject(new Error(`${value.error}: ${value.message}`));
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer to ${method} ${url}`)));
    sent.on("error", reject);
    sent.end(body && JSON.stringify(body));
  });
}

export class Session {
  #url;
  #current = "";
  /** The command before, whether or not it has succeeded. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
  }

  /**
   * Sends a command when those before are done.
   * @param {"GET" | "POST" | "DELETE"} method
   * @param {string} path Below the session.
   * @param {object} [body]
   * @param {string} [window] Which it is for.
   * @returns {Promise<any>}
   */
  send(method, path, body, window) {
    const result = this.#last.then(async () => {
      if (window !== undefined && window !== this.#current) {
        await command(`${this.#url}/window`, "POST", { handle: window });
        this.#current = window;
      }
      return command(this.#url + path, method, body);
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
