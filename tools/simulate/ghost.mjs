/**
 * The ghost sees what the object really does, turn by turn, and remembers it: what was done, in which order, and
 * what a crash or a restored backup has undone. Nothing of the simulated world knows of it.
 */
import { isDoneIn, isRepetition, messageIn, readIn, requestOf, tooOldIn, windowOf } from "./adapter.mjs";

/** @import { Fate, Turn } from "./platform/object.mjs" */

/**
 * Something that was done, in the order of doing.
 * @typedef {object} Deed
 * @property {number} index
 * @property {string} key
 * @property {number} at
 * @property {string | null} wireId The id of the request that did it.
 * @property {number | null} number Of the message, if it is one.
 * @property {boolean} isReal Whether its effects have left the object, and not been lost with a crash.
 * @property {boolean} isUndone Whether a backup was restored that is older.
 */

/**
 * The user has read all messages up to a number.
 * @typedef {object} Reading
 * @property {number} index Of the deeds that come after it.
 * @property {number} number
 * @property {boolean} isReal
 * @property {boolean} isUndone
 */

export class Ghost {
  /** @type {Deed[]} */
  deeds = [];
  /** @type {Map<string, Deed[]>} */
  byKey = new Map();
  /** @type {Reading[]} */
  readings = [];
  /** The ids that were answered as too old to know, although the object had got a request under them. @type {Set<string>} */
  forgotten = new Set();
  /** The joins and leaves that are asked for anew, since nobody can say whether they were done. @type {Set<string>} */
  doubtedGames = new Set();
  /** The ids under which requests were asked that the object got. @type {Set<string>} */
  heard = new Set();
  /** How many deeds there were at each restore. @type {number[]} */
  restores = [];
  /** The highest number of each run under which the object got a request. @type {Map<string, number>} */
  #newest = new Map();
  #now;

  /** @param {() => number} now */
  constructor(now) {
    this.#now = now;
  }

  /**
   * @param {Turn} turn
   * @returns {Fate}
   */
  turned(turn) {
    for (const id of tooOldIn(turn)) {
      if (this.#isOwedAnAnswer(id)) this.forgotten.add(id);
      this.doubt(requestOf(turn.content)?.key ?? "");
    }
    const records = this.#recordsOf(turn);
    const read = readIn(turn);
    if (read !== null) records.push(this.#reading(read));
    return records.length === 0 ? null : fateOf(records);
  }

  /** A request by HTTP has erased the user's data. */
  cleared() {
    return fateOf([this.#deed("clear", null)]);
  }

  /** Whether the object got a request that is still among the newest of its run. @param {string} id */
  #isOwedAnAnswer(id) {
    const { run, forgottenFrom } = windowOf(id);
    return this.heard.has(id) && (this.#newest.get(run) ?? 0) < forgottenFrom;
  }

  /** Nobody can say whether a request was done. @param {string} key What it asked for. */
  doubt(key) {
    if (/^[+-]/.test(key)) this.doubtedGames.add(key);
  }

  /** @param {string} id */
  #hear(id) {
    const { run, number } = windowOf(id);
    this.heard.add(id);
    this.#newest.set(run, Math.max(number, this.#newest.get(run) ?? 0));
  }

  /** @param {Turn} turn @returns {(Deed | Reading)[]} */
  #recordsOf(turn) {
    if (turn.kind === "message") {
      const request = requestOf(turn.content);
      // A frame on a socket that the server has closed is as good as lost.
      if (request?.id && !request.isAgain && !turn.end?.hasSentClose) this.#hear(request.id);
      if (!request?.key || !isDoneIn(turn, request.key)) return [];
      return [this.#deed(request.key, request.id)];
    }
    if (turn.kind !== "call" || !turn.result || turn.result.error) return [];
    const key = keyOfCall(turn);
    return key === null || isRepetition(turn) ? [] : [this.#deed(key, null, messageIn(turn))];
  }

  /** @param {string} key @param {string | null} wireId @param {number | null} [number] */
  #deed(key, wireId, number = null) {
    const { deeds } = this;
    const deed = { index: deeds.length, key, at: this.#now(), wireId, number, isReal: false, isUndone: false };
    deeds.push(deed);
    this.byKey.set(key, [...this.doneAs(key), deed]);
    return deed;
  }

  /** @param {number} number */
  #reading(number) {
    const reading = { index: this.deeds.length, number, isReal: false, isUndone: false };
    this.readings.push(reading);
    return reading;
  }

  /** Whether a message had been read, on whatever device, when there were so many deeds. @param {Deed} message @param {number} length */
  wasRead({ number }, length) {
    const read = this.readings.filter(({ index, isReal }) => isReal && index <= length);
    return read.some((reading) => reading.number >= (number ?? 0));
  }

  /** @param {string} key */
  doneAs(key) {
    return this.byKey.get(key) ?? [];
  }

  /** A backup of that many deeds is put back. @param {number} length */
  restored(length) {
    this.restores.push(this.deeds.length);
    for (const deed of this.deeds.slice(length)) deed.isUndone = true;
    for (const record of this.readings) if (record.index >= length) record.isUndone = true;
  }

  /** The list that pages add to as it must be. */
  listed() {
    const done = this.deeds.filter(({ isReal, isUndone }) => isReal && !isUndone);
    const erasedAt = done.findLastIndex(({ key }) => key === "clear");
    return done.slice(erasedAt + 1).flatMap(({ key }) => (/^v\d/.test(key) ? [key] : []));
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

/** @param {(Deed | Reading)[]} records @returns {NonNullable<Fate>} */
function fateOf(records) {
  return {
    released: () => {
      for (const record of records) record.isReal = true;
    },
    dropped: () => {
      for (const record of records) record.isReal = false;
    },
  };
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
    case "setValue":
      return args[1];
    case "clear":
      return "clear";
    default:
      return null;
  }
}
