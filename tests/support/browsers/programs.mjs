/** The programs of the engines: found, started, and ended with all that they have written. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** @import { ChildProcess } from "node:child_process" */

export const XVFB = ["Xvfb"];

/**
 * @typedef {object} Program
 * @property {ChildProcess} child
 * @property {RegExpExecArray} said What it said when it was ready.
 * @property {() => Promise<void>} stop Kills it, and waits until it is gone.
 */

/**
 * The path of the first of some commands that is in the PATH.
 * @param {string[]} names
 * @returns {string | undefined}
 */
export function findProgram(names) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

/**
 * Starts a program and waits until it is ready. It dies with this process at the latest.
 * @param {string} path
 * @param {string[]} args
 * @param {{ready?: RegExp, env?: Record<string, string>}} options `ready` is looked for in what it prints, also on
 *     descriptor 3; `env` adds to this process's own.
 * @returns {Promise<Program>}
 */
export async function startProgram(path, args, { ready: isReady = /(?:)/, env = {} } = {}) {
  const child = spawn(path, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const kill = () => killAll(child.pid);
  process.once("exit", kill);
  const ended = Promise.race([once(child, "exit"), once(child, "error")]).finally(() => process.off("exit", kill));
  let printed = "";
  /** @type {Promise<RegExpExecArray>} */
  const ready = new Promise((resolve, reject) => {
    const hear = (/** @type {unknown} */ chunk) => {
      printed = `${printed}${chunk}`.slice(-10_000);
      const said = isReady.exec(printed);
      if (said) resolve(said);
    };
    for (const stream of child.stdio.slice(1)) stream?.on("data", hear);
    hear("");
    void ended.then(([why]) => reject(new Error(`${path} ended (${why}): ${printed}`)), reject);
  });
  const stop = async () => {
    kill();
    await ended.catch(() => {});
  };
  return { child, said: await ready, stop };
}

/**
 * Kills a process and those that it has started, which may not notice its end.
 * @param {number | undefined} pid
 */
function killAll(pid) {
  if (pid === undefined) return;
  const parents = new Map(readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((name) => [Number(name), parentOf(name)]));
  const doomed = [pid];
  for (const parent of doomed) doomed.push(...[...parents].filter(([, given]) => given === parent).map(([child]) => child));
  for (const one of doomed) {
    try {
      process.kill(one, "SIGKILL");
    } catch {
      // It has ended since.
    }
  }
}

/** @param {string} pid */
function parentOf(pid) {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
  } catch {
    return 0;
  }
}

/**
 * Makes a folder for a profile. It goes with this process at the latest.
 * @param {string} prefix
 * @returns {Promise<{path: string, remove: () => Promise<void>}>}
 */
export async function makeFolder(prefix) {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const orphaned = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", orphaned);
  return {
    path,
    async remove() {
      // A process of the browser that is about to end may still write there.
      await rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
      process.off("exit", orphaned);
    },
  };
}

/** Starts an X server that shows nothing, on a display that nobody has. @returns {Promise<Program>} */
export function startDisplay() {
  const args = ["-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"];
  return startProgram(findProgram(XVFB) ?? "Xvfb", args, { ready: /^(\d+)\n/m });
}
