/** The process of a `Fleet`. */
import { setTimeout as sleep } from "node:timers/promises";

import { serveCalls } from "../../tests/support/companion.mjs";
import { FleetDevice } from "./fleet-device.mjs";
import { LoadedUser, deviceName } from "./loaded-user.mjs";

/** @import { Socket } from "node:net" */

/** How many connect at a time. */
const CONNECTING_MAX = 100;

/** How often it is looked what is due. */
const TICK_MS = 2;

/** How long anything may take before it counts as lost. */
const PATIENCE_MS = 60_000;

/**
 * How many frames may be under way: a machine that can't hold the rate shows it by frames that are
 * late, and not by a backlog that looks like a loss.
 */
const UNDER_WAY_MAX = 5_000;

/** How many faults are told in words. */
const FAULTS_TOLD = 5;

/** Latencies are kept by parts of the run. */
const PARTS = 3;

/**
 * How devices go: with a close frame, by ending the connection without one, by resetting it.
 * @typedef {"close" | "cut" | "reset"} PartingWay
 */

/**
 * @typedef {object} ConnectOptions
 * @property {string} base The server's address for sockets.
 * @property {number} users
 * @property {number} devices Of each user.
 */

/**
 * @typedef {object} AskOptions
 * @property {number} from The first user whose devices ask.
 * @property {number} to The one after the last.
 * @property {number} atOnce How many answers are waited for at a time.
 */

/**
 * @typedef {object} AskResult
 * @property {number} right How many answers told what the user's state must be.
 * @property {Float64Array} latencies In milliseconds, one an answer.
 */

/**
 * @typedef {object} SustainOptions
 * @property {number} rate Frames a second.
 * @property {number} forMs
 * @property {number} groups The users take turns, in so many groups.
 * @property {number} turnMs How long a turn is.
 */

/**
 * @typedef {object} SustainResult
 * @property {number} sent
 * @property {number} arrived How many of them have reached every device of their user.
 * @property {number} missing How many have not, though they got time.
 * @property {number} faults How many frames came that should not have: twice, in another order, changed.
 * @property {string[]} told Some of them in words.
 * @property {number} lost How many sockets have closed.
 * @property {number} elapsedMs Until the last was sent.
 * @property {Float64Array[]} latencies From when a frame was due to the last device's getting it, in
 *   milliseconds, by thirds of the run.
 */

/**
 * @typedef {object} BackResult
 * @property {Float64Array} times From the first device's loss to each one's first frame, in milliseconds.
 * @property {number} wrong How many first frames told another state than was left.
 * @property {number} tries The most that a device needed.
 */

/** @type {{devices: FleetDevice[], load: LoadedUser}[]} */
const users = [];
/** @type {FleetDevice[]} */
const fleet = [];

let arrived = 0;
let faults = 0;
/** @type {string[]} */
let told = [];
/** @type {(latency: number) => void} */
let note = () => {};

const judge = {
  /** @param {number} dueAt */
  arrived(dueAt) {
    arrived++;
    note(performance.now() - dueAt);
  },
  /** @param {string} fault */
  fault(fault) {
    faults++;
    if (told.length < FAULTS_TOLD) told.push(fault);
  },
};

/** @param {ConnectOptions} options */
async function connect({ base, users: count, devices }) {
  const begin = performance.now();
  /** @type {(() => FleetDevice)[]} */
  const opening = [];
  const first = users.length;
  for (let user = first; user < first + count; user++) {
    /** @type {FleetDevice[]} */
    const own = [];
    const load = new LoadedUser(devices, (device, text) => own[device].socket.send(text), judge);
    users.push({ devices: own, load });
    for (let device = 0; device < devices; device++) {
      const query = new URLSearchParams({ userId: `load-${user}`, deviceId: deviceName(device) });
      opening.push(() => {
        const one = new FleetDevice(`${base}/__user-session?${query}`);
        one.onFrame = (text) => load.received(device, text);
        own[device] = one;
        fleet.push(one);
        return one;
      });
    }
  }
  const connectNext = async () => {
    for (let open = opening.shift(); open; open = opening.shift()) await inTime(open().greeted());
  };
  await Promise.all(Array.from({ length: CONNECTING_MAX }, connectNext));
  return performance.now() - begin;
}

/**
 * @param {AskOptions} options
 * @returns {Promise<AskResult>}
 */
async function ask({ from, to, atOnce }) {
  /** @type {number[]} */
  const latencies = [];
  let right = 0;
  const waiting = users
    .slice(from, to)
    .flatMap(({ devices, load }) => devices.map((device) => ({ device, load })));
  const askNext = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const { onFrame } = one.device;
      const text = await inTime(answerOf(one.device, latencies)).catch(() => "{}");
      one.device.onFrame = onFrame;
      const { type, activeGames } = JSON.parse(text);
      if (type === "state" && String(activeGames) === String(one.load.games)) right++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askNext));
  return { right, latencies: Float64Array.from(latencies) };
}

/**
 * Has every user take a turn.
 * @param {number} turn
 * @returns {Promise<string[]>} What went wrong.
 */
async function turnAll(turn) {
  [arrived, faults, told] = [0, 0, []];
  let sent = 0;
  for (const { load } of users) sent += load.sendNext(turn, performance.now());
  const deadline = performance.now() + PATIENCE_MS;
  while (arrived < sent && performance.now() < deadline) await sleep(TICK_MS);
  return arrived < sent ? [...told, `${sent - arrived} of ${sent} did not reach everybody`] : told;
}

/**
 * @param {FleetDevice} device
 * @param {number[]} latencies
 * @returns {Promise<string>}
 */
function answerOf(device, latencies) {
  return new Promise((resolve) => {
    const askedAt = performance.now();
    Object.assign(device, {
      /** @param {string} text */
      onFrame(text) {
        latencies.push(performance.now() - askedAt);
        resolve(text);
      },
    });
    device.socket.send('{"type":"sync_state"}');
  });
}

/**
 * @param {SustainOptions} options
 * @returns {Promise<SustainResult>}
 */
async function sustain({ rate, forMs, groups, turnMs }) {
  [arrived, faults, told] = [0, 0, []];
  /** @type {number[][]} */
  const latencies = Array.from({ length: PARTS }, () => []);
  const lossesBefore = losses();
  const begin = performance.now();
  let sent = 0;
  let next = 0;
  for (let elapsed = 0; elapsed < forMs; elapsed = performance.now() - begin) {
    const { length: all } = latencies;
    note = (latency) => latencies[Math.min(all - 1, Math.floor((elapsed / forMs) * all))].push(latency);
    const turn = Math.floor(elapsed / turnMs);
    const due = Math.floor((elapsed * rate) / 1_000);
    while (sent < due && sent - arrived < UNDER_WAY_MAX) {
      const at = (turn % groups) + groups * (next++ % Math.floor(users.length / groups));
      sent += users[at].load.sendNext(turn, begin + (sent / rate) * 1_000);
    }
    await sleep(TICK_MS);
  }
  const elapsedMs = performance.now() - begin;
  const deadline = performance.now() + PATIENCE_MS;
  while (arrived < sent && performance.now() < deadline) await sleep(TICK_MS);
  return {
    sent,
    arrived,
    missing: users.reduce((sum, { load }) => sum + load.underWay, 0),
    faults,
    told,
    lost: losses() - lossesBefore,
    elapsedMs,
    latencies: latencies.map((part) => Float64Array.from(part)),
  };
}

function losses() {
  return fleet.reduce((sum, device) => sum + device.losses, 0);
}

/** @type {Promise<number>} */
let firstLoss = Promise.resolve(0);

function expectLoss() {
  firstLoss = new Promise((resolve) => {
    for (const device of fleet) {
      device.returns = true;
      device.losses = 0;
      device.socket.once("close", () => resolve(performance.now()));
    }
  });
}

/** @returns {Promise<BackResult>} */
async function backAgain() {
  const lostAt = await inTime(firstLoss);
  await inTime(eachLost());
  await inTime(Promise.all(fleet.map((device) => device.greeted())));
  let wrong = 0;
  for (const { devices, load } of users) {
    for (const { greeting } of devices) {
      const { type, activeGames, presence } = JSON.parse(greeting ?? "{}");
      const isRight = type === "initial_state" && String(activeGames) === String(load.games);
      if (!isRight || presence !== "online") wrong++;
    }
  }
  return {
    times: Float64Array.from(fleet, ({ greetedAt }) => greetedAt - lostAt),
    wrong,
    tries: Math.max(...fleet.map((device) => device.losses)),
  };
}

async function eachLost() {
  while (fleet.some((device) => device.losses === 0)) await sleep(TICK_MS);
}

/** @param {PartingWay} way */
function part(way) {
  for (const { socket } of fleet) {
    if (way === "close") socket.close(1000);
    if (way === "cut") socket.terminate();
    // A socket of `ws` has the connection beneath it under this name.
    const { _socket: connection } = /** @type {{_socket: Socket}} */ (/** @type {unknown} */ (socket));
    if (way === "reset") connection.resetAndDestroy();
  }
}

/**
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
function inTime(work) {
  /** @type {NodeJS.Timeout} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return /** @type {Promise<T>} */ (Promise.race([work, late])).finally(() => clearTimeout(timer));
}

serveCalls({ connect, ask, turnAll, sustain, expectLoss, backAgain, part });
