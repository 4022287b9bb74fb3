/**
 * Workers on the bare workerd that wrangler brings, as whoever hosts them without Cloudflare runs
 * them: a configuration, a folder for what the objects store, a process that can be killed.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { buildBundle } from "./bundle.mjs";
import { OPEN, ROOT } from "./server.mjs";

/** @import { ChildProcess } from "node:child_process" */
/** @import { Readable } from "node:stream" */
/** @import { Module } from "./bundle.mjs" */

/**
 * The installed runtime: its binary's path and its version.
 * @type {{default: string, version: string}}
 */
export const RUNTIME = createRequire(createRequire(import.meta.url).resolve("wrangler"))("workerd");

/** The descriptor on which workerd tells where it listens. */
const CONTROL_FD = 3;

/** How long a server has to end by SIGTERM: it waits for every open socket, as long as that takes. */
const GRACE_MS = 2_000;

/** How many lines a failure shows of what workerd has printed. */
const LINES_SHOWN = 20;

/**
 * A class of Durable Objects and the binding by which the Worker finds it.
 * @typedef {object} ObjectClass
 * @property {string} name
 * @property {string} binding
 * @property {boolean} [isSqlite] It is unless this says no.
 */

/**
 * A Worker. What is left out is as the project's own has it.
 * @typedef {object} WorkerDescription
 * @property {string} [root] The project's folder, if another checkout of it is meant.
 * @property {Module[]} [modules] The main one first.
 * @property {ObjectClass[]} [classes]
 * @property {string} [compatibilityDate]
 * @property {string[]} [flags] The compatibility flags.
 * @property {Record<string, string>} [vars] Without any, nobody is checked.
 * @property {string} [storage] The folder for what its objects store. One that is given is kept.
 * @property {number} [port] Chosen by the system unless it is given.
 */

/**
 * A running workerd.
 * @typedef {object} Workerd
 * @property {string} http Its base address, without a slash at the end.
 * @property {string} ws The same for sockets.
 * @property {number} pid
 * @property {string} storage
 * @property {() => string[]} logs The lines that it and the Worker have printed.
 * @property {() => Promise<void>} stop Ends it, if `kill` has not, and removes what it stored unless
 *   the folder was given. Rejects if it has ended by itself or crashes now.
 * @property {() => Promise<void>} kill Ends it as a crash does. What it stored stays until `stop`.
 */

/**
 * Starts a Worker on a port of this machine.
 * @param {WorkerDescription} [description]
 * @returns {Promise<Workerd>}
 */
export async function startWorkerd(description = {}) {
  const worker = await workerText(description);
  const folder = await mkdtemp(join(tmpdir(), "workerd-"));
  const storage = description.storage ?? join(folder, "storage");
  await mkdir(storage, { recursive: true });
  const config = join(folder, "config.capnp");
  await writeFile(config, configText(worker, storage, description.port ?? 0));
  // With this import path modules can be embedded wherever they are.
  const args = ["serve", `--control-fd=${CONTROL_FD}`, "--import-path=/", config];
  const child = spawn(RUNTIME.default, args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const logs = linesOf(child);
  const end = endingOf(child, logs);
  const stop = () => end("SIGTERM").finally(() => rm(folder, { recursive: true, force: true }));
  const port = await portOf(child).catch(async (error) => {
    await stop();
    throw error;
  });
  return {
    http: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    pid: Number(child.pid),
    storage,
    logs,
    stop,
    kill: () => end("SIGKILL"),
  };
}

/**
 * Collects what a process prints.
 * @param {ChildProcess} child
 * @returns {() => string[]}
 */
function linesOf(child) {
  /** @type {string[]} */
  const lines = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input: /** @type {Readable} */ (input) }).on("line", (line) => lines.push(line));
  }
  return () => lines;
}

/**
 * Watches over a process, so that it neither outlives this one nor ends unnoticed.
 * @param {ChildProcess} child
 * @param {() => string[]} logs
 * @returns {(signal: "SIGTERM" | "SIGKILL") => Promise<void>} Ends it, if that has not been done, and
 *   rejects if it ended by anything else.
 */
function endingOf(child, logs) {
  const orphaned = () => child.kill("SIGKILL");
  process.once("exit", orphaned);
  /** @type {Set<NodeJS.Signals | null>} */
  const sent = new Set();
  /** @param {NodeJS.Signals} signal */
  const send = (signal) => {
    if (child.kill(signal)) sent.add(signal);
  };
  /** @type {Promise<string | null>} Why, if it was not us. */
  const ended = new Promise((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("close", (code, signal) => {
      process.off("exit", orphaned);
      const wasUs = sent.has(signal) || (code === 0 && sent.has("SIGTERM"));
      resolve(wasUs ? null : `workerd ended by itself: ${signal ?? code}`);
    });
  });
  return async (signal) => {
    send(signal);
    const impatience = setTimeout(send, GRACE_MS, "SIGKILL");
    const failure = await ended;
    clearTimeout(impatience);
    if (failure !== null) throw new Error([failure, ...logs().slice(-LINES_SHOWN)].join("\n"));
  };
}

/**
 * Waits until it listens.
 * @param {ChildProcess} child
 * @returns {Promise<number>}
 */
function portOf(child) {
  const control = createInterface({ input: /** @type {Readable} */ (child.stdio[CONTROL_FD]) });
  return new Promise((resolve, reject) => {
    control.once("line", (line) => resolve(JSON.parse(line).port));
    control.once("close", () => reject(new Error("workerd never listened")));
  });
}

/**
 * What the configuration says of the Worker, in Cap'n Proto's text format, whose strings are written
 * as JSON's.
 * @param {WorkerDescription} description
 */
async function workerText(description) {
  const { root = ROOT } = description;
  const { unstable_readConfig: readConfig } = await import("wrangler");
  const own = readConfig({ config: join(root, "wrangler.jsonc") });
  /** @type {{name: string, class_name: string}[]} */
  const bound = own.durable_objects.bindings;
  /** @type {ObjectClass[]} */
  const ownClasses = bound.map((one) => ({ name: one.class_name, binding: one.name }));
  const {
    modules = (await buildBundle("wrangler.jsonc", root)).modules,
    classes = ownClasses,
    compatibilityDate = own.compatibility_date,
    flags = own.compatibility_flags,
    vars = OPEN,
  } = description;
  const text = JSON.stringify;
  const files = modules.map(
    ({ name, type, path }) => `(name = ${text(name)}, ${type} = embed ${text(path)})`,
  );
  const namespaces = classes.map(
    ({ name, isSqlite = true }) =>
      `(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = ${isSqlite})`,
  );
  const objects = classes.map(
    ({ name, binding }) => `(name = ${text(binding)}, durableObjectNamespace = ${text(name)})`,
  );
  const texts = Object.entries(vars).map(
    ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`,
  );
  return `modules = [${files}],
      compatibilityDate = ${text(compatibilityDate)},
      compatibilityFlags = ${text(flags)},
      bindings = [${[...objects, ...texts]}],
      durableObjectNamespaces = [${namespaces}],
      durableObjectStorage = (localDisk = "disk"),`;
}

/**
 * @param {string} worker
 * @param {string} storage
 * @param {number} port
 */
function configText(worker, storage, port) {
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      ${worker}
    )),
    (name = "disk", disk = (path = ${JSON.stringify(storage)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "worker")],
);
`;
}
