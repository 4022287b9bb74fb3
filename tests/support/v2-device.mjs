/**
 * A device that speaks version 2 and follows its rules: it numbers what it asks for by its run, it knows
 * up to where it has seen all that went to all and all messages, and comes back from there.
 */
import { randomBytes } from "node:crypto";

import { Device } from "./device.mjs";
import { PREFIX } from "./requests.mjs";

/** @import { Server } from "./server.mjs" */

export const PROTOCOL = "user-session.v2";

/** Frames that need not be brought again: `initial_state` says where they led. */
const REPLACED_BY_STATE = [
  ...["presence_updated", "state"],
  ...["device_connected", "device_updated", "device_disconnected"],
];

/**
 * How a device of version 2 connects.
 * @typedef {object} Handshake
 * @property {string} [tabId]
 * @property {string} [run] Its own unless it is given.
 * @property {string} [since] Up to where it has seen all, as `<epoch>.<seq>`.
 * @property {string} [inbox] The number of the message up to which it has all.
 * @property {string} [token] Goes along as a subprotocol.
 * @property {Record<string, string>} [headers] Of the request, as no browser could add them.
 */

/** A name that no run of a client has. */
export function newRun() {
  return randomBytes(15).toString("base64url");
}

/** The runs of devices and how many numbers each has used. @type {Map<string, number>} */
const usedNumbers = new Map();

export class V2Device extends Device {
  /** `initial_state`, which `next` does not return. @type {any} */
  initial = null;
  /** The epoch of its place. */
  epoch = 0;
  /** The number in it up to which it has seen all. */
  seq = 0;
  /** The number of the message up to which it has all. */
  inbox = 0;
  /** The run of its program. @type {string} */
  run;
  #server;
  #userId;
  #deviceId;
  #handshake;

  /**
   * @param {Pick<Server, "ws">} server
   * @param {string} userId
   * @param {string} deviceId
   * @param {Handshake} handshake
   */
  constructor(server, userId, deviceId, handshake) {
    const { token, headers, run = newRun(), ...more } = handshake;
    const query = new URLSearchParams({ userId, deviceId, run, ...more });
    const protocols = token === undefined ? [PROTOCOL] : [PROTOCOL, `bearer.${token}`];
    super(`${server.ws}${PREFIX}?${query}`, { protocols, headers });
    this.run = run;
    this.#server = server;
    this.#userId = userId;
    this.#deviceId = deviceId;
    this.#handshake = handshake;
    this.socket.on("message", (data) => this.#follow(JSON.parse(String(data))));
  }

  /**
   * Connects a device and waits for its first frame.
   * @param {Pick<Server, "ws">} server
   * @param {string} userId
   * @param {string} [deviceId]
   * @param {Handshake} [handshake]
   */
  static async open(server, userId, deviceId = "test-device", handshake = {}) {
    const device = new V2Device(server, userId, deviceId, handshake);
    device.initial = await device.next();
    return device;
  }

  /**
   * Connects the same program again, from where it has seen all.
   * @param {Pick<Server, "ws">} [server]
   */
  again(server = this.#server) {
    const place = { since: this.since, inbox: String(this.inbox) };
    const handshake = { ...this.#handshake, run: this.run, ...place };
    return V2Device.open(server, this.#userId, this.#deviceId, handshake);
  }

  /** What it says when it comes back. */
  get since() {
    return `${this.epoch}.${this.seq}`;
  }

  /** The id of the next request of its run. */
  nextId() {
    const number = (usedNumbers.get(this.run) ?? 0) + 1;
    usedNumbers.set(this.run, number);
    return `${this.run}.${number}`;
  }

  /**
   * Sends a request without waiting for its answer.
   * @param {object} message
   * @returns {string} Its id.
   */
  sendRequest(message) {
    const id = this.nextId();
    this.send({ ...message, id });
    return id;
  }

  /**
   * Sends a request and returns the answer to it; the frames before it are left out.
   * @param {object} message
   */
  request(message) {
    return this.#answerTo(this.sendRequest(message));
  }

  /**
   * Sends a request once more, whose answer has not come or said nothing, and returns the answer.
   * @param {string} id
   * @param {object} message
   */
  repeat(id, message) {
    this.send({ ...message, id, again: true });
    return this.#answerTo(id);
  }

  /** @param {string} id */
  async #answerTo(id) {
    for (;;) {
      const frame = await this.next();
      if (frame.id === id) return frame;
    }
  }

  /** @param {any} frame */
  #follow(frame) {
    const { type, epoch, seq, inbox } = frame;
    if (type === "push" && inbox !== undefined) this.inbox = Math.max(this.inbox, inbox);
    if (type === "initial_state") this.inbox = inboxPlace(this.#handshake.inbox, inbox);
    if (epoch !== undefined) this.epoch = epoch;
    if (seq === undefined) return;
    // What was missed is yet to come behind a first frame that resumes.
    const isResumed = type === "initial_state" && this.#handshake.since !== undefined && !frame.reset;
    this.seq = isResumed ? Number(this.#handshake.since?.split(".")[1]) : seq;
  }
}

/**
 * Up to which message a device has all, before the first of them comes.
 * @param {string | undefined} given What it has said.
 * @param {{last: number, read: number}} inbox What it is told.
 */
function inboxPlace(given, { last, read }) {
  return given === undefined || Number(given) > last ? read : Number(given);
}

/**
 * All frames that a device has been sent and no `next` has returned, parsed.
 * @param {Device} device
 * @returns {Promise<any[]>}
 */
export async function restOf(device) {
  // In other bytes than a heartbeat's, which would overtake what waits for the storage.
  device.send('{"type": "ping"}');
  const frames = [];
  for (;;) {
    const frame = await device.next();
    if (frame.type === "pong") return frames;
    frames.push(frame);
  }
}

/**
 * The frames that must be brought to whoever missed them.
 * @param {any[]} frames
 */
export function lasting(frames) {
  return frames.filter(({ type, seq }) => seq !== undefined && !REPLACED_BY_STATE.includes(type));
}

/**
 * The numbers in the pushed bodies among frames.
 * @param {any[]} frames
 * @returns {number[]}
 */
export function pushed(frames) {
  return frames.filter(({ type }) => type === "push").map(({ body }) => body.n);
}
