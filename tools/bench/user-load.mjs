import { WORKLOADS, requestOf } from "./workloads.mjs";

/** @import { WebSocket } from "ws" */
/** @import { Dialect, Workload, WorkloadName } from "./workloads.mjs" */

/**
 * @typedef {object} Limits
 * @property {number} inFlight Of each device that sends.
 * @property {number} until Nothing but each sender's first frame is sent after this
 *   `performance.now()`.
 * @property {number} messages Nor more than this by one device.
 * @property {number} senders Nor by more devices than this.
 */

/**
 * A message under way.
 * @typedef {object} Message
 * @property {number} sender
 * @property {number} sentAt
 * @property {string} answer
 * @property {number} missing How many devices it has yet to reach.
 */

/** The devices of one user in a closed loop: each has so many messages under way and no more. */
export class UserLoad {
  #sockets;
  #dialect;
  /** Goes on from run to run, so that no frame is sent twice. */
  #count = 0;

  /** @type {WorkloadName} */
  #name = "event";
  /** @type {Workload} */
  #workload = WORKLOADS.event;
  /** @type {Limits | null} */
  #limits = null;
  /** By sender, the oldest first: a device's own answers come in the order of its frames. */
  #sent = /** @type {Message[][]} */ ([]);
  /** How many each device has sent. */
  #sends = /** @type {number[]} */ ([]);
  /** Answers to all, in the order in which every device gets them. */
  #order = /** @type {Message[]} */ ([]);
  /** How many of those each device has got. */
  #got = /** @type {number[]} */ ([]);
  #underWay = 0;
  /** @type {number[]} */
  #latencies = [];
  /** @type {{resolve: (latencies: number[]) => void, reject: (error: Error) => void} | null} */
  #end = null;

  /**
   * @param {WebSocket[]} sockets
   * @param {Dialect} dialect
   */
  constructor(sockets, dialect) {
    this.#sockets = sockets;
    this.#dialect = dialect;
  }

  /**
   * Has the devices send until a limit is reached and everything has arrived.
   * @param {WorkloadName} name
   * @param {Limits} limits
   * @returns {Promise<number[]>} The latencies. Rejects if an answer is not what it should be.
   */
  run(name, limits) {
    this.#name = name;
    this.#workload = WORKLOADS[name];
    this.#limits = limits;
    this.#sent = this.#sockets.map(() => []);
    this.#sends = this.#sockets.map(() => 0);
    this.#got = this.#sockets.map(() => 0);
    this.#order = [];
    this.#latencies = [];
    // A join is followed by its leave, whatever the run before has sent last.
    this.#count += this.#count % 2;
    return new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
      const able = this.#workload.senders === "all" ? this.#sockets.length : 1;
      for (let device = 0; device < Math.min(able, limits.senders); device++) {
        for (let sent = 0; sent < limits.inFlight; sent++) this.#sendNext(device);
      }
    });
  }

  /**
   * Takes a frame that a device has got.
   * @param {number} device
   * @param {Buffer} data
   */
  received(device, data) {
    if (!this.#end) return;
    try {
      if (this.#workload.reach === "sender") this.#arrived(this.#ownAnswer(device, data));
      else this.#arrived(this.#answerToAll(device, data));
    } catch (error) {
      this.#end.reject(/** @type {Error} */ (error));
    }
  }

  /** Takes note that a device has lost its connection. */
  lost() {
    this.#end?.reject(new Error("a device was cut off"));
  }

  /** @param {number} device */
  #sendNext(device) {
    const { until, messages } = /** @type {Limits} */ (this.#limits);
    if (this.#sends[device] >= messages) return;
    const sentAt = performance.now();
    // A joined game is left again, so that every run begins with the same games.
    const isLeave = this.#name === "join-leave" && this.#count % 2 === 1;
    if (sentAt >= until && !isLeave && this.#sends[device] > 0) return;
    this.#sends[device]++;
    const count = this.#count++;
    const answer = this.#workload.answer(device, count);
    const missing = this.#workload.reach === "all" ? this.#sockets.length : 1;
    this.#sent[device].push({ sender: device, sentAt, answer, missing });
    this.#underWay++;
    this.#sockets[device].send(requestOf(this.#name, this.#dialect, device, count));
  }

  /**
   * @param {number} device
   * @param {Buffer} data
   */
  #ownAnswer(device, data) {
    const message = this.#sent[device].shift();
    if (!message || message.answer.length !== data.length) throw unexpected(data, message);
    return message;
  }

  /**
   * @param {number} device
   * @param {Buffer} data
   */
  #answerToAll(device, data) {
    const place = this.#got[device]++;
    const known = this.#order[place];
    if (known) {
      if (known.answer.length !== data.length) throw unexpected(data, known);
      return known;
    }
    const text = data.toString("latin1");
    const sender = this.#workload.senderOf?.(text) ?? 0;
    const message = this.#sent[sender]?.shift();
    if (!message || message.answer !== text) throw unexpected(data, message);
    this.#order[place] = message;
    return message;
  }

  /** @param {Message} message */
  #arrived(message) {
    if (--message.missing > 0) return;
    this.#latencies.push(performance.now() - message.sentAt);
    this.#underWay--;
    this.#sendNext(message.sender);
    if (this.#underWay > 0) return;
    this.#end?.resolve(this.#latencies);
    this.#end = null;
  }
}

/**
 * @param {Buffer} data
 * @param {Message} [message]
 */
function unexpected(data, message) {
  return new Error(`got ${data}\nwhere this should have come: ${message?.answer ?? "nothing"}`);
}
