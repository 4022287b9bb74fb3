/**
 * A copy of the Worker's code in memory, with the globals that the platform gives it. It ends as a whole: what
 * it has begun comes to nothing then.
 */
import { chanceGlobals } from "../chance.mjs";
import { Timers } from "../clock.mjs";
import { ObjectSocket, RequestResponsePair, SimulatedPair } from "./sockets.mjs";
import { SimulatedRequest, SimulatedResponse } from "./web.mjs";

/** @import { Release } from "../bundle.mjs" */
/** @import { Random } from "../../torture/random.mjs" */
/** @import { Clock } from "../clock.mjs" */

/**
 * @typedef {object} Surroundings
 * @property {Clock} clock
 * @property {Random} random
 * @property {Timers} wall Whose wall clock the isolate shares.
 * @property {(text: string) => void} log Gets each line of the log.
 * @property {(step: () => number) => number} step Runs a step of the module, or makes it trap.
 */

export class Isolate {
  isDead = false;
  timers;
  /** Its class `Date`. */
  Date;
  /** The exports of worker-shim.js. @type {any} */
  exports;

  /**
   * @param {Release} release
   * @param {Surroundings} surroundings
   */
  constructor(release, surroundings) {
    const { clock, random, wall, log, step } = surroundings;
    this.release = release;
    this.timers = new Timers(clock, {
      runTask: (run) => {
        try {
          run();
        } catch (error) {
          log(`uncaught in a timer: ${String(error)}`);
        }
      },
    });
    this.Date = wall.dateClass();
    const { setTimeout, clearTimeout, monotonicMs } = this.timers;
    const wait = (/** @type {number} */ ms) => new Promise((resolve) => void setTimeout(() => resolve(undefined), ms));
    const print = (/** @type {unknown} */ text) => {
      if (!this.isDead) log(String(text));
    };
    const globals = {
      ...chanceGlobals(random),
      Date: this.Date,
      performance: { now: monotonicMs },
      setTimeout,
      clearTimeout,
      scheduler: { wait },
      queueMicrotask: (/** @type {() => void} */ run) => void Promise.resolve().then(run),
      console: { log: () => {}, warn: () => {}, error: print },
      fetch: () => Promise.reject(new Error("no network from here")),
      Request: SimulatedRequest,
      Response: SimulatedResponse,
      Headers,
      WebSocket: ObjectSocket,
      WebSocketPair: SimulatedPair,
      WebSocketRequestResponsePair: RequestResponsePair,
      WebAssembly: trappable(step),
      simulatedWorkers: { DurableObject: SimulatedBase },
      simulatedModule: release.module,
    };
    this.exports = release.worker({ ...globals, globalThis: globals });
  }

  end() {
    this.isDead = true;
    this.timers.clear();
  }
}

/** The class that a Durable Object extends. */
class SimulatedBase {
  /** @param {unknown} ctx @param {unknown} env */
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}

/**
 * Makes a `WebAssembly` whose instances run each step by `step`.
 * @param {(step: () => number) => number} step
 */
function trappable(step) {
  return {
    Module: WebAssembly.Module,
    RuntimeError: WebAssembly.RuntimeError,
    Instance: class {
      /** @param {WebAssembly.Module} module */
      constructor(module) {
        const { exports } = new WebAssembly.Instance(module);
        const real = /** @type {any} */ (exports);
        this.exports = { ...real, session_step: (/** @type {number} */ size) => step(() => real.session_step(size)) };
      }
    },
  };
}

// Node's V8 lacks what the server asks the platform for.
if (!(/** @type {any} */ (Uint8Array.prototype).toHex)) {
  Object.defineProperty(Uint8Array.prototype, "toHex", {
    /** @this {Uint8Array} */
    value() {
      return Buffer.from(this.buffer, this.byteOffset, this.byteLength).toString("hex");
    },
  });
}
