/**
 * A Worker as a deploy uploads it: bundled and minified by wrangler, the module beside it.
 */
import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { runTool } from "./consumer.mjs";
import { ROOT } from "./server.mjs";

/**
 * A file that a Worker consists of.
 * @typedef {object} Module
 * @property {string} name By which others import it.
 * @property {"esModule" | "wasm"} type
 * @property {string} path
 */

/**
 * @typedef {object} Bundle
 * @property {string} folder It lasts as long as this process, or as the run of the tests that it belongs to.
 * @property {Module[]} modules The main one first.
 * @property {string} output What wrangler printed.
 */

/** What is in a bundle's place. */
const [FILES, PRINTED] = ["files", "printed"];

/** By the configuration's path. @type {Map<string, Promise<Bundle>>} */
const bundles = new Map();

/** The folder of a run of `npm test`, in which one process finds what another has built of the same sources. */
const RUN_FOLDER = process.env.TEST_RUN_FOLDER;

/**
 * Builds the bundle of a configuration, once a process, and mostly once a run of the tests.
 * @param {string} [config] Below the project's folder. Defaults to the project's own.
 * @param {string} [root] The project's folder, if another checkout of it is meant.
 * @returns {Promise<Bundle>}
 */
export function buildBundle(config = "wrangler.jsonc", root = ROOT) {
  const path = join(root, config);
  const bundle = bundles.get(path) ?? build(config, root);
  bundles.set(path, bundle);
  return bundle;
}

/**
 * @param {string} config
 * @param {string} root
 * @returns {Promise<Bundle>}
 */
async function build(config, root) {
  if (RUN_FOLDER === undefined) {
    const place = await mkdtemp(join(tmpdir(), "bundle-"));
    process.once("exit", () => rmSync(place, { recursive: true, force: true }));
    await make(config, root, place);
    return read(place);
  }
  const place = join(RUN_FOLDER, createHash("sha256").update(resolve(root, config)).digest("hex"));
  if (!existsSync(place)) {
    const unfinished = await mkdtemp(join(RUN_FOLDER, "bundle-"));
    await make(config, root, unfinished);
    // Another process may have been faster.
    await rename(unfinished, place).catch(() => rm(unfinished, { recursive: true }));
  }
  return read(place);
}

/**
 * @param {string} config
 * @param {string} root
 * @param {string} place A folder that gets the bundle and what wrangler prints.
 */
async function make(config, root, place) {
  const folder = join(place, FILES);
  await mkdir(folder);
  const args = ["deploy", "--dry-run", "--minify", `--config=${config}`, `--outdir=${folder}`];
  await writeFile(join(place, PRINTED), await runTool(root, "wrangler", args));
}

/**
 * @param {string} place
 * @returns {Promise<Bundle>}
 */
async function read(place) {
  const folder = join(place, FILES);
  const output = await readFile(join(place, PRINTED), "utf8");
  const names = await readdir(folder);
  /** @param {string} extension @param {Module["type"]} type @returns {Module[]} */
  const modulesOf = (extension, type) =>
    names
      .filter((name) => name.endsWith(extension))
      .map((name) => ({ name, type, path: join(folder, name) }));
  return { folder, modules: [...modulesOf(".js", "esModule"), ...modulesOf(".wasm", "wasm")], output };
}
