/**
 * The kept pushes of a user: each device of version 2 sees each once, as it is sent, as one that it
 * has missed, or as one that was kept. Shares no code with the server.
 */

/** @import { V2Visit } from "./newer.mjs" */
/** @import { Complain } from "./stream.mjs" */

/**
 * @typedef {object} Push
 * @property {boolean} isAnswered
 * @property {Set<string>} seen By which devices.
 * @property {Set<string>} doubted By which it may have been lost on the way.
 */

export class Pushes {
  /** @type {Map<string, Push>} */
  #pushes = new Map();
  /** Those that somebody may not have seen. @type {Set<string>} */
  #open = new Set();
  #complain;

  /** @param {Complain} complain */
  constructor(complain) {
    this.#complain = complain;
  }

  /** @param {string} name */
  sent(name) {
    if (this.#pushes.has(name)) return;
    this.#pushes.set(name, { isAnswered: false, seen: new Set(), doubted: new Set() });
    this.#open.add(name);
  }

  /** @param {string} name */
  answered(name) {
    const push = this.#pushes.get(name);
    if (push) push.isAnswered = true;
  }

  /** @param {string} who The visit. @param {string} device @param {string} name */
  saw(who, device, name) {
    const push = this.#pushes.get(name);
    if (!push) return this.#complain(`${who} saw ${name}, which nobody has sent`);
    if (push.seen.has(device)) this.#complain(`${who} saw ${name} a second time`);
    push.seen.add(device);
  }

  /** A device asks to be let in. @param {V2Visit} visit */
  comes(visit) {
    visit.due = [...this.#open].filter((name) => this.#isOwed(name, visit.device.name));
  }

  /** A device has been told all that there was. @param {V2Visit} visit */
  came({ due, visit, device }) {
    const missing = due.filter((name) => this.#isOwed(name, device.name));
    for (const name of missing) this.#complain(`${visit} came and was not told ${name}`);
  }

  /**
   * A connection has ended. What was kept came behind the first frame, and has no number: if that was
   * all that its device saw, nobody can tell whether it has got it. Nor if it has no place to come
   * back from.
   * @param {V2Visit} visit
   * @returns {number} Of how many pushes that is so.
   */
  ended({ device, hasState, isComplete, since }) {
    const isKnown = hasState ? isComplete : since !== null;
    if (isKnown) return 0;
    const doubted = [...this.#open].filter((name) => !this.#pushes.get(name)?.seen.has(device.name));
    for (const name of doubted) this.#pushes.get(name)?.doubted.add(device.name);
    return doubted.length;
  }

  /** Everybody has been told everything. @param {string[]} devices Those of version 2. */
  settled(devices) {
    for (const name of this.#open) {
      const missing = devices.filter((device) => this.#isOwed(name, device));
      for (const device of missing) this.#complain(`${device} was never told ${name}`);
      if (this.#pushes.get(name)?.isAnswered) this.#open.delete(name);
    }
  }

  /** @param {string} name @param {string} device */
  #isOwed(name, device) {
    const push = this.#pushes.get(name);
    return push !== undefined && push.isAnswered && !push.seen.has(device) && !push.doubted.has(device);
  }
}
