/**
 * A device that speaks version 2: it knows up to where it has seen all that went to all, and comes
 * back from there.
 */
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
 * @property {string} [since] Up to where it has seen all, as `<epoch>.<seq>`.
 * @property {string} [token] Goes along as a subprotocol.
 */

export class V2Device extends Device {
  /** `initial_state`, which `next` does not return. @type {any} */
  initial = null;
  /** The epoch of its count. */
  epoch = 0;
  /** The number in it up to which it has seen all. */
  seq = 0;
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
    const { token, ...more } = handshake;
    const query = new URLSearchParams({ userId, deviceId, ...more });
    const protocols = token === undefined ? [PROTOCOL] : [PROTOCOL, `bearer.${token}`];
    super(`${server.ws}${PREFIX}?${query}`, { protocols });
    this.#server = server;
    this.#userId = userId;
    this.#deviceId = deviceId;
    this.#handshake = handshake;
    this.socket.on("message", (data) => this.#count(JSON.parse(String(data))));
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
   * Connects the same device and tab again, from where this one has seen all.
   * @param {Pick<Server, "ws">} [server]
   */
  again(server = this.#server) {
    const handshake = { ...this.#handshake, since: this.since };
    return V2Device.open(server, this.#userId, this.#deviceId, handshake);
  }

  /** What it says when it comes back. */
  get since() {
    return `${this.epoch}.${this.seq}`;
  }

  /**
   * Sends a request and returns the answer to it; the frames before it are left out.
   * @param {{id: string, [more: string]: unknown}} message
   */
  async request(message) {
    this.send(message);
    for (;;) {
      const frame = await this.next();
      if (frame.id === message.id) return frame;
    }
  }

  /** @param {any} frame */
  #count(frame) {
    if (frame.type === "ack") return;
    if (frame.epoch === undefined) {
      this.seq = Math.max(this.seq, frame.seq ?? 0);
      return;
    }
    this.epoch = frame.epoch;
    // What was missed is yet to come behind a first frame that resumes.
    const [epoch, seq] = (this.#handshake.since ?? "0.0").split(".").map(Number);
    const isResumed = frame.type === "initial_state" && !frame.reset && epoch === frame.epoch;
    this.seq = isResumed ? seq : frame.seq;
  }
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
