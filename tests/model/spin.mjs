/** Runs Spin: makes a verifier of a model, searches every state that it can reach, and says what came of it. */

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

export const MODELS = import.meta.dirname;

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** How deep a search may go; one that would go deeper says so, and counts as incomplete. */
const DEPTH_MAX = 100_000;

/** A deep search has many states, which are packed: that takes half the room and twice the time. */
const MEMORY_MIB_MAX = { quick: 500, usual: 1500, deep: 8000 };

const COMPILED = { quick: ["-O0"], usual: ["-O2"], deep: ["-O2", "-DCOLLAPSE"] };

/** How large the table of states is, as a power of two. */
const HASHED = { quick: "-w18", usual: "-w22", deep: "-w26" };

/**
 * @typedef {object} Search
 * @property {string} model The name of its file, without the ending.
 * @property {Record<string, number>} [bounds] What is defined, each with its value.
 * @property {string[]} [defined] What is defined without one.
 * @property {boolean} [isQuick] A search that ends at once: compiling is what takes time.
 * @property {boolean} [isDeep] A search that takes minutes.
 */

/**
 * @typedef {object} Outcome
 * @property {number} errors
 * @property {string | null} broken The property that is broken, as the model names it.
 * @property {boolean} isComplete Whether every state was searched that can be reached.
 * @property {string[]} unreached The places of the model that no state has reached.
 * @property {number} states
 * @property {number} memoryMiB
 * @property {number} seconds
 */

/**
 * Does something in a folder of its own that has the models.
 * @template T
 * @param {(folder: string) => Promise<T>} action
 */
export async function inFolder(action) {
  const folder = mkdtempSync(join(tmpdir(), "model-"));
  try {
    for (const file of readdirSync(MODELS).filter((name) => name.endsWith(".pml"))) {
      cpSync(join(MODELS, file), join(folder, file));
    }
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {Search} search
 * @returns {string[]} Arguments for Spin.
 */
export function definitions({ bounds = {}, defined = [] }) {
  return [...Object.entries(bounds).map(([name, value]) => `-D${name}=${value}`), ...defined.map((name) => `-D${name}`)];
}

/**
 * @param {Search} search
 * @returns {Promise<Outcome>}
 */
export function verify(search) {
  return inFolder(async (cwd) => {
    await execute("spin", ["-a", ...definitions(search), `${search.model}.pml`], { cwd });
    const depth = search.isQuick ? "quick" : search.isDeep ? "deep" : "usual";
    const options = ["-w", "-DSAFETY", "-DNOFAIR", `-DMEMLIM=${MEMORY_MIB_MAX[depth]}`, ...COMPILED[depth]];
    await execute("cc", [...options, "-o", "pan", "pan.c"], { cwd });
    const { stdout } = await execute("./pan", [`-m${DEPTH_MAX}`, HASHED[depth]], { cwd, maxBuffer: OUTPUT_BYTES_MAX });
    return outcomeOf(stdout);
  });
}

/**
 * @param {string} printed What the verifier has printed.
 * @returns {Outcome}
 */
export function outcomeOf(printed) {
  /** @param {RegExp} pattern */
  const number = (pattern) => Number(pattern.exec(printed)?.[1] ?? Number.NaN);
  const broken = /^pan:\d+: (?:assertion violated\s+)?(.*?) \(at depth/m.exec(printed)?.[1];
  const unreached = [...printed.matchAll(/^\t(\S+:\d+), state \d+, "(?!-end-)(.*)"$/gm)];
  return {
    errors: number(/errors: (\d+)/),
    broken: broken === undefined ? null : broken.replaceAll(/[!()]/g, "").trim(),
    isComplete: !/max search depth too small|Search not completed|out of memory|memory limit|aborting/i.test(printed),
    unreached: unreached.map(([, place, text]) => `${place} ${text}`),
    states: number(/(\d+(?:\.\d+e\+\d+)?) states, stored/),
    memoryMiB: number(/([\d.]+)\s+total actual memory usage/),
    seconds: number(/elapsed time ([\d.]+) seconds/),
  };
}
