/** A workerd and the fleet that talks to it. */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { buildBundle } from "../../tests/support/bundle.mjs";
import { OPEN } from "../../tests/support/server.mjs";
import { startWorkerd } from "../../tests/support/workerd.mjs";
import { Fleet } from "./fleet.mjs";

/** @import { Workerd } from "../../tests/support/workerd.mjs" */

/** The platform puts an object to sleep after 10 s without an event. */
export const UNTIL_ASLEEP_MS = 12_500;

/** What workerd has open: for each socket, for each object that is awake (its database), for itself. */
const DESCRIPTORS_OF_SOCKET = 2;
const DESCRIPTORS_OF_OBJECT = 3;
const DESCRIPTORS_SPARE = 500;

/** A folder in memory, as the benchmark has it. */
const MEMORY = "/dev/shm";

const { hard } = /** @type {any} */ (process.report.getReport()).userLimits.open_files;

/** How many descriptors a process may have. */
export const DESCRIPTORS = typeof hard === "number" ? hard : Infinity;

/**
 * How many users can connect at once beside sockets whose objects sleep.
 * @param {number} devices Of each user.
 * @param {number} [sleeping] Sockets.
 */
export function roomFor(devices, sleeping = 0) {
  const free = DESCRIPTORS - DESCRIPTORS_SPARE - sleeping * DESCRIPTORS_OF_SOCKET;
  return Math.floor(free / (DESCRIPTORS_OF_OBJECT + devices * DESCRIPTORS_OF_SOCKET));
}

export class Stage {
  /** @type {Workerd} */
  #server;
  #folder;
  fleet = new Fleet();
  #users = 0;
  #sockets = 0;

  /**
   * @param {Workerd} server
   * @param {string} folder
   */
  constructor(server, folder) {
    this.#server = server;
    this.#folder = folder;
  }

  static async start() {
    const folder = await mkdtemp(join(MEMORY, "user-session-load-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    return new Stage(await serve(folder), folder);
  }

  get server() {
    return this.#server;
  }

  /**
   * Connects more users, as many at a time as there are descriptors for: an object that is awake has
   * its database open, so the next ones wait until those before are asleep.
   * @param {number} users
   * @param {number} devices Of each.
   * @returns {Promise<number>} How long the connecting itself took, in milliseconds.
   */
  async connect(users, devices) {
    let took = 0;
    for (let left = users; left > 0; ) {
      const lot = Math.min(left, roomFor(devices, this.#sockets));
      took += await this.fleet.call("connect", { base: this.#server.ws, users: lot, devices });
      this.#users += lot;
      this.#sockets += lot * devices;
      left -= lot;
      if (left > 0) await sleep(UNTIL_ASLEEP_MS);
    }
    return took;
  }

  /**
   * Has every device ask for the state. Where not all objects can be awake at once, they are woken in
   * lots, one of which must have fallen asleep before the next.
   * @param {number} atOnce How many answers are waited for at a time.
   */
  async askAll(atOnce) {
    const room = DESCRIPTORS - DESCRIPTORS_SPARE - this.#sockets * DESCRIPTORS_OF_SOCKET;
    const lot = Math.min(this.#users, Math.floor(room / DESCRIPTORS_OF_OBJECT));
    /** @type {number[]} */
    const latencies = [];
    let right = 0;
    for (let from = 0; from < this.#users; from += lot) {
      if (lot < this.#users) await sleep(UNTIL_ASLEEP_MS);
      const answers = await this.fleet.call("ask", { from, to: from + lot, atOnce });
      latencies.push(...answers.latencies);
      right += answers.right;
    }
    return { right, latencies: Float64Array.from(latencies) };
  }

  /** How many instances of the module have been made. It wakes nobody. */
  async instances() {
    const response = await fetch(`${this.#server.http}/test/instances`);
    return Number((await response.json()).made);
  }

  /** Ends the server as a crash does and starts another in its place. */
  async restart() {
    const { port } = new URL(this.#server.http);
    await this.#server.kill();
    await this.#server.stop();
    this.#server = await serve(this.#folder, Number(port));
  }

  isAlive() {
    try {
      process.kill(this.#server.pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Ends it all. Asked to stop, workerd would wait for every device.
   * @returns {Promise<string | null>} How workerd has ended, if that was before, and what it printed last.
   */
  async stop() {
    await this.fleet.leave();
    const death = await this.#server.kill().then(() => null, String);
    await this.#server.stop().catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
    return death;
  }
}

/**
 * @template T
 * @param {(stage: Stage) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withStage(work) {
  const stage = await Stage.start();
  try {
    return await work(stage);
  } finally {
    const death = await stage.stop();
    if (death !== null) console.error(death);
  }
}

/**
 * @param {string} storage
 * @param {number} [port]
 */
async function serve(storage, port) {
  const { modules } = await buildBundle("tests/worker/fixtures/scarce.wrangler.jsonc");
  const vars = { ...OPEN, MAX_DEVICES: String(DESCRIPTORS) };
  return startWorkerd({ modules, vars, storage, ...(port !== undefined && { port }) });
}
