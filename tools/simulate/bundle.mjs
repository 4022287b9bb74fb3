/**
 * Bundles the client and the Worker into functions whose parameters are the globals that the code uses. Calling
 * one makes a fresh copy of all of its modules, as a page or an isolate has it.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

import { build } from "esbuild";

import { root } from "../../scripts/lib/run.mjs";
import { ISSUER_METHOD } from "./adapter-logouts.mjs";

const LATER = join(root, "build/wasm/later.wasm");

/** @typedef {(globals: Record<string, unknown>) => any} Program Makes a copy and returns the exports. */

/**
 * The programs of one release.
 * @typedef {object} Release
 * @property {Program} client
 * @property {Program} worker
 * @property {WebAssembly.Module} module
 */

const CLIENT_GLOBALS = [
  ...["globalThis", "Date", "Math", "performance", "crypto", "setTimeout", "clearTimeout", "queueMicrotask"],
  ...["console", "fetch", "navigator", "document", "location", "localStorage", "sessionStorage"],
  ...["WebSocket", "BroadcastChannel"],
];

const WORKER_GLOBALS = [
  ...["globalThis", "Date", "Math", "performance", "crypto", "setTimeout", "clearTimeout", "queueMicrotask"],
  ...["console", "fetch", "scheduler", "Request", "Response", "Headers", "WebSocket", "WebSocketPair"],
  ...["WebSocketRequestResponsePair", "WebAssembly"],
];

/** The Worker's parameters: its globals, and what it imports. */
const workerNames = () => [...WORKER_GLOBALS, ...Object.values(WORKER_IMPORTS)];

/** The names of what the Worker imports from the platform and from the build. */
const WORKER_IMPORTS = { "cloudflare:workers": "simulatedWorkers", wasm: "simulatedModule" };

/** @type {Map<string, WebAssembly.Module>} */
const modules = new Map();

/**
 * Changes a source before it is bundled. Its path begins in the project's folder.
 * @typedef {(path: string, text: string) => string} Edit
 */

/**
 * @param {string} folder A checkout of the project that has been built.
 * @param {object} [how]
 * @param {Edit} [how.edit] With it the client is bundled from its sources, since those are what is changed.
 * @param {string} [how.module] The file of another module.
 * @returns {Promise<Release>}
 */
export async function loadRelease(folder, { edit, module: file = join(folder, "dist/session.wasm") } = {}) {
  const bytes = readFileSync(file);
  const client = edit ? "client/src/index.ts" : "client/dist/index.js";
  const key = createHash("sha256").update(bytes).digest("hex");
  const module = modules.get(key) ?? new WebAssembly.Module(bytes);
  modules.set(key, module);
  const [clientProgram, workerProgram] = await Promise.all([
    bundle(folder, client, CLIENT_GLOBALS, edit),
    bundle(folder, "worker-shim.js", workerNames(), edit),
  ]);
  return { client: clientProgram, worker: workerProgram, module };
}

/**
 * Loads the present release, and a later one, which deploys bring and take back: its module writes one field more into
 * each record (tests/later).
 */
export async function loadReleases() {
  return [await loadRelease(root), await loadRelease(root, { module: LATER })];
}

/**
 * Bundles a Worker of one file.
 * @param {string} file
 */
export function bundleWorker(file) {
  return bundle(dirname(file), basename(file), workerNames());
}

/**
 * @param {string} folder
 * @param {string} entry
 * @param {string[]} globals
 * @param {Edit} [edit]
 * @returns {Promise<Program>}
 */
async function bundle(folder, entry, globals, edit = (_path, text) => text) {
  const { outputFiles } = await build({
    entryPoints: [join(folder, entry)],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "simulated",
    target: "esnext",
    platform: "neutral",
    conditions: ["workerd"],
    mainFields: ["module", "main"],
    logLevel: "error",
    plugins: [platformImports(), edited(folder, edit)],
  });
  const text = `"use strict";\n${outputFiles[0].text}\nreturn simulated;`;
  const run = new Function(...globals, text);
  return (given) => run(...globals.map((name) => given[name]));
}

/**
 * Adds a method by which an issuer ends a session. In a real server its request needs the issuer's keys, which nobody has
 * here.
 * @type {Edit}
 */
function withIssuer(path, text) {
  if (path !== "worker-shim.js") return text;
  const demand = "{ scope: LogoutScope.IssuerSession, id, endedAt }";
  const method = `${ISSUER_METHOD}(id, endedAt) {
    return answerCall(this.#object, (session) => session.logout(${demand}, TRUSTED));
  }`;
  return text.replace("export class UserSessionDO extends DurableObject {", (line) => `${line}\n  ${method}`);
}

/** Turns the imports that only the platform has into globals. @returns {import("esbuild").Plugin} */
function platformImports() {
  const { wasm, "cloudflare:workers": workers } = WORKER_IMPORTS;
  return {
    name: "platform",
    setup(builder) {
      builder.onResolve({ filter: /^cloudflare:workers$/ }, ({ path }) => ({ path, namespace: "platform" }));
      builder.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path, namespace: "platform" }));
      builder.onLoad({ filter: /workers$/, namespace: "platform" }, () => ({
        contents: `export const { DurableObject } = ${workers};`,
      }));
      builder.onLoad({ filter: /\.wasm$/, namespace: "platform" }, () => ({
        contents: `export default ${wasm};`,
      }));
    },
  };
}

/**
 * @param {string} folder
 * @param {Edit} edit
 * @returns {import("esbuild").Plugin}
 */
function edited(folder, edit) {
  return {
    name: "edited",
    setup(builder) {
      builder.onLoad({ filter: /\.[jt]s$/, namespace: "file" }, ({ path }) => ({
        contents: withIssuer(relative(folder, path), edit(relative(folder, path), readFileSync(path, "utf8"))),
        loader: path.endsWith(".ts") ? "ts" : "js",
      }));
    },
  };
}
