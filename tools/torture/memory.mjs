/**
 * What a device of version 2 remembers when its connection is gone: up to where it has seen all, and
 * what it has asked for.
 */

/** @import { Random } from "./random.mjs" */

/** So many requests later one is not repeated any more: the server remembers 64. */
const REPEATABLE_REQUESTS = 50;

/** @typedef {{type: "join_game" | "leave_game", gameId: string, id?: string}} GameRequest */

export class Memory {
  #device;
  #random;
  /** @type {{epoch: number, seq: number} | null} */
  #place = null;
  /** The number that the present visit began with. */
  #begin = 0;
  #ids = 0;
  /** Requests without an answer, by id. @type {Map<string, GameRequest>} */
  #waiting = new Map();
  /** Some that were answered, of its own games, which they have surely changed. @type {GameRequest[]} */
  #done = [];
  /** A game that nobody else joins or leaves, and this device once. @type {string | null} */
  #ownGame = null;
  #ownGames = 0;
  /** @type {string[]} */
  #games = [];
  /** The last change of the games on the present visit. @type {any} */
  #change = null;

  /** @param {string} device @param {Random} random */
  constructor(device, random) {
    this.#device = device;
    this.#random = random;
  }

  /** What it says when it comes back. */
  get since() {
    return this.#place === null ? null : `${this.#place.epoch}.${this.#place.seq}`;
  }

  get unanswered() {
    return [...this.#waiting.values()];
  }

  /** @param {GameRequest} frame */
  request(frame) {
    const request = { ...frame, id: `${++this.#ids}` };
    this.#waiting.set(request.id, request);
    return request;
  }

  /** Joins a game that was never there, or leaves it. */
  ownRequest() {
    const gameId = this.#ownGame ?? `${this.#device}: own game ${++this.#ownGames}`;
    const type = this.#ownGame === null ? "join_game" : "leave_game";
    this.#ownGame = this.#ownGame === null ? gameId : null;
    return this.request({ type, gameId });
  }

  /** A request that must not be done again, if there is one. */
  repetition() {
    this.#done = this.#done.filter(({ id }) => Number(id) > this.#ids - REPEATABLE_REQUESTS);
    return this.#done.length === 0 ? null : this.#random.pick(this.#done);
  }

  /** @param {any} frame */
  see(frame) {
    if (frame.type === "initial_state") return this.#seeInitialState(frame);
    if (frame.type === "ack") return this.#seeAnswer(frame);
    if (this.#place === null || frame.seq === undefined) return;
    this.#place.seq = frame.seq;
    if (frame.activeGames === undefined || frame.seq <= this.#begin) return;
    if (frame.activeGames.length !== this.#games.length) this.#change = frame;
    this.#games = frame.activeGames;
  }

  /** @param {any} frame */
  #seeInitialState({ epoch, seq, reset, activeGames }) {
    const isResumed = this.#place?.epoch === epoch && reset !== true;
    // What was missed is yet to come.
    if (!isResumed) this.#place = { epoch, seq };
    this.#begin = seq;
    this.#games = activeGames;
    this.#change = null;
  }

  /** @param {any} frame */
  #seeAnswer({ id, seq }) {
    const request = this.#waiting.get(id);
    this.#waiting.delete(id);
    const hasChanged = this.#change?.seq === seq && this.#change.gameId === request?.gameId;
    const isOwn = request?.gameId.startsWith(`${this.#device}: `);
    if (request && isOwn && hasChanged) this.#done.push(request);
  }
}
