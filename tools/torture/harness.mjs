/**
 * Kills the server again and again while devices play, and has the checker watch.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { eventually } from "../../tests/support/eventually.mjs";
import { freePort } from "../../tests/support/free-port.mjs";
import { PATIENCE_MS } from "../../tests/support/patience.mjs";
import { startWorkerd } from "../../tests/support/workerd.mjs";
import { Checker } from "./checker.mjs";
import { Player } from "./player.mjs";
import { Pusher } from "./pusher.mjs";
import { randomOf } from "./random.mjs";
import { Recorder } from "./record.mjs";

/** @import { WorkerDescription, Workerd } from "../../tests/support/workerd.mjs" */
/** @import { Complaint } from "./checker.mjs" */
/** @import { Random } from "./random.mjs" */

/**
 * @typedef {object} TortureOptions
 * @property {number} kills
 * @property {number} users
 * @property {number} seed
 * @property {string} [storage] A folder for what the objects store, which must be empty. It is kept if
 *   it is given.
 * @property {string} [record] The file that gets the record.
 * @property {WorkerDescription} [worker] Defaults to the project's own.
 * @property {number} [maxComplaints] After so many no more kills.
 * @property {number} [patienceMs] After so long a run counts as stuck, which planted faults make it.
 * @property {(kills: number) => void} [onKill]
 */

/**
 * @typedef {object} Outcome
 * @property {Complaint[]} complaints
 * @property {Checker["counts"]} counts
 * @property {number} seconds
 */

const DEVICES_MIN = 2;
const DEVICES_MAX = 4;

/** How many of the devices speak version 2. */
const NEWER_SHARE = 0.6;

/** How often devices go before the server is killed, of how many users, and how long before. */
const REST_CHANCE = 0.3;
const REST_SHARE = 0.5;
const REST_MS = 250;

/** How often a user is pushed to before any device is back. */
const EARLY_PUSH_SHARE = 0.1;

/** How often a server is killed while its devices are still coming back. */
const HASTE = 0.25;
const HASTE_MS_MAX = 150;

/** How long devices play otherwise. */
const PLAY_MS_MIN = 20;
const PLAY_MS_MAX = 400;

/** How often it is looked whether devices have come back. */
const POLL_MS = 10;

/** How many users' states are asked for before their devices are back. */
const EARLY_ASKS = 4;

/** For the last words of a killed server to be read. */
const LAST_WORDS_MS = 20;

/** With so many it is clear how it goes. */
const COMPLAINTS_MAX = 50;

/**
 * @param {TortureOptions} options
 * @returns {Promise<Outcome>}
 */
export async function torture(options) {
  const begin = performance.now();
  const folder = options.storage ?? (await mkdtemp(join(tmpdir(), "torture-")));
  const run = new Run({ ...options, storage: folder });
  try {
    await run.all();
  } finally {
    await run.close();
    if (options.storage === undefined) await rm(folder, { recursive: true, force: true });
  }
  const { complaints, counts } = run.checker;
  return { complaints, counts, seconds: (performance.now() - begin) / 1_000 };
}

class Run {
  checker = new Checker();
  #options;
  /** @type {Random} */
  #random;
  #recorder;
  /** @type {Player[]} */
  #players = [];
  /** @type {Pusher[]} */
  #pushers = [];
  /** @type {Workerd | null} */
  #server = null;
  /** @type {number | undefined} */
  #port;
  #open = 0;
  #marks = 0;

  /** @param {TortureOptions & {storage: string}} options */
  constructor(options) {
    this.#options = options;
    this.#random = randomOf(options.seed);
    this.#recorder = new Recorder((entry) => {
      if (entry.kind === "open") this.#open++;
      if (entry.kind === "closed") this.#open--;
      this.checker.take(entry);
    }, options.record);
  }

  async all() {
    const users = this.#chooseUsers();
    this.#recorder.add({ kind: "run", users });
    await this.#start();
    for (const [user, devices] of Object.entries(users)) {
      for (const device of devices) this.#addPlayer(user, device);
      const random = randomOf(this.#random.between(0, 2 ** 31));
      const http = String(this.#server?.http);
      this.#pushers.push(new Pusher({ http, user, random, record: this.#recorder }));
    }
    for (let kills = 1; kills <= this.#options.kills && !this.#isHopeless(); kills++) {
      await this.#live();
      await this.#kill();
      this.#options.onKill?.(kills);
      await this.#start();
    }
    for (const player of this.#players) player.wake();
    await this.#settle();
  }

  async close() {
    for (const player of this.#players) player.leave();
    for (const pusher of this.#pushers) pusher.pause();
    await this.#server?.kill();
    await this.#server?.stop();
    this.checker.end();
    this.#recorder.flush();
  }

  get #patienceMs() {
    return this.#options.patienceMs ?? PATIENCE_MS;
  }

  #isHopeless() {
    const { maxComplaints = COMPLAINTS_MAX } = this.#options;
    return this.checker.complaints.length >= maxComplaints;
  }

  #chooseUsers() {
    /** @type {Record<string, string[]>} */
    const users = {};
    for (let at = 1; at <= this.#options.users; at++) {
      const count = this.#random.between(DEVICES_MIN, DEVICES_MAX);
      users[`user ${at}`] = Array.from({ length: count }, (_, n) => `user ${at} device ${n + 1}`);
    }
    return users;
  }

  /** @param {string} user @param {string} device */
  #addPlayer(user, device) {
    // Its own numbers, so that it does the same whatever the others' timing.
    const random = randomOf(this.#random.between(0, 2 ** 31));
    const ws = String(this.#server?.ws);
    const isV2 = random.next() < NEWER_SHARE;
    this.#players.push(new Player({ ws, user, device, isV2, random, record: this.#recorder }));
  }

  async #start() {
    this.#recorder.add({ kind: "start" });
    const { worker = {}, storage } = this.#options;
    // Every start has the same, which nobody else may be given between two of them.
    this.#port ??= await freePort();
    this.#server = await startWorkerd({ ...worker, storage, port: this.#port });
  }

  /** From a start to the moment before the kill. */
  async #live() {
    const isHasty = this.#random.next() < HASTE;
    const early = this.#beforeDevices();
    for (const player of this.#players) player.wake();
    if (!isHasty) {
      await early;
      await this.#settle();
    }
    const { resumed } = this.checker.counts;
    for (const one of [...this.#players, ...this.#pushers]) one.play();
    const playMs = isHasty ? this.#random.between(0, HASTE_MS_MAX) : this.#random.between(PLAY_MS_MIN, PLAY_MS_MAX);
    await delay(playMs);
    if (!isHasty) await this.#untilResumed(resumed + 1);
    if (this.#random.next() >= REST_CHANCE) return;
    this.#sendAway();
    await delay(REST_MS);
  }

  /**
   * Plays on until devices have come back to what they had left so many times, however slow the
   * machine is. With a fault, or without devices of version 2, they may never do.
   * @param {number} count
   */
  async #untilResumed(count) {
    const end = performance.now() + this.#patienceMs;
    while (this.checker.counts.resumed < count && performance.now() < end) await delay(POLL_MS);
  }

  /** What servers want of users of whom maybe no device is back. */
  async #beforeDevices() {
    const asked = this.#someUsers().map((user) => this.#ask(user));
    const pushed = this.#pushers.map((pusher) =>
      this.#random.next() < EARLY_PUSH_SHARE ? pusher.push() : pusher.again(),
    );
    await Promise.all([...asked, ...pushed]);
  }

  /** Has all devices of some users go, so that nobody is there when the server is killed. */
  #sendAway() {
    const away = this.#pushers.filter(() => this.#random.next() < REST_SHARE).map(({ user }) => user);
    for (const player of this.#players) {
      if (away.includes(player.user)) player.rest();
    }
  }

  async #kill() {
    this.#recorder.add({ kind: "kill" });
    await this.#server?.kill();
    await this.#server?.stop();
    this.#server = null;
    for (const one of [...this.#players, ...this.#pushers]) one.pause();
    await delay(LAST_WORDS_MS);
    await eventually("the ends of all sockets", async () => this.#open === 0, this.#patienceMs);
  }

  /** Has the devices come back, and waits until each has been told all there is to tell. */
  async #settle() {
    try {
      for (const pusher of this.#pushers) pusher.pause();
      await this.#until("all pushes to be answered", async () => {
        await Promise.all(this.#pushers.map((pusher) => pusher.again()));
        return this.#pushers.every(({ isDone }) => isDone);
      });
      await this.#until("all devices to be back", () =>
        this.#players.every(({ isIn, socketCount }) => isIn && socketCount === 1),
      );
      const mark = ++this.#marks;
      for (const player of this.#players) player.mark(mark);
      await this.#until("all that was sent to be told to all", () =>
        this.#players.every((player) => this.#mates(player).every((mate) => player.markOf(mate) === mark)),
      );
      const states = this.#players.map((player) => player.states);
      for (const player of this.#players) player.sync();
      await this.#until("the answers to sync_state", () =>
        this.#players.every((player, at) => player.states > states[at]),
      );
      await this.#askAll();
      this.#recorder.add({ kind: "settled" });
    } catch (error) {
      this.#recorder.add({ kind: "stuck", what: String(error) });
    }
  }

  /** Asks for every user's state, again where a device that has reloaded is still counted. */
  async #askAll() {
    for (const user of new Set(this.#players.map((player) => player.user))) {
      const count = this.#players.filter((player) => player.user === user).length;
      await eventually(`${user} to have ${count} devices`, async () => {
        const state = await this.#ask(user);
        return state?.connectedDevices === count;
      });
    }
  }

  /**
   * @param {string} user
   * @returns {Promise<any>} `null` if the server ends meanwhile.
   */
  async #ask(user) {
    this.#recorder.add({ kind: "asked", user });
    const path = `/__user-session/state?${new URLSearchParams({ userId: user })}`;
    try {
      const response = await fetch(`http://127.0.0.1:${this.#port}${path}`);
      const body = /** @type {any} */ (await response.json());
      if (response.ok) this.#recorder.add({ kind: "state", user, body });
      else this.#recorder.add({ kind: "stuck", what: `GET /state: ${JSON.stringify(body)}` });
      return body;
    } catch {
      return null;
    }
  }

  #someUsers() {
    const users = [...new Set(this.#players.map(({ user }) => user))];
    return Array.from({ length: EARLY_ASKS }, () => this.#random.pick(users));
  }

  /** @param {Player} player */
  #mates({ user }) {
    return this.#players.filter((player) => player.user === user).map(({ device }) => device);
  }

  /** @param {string} what @param {() => boolean | Promise<boolean>} isSo */
  #until(what, isSo) {
    return eventually(what, isSo, this.#patienceMs);
  }
}
