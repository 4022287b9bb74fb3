/**
 * What a device of version 2 is told on one connection: the first frame, then what it has missed, then
 * what was kept for it, then what happens, numbered by one. Shares no code with the server.
 */

/** @import { VisitName } from "./record.mjs" */
/** @import { Complain } from "./stream.mjs" */
/** @import { Numbers } from "./numbers.mjs" */

/** Frames to this device alone, which have no number of their own. */
const OWN = ["ack", "error", "state", "pong"];

/** What only devices of version 2 are told, and the model of version 1 does not know. */
const OF_DEVICES = ["device_connected", "device_updated", "device_disconnected"];

/**
 * What is known of a device over all its visits.
 * @typedef {object} V2Device
 * @property {string} name
 * @property {Map<number, number>} seen The last number that it was told, by epoch.
 */

export class V2Visit {
  epoch = 0;
  /** The last number that it knows of. */
  seq = 0;
  /** The number that its first frame tells. */
  begin = 0;
  hasState = false;
  /** It has seen a frame that comes after all that its coming has caused. */
  isComplete = false;
  isReset = false;
  isResumed = false;
  isEnded = false;
  /** Pushes that it must have seen when it is complete. @type {string[]} */
  due = [];
  /** The numbers of the frames that it had missed. @type {Set<number>} */
  brought = new Set();
  device;
  visit;
  since;
  #numbers;
  #complain;
  /** @type {string[]} */
  #games = [];
  /** As the last change that it had missed has them. @type {string[] | null} */
  #broughtGames = null;
  #hasKept = false;

  /**
   * @param {{device: V2Device, visit: VisitName, since: string | null}} who
   * @param {Numbers} numbers
   * @param {Complain} complain
   */
  constructor({ device, visit, since }, numbers, complain) {
    this.device = device;
    this.visit = visit;
    const [epoch, seq] = (since ?? "0.0").split(".").map(Number);
    this.since = since === null ? null : { epoch, seq };
    this.#numbers = numbers;
    this.#complain = complain;
  }

  /**
   * @param {any} frame
   * @returns {any} What a device of version 1 would have been told instead, if anything.
   */
  saw(frame) {
    if (!this.hasState) return this.#sawInitialState(frame);
    if (OWN.includes(frame.type)) {
      this.#completed();
      return frame.type === "ack" ? null : frame;
    }
    if (frame.kept === true) return this.#sawKept(frame);
    if (!Number.isInteger(frame.seq)) {
      this.#complain(`a frame without a number: ${JSON.stringify(frame)}`);
      return frame;
    }
    const isLive = frame.seq > this.begin || this.isComplete;
    if (isLive) this.#sawLive(frame);
    else this.#sawBrought(frame);
    this.#numbers.told(this.visit, this.epoch, frame);
    const { seq, ...rest } = frame;
    this.device.seen.set(this.epoch, seq);
    const older = frame.type === "push" ? frame.body : rest;
    return isLive && !OF_DEVICES.includes(frame.type) ? older : null;
  }

  /** @param {any} frame */
  #sawInitialState(frame) {
    const { epoch, seq, reset, devices, ...older } = frame;
    this.hasState = true;
    this.epoch = epoch;
    this.begin = seq;
    this.#games = older.activeGames;
    this.isReset = reset === true;
    this.isResumed = this.since !== null && !this.isReset;
    const current = devices?.filter((/** @type {any} */ device) => device.current).map(idOf);
    if (JSON.stringify(current) !== JSON.stringify([this.device.name])) {
      this.#complain(`it is not among the devices ${JSON.stringify(devices)}`);
    }
    if (this.since === null && this.isReset) this.#complain("reset, though it came for the first time");
    if (this.isResumed && this.since?.epoch !== epoch) {
      this.#complain(`it came from epoch ${this.since?.epoch} to ${epoch} and was not told to reset`);
    }
    const seen = this.device.seen.get(epoch) ?? 0;
    if (seen > seq) this.#complain(`number ${seq} of ${epoch}, after ${seen}`);
    this.seq = this.isResumed ? (this.since?.seq ?? 0) : seq;
    return older;
  }

  /** @param {any} frame */
  #sawBrought(frame) {
    const { seq, activeGames } = frame;
    if (!this.isResumed) this.#complain(`${JSON.stringify(frame)}, which it can't have missed`);
    if (seq <= this.seq) this.#complain(`number ${seq} was brought after ${this.seq}`);
    if (this.#hasKept) this.#complain(`number ${seq} was brought after a kept push`);
    this.seq = seq;
    this.brought.add(seq);
    if (activeGames) this.#broughtGames = activeGames;
  }

  /** @param {any} frame */
  #sawKept(frame) {
    if (this.isComplete) this.#complain(`kept, and told later: ${JSON.stringify(frame)}`);
    if (frame.seq !== undefined) this.#complain(`kept, and numbered: ${JSON.stringify(frame)}`);
    this.#hasKept = true;
    return null;
  }

  /** @param {any} frame */
  #sawLive({ seq }) {
    this.#completed();
    if (seq !== this.seq + 1) this.#complain(`number ${seq} came after ${this.seq}`);
    this.seq = seq;
  }

  #completed() {
    if (this.isComplete) return;
    this.isComplete = true;
    this.seq = this.begin;
    if (this.#broughtGames === null) return;
    const [brought, games] = [this.#broughtGames, this.#games].map((some) => JSON.stringify(some));
    if (brought !== games) this.#complain(`it was brought the games ${brought}, where ${games} are`);
  }
}

/** @param {{deviceId: string}} device */
function idOf({ deviceId }) {
  return deviceId;
}
