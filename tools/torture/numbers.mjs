/**
 * What the devices of version 2 of a user were told under each number of each epoch: every one the
 * same, and whoever comes back all that others saw meanwhile. Shares no code with the server.
 */

/** @import { Complain } from "./stream.mjs" */
/** @import { VisitName } from "./record.mjs" */

/** What may be left out for a device that comes back: its first frame says where that led. */
const REPLACED = [
  ...["presence_updated", "state"],
  ...["device_connected", "device_updated", "device_disconnected"],
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
  /** The frames' texts by epoch and number. @type {Map<number, Map<number, string>>} */
  #frames = new Map();
  /** Those of which something is still to be found out. @type {Resumption[]} */
  #resumptions = [];
  #complain;

  /** @param {Complain} complain */
  constructor(complain) {
    this.#complain = complain;
  }

  /**
   * Somebody was told a frame.
   * @param {VisitName} visit
   * @param {number} epoch
   * @param {any} frame
   */
  told(visit, epoch, { seq, ...frame }) {
    const frames = this.#frames.get(epoch) ?? new Map();
    this.#frames.set(epoch, frames);
    const text = JSON.stringify(frame);
    const known = frames.get(seq);
    if (known === undefined) frames.set(seq, text);
    else if (known !== text) {
      this.#complain(`${visit} was told ${text} as number ${seq} of ${epoch}, others ${known}`);
    }
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
   * @param {Resumption} resumption
   * @returns {boolean} Whether there are numbers of which nobody knows what they were.
   */
  #isOpen({ visit, epoch, since, upTo, brought }) {
    let isOpen = false;
    for (let seq = since + 1; seq <= upTo; seq++) {
      if (brought.has(seq)) continue;
      const text = this.#frames.get(epoch)?.get(seq);
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
