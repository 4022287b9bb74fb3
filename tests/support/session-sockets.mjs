/** The sockets of one session of a user, one of each version, which all came by its cookie. */
import assert from "node:assert/strict";

import { Device } from "./device.mjs";
import { LOGOUT_CODE, LOGOUT_REASON } from "./logout.mjs";
import { RawDevice } from "./raw-device.mjs";
import { PROTOCOL, newRun } from "./v2-device.mjs";

/** @import { Server } from "./server.mjs" */

export class SessionSockets {
  #first;
  #second;

  /** @param {RawDevice} first @param {Device} second */
  constructor(first, second) {
    this.#first = first;
    this.#second = second;
  }

  /**
   * @param {Pick<Server, "http" | "ws">} server
   * @param {string} userId
   * @param {string} cookie
   * @param {string} name A name for its devices.
   */
  static async open(server, userId, cookie, name) {
    const headers = { Cookie: cookie, Origin: server.http };
    const path = `/__user-session?userId=${userId}&deviceId=${encodeURIComponent(name)}`;
    // It answers no close, so it knows what was on the wire and no more.
    const first = await RawDevice.open(server, path, headers);
    await first.until(() => first.texts.length > 0);
    const options = { protocols: [PROTOCOL], headers };
    const second = new Device(`${server.ws}${path}-2&run=${newRun()}`, options);
    assert.equal((await second.next()).type, "initial_state");
    return new SessionSockets(first, second);
  }

  /**
   * Waits until both were sent a frame.
   * @param {string} type
   */
  async told(type) {
    await this.#first.until(() => this.#first.texts.some((text) => JSON.parse(text).type === type));
    await this.#secondTold(type);
  }

  /**
   * Waits until both are logged out: one by a close frame on the wire, the other by being told.
   * @returns {Promise<number[]>} When that was, by `performance.now()`.
   */
  async loggedOut() {
    const times = await Promise.all([
      this.#first.until(() => this.#first.closeFrame !== null).then(() => performance.now()),
      this.#secondTold("logged_out").then(() => performance.now()),
    ]);
    assert.deepEqual(this.#first.closeFrame, { code: LOGOUT_CODE, reason: LOGOUT_REASON });
    return times;
  }

  get isOpen() {
    return this.#first.closeFrame === null && this.#second.ending === null;
  }

  destroy() {
    this.#first.destroy();
    this.#second.socket.terminate();
  }

  /** @param {string} type */
  async #secondTold(type) {
    while ((await this.#second.next()).type !== type);
  }
}
