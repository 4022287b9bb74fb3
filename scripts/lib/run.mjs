/** Running commands: every child is known, so that none outlives the script that started it. */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

const GRACE_MS = 5000;

/** A failure whose message alone tells the user what is wrong and what to do. */
export class Failure extends Error {}

/**
 * @typedef {object} Options
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [quiet] Show what the command prints only if it fails.
 * @property {boolean} [input] Let the command read what the user types.
 * @property {boolean} [group] Give the command a process group, ended whole when the command ends.
 * @property {string} [failure] What to say if it fails; default: the command and its exit code.
 */

/**
 * @typedef {object} Running
 * @property {import("node:child_process").ChildProcess} child
 * @property {Promise<number>} ended Its exit code, 127 if it could not be started.
 * @property {(signal: NodeJS.Signals) => void} signal
 */

/** @type {Set<Running>} */
const running = new Set();
let stopping = false;

/**
 * Starts a command in the project's folder.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options] Here `quiet` leaves the output to the caller.
 * @returns {Running}
 */
export function start(command, args, { env, quiet = false, input = false, group = false } = {}) {
  const output = quiet ? "pipe" : "inherit";
  const child = spawn(command, args, {
    cwd: root,
    env: env ?? process.env,
    stdio: [input ? "inherit" : "ignore", output, output],
    detached: group,
  });
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", () => {
      if (group) signalGroup(child, "SIGKILL");
    });
    child.once("close", (code, signal) => {
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
  /** @type {Running} */
  const entry = {
    child,
    ended,
    signal: (signal) => {
      if (signal === "SIGKILL" && group) signalGroup(child, signal);
      else child.kill(signal);
    },
  };
  running.add(entry);
  void ended.then(() => running.delete(entry));
  return entry;
}

/**
 * Runs a command to its end and returns what it printed if `quiet`, "" otherwise.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<string>}
 * @throws {Failure} If it fails or cannot be started.
 */
export async function run(command, args, options = {}) {
  const { child, ended } = start(command, args, options);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text) => (printed += text));
  }
  const code = await ended;
  // A stopped script says nothing more: `main` ends it.
  if (stopping) return new Promise(() => {});
  if (code !== 0) {
    process.stderr.write(printed);
    const how = code === 127 ? "was not found" : `failed with exit code ${code}`;
    throw new Failure(options.failure ?? `\`${[command, ...args].join(" ")}\` ${how}`);
  }
  return printed;
}

/**
 * Runs a script's body. A `Failure` becomes its message and exit code 1; Ctrl-C and its like end
 * every command that is running, then the script.
 * @param {() => Promise<void>} body
 */
export async function main(body) {
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => void stop(signal));
  }
  try {
    await body();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (stopping) return;
    console.error(`\nerror: ${error.message}`);
    process.exitCode = 1;
  }
}

/** @param {NodeJS.Signals} signal */
async function stop(signal) {
  if (stopping) return;
  stopping = true;
  const left = [...running];
  for (const entry of left) entry.signal(signal);
  const impatience = setTimeout(() => {
    for (const entry of left) entry.signal("SIGKILL");
  }, GRACE_MS);
  await Promise.all(left.map(({ ended }) => ended));
  clearTimeout(impatience);
  process.exit(128 + constants.signals[signal]);
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: nothing of the group is left.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH") throw error;
  }
}
