/** The builds of the module; each test here runs against all of them. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The project's folder. */
export const root = join(import.meta.dirname, "../..");

/**
 * @typedef {object} Build
 * @property {string} path Relative to the project's folder.
 * @property {Buffer<ArrayBuffer>} bytes
 * @property {WebAssembly.Module} module
 */

/** @type {Build[]} */
export const builds = ["dist/session.wasm", "build/emscripten/session.wasm"].map((path) => {
  const wanted = `${path} is not built: \`npm test -- tests/wasm\` builds it, and runs a file of tests by its name.`;
  assert.ok(existsSync(join(root, path)), wanted);
  const bytes = readFileSync(join(root, path));
  return { path, bytes, module: new WebAssembly.Module(bytes) };
});
