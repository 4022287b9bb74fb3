/**
 * What a device of version 2 remembers when its connection is gone: up to where it has seen all, up to which
 * message it has all, and what it has asked for.
 */

import { COUNT_KEY } from "./values.mjs";

/** @import { Random } from "./random.mjs" */

/** So many numbers below its newest a run is known; none of those may be open when the next is used. */
const WINDOW = 64;

/** A user's devices share so many values beside the count. */
const VALUES = 3;

/** So many requests later one that is done is not repeated any more, since the answer would be `too_old`. */
const REPEATABLE_REQUESTS = 50;

const DELETION_CHANCE = 0.2;

const RUN_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
const RUN_LENGTH = 22;

/** @typedef {{type: string, [more: string]: any}} Message What is asked for, without its id. */
/** @typedef {Message & {id: string, again?: true}} Request */

export class Memory {
  run;
  #device;
  #random;
  /** @type {{epoch: number, seq: number} | null} */
  #place = null;
  /** The number of the message up to which it has all. @type {number | null} */
  #inbox = null;
  /** What the present visit has said of these. @type {{since: string | null, inbox: number | null}} */
  #said = { since: null, inbox: null };
  #numbers = 0;
  /** Requests without an answer, by id. @type {Map<string, Request>} */
  #waiting = new Map();
  /** Some that were answered. @type {Request[]} */
  #done = [];
  /** A game that nobody else joins or leaves, and this device once. @type {string | null} */
  #ownGame = null;
  #ownGames = 0;
  #ownEvents = 0;
  #ownValues = 0;
  /** @type {Map<string, {value: any, version: number}>} */
  #values = new Map();

  /** @param {string} device @param {Random} random */
  constructor(device, random) {
    this.#device = device;
    this.#random = random;
    const letters = Array.from({ length: RUN_LENGTH }, () => random.pick([...RUN_LETTERS]));
    this.run = letters.join("");
  }

  /** What it says when it comes, from now on its place for this visit. */
  says() {
    const since = this.#place === null ? null : `${this.#place.epoch}.${this.#place.seq}`;
    this.#said = { since, inbox: this.#inbox };
    return { ...this.#said, run: this.run };
  }

  /** What has no answer yet, as it is asked again. @returns {Request[]} */
  get unanswered() {
    return [...this.#waiting.values()].map((request) => ({ ...request, again: true }));
  }

  /**
   * @param {Message} message
   * @returns {Request | null} `null` while too much is open.
   */
  request(message) {
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined && this.#numbers + 1 >= numberOf(oldest) + WINDOW) return null;
    const request = { ...message, id: `${this.run}.${++this.#numbers}` };
    this.#waiting.set(request.id, request);
    return request;
  }

  /** Joins a game that was never there, or leaves it. */
  ownRequest() {
    const gameId = this.#ownGame ?? `${this.#device}: own game ${this.#ownGames + 1}`;
    const isJoin = this.#ownGame === null;
    const request = this.request({ type: isJoin ? "join_game" : "leave_game", gameId });
    if (request === null) return null;
    if (isJoin) this.#ownGames++;
    this.#ownGame = isJoin ? gameId : null;
    return request;
  }

  /** An event that no other has the content of. */
  ownEvent() {
    const once = `${this.#device}: event ${this.#ownEvents + 1}`;
    const request = this.request({ type: "broadcast", event: "once", data: { once } });
    if (request !== null) this.#ownEvents++;
    return request;
  }

  /** Says that the user has read what this device has. */
  reading() {
    return this.#inbox === null ? null : this.request({ type: "mark_read", inbox: this.#inbox });
  }

  /** Sets a value to what no other sets, or deletes one. */
  setting() {
    const key = `value ${this.#random.between(1, VALUES)}`;
    if (this.#random.next() < DELETION_CHANCE) return this.request({ type: "delete_value", key });
    const request = this.request({ type: "set_value", key, value: `${this.#device}: ${this.#ownValues + 1}` });
    if (request !== null) this.#ownValues++;
    return request;
  }

  /** Counts up from what it has. */
  counting() {
    const { value = 0, version = 0 } = this.#values.get(COUNT_KEY) ?? {};
    return this.request({ type: "set_value", key: COUNT_KEY, value: value + 1, ifVersion: version });
  }

  /** A request that must not be done again, if there is one. @returns {Request | null} */
  repetition() {
    this.#done = this.#done.filter(({ id }) => numberOf(id) > this.#numbers - REPEATABLE_REQUESTS);
    return this.#done.length === 0 ? null : { ...this.#random.pick(this.#done), again: true };
  }

  /**
   * @param {any} frame
   * @returns {Message | null} What is to be asked anew, since nobody knows whether it was done.
   */
  see(frame) {
    const { type, id } = frame;
    if (type === "ack" || (type === "error" && id !== undefined)) return this.#seeAnswer(frame);
    if (type === "push" && frame.inbox !== undefined) this.#inbox = frame.inbox;
    if (type === "value_changed") this.#values.set(frame.key, frame);
    if (type === "value_deleted") this.#values.delete(frame.key);
    if (type === "initial_state") this.#seeInitialState(frame);
    else if (frame.seq !== undefined) this.#follow(frame);
    return null;
  }

  /** @param {any} frame */
  #seeInitialState({ epoch, seq, reset, inbox, values }) {
    if (values) this.#values = new Map(Object.entries(values));
    const { since, inbox: said } = this.#said;
    // What was missed is yet to come.
    const isResumed = since !== null && reset !== true && this.#place !== null;
    this.#place = { epoch, seq: isResumed && this.#place ? this.#place.seq : seq };
    this.#inbox = said === null || said > inbox.last ? inbox.read : said;
  }

  /** @param {any} frame */
  #follow({ epoch, seq }) {
    if (this.#place) this.#place = { epoch: epoch ?? this.#place.epoch, seq };
  }

  /** @param {any} frame */
  #seeAnswer({ type, id, code }) {
    const request = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (request === undefined) return null;
    if (type === "ack") this.#done.push(request);
    const isAnew = type === "error" && code !== "conflict" && request.data?.once === undefined;
    return isAnew ? { ...request, id: undefined } : null;
  }
}

/** @param {string} id */
function numberOf(id) {
  return Number(id.split(".")[1]);
}
