/**
 * The requests of a user's devices and the answers to them: what was answered is done, and what is
 * asked for again is not done again. Shares no code with the server.
 */

/** @import { V2Visit } from "./newer.mjs" */
/** @import { Complain, Stream } from "./stream.mjs" */

/** What each request is told as. */
const CHANGES = { join_game: "game_joined", leave_game: "game_left" };

/**
 * @typedef {object} Request
 * @property {any} frame
 * @property {number} times How often it was sent.
 * @property {number} life When it was sent last.
 * @property {number | null} answer The number in its answer.
 * @property {boolean} isLasting It has changed the games, and the stored row knows it.
 */

/**
 * Whether a request was sent before: since the server was started (`still`) or before that (`again`),
 * or is known to be done and must not be done again.
 * @typedef {"new" | "again" | "still" | "done"} Novelty
 */

export class Requests {
  /** @type {Map<string, Request>} */
  #requests = new Map();
  /** How often each change was asked for in all, by its type and game. @type {Map<string, number>} */
  #asked = new Map();
  /** The places at which each was told and has changed the games. @type {Map<string, Set<string>>} */
  #changes = new Map();
  #complain;

  /** @param {Complain} complain */
  constructor(complain) {
    this.#complain = complain;
  }

  /**
   * @param {string} device
   * @param {any} frame
   * @param {number} life
   * @returns {Novelty}
   */
  sent(device, frame, life) {
    const key = frame.id === undefined ? null : `${device} ${frame.id}`;
    const known = key === null ? undefined : this.#requests.get(key);
    if (!known) {
      if (key !== null) this.#requests.set(key, { frame, times: 1, life, answer: null, isLasting: false });
      this.#ask(frame);
      return "new";
    }
    known.times++;
    const isStill = known.life === life;
    known.life = life;
    if (known.answer !== null && (known.isLasting || isStill)) return "done";
    return isStill ? "still" : "again";
  }

  /**
   * @param {any} frame The answer.
   * @param {V2Visit} visit
   * @param {Stream} stream
   */
  answered({ id, seq }, { device, visit, seq: last }, stream) {
    const request = this.#requests.get(`${device.name} ${id}`);
    if (!request) return this.#complain(`${visit} was answered ${id}, which it has not asked`);
    const { frame, times, answer } = request;
    const name = `${visit}: ${frame.type} of ${frame.gameId}`;
    if (answer !== null) {
      if (answer !== seq) this.#complain(`${name} was answered with ${seq}, and before with ${answer}`);
      return;
    }
    request.answer = seq;
    if (times > 1) return;
    if (seq !== last) this.#complain(`${name} was answered with ${seq} after number ${last}`);
    const wanted = frame.type === "join_game";
    if (stream.games.includes(frame.gameId) !== wanted) this.#complain(`${name} was answered and is not done`);
    const { change, told } = stream;
    const isTold = told?.type === "game_left" && told.gameId === frame.gameId;
    if (!wanted && !isTold) this.#complain(`${name} was answered and not told`);
    request.isLasting = change !== null && change === told && change.gameId === frame.gameId;
  }

  /**
   * A change of the games was told: not more often than it was asked for.
   * @param {number} epoch
   * @param {any} frame
   */
  changed(epoch, { type, gameId, seq }) {
    const change = `${type} ${gameId}`;
    const places = this.#changes.get(change) ?? new Set();
    this.#changes.set(change, places.add(`${epoch}.${seq}`));
    const asked = this.#asked.get(change) ?? 0;
    if (places.size <= asked) return;
    this.#complain(`${change} ${places.size} times, asked for ${asked} times in all`);
  }

  /** @param {any} frame */
  #ask({ type, gameId }) {
    if (type !== "join_game" && type !== "leave_game") return;
    const change = `${CHANGES[/** @type {keyof typeof CHANGES} */ (type)]} ${gameId}`;
    this.#asked.set(change, (this.#asked.get(change) ?? 0) + 1);
  }
}
