/**
 * A device that does things at random, comes back by itself as the production hook does, and records
 * all it sends and sees.
 */
import { WebSocket } from "ws";

/** @import { Random } from "./random.mjs" */
/** @import { Recorder, VisitName } from "./record.mjs" */

/** The hook's back-off, which here passes faster. */
const RETRIES = 10;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
const RETRY_SPEED = 20;

/** A device at play sends some frames at once and an event after them, then waits. */
const BURST_MAX = 3;

/**
 * How many of its frames may be under way: of those nobody can know whether a crash has let them
 * happen, so with too many of them the checker knows little.
 */
const UNHEARD_MAX = 3;

const PAUSE_MS_MIN = 10;
const PAUSE_MS_MAX = 70;

/** How often it reloads instead, closing its socket while what it has sent is under way. */
const RELOAD_CHANCE = 0.01;

/** How many games a user's devices share: few, so that they contradict each other. */
const GAMES = 10;

const PRESENCES = /** @type {const} */ (["online", "away", "offline"]);

/** Each kind of frame and its share. */
const SHARES = /** @type {const} */ ([
  [0.35, "join_game"],
  [0.7, "leave_game"],
  [0.8, "update_presence"],
  [0.9, "sync_state"],
  [1, "broadcast"],
]);

/**
 * @typedef {object} PlayerOptions
 * @property {string} ws The server's address, which must stay the same when it is started again.
 * @property {string} user
 * @property {string} device
 * @property {Random} random
 * @property {Recorder} record
 */

export class Player {
  /** How many `state` frames the present visit has seen. */
  states = 0;
  #options;
  #visits = 0;
  #retries = 0;
  #isPlaying = false;
  #isGone = false;
  /** @type {WebSocket | null} */
  #socket = null;
  /** Sockets that have not told of their end. @type {Set<WebSocket>} */
  #sockets = new Set();
  /** @type {VisitName} */
  #visit = "";
  #sent = 0;
  /** How many of those are known to have been handled. */
  #heard = 0;
  #hasState = false;
  /** The marks that the present visit has seen, by device. @type {Map<string, number>} */
  #marks = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  #retryTimer;
  /** @type {NodeJS.Timeout | undefined} */
  #playTimer;

  /** @param {PlayerOptions} options */
  constructor(options) {
    this.#options = options;
    this.#connect();
  }

  get user() {
    return this.#options.user;
  }

  get device() {
    return this.#options.device;
  }

  /** Whether it has had its first frame on the present visit. */
  get isIn() {
    return this.#hasState && this.#socket?.readyState === WebSocket.OPEN;
  }

  get socketCount() {
    return this.#sockets.size;
  }

  /** From now on, and after each reconnect, it sends at random. */
  play() {
    this.#isPlaying = true;
    if (this.isIn) this.#schedule();
  }

  pause() {
    this.#isPlaying = false;
    clearTimeout(this.#playTimer);
  }

  /** Broadcasts a mark that every device of the user then sees. @param {number} mark */
  mark(mark) {
    this.#broadcast({ mark });
  }

  /** Which mark of a device it has seen last. @param {string} device */
  markOf(device) {
    return this.#marks.get(device);
  }

  sync() {
    this.#send({ type: "sync_state" });
  }

  /** Goes for good. */
  leave() {
    this.#isGone = true;
    this.pause();
    clearTimeout(this.#retryTimer);
    for (const socket of this.#sockets) socket.terminate();
  }

  #connect() {
    const { ws, user, device, record } = this.#options;
    const visit = `${device}#${++this.#visits}`;
    const query = new URLSearchParams({ userId: user, deviceId: device });
    const socket = new WebSocket(`${ws}/__user-session?${query}`);
    this.#socket = socket;
    this.#sockets.add(socket);
    this.#visit = visit;
    this.#sent = 0;
    this.#heard = 0;
    this.states = 0;
    this.#hasState = false;
    this.#marks.clear();
    let isOpen = false;
    socket.on("open", () => {
      isOpen = true;
      this.#retries = 0;
      record.add({ kind: "open", user, device, visit });
    });
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data));
      record.add({ kind: "saw", user, visit, frame });
      if (socket === this.#socket) this.#see(frame);
    });
    socket.on("close", (code) => {
      if (isOpen) record.add({ kind: "closed", user, visit, code });
      this.#sockets.delete(socket);
      if (socket === this.#socket) this.#comeBack();
    });
    socket.on("error", () => {});
  }

  /** @param {any} frame */
  #see(frame) {
    if (frame.type === "state") this.states++;
    if (frame.type === "event") this.#hear(frame);
    if (frame.type !== "initial_state") return;
    this.#hasState = true;
    if (this.#isPlaying) this.#schedule();
  }

  /** @param {{from: string, data: {visit: VisitName, n: number, mark?: number}}} event */
  #hear({ from, data: { visit, n, mark } }) {
    if (visit === this.#visit) this.#heard = n + 1;
    if (mark !== undefined) this.#marks.set(from, mark);
  }

  #comeBack() {
    this.#hasState = false;
    clearTimeout(this.#playTimer);
    if (this.#isGone || this.#retries >= RETRIES) return;
    const wait = Math.min(RETRY_MS_MIN * 2 ** this.#retries++, RETRY_MS_MAX) / RETRY_SPEED;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(), wait);
  }

  #schedule() {
    clearTimeout(this.#playTimer);
    const pause = this.#options.random.between(PAUSE_MS_MIN, PAUSE_MS_MAX);
    this.#playTimer = setTimeout(() => this.#act(), pause);
  }

  #act() {
    const { random } = this.#options;
    if (!this.isIn) return;
    if (this.#sent - this.#heard <= UNHEARD_MAX) {
      for (let left = random.between(1, BURST_MAX); left > 0; left--) this.#sendAny();
      this.#broadcast({});
    }
    if (random.next() < RELOAD_CHANCE) this.#reload();
    else this.#schedule();
  }

  #reload() {
    const old = this.#socket;
    this.#connect();
    old?.close();
  }

  #sendAny() {
    const { random, user } = this.#options;
    const share = random.next();
    const type = SHARES.find(([upTo]) => share < upTo)?.[1] ?? "broadcast";
    switch (type) {
      case "join_game":
      case "leave_game":
        return this.#send({ type, gameId: `${user}: game ${random.between(1, GAMES)} é🎲` });
      case "update_presence":
        return this.#send({ type, presence: random.pick(PRESENCES) });
      case "broadcast":
        return this.#broadcast({});
      default:
        return this.#send({ type });
    }
  }

  /** @param {object} more */
  #broadcast(more) {
    const data = { visit: this.#visit, n: this.#sent, ...more };
    this.#send({ type: "broadcast", event: "moved", data });
  }

  /** @param {object} frame */
  #send(frame) {
    const { user, record } = this.#options;
    record.add({ kind: "sent", user, visit: this.#visit, n: this.#sent++, frame });
    this.#socket?.send(JSON.stringify(frame), () => {});
  }
}
