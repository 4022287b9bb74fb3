/**
 * Somebody who follows an example's README: a folder outside the project that holds a checkout with
 * the packed package, a shell, and npm with a registry of its own.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { PATIENCE_MS } from "./patience.mjs";
import { startRegistry } from "./registry.mjs";
import { ROOT } from "./server.mjs";

/** @import { ChildProcess } from "node:child_process" */

const execute = promisify(execFile);

/** How long a server has to end by itself. */
const GRACE_MS = 5_000;
/** How long a command may take that ends by itself, as an installation does: much must happen in it, one after the other. */
const COMMAND_MS = 5 * PATIENCE_MS;
const LINES_SHOWN = 40;

/**
 * A command that goes on running.
 * @typedef {object} Running
 * @property {number} pid
 * @property {() => string[]} lines What it has printed.
 * @property {(pattern: RegExp) => Promise<RegExpExecArray>} printed Waits for a line.
 * @property {() => Promise<number | null>} ended Waits for its end and returns its exit code.
 * @property {() => Promise<number | null>} stop Sends SIGTERM to the command itself, and waits.
 */

export class Newcomer {
  /** The checkout's README that is followed, by its blocks of commands. @type {string[][]} */
  blocks;
  /** Where the next command runs. */
  folder;
  /** The commands that have been run. @type {string[]} */
  done = [];
  #home;
  #env;
  #replacements;
  #registry;
  /** @type {Set<ChildProcess>} */
  #children = new Set();

  /**
   * @param {string} readme
   * @param {string} home
   * @param {Awaited<ReturnType<typeof startRegistry>>} registry
   * @param {Record<string, string>} env
   * @param {Record<string, string>} replacements
   */
  constructor(readme, home, registry, env, replacements) {
    this.blocks = shellBlocks(readFileSync(join(ROOT, readme), "utf8"));
    this.folder = home;
    this.#home = home;
    this.#registry = registry;
    this.#replacements = replacements;
    // Whoever runs the tests by npm has more of its settings in the environment.
    const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
    this.#env = {
      ...Object.fromEntries(own),
      npm_config_registry: registry.url,
      npm_config_cache: join(home, ".npm"),
      npm_config_audit: "false",
      npm_config_fund: "false",
      npm_config_update_notifier: "false",
      WRANGLER_SEND_METRICS: "false",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      NO_COLOR: "1",
      CI: "1",
      ...env,
    };
  }

  /**
   * @param {string} readme Below the project's folder.
   * @param {Record<string, string>} [env] For all commands.
   * @param {Record<string, string>} [replacements] What stands in the commands, as a port that may be
   *   taken here, and what stands in its place.
   */
  static async start(readme, env = {}, replacements = {}) {
    const home = await mkdtemp(join(tmpdir(), "newcomer-"));
    const checkout = join(home, "user-session-worker");
    await mkdir(checkout);
    const isOurs = (/** @type {string} */ path) => !/\/(?:node_modules|\.wrangler)(?:\/|$)/.test(path);
    await cp(join(ROOT, "examples"), join(checkout, "examples"), { recursive: true, filter: isOurs });
    const pack = ["pack", "--ignore-scripts", `--pack-destination=${checkout}`];
    await execute("npm", pack, { cwd: ROOT });
    return new Newcomer(readme, home, await startRegistry(), env, replacements);
  }

  /**
   * Goes on by another page.
   * @param {string} page
   */
  follow(page) {
    this.blocks.push(...shellBlocks(readFileSync(join(ROOT, page), "utf8")));
  }

  /**
   * Runs a command of the README to its end.
   * @param {string} command
   * @param {string} [more] Is put behind it.
   * @param {string} [known] The command as the README has it, if that differs.
   * @returns {Promise<string>} What it printed.
   */
  async run(command, more = "", known = command) {
    this.#note(known);
    if (command.startsWith("cd ")) {
      this.folder = join(this.folder, command.slice("cd ".length));
      return "";
    }
    const options = { cwd: this.folder, env: this.#env, timeout: COMMAND_MS };
    const running = execute("sh", ["-c", `${this.#here(command)} ${more}`], options);
    const { stdout, stderr } = await running.catch((error) => {
      throw new Error(`${command}:\n${error.stdout}${error.stderr}`, { cause: error });
    });
    return stderr + stdout;
  }

  /**
   * Starts a command of the README that goes on running.
   * @param {string} command
   * @param {string} [more] Is put behind it.
   * @param {Record<string, string>} [env] For this command.
   * @returns {Running}
   */
  start(command, more = "", env = {}) {
    this.#note(command);
    const child = spawn("sh", ["-c", `exec ${this.#here(command)} ${more}`], {
      cwd: this.folder,
      env: { ...this.#env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own, so that nothing of it is left in the end.
      detached: true,
    });
    this.#children.add(child);
    return watch(command, child);
  }

  /** @param {string} command */
  #note(command) {
    const isKnown = this.blocks.flat().includes(command);
    assert.ok(isKnown, `the README has no command ${command}`);
    this.done.push(command);
  }

  /** @param {string} command */
  #here(command) {
    const pairs = Object.entries(this.#replacements);
    return pairs.reduce((text, [there, here]) => text.replaceAll(there, here), command);
  }

  /** The commands of the README that nobody has run. */
  left() {
    return this.blocks.flat().filter((command) => !this.done.includes(command));
  }

  async close() {
    for (const child of this.#children) await endGroup(child);
    this.#registry.close();
    await rm(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * The commands in the blocks of shell of a page.
 * @param {string} markdown
 */
function shellBlocks(markdown) {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) =>
    block.split("\n").flatMap((line) => line.replace(/\s+#.*$/, "").trim() || []),
  );
}

/**
 * @param {string} command
 * @param {ChildProcess} child
 * @returns {Running}
 */
function watch(command, child) {
  /** @type {string[]} */
  const lines = [];
  /** @type {Set<() => void>} */
  const watchers = new Set();
  const changed = () => [...watchers].forEach((watcher) => watcher());
  for (const input of [child.stdout, child.stderr]) {
    if (!input) continue;
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      changed();
    });
  }
  child.once("exit", changed);
  const story = () => [command, ...lines.slice(-LINES_SHOWN)].join("\n");
  return {
    pid: Number(child.pid),
    lines: () => lines,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const end = (/** @type {() => void} */ action) => {
          clearTimeout(timer);
          watchers.delete(check);
          action();
        };
        const check = () => {
          const found = lines.map((line) => pattern.exec(line)).find((match) => match !== null);
          if (found) end(() => resolve(found));
          else if (hasEnded(child)) end(() => reject(new Error(`it has ended: ${story()}`)));
        };
        const late = () => end(() => reject(new Error(`waited for ${pattern}: ${story()}`)));
        const timer = setTimeout(late, PATIENCE_MS);
        watchers.add(check);
        check();
      }),
    ended: () => endOf(child),
    stop: () => {
      child.kill("SIGTERM");
      return endOf(child);
    },
  };
}

/** @param {ChildProcess} child @returns {Promise<number | null>} Its exit code. */
async function endOf(child) {
  if (!hasEnded(child)) {
    const late = AbortSignal.timeout(PATIENCE_MS);
    await once(child, "exit", { signal: late });
  }
  return child.exitCode;
}

/** @param {ChildProcess} child */
function hasEnded({ exitCode, signalCode }) {
  return exitCode !== null || signalCode !== null;
}

/**
 * Ends a command and all that it has started.
 * @param {ChildProcess} child
 */
async function endGroup(child) {
  if (!hasEnded(child)) signalGroup(child, "SIGTERM");
  const impatience = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS);
  await endOf(child);
  clearTimeout(impatience);
  signalGroup(child, "SIGKILL");
}

/** @param {ChildProcess} child @param {NodeJS.Signals} signal */
function signalGroup({ pid }, signal) {
  try {
    process.kill(-Number(pid), signal);
  } catch (error) {
    // ESRCH: nothing of the group is left.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH") throw error;
  }
}
