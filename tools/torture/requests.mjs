/**
 * The requests of a user's devices and the answers to them: what was answered is done, and nothing is done
 * twice, whatever was repeated. Shares no code with the server.
 */

/** @import { V2Visit } from "./newer.mjs" */
/** @import { Numbers } from "./numbers.mjs" */
/** @import { Complain, Stream } from "./stream.mjs" */

/** The answer that is looked at here for each request. @type {Record<string, string>} */
const CHANGES = { join_game: "game_joined", leave_game: "game_left", broadcast: "event" };

/**
 * @typedef {object} Request
 * @property {any} frame As it was sent first.
 * @property {number} times How often it was sent.
 * @property {number} life When it was sent last.
 * @property {"open" | "done" | "unknown"} state `unknown` if the server has said so.
 */

/**
 * Whether a request was sent before: since the server was started (`still`) or before that (`again`),
 * or was answered and must not be done again.
 * @typedef {"new" | "again" | "still" | "done"} Novelty
 */

export class Requests {
  /** @type {Map<string, Request>} */
  #requests = new Map();
  /** How often each change was asked for in all, by its type and what it is of. @type {Map<string, number>} */
  #asked = new Map();
  /** The places at which each was told and has changed something. @type {Map<string, Map<string, [number, number]>>} */
  #changes = new Map();
  #numbers;
  #complain;

  /** @param {Numbers} numbers @param {Complain} complain */
  constructor(numbers, complain) {
    this.#numbers = numbers;
    this.#complain = complain;
  }

  /**
   * @param {any} frame
   * @param {number} life
   * @returns {Novelty}
   */
  sent(frame, life) {
    const known = this.#requests.get(frame.id);
    if (!known) {
      if (frame.id !== undefined) this.#requests.set(frame.id, { frame, times: 1, life, state: "open" });
      this.#ask(frame);
      return "new";
    }
    known.times++;
    const isStill = known.life === life;
    known.life = life;
    if (known.state !== "open") return "done";
    return isStill ? "still" : "again";
  }

  /** A request as it was sent first. @param {string} id @returns {any} */
  frameOf(id) {
    return this.#requests.get(id)?.frame;
  }

  /**
   * @param {any} answer
   * @param {V2Visit} visit
   * @param {Stream} stream
   */
  answered({ type, id, code, repeated }, { visit }, stream) {
    const request = this.#requests.get(id);
    if (!request) return this.#complain(`${visit} was answered ${id}, which it has not asked`);
    const { frame, times, state } = request;
    const name = `${visit}: ${nameOf(frame)}`;
    if (type === "error") {
      if (!isExpected(request, code)) this.#complain(`${name} was refused with ${code}`);
      if (state === "open") request.state = "unknown";
      return;
    }
    request.state = "done";
    if (repeated) {
      if (times === 1) this.#complain(`${name} was answered as repeated, and was sent once`);
      return;
    }
    if (state !== "open") this.#complain(`${name} was done after it was ${state}`);
    if (!(frame.type in CHANGES)) return;
    const { told } = stream;
    const isTold = told !== null && told.type === CHANGES[frame.type] && whatOf(told) === whatOf(frame);
    const isThere = frame.type === "join_game" && stream.games.includes(frame.gameId);
    if (!isTold && !isThere) this.#complain(`${name} was answered and is not done`);
  }

  /**
   * A change was told, by which something has changed.
   * @param {number} epoch
   * @param {any} frame
   */
  changed(epoch, frame) {
    const change = `${frame.type} ${whatOf(frame)}`;
    const places = this.#changes.get(change) ?? new Map();
    this.#changes.set(change, places.set(`${epoch}.${frame.seq}`, [epoch, frame.seq]));
  }

  /** Nothing was told more often than it was asked for. */
  check() {
    for (const [change, places] of this.#changes) {
      const asked = this.#asked.get(change) ?? 0;
      if (places.size <= asked) continue;
      // One who is brought a frame later knows it by a later epoch.
      const told = new Set([...places.values()].map(([epoch, seq]) => `${this.#numbers.firstOf(epoch)}.${seq}`));
      if (told.size <= asked) continue;
      this.#complain(`${change} ${told.size} times, asked for ${asked} times in all`);
      this.#changes.delete(change);
    }
  }

  /** @param {any} frame */
  #ask(frame) {
    if (!(frame.type in CHANGES)) return;
    const change = `${CHANGES[frame.type]} ${whatOf(frame)}`;
    this.#asked.set(change, (this.#asked.get(change) ?? 0) + 1);
  }
}

/** What a request or a change is of. @param {any} frame @returns {string} */
function whatOf({ gameId, data, inbox }) {
  return gameId ?? data?.once ?? inbox;
}

/** @param {any} frame */
function nameOf(frame) {
  return `${frame.type} of ${whatOf(frame)}`;
}

/**
 * `isExpected` tells whether a request may be refused so.
 * @param {Request} request
 * @param {string} code
 */
function isExpected({ frame, times }, code) {
  return code === "conflict" ? frame.ifVersion !== undefined : code === "too_old" && times > 1;
}
