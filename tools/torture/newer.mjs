/**
 * What a device of version 2 is told on one connection: the first frame, then what it has missed, then
 * the messages that it has not got, then what happens, numbered by one. Shares no code with the server.
 */

/** @import { VisitName } from "./record.mjs" */
/** @import { Complain } from "./stream.mjs" */
/** @import { Numbers } from "./numbers.mjs" */

/** Frames to this device alone, which have no number of their own. */
const OWN = ["ack", "error", "state", "pong"];

/** What only devices of version 2 are told, and the model of version 1 does not know. */
const OF_V2 = ["device_connected", "device_updated", "device_disconnected", "inbox_read", "value_changed", "value_deleted"];

/**
 * What is known of a device over all its visits.
 * @typedef {object} V2Device
 * @property {string} name
 * @property {Map<number, number>} seen The last number that it was told, by epoch.
 * @property {number} read Up to which message the user has read, as it was told last.
 */

export class V2Visit {
  epoch = 0;
  /** The last number that it knows of. */
  seq = 0;
  /** The number that its first frame tells. */
  begin = 0;
  /** The number of the message up to which it has all. */
  inbox = 0;
  hasState = false;
  /** It has seen a frame that comes after all that its coming has caused. */
  isComplete = false;
  isReset = false;
  isResumed = false;
  isEnded = false;
  /** It was told that messages were dropped that it has not got. */
  isLost = false;
  /** Pushes that were answered before it came. @type {string[]} */
  due = [];
  /** The numbers of the frames that it had missed. @type {Set<number>} */
  brought = new Set();
  device;
  visit;
  since;
  #saidInbox;
  #numbers;
  #complain;
  /** @type {string[]} */
  #games = [];
  /** As the last change that it had missed has them. @type {string[] | null} */
  #broughtGames = null;
  #hasMessages = false;

  /**
   * @param {{device: V2Device, visit: VisitName, since: string | null, inbox: number | null}} who
   * @param {Numbers} numbers
   * @param {Complain} complain
   */
  constructor({ device, visit, since, inbox }, numbers, complain) {
    this.device = device;
    this.visit = visit;
    const [epoch, seq] = (since ?? "0.0").split(".").map(Number);
    this.since = since === null ? null : { epoch, seq };
    this.#saidInbox = inbox;
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
      return frame.type === "ack" || frame.id !== undefined ? null : frame;
    }
    if (frame.type === "push" && frame.inbox !== undefined) return this.#sawMessage(frame);
    if (!Number.isInteger(frame.seq)) {
      this.#complain(`a frame without a number: ${JSON.stringify(frame)}`);
      return frame;
    }
    const isLive = frame.seq > this.begin || this.isComplete;
    if (isLive) this.#sawLive(frame);
    else this.#sawBrought(frame);
    this.#numbers.told(this.visit, this.epoch, frame);
    this.device.seen.set(this.epoch, frame.seq);
    const older = frame.type === "push" ? frame.body : withoutPlace(frame);
    return isLive && !OF_V2.includes(frame.type) ? older : null;
  }

  /** @param {any} frame */
  #sawInitialState(frame) {
    const { epoch, seq, reset, lost, inbox, devices, ...older } = frame;
    // The checker of values has seen them.
    delete older.values;
    this.hasState = true;
    this.epoch = epoch;
    this.begin = seq;
    this.#games = older.activeGames;
    this.isReset = reset === true;
    this.isLost = lost === true;
    this.isResumed = this.since !== null && !this.isReset;
    const current = devices?.filter((/** @type {any} */ device) => device.current).map(idOf);
    if (JSON.stringify(current) !== JSON.stringify([this.device.name])) {
      this.#complain(`it is not among the devices ${JSON.stringify(devices)}`);
    }
    if (this.since === null && this.isReset) this.#complain("reset, though it came for the first time");
    if (this.isResumed && this.since) this.#numbers.went(this.visit, this.since.epoch, epoch);
    const seen = this.device.seen.get(epoch) ?? 0;
    if (seen > seq) this.#complain(`number ${seq} of ${epoch}, after ${seen}`);
    this.seq = this.isResumed ? (this.since?.seq ?? 0) : seq;
    this.#sawInbox(inbox);
    return older;
  }

  /** @param {{last: number, read: number}} inbox */
  #sawInbox({ last, read }) {
    const said = this.#saidInbox;
    if (said !== null && said > last) this.#complain(`the inbox ends at ${last}, before ${said}`);
    this.inbox = said === null || said > last ? read : said;
    this.#sawRead(read);
  }

  /** @param {any} frame */
  #sawBrought(frame) {
    const { seq, epoch, activeGames } = frame;
    if (!this.isResumed) this.#complain(`${JSON.stringify(frame)}, which it can't have missed`);
    if (epoch !== undefined) this.#complain(`number ${seq} was brought with the epoch ${epoch}`);
    if (seq <= this.seq) this.#complain(`number ${seq} was brought after ${this.seq}`);
    if (this.#hasMessages) this.#complain(`number ${seq} was brought after a message`);
    this.seq = seq;
    this.brought.add(seq);
    if (activeGames) this.#broughtGames = activeGames;
  }

  /** @param {any} frame */
  #sawMessage({ inbox, expiresAt, seq }) {
    if (inbox <= this.inbox) this.#complain(`message ${inbox} came after ${this.inbox}`);
    if (!(expiresAt > inbox) || seq !== undefined) this.#complain(`message ${inbox} with ${expiresAt} and ${seq}`);
    this.inbox = inbox;
    this.#hasMessages = true;
    return null;
  }

  /** @param {any} frame */
  #sawLive({ type, seq, epoch, inbox }) {
    this.#completed();
    if (seq !== this.seq + 1) this.#complain(`number ${seq} came after ${this.seq}`);
    this.seq = seq;
    if (epoch !== undefined) this.#numbers.went(this.visit, this.epoch, epoch);
    this.epoch = epoch ?? this.epoch;
    if (type === "inbox_read") this.#sawRead(inbox);
  }

  /** @param {number} read */
  #sawRead(read) {
    if (read < this.device.read) this.#complain(`read up to ${read}, after ${this.device.read}`);
    this.device.read = read;
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

/** A frame as version 1 has it. @param {any} frame */
export function withoutPlace(frame) {
  const older = { ...frame };
  delete older.seq;
  delete older.epoch;
  return older;
}

/** @param {{deviceId: string}} device */
function idOf({ deviceId }) {
  return deviceId;
}
