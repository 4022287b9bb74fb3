/**
 * A device on a bare TCP connection: it does the upgrade by hand and afterwards nothing by itself. It
 * answers neither pings nor a close, as a sleeping phone does not.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";

import { PATIENCE_MS } from "./patience.mjs";
import { UPGRADE } from "./requests.mjs";

/** @import { Server } from "./server.mjs" */

const TEXT = 1;
const CLOSE = 8;

const UPGRADED = 101;

// What stands for a close frame without a code.
const NO_CODE = 1005;

/**
 * A close frame as it was on the wire.
 * @typedef {object} CloseFrame
 * @property {number} code
 * @property {string} reason
 */

export class RawDevice {
  /** @type {string[]} */
  texts = [];
  /** @type {CloseFrame | null} */
  closeFrame = null;
  /** The answer's status; 0 until it has come. */
  status = 0;
  #buffer = Buffer.alloc(0);
  #socket;

  /** @param {import("node:net").Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#received(bytes));
    // The server ends the connection as it likes.
    socket.on("error", () => {});
  }

  /**
   * Connects as a device of a user and waits for its first frame.
   * @param {Pick<Server, "http">} server
   * @param {string} userId
   */
  static async connect(server, userId) {
    const query = new URLSearchParams({ userId, deviceId: "raw" });
    const device = await RawDevice.open(server, `/__user-session?${query}`);
    await device.until(() => device.texts.length > 0);
    return device;
  }

  /**
   * Asks for a socket.
   * @param {Pick<Server, "http">} server
   * @param {string} path
   * @param {Record<string, string>} [headers] They go out as UTF-8.
   */
  static async open(server, path, headers = {}) {
    const { hostname, port, host } = new URL(server.http);
    const socket = connect(Number(port), hostname);
    const device = new RawDevice(socket);
    await once(socket, "connect");
    const all = { Host: host, ...UPGRADE, ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    socket.write(`${[`GET ${path} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`);
    return device;
  }

  /**
   * Sends a text frame of at most 125 bytes, also after the server has closed the socket.
   * @param {object} message
   */
  send(message) {
    this.sendFrame(TEXT, Buffer.from(JSON.stringify(message)));
  }

  /**
   * Sends a close frame, its payload as it is given.
   * @param {number} code
   * @param {Uint8Array} [reason]
   */
  sendClose(code, reason = new Uint8Array(0)) {
    this.sendFrame(CLOSE, Buffer.from([code >> 8, code & 0xff, ...reason]));
  }

  /**
   * Sends a frame of at most 125 bytes.
   * @param {number} opcode
   * @param {Uint8Array} payload
   */
  sendFrame(opcode, payload) {
    const mask = randomBytes(4);
    const masked = payload.map((byte, at) => byte ^ mask[at % 4]);
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, masked]));
  }

  /**
   * Waits until something has come.
   * @param {() => boolean} condition
   */
  async until(condition) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (!condition()) await once(this.#socket, "data", { signal });
  }

  /** Waits until the server has ended the connection. */
  async ended() {
    if (!this.#socket.closed) await once(this.#socket, "close", { signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  /** Cuts the connection without a word. */
  destroy() {
    this.#socket.destroy();
  }

  /** @param {Buffer} bytes */
  #received(bytes) {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    if (this.status === 0) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.status = Number(this.#buffer.toString("latin1", 0, end).split(" ")[1]);
      this.#buffer = this.#buffer.subarray(end + 4);
    }
    // The text behind another status is its body.
    while (this.status === UPGRADED && this.#readFrame());
  }

  /** @returns {boolean} Whether a whole frame was there. */
  #readFrame() {
    const buffer = this.#buffer;
    if (buffer.length < 2) return false;
    const isLong = buffer[1] === 126;
    if (isLong && buffer.length < 4) return false;
    const start = isLong ? 4 : 2;
    const end = start + (isLong ? buffer.readUInt16BE(2) : buffer[1]);
    if (buffer.length < end) return false;
    const payload = buffer.subarray(start, end);
    const opcode = buffer[0] & 0x0f;
    if (opcode === TEXT) this.texts.push(payload.toString());
    if (opcode === CLOSE) {
      const code = payload.length < 2 ? NO_CODE : payload.readUInt16BE(0);
      this.closeFrame = { code, reason: payload.toString("utf8", 2) };
    }
    this.#buffer = buffer.subarray(end);
    return true;
  }
}
