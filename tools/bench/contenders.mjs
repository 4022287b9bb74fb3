/** The servers that are compared: ours, and the references, each on a workerd of its own. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { buildBundle } from "../../tests/support/bundle.mjs";
import { OPEN } from "../../tests/support/server.mjs";
import { startWorkerd } from "../../tests/support/workerd.mjs";
import { Crowd } from "./crowd.mjs";
import { CpuClock, memoryOf } from "./usage.mjs";
import { STATE_BYTES } from "./workloads.mjs";

/** @import { Module } from "../../tests/support/bundle.mjs" */
/** @import { WorkerDescription, Workerd } from "../../tests/support/workerd.mjs" */
/** @import { Manner } from "./crowd-process.mjs" */
/** @import { Dialect } from "./workloads.mjs" */

/**
 * `before` and `before-v2` are ours as another commit has it.
 * @typedef {"ours" | "v2" | "before" | "before-v2" | "plain" | "party" | "echo" | "echo-one" | "echo-put" | "rows"} ContenderName
 */
/** @typedef {Exclude<ContenderName, "ours">} ReferenceName */

/**
 * @typedef {object} Folders
 * @property {string} storage In which each contender gets a folder for what its objects store.
 * @property {string} [before] A checkout of the commit that `before` is.
 */

/**
 * @typedef {object} Kind
 * @property {Dialect} dialect
 * @property {(folders: Folders) => Promise<WorkerDescription>} describe
 * @property {ContenderName} [base] Which contender's CPU time is divided by its own; ours if it is
 *   left out.
 */

/** The variables of a server of ours. */
const OURS = { ...OPEN, MAX_DEVICES: "10000" };

/** @type {Record<ContenderName, Kind>} */
export const CONTENDERS = {
  ours: { dialect: "session", describe: async () => ({ vars: OURS }) },
  v2: { dialect: "v2", describe: async () => ({ vars: OURS }) },
  before: { dialect: "session", describe: describeBefore },
  "before-v2": { dialect: "v2", describe: describeBefore, base: "v2" },
  plain: {
    dialect: "session",
    describe: () => asWritten("Plain", ["plain.js", "text-of-data.js", "routes.js"]),
  },
  party: {
    dialect: "session",
    describe: async () => ({
      ...described("Party", (await buildBundle("tools/bench/references/party.wrangler.jsonc")).modules),
      flags: [],
    }),
  },
  echo: { dialect: "echo", describe: () => asWritten("Echo", ["echo.js", "routes.js"]) },
  "echo-one": {
    dialect: "echo-one",
    describe: async () => ({
      ...(await asWritten("EchoOne", ["echo-one.js", "echo.js", "routes.js"])),
      vars: { ANSWER_BYTES: String(STATE_BYTES) },
    }),
  },
  rows: { dialect: "echo", describe: () => asWritten("Rows", ["rows.js"]) },
  "echo-put": {
    dialect: "echo",
    describe: () => asWritten("EchoPut", ["echo-put.js", "echo.js", "routes.js"]),
  },
};

/**
 * Ours as another commit has it: bundled from that checkout by its own configuration.
 * @param {Folders} folders
 */
async function describeBefore({ before }) {
  assert.ok(before, "there is no checkout of another commit");
  return { root: before, vars: OURS };
}

/**
 * A reference whose files workerd takes as they are: they import nothing from a package.
 * @param {string} className
 * @param {string[]} files The main one first.
 */
async function asWritten(className, files) {
  const paths = files.map((file) => fileURLToPath(new URL(`references/${file}`, import.meta.url)));
  /** @type {Module[]} */
  const modules = paths.map((path) => ({ name: basename(path), type: "esModule", path }));
  return described(className, modules);
}

/**
 * What references have in common. The compatibility flags are ours unless others are said.
 * @param {string} className
 * @param {Module[]} modules
 * @returns {WorkerDescription}
 */
function described(className, modules) {
  return { modules, classes: [{ name: className, binding: "USER_SESSION_DO" }], vars: {} };
}

/** A contender that runs, with the devices that talk to it. */
export class Contender {
  #clock;
  #removeStorage;

  /**
   * @param {ContenderName} name
   * @param {Workerd} server
   * @param {string} folder Removed at the end.
   */
  constructor(name, server, folder) {
    this.name = name;
    this.server = server;
    /** The devices. */
    this.crowd = new Crowd(name);
    this.#clock = new CpuClock(server.pid);
    this.#removeStorage = () => rmSync(folder, { recursive: true, force: true });
    process.once("exit", this.#removeStorage);
  }

  /**
   * @param {ContenderName} name
   * @param {Folders} folders
   */
  static async start(name, folders) {
    const description = await CONTENDERS[name].describe(folders);
    const folder = await mkdtemp(join(folders.storage, "user-session-bench-"));
    const server = await startWorkerd({ ...description, storage: folder });
    return new Contender(name, server, folder);
  }

  get dialect() {
    return CONTENDERS[this.name].dialect;
  }

  /** How long workerd has run so far, in microseconds. */
  cpu() {
    return this.#clock.read();
  }

  /** The memory that workerd has for itself, in bytes. */
  memory() {
    return memoryOf(this.server.pid);
  }

  /**
   * Connects the devices of some users, as many of each in every call.
   * @param {{manner: Manner, users: number, devices: number}} options
   */
  async connect(options) {
    const { dialect } = this;
    await this.crowd.call("connect", { base: this.server.ws, dialect, ...options });
  }

  /** Ends it all. Asked to stop, workerd would wait for every device. */
  async stop() {
    await this.crowd.leave();
    await this.server.kill();
    await this.server.stop();
    process.off("exit", this.#removeStorage);
    this.#removeStorage();
  }
}

/**
 * Starts contenders, has something done with them and ends them.
 * @template T
 * @param {ContenderName[]} names
 * @param {Folders} folders
 * @param {(contenders: Contender[]) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withContenders(names, folders, work) {
  /** @type {Contender[]} */
  const contenders = [];
  try {
    for (const name of names) contenders.push(await Contender.start(name, folders));
    return await work(contenders);
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}

/**
 * The order of one round: there and back again, so that a machine that gets slower or quicker
 * meanwhile does so for all alike, and another one first each time.
 * @template T
 * @param {T[]} items
 * @param {number} round
 */
export function mirrored(items, round) {
  const first = round % items.length;
  const order = [...items.slice(first), ...items.slice(0, first)];
  return [...order, ...order.toReversed()];
}
