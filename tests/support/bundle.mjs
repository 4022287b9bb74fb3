/**
 * A Worker as a deploy uploads it: bundled and minified by wrangler, the module beside it.
 */
import { rmSync } from "node:fs";
import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
 * @property {string} folder It lasts as long as this process.
 * @property {Module[]} modules The main one first.
 * @property {string} output What wrangler printed.
 */

/** By the configuration's path. @type {Map<string, Promise<Bundle>>} */
const bundles = new Map();

/**
 * Builds the bundle of a configuration, once a process.
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
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const args = ["deploy", "--dry-run", "--minify", `--config=${config}`, `--outdir=${folder}`];
  const output = await runTool(root, "wrangler", args);
  const names = await readdir(folder);
  /** @param {string} extension @param {Module["type"]} type @returns {Module[]} */
  const modulesOf = (extension, type) =>
    names
      .filter((name) => name.endsWith(extension))
      .map((name) => ({ name, type, path: join(folder, name) }));
  return { folder, modules: [...modulesOf(".js", "esModule"), ...modulesOf(".wasm", "wasm")], output };
}
