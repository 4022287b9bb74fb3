/**
 * Virtual time. Everything that happens in a simulated world is a task of this clock, and the clock jumps from
 * one task to the next, so a day takes as long as what happens in it. Tasks of the same moment run in the order
 * in which they were set.
 */
import { setFlagsFromString } from "node:v8";

// The simulator's loop is one synchronous call, so that nothing of the real machine can come in between. V8 runs
// promise reactions by itself only when such a call returns.
setFlagsFromString("--allow-natives-syntax");
/** Runs all promise reactions that are due. */
export const settlePromises = /** @type {() => void} */ (new Function("%PerformMicrotaskCheckpoint()"));

/**
 * Runs a world in a task of the real event loop that has nothing else to do: inside a promise's reaction V8 would
 * not run others.
 * @template T
 * @param {() => T} run
 * @returns {Promise<T>}
 */
export function inOwnTask(run) {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(run());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** The wall clock's time at the beginning of every world. */
export const BEGIN_MS = Date.UTC(2027, 0, 1);

/**
 * @typedef {object} Task
 * @property {number} at
 * @property {number} order
 * @property {(() => void) | null} run `null` once it has run or was cancelled.
 */

export class Clock {
  /** Milliseconds since the world began. */
  now = 0;
  /** The number of tasks that have run. */
  count = 0;
  /** A binary heap, the next task first. @type {Task[]} */
  #heap = [];
  #order = 0;
  /** @type {(() => void)[]} */
  #afterTask = [];

  /**
   * @param {number} delayMs
   * @param {() => void} run
   * @returns {Task}
   */
  after(delayMs, run) {
    const task = { at: this.now + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(task);
    return task;
  }

  /** @param {Task | null | undefined} task */
  cancel(task) {
    if (task) task.run = null;
  }

  /**
   * Runs something when the present task and its promise reactions are through.
   * @param {() => void} run
   */
  afterTask(run) {
    this.#afterTask.push(run);
  }

  /**
   * Runs all tasks up to a moment.
   * @param {number} until
   */
  runUntil(until) {
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (!next.run) continue;
      this.now = next.at;
      this.count++;
      const { run } = next;
      next.run = null;
      run();
      settlePromises();
      for (let hook = this.#afterTask.shift(); hook; hook = this.#afterTask.shift()) hook();
    }
    this.now = Math.max(this.now, until);
  }

  /** @param {Task} task */
  #push(task) {
    const heap = this.#heap;
    let at = heap.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(task, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = task;
  }

  #pop() {
    const heap = this.#heap;
    const last = /** @type {Task} */ (heap.pop());
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
  }
}

/**
 * @param {Task} a
 * @param {Task} b
 */
function isBefore(a, b) {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** The timers and clocks of one program, which end with it. */
export class Timers {
  /** How far the program's wall clock is ahead. */
  offsetMs = 0;
  #clock;
  #beganAt;
  #number = 0;
  /** @type {Map<number, Task>} */
  #tasks = new Map();
  #runTask;
  #delayOf;

  /**
   * @param {Clock} clock
   * @param {object} [how]
   * @param {(run: () => void) => void} [how.runTask] Runs what a timer has set, or puts it off.
   * @param {(delayMs: number) => number} [how.delayOf] Changes a delay.
   */
  constructor(clock, { runTask = (run) => run(), delayOf = (delayMs) => delayMs } = {}) {
    this.#clock = clock;
    this.#beganAt = clock.now;
    this.#runTask = runTask;
    this.#delayOf = delayOf;
  }

  /** The number of timers that have yet to run out. */
  get size() {
    return this.#tasks.size;
  }

  wallMs = () => Math.floor(BEGIN_MS + this.#clock.now + this.offsetMs);

  monotonicMs = () => this.#clock.now - this.#beganAt;

  /** @param {(...args: any[]) => void} run @param {number} [delayMs] @param {any[]} args */
  setTimeout = (run, delayMs = 0, ...args) => {
    const id = ++this.#number;
    const delay = this.#delayOf(Number.isFinite(delayMs) ? Math.max(1, delayMs) : 1);
    const expire = () => {
      // A program that is frozen may clear the timer after it has run out.
      this.#runTask(() => {
        if (this.#tasks.delete(id)) run(...args);
      });
    };
    this.#tasks.set(id, this.#clock.after(delay, expire));
    return id;
  };

  /** @param {number | undefined} id */
  clearTimeout = (id) => {
    if (id === undefined) return;
    this.#clock.cancel(this.#tasks.get(id));
    this.#tasks.delete(id);
  };

  clear() {
    for (const id of [...this.#tasks.keys()]) this.clearTimeout(id);
  }

  /** Makes the class `Date` of this program. */
  dateClass() {
    const { wallMs } = this;
    return class extends Date {
      /** @param {any[]} args */
      constructor(...args) {
        if (args.length === 0) super(wallMs());
        else super(.../** @type {[any]} */ (args));
      }

      /** @override */
      static now() {
        return wallMs();
      }
    };
  }
}
