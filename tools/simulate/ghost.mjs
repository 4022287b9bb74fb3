/**
 * The ghost sees what the object really does, turn by turn, and remembers it: what was done, in which order, and
 * what a crash or a restored backup has undone. Nothing of the simulated world knows of it.
 */
import { isDoneIn, isLogout, isRepetition, requestOf, tooOldIn } from "./adapter.mjs";

/** @import { Turn } from "./platform/object.mjs" */

/**
 * Something that was done, in the order of doing.
 * @typedef {object} Deed
 * @property {number} index
 * @property {string} key
 * @property {number} at
 * @property {string | null} wireId The id of the request that did it.
 * @property {boolean} isReal Whether its effects have left the object, and not been lost with a crash.
 * @property {boolean} isUndone Whether a backup was restored that is older.
 */

/**
 * @typedef {object} Revocation
 * @property {number} index Of the deeds that come after it.
 * @property {number} second Credentials that were issued then or before have ended.
 * @property {boolean} isReal
 * @property {boolean} isUndone
 */

export class Ghost {
  /** @type {Deed[]} */
  deeds = [];
  /** @type {Map<string, Deed[]>} */
  byKey = new Map();
  /** @type {Revocation[]} */
  revocations = [];
  /** The ids that were answered as too old to know. @type {Set<string>} */
  tooOld = new Set();
  /** How many deeds there were at each restore. @type {number[]} */
  restores = [];
  #now;
  #second;

  /** @param {() => number} now @param {() => number} second The server's clock, in seconds. */
  constructor(now, second) {
    this.#now = now;
    this.#second = second;
  }

  /**
   * @param {Turn} turn
   * @returns {{released: () => void, dropped: () => void} | null}
   */
  turned(turn) {
    for (const id of tooOldIn(turn)) this.tooOld.add(id);
    const records = this.#recordsOf(turn);
    if (isLogout(turn)) records.push(this.#revocation());
    if (records.length === 0) return null;
    return {
      released: () => {
        for (const record of records) record.isReal = true;
      },
      dropped: () => {
        for (const record of records) record.isReal = false;
      },
    };
  }

  /** @param {Turn} turn @returns {(Deed | Revocation)[]} */
  #recordsOf(turn) {
    if (turn.kind === "message") {
      const request = requestOf(turn.content);
      if (!request?.key || !isDoneIn(turn, request.key)) return [];
      return [this.#deed(request.key, request.id)];
    }
    if (turn.kind !== "call" || !turn.result || turn.result.error) return [];
    const key = keyOfCall(turn);
    return key === null || isRepetition(turn) ? [] : [this.#deed(key, null)];
  }

  /** @param {string} key @param {string | null} wireId */
  #deed(key, wireId) {
    const { deeds } = this;
    const deed = { index: deeds.length, key, at: this.#now(), wireId, isReal: false, isUndone: false };
    deeds.push(deed);
    this.byKey.set(key, [...this.doneAs(key), deed]);
    return deed;
  }

  #revocation() {
    const revocation = { index: this.deeds.length, second: this.#second(), isReal: false, isUndone: false };
    this.revocations.push(revocation);
    return revocation;
  }

  /** @param {string} key */
  doneAs(key) {
    return this.byKey.get(key) ?? [];
  }

  /** A backup of that many deeds is put back. @param {number} length */
  restored(length) {
    this.restores.push(this.deeds.length);
    for (const deed of this.deeds.slice(length)) deed.isUndone = true;
    for (const revocation of this.revocations) if (revocation.index >= length) revocation.isUndone = true;
  }

  /**
   * From which deed on a credential has no rights.
   * @param {number} issuedAt Seconds.
   */
  endOf(issuedAt) {
    const ended = this.revocations.filter(({ isReal, isUndone, second }) => isReal && !isUndone && issuedAt <= second);
    return Math.min(...ended.map(({ index }) => index));
  }

  /** The games as they must be, in their order. */
  games() {
    /** @type {Set<string>} */
    let games = new Set();
    for (const { key, isReal, isUndone } of this.deeds) {
      if (!isReal || isUndone) continue;
      if (key.startsWith("+")) games.add(key.slice(1));
      else if (key.startsWith("-")) games.delete(key.slice(1));
      else if (key === "clear") games = new Set();
    }
    return [...games];
  }
}

/** @param {Turn} turn */
function keyOfCall({ content, args }) {
  switch (content) {
    case "push":
      return args[0].type;
    case "joinGame":
      return `+${args[0]}`;
    case "leaveGame":
      return `-${args[0]}`;
    case "clear":
      return "clear";
    default:
      return null;
  }
}
