/**
 * A device that does things at random, comes back by itself as the production hook does, and records
 * all it sends and sees.
 */
import { WebSocket } from "ws";

import { PROTOCOL } from "../../tests/support/v2-device.mjs";
import { Memory } from "./memory.mjs";

/** @import { Message } from "./memory.mjs" */
/** @import { Random } from "./random.mjs" */
/** @import { Recorder, VisitName } from "./record.mjs" */

/** The hook's back-off, which here passes faster, and does not end: how long a server takes to start is not the matter. */
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
const RELOAD_CHANCE_NEWER = 0.1;

/** How often a reload takes its time, and how long at most. */
const ABSENCE_CHANCE = 0.5;
const ABSENCE_MS_MAX = 150;

/** How often a device of version 2 repeats what is done, plays with a game of its own, or says what it has read. */
const REPETITION_CHANCE = 0.1;
const OWN_GAME_CHANCE = 0.2;
const OWN_EVENT_CHANCE = 0.2;
const READING_CHANCE = 0.05;

/** A device of version 2 sets or deletes a value, or counts one up, in these shares of its steps. */
const SETTING_CHANCE = 0.1;
const COUNTING_CHANCE = 0.1;

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
 * @property {boolean} isV2 It speaks version 2.
 * @property {Random} random
 * @property {Recorder} record
 */

/**
 * @typedef {object} Visit
 * @property {VisitName} name
 * @property {WebSocket} socket
 * @property {boolean} isOpen It has been told of, and its end has not.
 */

export class Player {
  /** How many `state` frames the present visit has seen. */
  states = 0;
  #options;
  /** Of a device of version 2. @type {Memory | null} */
  #memory = null;
  #visits = 0;
  #retries = 0;
  #isPlaying = false;
  #isGone = false;
  #isResting = false;
  /** The present one. @type {Visit | null} */
  #visit = null;
  /** Sockets that have not told of their end. @type {Set<WebSocket>} */
  #sockets = new Set();
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
    if (options.isV2) this.#memory = new Memory(options.device, options.random);
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
    return this.#hasState && this.#visit?.socket.readyState === WebSocket.OPEN;
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

  /** Closes its socket and stays away until it is woken. */
  rest() {
    this.#isResting = true;
    this.#abandon()?.close();
  }

  wake() {
    if (!this.#isResting) return;
    this.#isResting = false;
    this.#connect();
  }

  /** Goes for good. */
  leave() {
    this.#isGone = true;
    this.pause();
    clearTimeout(this.#retryTimer);
    for (const socket of this.#sockets) socket.terminate();
  }

  #connect() {
    const { user, device, record } = this.#options;
    const name = `${device}#${++this.#visits}`;
    const says = this.#memory?.says();
    if (says) record.add({ kind: "connecting", user, device, visit: name, since: says.since, inbox: says.inbox });
    const visit = { name, socket: this.#socket(says), isOpen: false };
    this.#visit = visit;
    this.#sockets.add(visit.socket);
    this.#sent = 0;
    this.#heard = 0;
    this.states = 0;
    this.#hasState = false;
    this.#marks.clear();
    this.#watch(visit);
  }

  /** @param {{run: string, since: string | null, inbox: number | null}} [says] In version 2. */
  #socket(says) {
    const { ws, user, device } = this.#options;
    const query = new URLSearchParams({ userId: user, deviceId: device });
    for (const [name, value] of Object.entries({ ...says, ...(says && { tabId: "tab" }) })) {
      if (value !== null) query.set(name, String(value));
    }
    return new WebSocket(`${ws}/__user-session?${query}`, says ? [PROTOCOL] : []);
  }

  /** @param {Visit} visit */
  #watch(visit) {
    const { user, device, record } = this.#options;
    const { name, socket } = visit;
    socket.on("open", () => {
      if (this.#isOver(visit)) return;
      visit.isOpen = true;
      this.#retries = 0;
      record.add({ kind: "open", user, device, visit: name });
    });
    socket.on("message", (data) => {
      if (this.#isOver(visit)) return;
      const frame = JSON.parse(String(data));
      record.add({ kind: "saw", user, visit: name, frame });
      if (visit === this.#visit) this.#see(frame);
    });
    socket.on("close", (code) => {
      this.#end(visit, code);
      this.#sockets.delete(socket);
      if (visit === this.#visit) this.#comeBack();
    });
    socket.on("error", () => {});
  }

  /**
   * Whether nobody looks any more: a device of version 2 has seen what its place says, and no more.
   * @param {Visit} visit
   */
  #isOver(visit) {
    return this.#memory !== null && visit !== this.#visit;
  }

  /** @param {Visit} visit @param {number} [code] */
  #end(visit, code) {
    const { user, record } = this.#options;
    if (visit.isOpen) record.add({ kind: "closed", user, visit: visit.name, code });
    Object.assign(visit, { isOpen: false });
  }

  /** @param {any} frame */
  #see(frame) {
    const anew = this.#memory?.see(frame);
    if (anew) this.#sendRequest(this.#memory?.request(anew));
    if (frame.type === "state") this.states++;
    if (frame.type === "event") this.#hear(frame);
    if (frame.type !== "initial_state") return;
    this.#hasState = true;
    for (const request of this.#memory?.unanswered ?? []) this.#send(request);
    if (this.#isPlaying) this.#schedule();
  }

  /** @param {{from: string, data: {visit?: VisitName, n?: number, mark?: number}}} event */
  #hear({ from, data: { visit, n = 0, mark } }) {
    if (visit === this.#visit?.name) this.#heard = n + 1;
    if (mark !== undefined) this.#marks.set(from, mark);
  }

  #comeBack() {
    this.#hasState = false;
    clearTimeout(this.#playTimer);
    if (this.#isGone || this.#isResting) return;
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
    if (random.next() < (this.#memory ? RELOAD_CHANCE_NEWER : RELOAD_CHANCE)) this.#reload();
    else this.#schedule();
  }

  #reload() {
    const { random } = this.#options;
    const absence = random.next() < ABSENCE_CHANCE ? random.between(1, ABSENCE_MS_MAX) : 0;
    const old = this.#abandon();
    if (absence > 0) {
      this.#retryTimer = setTimeout(() => this.#connect(), absence);
    } else {
      this.#connect();
    }
    old?.close();
  }

  /** Leaves its socket alone, which is still to be closed. */
  #abandon() {
    const old = this.#visit;
    this.#visit = null;
    this.#hasState = false;
    clearTimeout(this.#playTimer);
    clearTimeout(this.#retryTimer);
    if (old && this.#memory) this.#end(old);
    return old?.socket;
  }

  #sendAny() {
    const { random, user } = this.#options;
    const share = random.next();
    const type = SHARES.find(([upTo]) => share < upTo)?.[1] ?? "broadcast";
    switch (type) {
      case "join_game":
      case "leave_game":
        return this.#ask({ type, gameId: `${user}: game ${random.between(1, GAMES)} é🎲` });
      case "update_presence":
        return this.#send({ type, presence: random.pick(PRESENCES) });
      case "broadcast":
        return this.#broadcast({});
      default:
        return this.#send({ type });
    }
  }

  /** @param {Message} frame */
  #ask(frame) {
    const memory = this.#memory;
    if (!memory) return this.#send(frame);
    const share = this.#options.random.next();
    /** @type {[number, () => object | null][]} */
    const others = [
      [REPETITION_CHANCE, () => memory.repetition()],
      [OWN_GAME_CHANCE, () => memory.ownRequest()],
      [OWN_EVENT_CHANCE, () => memory.ownEvent()],
      [READING_CHANCE, () => memory.reading()],
      [SETTING_CHANCE, () => memory.setting()],
      [COUNTING_CHANCE, () => memory.counting()],
    ];
    let upTo = 0;
    const other = others.find(([chance]) => share < (upTo += chance));
    this.#sendRequest(other ? other[1]() : memory.request(frame));
  }

  /** @param {object | null | undefined} request */
  #sendRequest(request) {
    if (request) this.#send(request);
  }

  /** @param {object} more */
  #broadcast(more) {
    const data = { visit: this.#visit?.name, n: this.#sent, ...more };
    this.#send({ type: "broadcast", event: "moved", data });
  }

  /** @param {object} frame */
  #send(frame) {
    const { user, record } = this.#options;
    if (!this.#visit) return;
    const { name, socket } = this.#visit;
    record.add({ kind: "sent", user, visit: name, n: this.#sent++, frame });
    socket.send(JSON.stringify(frame), () => {});
  }
}
