/**
 * The messages of a user: each device of version 2 sees each once, whatever breaks meanwhile. Shares no code
 * with the server.
 */

/** @import { V2Visit } from "./newer.mjs" */
/** @import { Complain } from "./stream.mjs" */

/**
 * @typedef {object} Push
 * @property {boolean} isAnswered
 * @property {number | null} number As it was answered, or told first.
 * @property {Set<string>} seen By which devices.
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
    this.#pushes.set(name, { isAnswered: false, number: null, seen: new Set() });
    this.#open.add(name);
  }

  /** @param {string} name @param {number | null} number `null` if it was there already. */
  answered(name, number) {
    const push = this.#pushes.get(name);
    if (!push) return;
    push.isAnswered = true;
    if (number !== null) this.#noteNumber(name, push, number);
  }

  /**
   * @param {string} who The visit.
   * @param {string} device
   * @param {string} name
   * @param {number | undefined} number Version 1 has none.
   */
  saw(who, device, name, number) {
    const push = this.#pushes.get(name);
    if (!push) return this.#complain(`${who} saw ${name}, which nobody has sent`);
    if (push.seen.has(device)) this.#complain(`${who} saw ${name} a second time`);
    push.seen.add(device);
    if (number !== undefined) this.#noteNumber(name, push, number);
  }

  /** A device asks to be let in. @param {V2Visit} visit */
  comes(visit) {
    visit.due = [...this.#open].filter((name) => this.#pushes.get(name)?.isAnswered);
  }

  /**
   * A device has been told its place.
   * @param {V2Visit} visit
   */
  begins(visit) {
    visit.due = visit.due.filter((name) => this.#isOwed(name, visit.device.name, visit.inbox));
    if (visit.isLost) visit.due = [];
  }

  /** A device has been told all that there was. @param {V2Visit} visit */
  came({ due, visit, device }) {
    const missing = due.filter((name) => this.#isOwed(name, device.name, 0));
    for (const name of missing) this.#complain(`${visit} came and was not told ${name}`);
  }

  /**
   * Everybody has been told everything.
   * @param {string[]} devices Those of version 2.
   * @param {boolean} isAnyLost Whether there was no room for some.
   */
  settled(devices, isAnyLost) {
    for (const name of this.#open) {
      const missing = devices.filter((device) => this.#isOwed(name, device, 0));
      if (!isAnyLost) for (const device of missing) this.#complain(`${device} was never told ${name}`);
      if (this.#pushes.get(name)?.isAnswered) this.#open.delete(name);
    }
  }

  /** @param {string} name @param {Push} push @param {number} number */
  #noteNumber(name, push, number) {
    push.number ??= number;
    if (push.number !== number) this.#complain(`${name} is message ${push.number} and ${number}`);
  }

  /**
   * A push without a known number nobody has seen, so it is not read.
   * @param {string} name
   * @param {string} device
   * @param {number} place
   */
  #isOwed(name, device, place) {
    const push = this.#pushes.get(name);
    if (push === undefined || !push.isAnswered || push.seen.has(device)) return false;
    return push.number === null || push.number > place;
  }
}
