/**
 * A server that pushes to a user's devices, and tries again until it knows that it has succeeded.
 */

/** @import { Random } from "./random.mjs" */
/** @import { Recorder } from "./record.mjs" */

const KEEP_S = 600;

const PAUSE_MS_MIN = 50;
const PAUSE_MS_MAX = 700;

/** How often a push goes out twice at once, and how often again though it has succeeded. */
const TWICE_CHANCE = 0.2;
const AGAIN_CHANCE = 0.2;

/**
 * @typedef {object} PusherOptions
 * @property {string} http The server's address.
 * @property {string} user
 * @property {Random} random
 * @property {Recorder} record
 */

export class Pusher {
  #options;
  #pushes = 0;
  /** Those of which it does not know that they have succeeded. @type {Set<string>} */
  #waiting = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {PusherOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get user() {
    return this.#options.user;
  }

  get isDone() {
    return this.#waiting.size === 0;
  }

  /** From now on it pushes at random. */
  play() {
    clearTimeout(this.#timer);
    const pause = this.#options.random.between(PAUSE_MS_MIN, PAUSE_MS_MAX);
    this.#timer = setTimeout(() => {
      void this.push();
      this.play();
    }, pause);
  }

  pause() {
    clearTimeout(this.#timer);
  }

  /** Tries again what has not succeeded. */
  async again() {
    await Promise.all([...this.#waiting].map((push) => this.#send(push)));
  }

  async push() {
    const { user, random } = this.#options;
    const push = `${user} push ${++this.#pushes}`;
    this.#waiting.add(push);
    const isTwice = random.next() < TWICE_CHANCE;
    const isAgain = random.next() < AGAIN_CHANCE;
    await Promise.all([this.#send(push), isTwice && this.#send(push)]);
    if (isAgain) await this.#send(push);
  }

  /** @param {string} push */
  async #send(push) {
    const { http, user, record } = this.#options;
    const query = new URLSearchParams({ userId: user, keep: `${KEEP_S}`, pushId: push });
    record.add({ kind: "pushing", user, push });
    try {
      const body = JSON.stringify({ type: "news", push });
      const response = await fetch(`${http}/__user-session?${query}`, { method: "POST", body });
      const answer = await response.json();
      if (response.ok) record.add({ kind: "pushed", user, push, inbox: answer.inbox ?? null });
      else record.add({ kind: "stuck", what: `push: ${JSON.stringify(answer)}` });
      this.#waiting.delete(push);
    } catch {
      // The server was killed: whether it has taken the push nobody knows.
    }
  }
}
