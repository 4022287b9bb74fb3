/**
 * A process of its own for devices: what they do must not count as the server's work, nor wait for
 * the work of whoever measures.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import { Failure } from "../../scripts/lib/run.mjs";

/** @typedef {{resolve: (result: any) => void, reject: (error: Error) => void}} Waiting */

/**
 * The parent's end.
 * @template {{[Name in keyof Calls]: (...args: any[]) => any}} Calls What can be asked of the process.
 */
export class Companion {
  /** @type {Waiting[]} In the order of their calls. */
  #waiting = [];
  #isLeaving = false;
  /** @type {Promise<void>} */
  #ended;

  /**
   * @param {URL} main What the process runs.
   * @param {string} name Whose devices they are. It stands in failures' messages.
   */
  constructor(main, name) {
    // The advanced serialization carries arrays of numbers as they are.
    this.child = fork(fileURLToPath(main), { serialization: "advanced" });
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
   * @returns {Promise<Awaited<ReturnType<Calls[Name]>>>}
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

/**
 * The process's end: does what it is told, one thing after another.
 * @param {Record<string, (...args: any[]) => unknown>} calls
 */
export function serveCalls(calls) {
  let done = Promise.resolve();
  process.on("message", (message) => {
    const { name, args } = /** @type {any} */ (message);
    done = done.then(async () => {
      const answer = await Promise.resolve()
        .then(() => calls[name](...args))
        .then(
          (result) => ({ result }),
          (error) => ({ error: String(error.stack) }),
        );
      process.send?.(answer);
    });
  });
  process.on("disconnect", () => process.exit());
}
