/** What a process has used, by the kernel's own accounting. */
import { readFileSync, readdirSync } from "node:fs";

const NS_PER_US = 1_000;

/** The unit of /proc/<pid>/stat, in which the kernel reports on every architecture. */
const US_PER_TICK = 10_000;

/** Where utime and stime stand behind the process's name. */
const USER_TICKS_FIELD = 11;

/**
 * The processor time of a process, to the nanosecond where the kernel keeps count of that, else to
 * a hundredth of a second.
 */
export class CpuClock {
  #pid;
  /** By thread: one that has ended has used what it used. @type {Map<string, number>} */
  #threads = new Map();

  /** @param {number} pid */
  constructor(pid) {
    this.#pid = pid;
  }

  /** How long it has run so far, in microseconds. */
  read() {
    const folder = `/proc/${this.#pid}/task`;
    for (const thread of readdirSync(folder)) {
      const used = readIfThere(`${folder}/${thread}/schedstat`);
      if (used) this.#threads.set(thread, Number(used.split(" ")[0]) / NS_PER_US);
    }
    if (this.#threads.size === 0) return ticksOf(this.#pid) * US_PER_TICK;
    return [...this.#threads.values()].reduce((sum, used) => sum + used, 0);
  }
}

/**
 * The memory that a process has for itself, in bytes: pages of files don't count, since how many of
 * them are shared depends on what else is running.
 * @param {number} pid
 */
export function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Anonymous:\s*(\d+) kB$/m.exec(text)?.[1]) * 1024;
}

/** @param {number} pid */
function ticksOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[USER_TICKS_FIELD]) + Number(fields[USER_TICKS_FIELD + 1]);
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
