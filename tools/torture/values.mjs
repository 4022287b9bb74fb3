/**
 * The values of a user, as devices of version 2 were told them: what was told survives a crash, each change has a
 * version of its own, all devices have the same in the end, and no count goes up twice for one request. Shares no code
 * with the server.
 */

/** @import { V2Visit } from "./newer.mjs" */
/** @import { Complain } from "./stream.mjs" */

/** The key of the value that devices count up, each from what it has. */
export const COUNT_KEY = "count";

/** @typedef {{version: number, text: string | null}} Known A value as JSON, `null` if it was deleted. */

export class Values {
  /** The newest change of each that anybody was told. @type {Map<string, Known>} */
  #told = new Map();
  /** The same from before the last start. @type {Map<string, Known>} */
  #sure = new Map();
  /** The text of each version. @type {Map<number, string>} */
  #changes = new Map();
  /** The values that each device has. @type {Map<string, Map<string, Known>>} */
  #held = new Map();
  /** The count went up so often for sure; of the doubtful requests nobody knows whether it did. */
  #counted = 0;
  /** @type {Set<string>} */
  #doubtful = new Set();
  /** The deletions of each that may have been done without a word. @type {Map<string, Set<string>>} */
  #deletions = new Map();
  #complain;

  /** @param {Complain} complain */
  constructor(complain) {
    this.#complain = complain;
  }

  /** @param {any} frame */
  sent({ type, key, id }) {
    if (type === "set_value" && key === COUNT_KEY) this.#doubtful.add(id);
    if (type === "delete_value") this.#deletionsOf(key).add(id);
  }

  /** @param {any} frame @param {V2Visit} visit */
  saw(frame, { visit, device, isResumed }) {
    if (frame.type === "initial_state") {
      if (frame.values === undefined) {
        if (!isResumed) this.#complain(`${visit} starts over without values`);
        return;
      }
      const held = new Map(Object.entries(frame.values).map(([key, value]) => [key, knownOf(value)]));
      this.#held.set(device.name, held);
      for (const [key, known] of held) this.#note(visit, key, known);
      this.#checkSurvival(visit, held);
    } else if (frame.type === "value_changed" || frame.type === "value_deleted") {
      const known = frame.type === "value_changed" ? knownOf(frame) : { version: frame.version, text: null };
      this.#heldBy(device.name).set(frame.key, known);
      this.#note(visit, frame.key, known);
    }
  }

  /**
   * A change was answered.
   * @param {any} answer
   * @param {any} request As it was sent.
   * @param {V2Visit} visit
   */
  answered({ type, code, repeated }, { id, key, value }, { visit, device }) {
    if (type === "error" && code !== "conflict") return;
    // One that was done before may have been told to nobody.
    if (this.#deletionsOf(key).has(id)) return void (repeated || this.#deletionsOf(key).delete(id));
    if (this.#doubtful.delete(id) && type === "ack") this.#counted++;
    const held = this.#heldBy(device.name).get(key)?.text;
    if (type === "ack" && !repeated && held !== JSON.stringify(value)) {
      this.#complain(`${visit} was answered that ${key} is ${JSON.stringify(value)}, and was told ${held}`);
    }
  }

  /** The server has ended. */
  endLife() {
    this.#sure = new Map(this.#told);
  }

  /** Everybody has been told everything. @param {V2Visit[]} visits Those that are open. */
  settled(visits) {
    const texts = new Set(visits.map(({ device }) => textOf(this.#heldBy(device.name))));
    if (texts.size > 1) this.#complain(`devices have different values: ${[...texts].join(" and ")}`);
    const told = this.#told.get(COUNT_KEY)?.text ?? "0";
    const most = this.#counted + this.#doubtful.size;
    if (Number(told) >= this.#counted && Number(told) <= most) return;
    this.#complain(`the count is ${told}, and went up ${this.#counted} to ${most} times`);
  }

  /** @param {string} visit @param {string} key @param {Known} known */
  #note(visit, key, known) {
    const change = `${key} ${known.text}`;
    const before = this.#changes.get(known.version);
    if (before !== undefined && before !== change) {
      this.#complain(`${visit} was told ${change} as version ${known.version}, others ${before}`);
    }
    this.#changes.set(known.version, change);
    if (known.version > (this.#told.get(key)?.version ?? 0)) this.#told.set(key, known);
  }

  /** Checks that a change which anybody was told before the last start is there, or a newer one. @param {string} visit @param {Map<string, Known>} held */
  #checkSurvival(visit, held) {
    for (const [key, { version, text }] of this.#sure) {
      const now = held.get(key);
      const isLost = now ? now.version < version : text !== null && this.#deletionsOf(key).size === 0;
      if (isLost) this.#complain(`${visit}: ${key} was ${text} at ${version}, and is ${now?.text} at ${now?.version}`);
    }
  }

  /** @param {string} key */
  #deletionsOf(key) {
    const deletions = this.#deletions.get(key) ?? new Set();
    this.#deletions.set(key, deletions);
    return deletions;
  }

  /** @param {string} device @returns {Map<string, Known>} */
  #heldBy(device) {
    const held = this.#held.get(device) ?? new Map();
    this.#held.set(device, held);
    return held;
  }
}

/** @param {{value: unknown, version: number}} value @returns {Known} */
function knownOf({ value, version }) {
  return { version, text: JSON.stringify(value) };
}

/** Writes the values that are there as a text, which is the same for the same ones. @param {Map<string, Known>} held */
function textOf(held) {
  const there = [...held].filter(([, { text }]) => text !== null).map(([key, { version, text }]) => `${key}=${text}@${version}`);
  return there.sort().join(", ");
}
