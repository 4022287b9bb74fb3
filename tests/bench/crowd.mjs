/**
 * The devices that talk to one server, in a process of their own: what they do must not count as the
 * server's work, nor wait for the benchmark's.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import { Failure } from "../../scripts/lib/run.mjs";

/** @import { ConnectOptions, ConnectTime, Load, LoadResult, VisitOptions } from "./crowd-process.mjs" */

/**
 * What can be asked of the process.
 * @typedef {object} Calls
 * @property {(options: ConnectOptions) => void} connect Connects users' devices.
 * @property {() => void} joinStandingGames Has every user join them.
 * @property {(load: Load) => LoadResult} load Sends frames and waits for every answer.
 * @property {(options: VisitOptions) => ConnectTime[]} visit Connects and closes devices one by one.
 */

/** @typedef {{resolve: (result: any) => void, reject: (error: Error) => void}} Waiting */

const MAIN = fileURLToPath(new URL("crowd-process.mjs", import.meta.url));

export class Crowd {
  /** @type {Waiting[]} In the order of their calls. */
  #waiting = [];
  #isLeaving = false;
  /** @type {Promise<void>} */
  #ended;

  /** @param {string} name Whose devices they are. It stands in failures' messages. */
  constructor(name) {
    // The advanced serialization carries arrays of numbers as they are.
    this.child = fork(MAIN, { serialization: "advanced" });
    const orphaned = () => this.child.kill("SIGKILL");
    process.once("exit", orphaned);
    this.child.on("message", (message) => {
      const { result, error } = /** @type {any} */ (message);
      const { resolve, reject } = /** @type {Waiting} */ (this.#waiting.shift());
      if (error === undefined) resolve(result);
      else reject(new Failure(`${name}: ${error}`));
    });
    this.#ended = new Promise((resolve) => {
      this.child.once("exit", (code, signal) => {
        process.off("exit", orphaned);
        if (!this.#isLeaving) {
          const error = new Error(`${name}: the devices' process ended by itself: ${signal ?? code}`);
          for (const { reject } of this.#waiting) reject(error);
        }
        resolve();
      });
    });
  }

  /**
   * Has the process do something.
   * @template {keyof Calls} Name
   * @param {Name} name
   * @param {Parameters<Calls[Name]>} args
   * @returns {Promise<ReturnType<Calls[Name]>>}
   */
  call(name, ...args) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.child.send({ name, args });
    });
  }

  /** Has all devices vanish at once. */
  leave() {
    this.#isLeaving = true;
    this.child.kill("SIGKILL");
    return this.#ended;
  }
}
