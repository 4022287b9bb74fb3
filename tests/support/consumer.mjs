/**
 * A project of somebody else, who has installed the packed package, in a folder outside of ours.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { ROOT } from "./server.mjs";

/** @import { Server } from "./server.mjs" */

/** What a page in React has. */
export const REACT = ["react", "@types/react", "csstype"];

/** An app's definition of its messages by each of three libraries. */
export const SCHEMAS = ["zod", "valibot", "arktype", "arkregex", "@ark/schema", "@ark/util"];

const execute = promisify(execFile);
const NPM_FLAGS = ["--ignore-scripts", "--no-audit", "--no-fund", "--offline"];

/**
 * @typedef {object} Consumer
 * @property {string} folder
 * @property {string} tarball
 * @property {string[]} packed The paths in the package.
 * @property {() => Promise<void>} remove
 */

/**
 * Packs the package as it is built now and installs it in a new consumer's folder.
 * @param {string} fixture The consumer's own files.
 * @param {string[]} [others] Packages that the consumer has besides.
 * @returns {Promise<Consumer>}
 */
export async function makeConsumer(fixture, others = []) {
  const folder = await mkdtemp(join(tmpdir(), "consumer-"));
  await cp(join(ROOT, fixture), folder, { recursive: true });
  const pack = ["pack", "--json", "--ignore-scripts", `--pack-destination=${folder}`];
  const { stdout } = await execute("npm", pack, { cwd: ROOT });
  const [{ filename, files }] = packedIn(stdout);
  // What the package depends on comes from here: the test asks no registry.
  const { stdout: jose } = await execute("npm", [...pack, join(ROOT, "node_modules/jose")]);
  const packages = [filename, packedIn(jose)[0].filename].map((name) => join(folder, name));
  await execute("npm", ["install", ...NPM_FLAGS, ...packages], { cwd: folder });
  for (const name of others) {
    const path = join("node_modules", name);
    await cp(join(ROOT, path), join(folder, path), { recursive: true });
  }
  return {
    folder,
    tarball: packages[0],
    packed: files.map(({ path }) => path).sort(),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * npm prints a list, and newer versions an object by package name.
 * @param {string} json
 * @returns {{filename: string, files: {path: string}[]}[]}
 */
function packedIn(json) {
  return Object.values(JSON.parse(json));
}

/**
 * Runs a tool of the project in a folder and returns what it printed.
 * @param {string} folder
 * @param {string} tool
 * @param {string[]} args
 * @returns {Promise<string>}
 * @throws with what it printed, if it fails.
 */
export async function runTool(folder, tool, args) {
  const path = join(ROOT, "node_modules/.bin");
  const env = { ...process.env, PATH: `${path}:${process.env.PATH}`, NO_COLOR: "1", npm_config_update_notifier: "false" };
  const { stdout, stderr } = await execute(tool, args, { cwd: folder, env }).catch((error) => {
    throw new Error(`${tool} ${args.join(" ")}:\n${error.stdout}${error.stderr}`, { cause: error });
  });
  return stdout + stderr;
}

/** The oldest and the newest TypeScript that are supported, by the folders of their packages. */
const COMPILERS = ["typescript-oldest", "typescript"];

/**
 * Checks a consumer's types with each supported TypeScript.
 * @param {string} folder
 * @throws with what it has found.
 */
export async function checkTypes(folder) {
  for (const compiler of COMPILERS) {
    const tsc = join(ROOT, "node_modules", compiler, "bin/tsc");
    await runTool(folder, process.execPath, [tsc, "-p", "."]);
  }
}

/**
 * Has the consumer call a method of a user's object.
 * @param {Server} server
 * @param {string} userId
 * @param {string} method
 * @param {string | object} [argument]
 */
export async function rpc(server, userId, method, argument) {
  const body = JSON.stringify({ method, argument });
  const response = await fetch(`${server.http}/rpc/${userId}`, { method: "POST", body });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

/**
 * Has the consumer send a request to a user's object by its bare path.
 * @param {Server} server
 * @param {string} userId
 * @param {string} path
 * @param {RequestInit} [init]
 */
export async function objectFetch(server, userId, path, init) {
  const response = await fetch(`${server.http}/object/${userId}${path}`, init);
  return { status: response.status, body: await response.json() };
}
