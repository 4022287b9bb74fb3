/**
 * What the devices of version 2 of a user were told under each number: every one the same, and whoever comes
 * back all that others saw meanwhile. Shares no code with the server.
 *
 * Numbers go on from one epoch to the next, but for those that a crash has undone. So a number is given once
 * among the epochs between which somebody went without a reset.
 */

/** @import { Complain } from "./stream.mjs" */
/** @import { VisitName } from "./record.mjs" */

/**
 * Frames that may be left out for a device that comes back: its first frame says where they led, and it is brought the
 * newest change of each value.
 */
const REPLACED = [
  ...["presence_updated", "state"],
  ...["device_connected", "device_updated", "device_disconnected"],
  ...["value_changed", "value_deleted"],
];

/**
 * What a device was brought that came back.
 * @typedef {object} Resumption
 * @property {VisitName} visit
 * @property {number} epoch
 * @property {number} since
 * @property {number} upTo
 * @property {Set<number>} brought
 */

export class Numbers {
  /** Of each epoch the one that stands for all between which somebody went. @type {Map<number, number>} */
  #firsts = new Map();
  /** The frames' texts by such an epoch and number. @type {Map<number, Map<number, string>>} */
  #frames = new Map();
  /** Those of which something is still to be found out. @type {Resumption[]} */
  #resumptions = [];
  #complain;

  /** @param {Complain} complain */
  constructor(complain) {
    this.#complain = complain;
  }

  /**
   * The epoch that stands for all between which somebody went without a reset.
   * @param {number} epoch
   */
  firstOf(epoch) {
    let first = epoch;
    for (let next; (next = this.#firsts.get(first)) !== undefined; ) first = next;
    return first;
  }

  /**
   * Somebody went from one epoch to another, and was not told to reset.
   * @param {VisitName} visit
   * @param {number} from
   * @param {number} to
   */
  went(visit, from, to) {
    const [first, second] = [this.firstOf(from), this.firstOf(to)];
    if (first === second) return;
    this.#firsts.set(second, first);
    const frames = this.#frames.get(second) ?? new Map();
    this.#frames.delete(second);
    for (const [seq, text] of frames) this.#note(visit, first, seq, text);
  }

  /**
   * Somebody was told a frame.
   * @param {VisitName} visit
   * @param {number} at The epoch of its place.
   * @param {any} frame
   */
  told(visit, at, { epoch, ...frame }) {
    this.#note(visit, this.firstOf(epoch ?? at), frame.seq, JSON.stringify(frame));
  }

  /** @param {Resumption} resumption */
  resumed(resumption) {
    if (resumption.since < resumption.upTo) this.#resumptions.push(resumption);
  }

  /** Looks whether what was brought is all that others have seen. */
  check() {
    this.#resumptions = this.#resumptions.filter((resumption) => this.#isOpen(resumption));
  }

  /**
   * @param {VisitName} visit
   * @param {number} epoch
   * @param {number} seq
   * @param {string} text
   */
  #note(visit, epoch, seq, text) {
    const frames = this.#frames.get(epoch) ?? new Map();
    this.#frames.set(epoch, frames);
    const known = frames.get(seq);
    if (known === undefined) frames.set(seq, text);
    else if (known !== text) {
      this.#complain(`${visit} was told ${text} as number ${seq} of ${epoch}, others ${known}`);
    }
  }

  /**
   * @param {Resumption} resumption
   * @returns {boolean} Whether there are numbers of which nobody knows what they were.
   */
  #isOpen({ visit, epoch, since, upTo, brought }) {
    let isOpen = false;
    for (let seq = since + 1; seq <= upTo; seq++) {
      if (brought.has(seq)) continue;
      const text = this.#frames.get(this.firstOf(epoch))?.get(seq);
      if (text === undefined) {
        isOpen = true;
      } else if (!REPLACED.includes(JSON.parse(text).type)) {
        this.#complain(`${visit} came from ${epoch}.${since} and was not brought number ${seq}: ${text}`);
        return false;
      }
    }
    return isOpen;
  }
}
