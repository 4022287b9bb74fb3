/**
 * The order of the server's folders: a file imports from its own folder and from those behind it, so that
 * what lies behind can be read, tested and changed without knowing what is in front of it.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, test } from "node:test";

import { ROOT } from "../support/server.mjs";

/**
 * Each language's layers, the front one first. A layer is one or several beginnings of paths, and a file
 * belongs to the layer with the longest one that fits.
 * @type {{code: RegExp, layers: string[][]}[]}
 */
const ORDERS = [
  {
    code: /\.(?:c?js|d\.c?ts)$/,
    layers: [
      ["worker-shim.js"],
      ["worker/object/"],
      ["worker/"],
      ["worker/auth/"],
      ["worker/http/"],
      ["worker/common/"],
      ["bindings/"],
    ],
  },
  {
    code: /\.(?:h|cpp)$/,
    layers: [
      ["bindings/"],
      ["src/session.", "src/handlers/"],
      ["src/commit.", "src/restore."],
      ["src/state/"],
      ["src/json/"],
      ["src/format/"],
      ["src/event.", "src/effect.", "src/ended.", "src/credential.", "src/digest.", "src/step.", "src/request_id.", "src/limits.", "src/presence.", "src/check."],
    ],
  },
];

/** A module's name in an import of any kind, or a header's in an include. */
const IMPORTED = /(?:\bfrom|\bimport|\bimport\(|#include)\s*"(\.[^"\n]*|[^"\n]*\.h)"/g;

/** Where the compiler looks for a header that is not beside the file. */
const INCLUDED = ["src", "bindings", "bindings/runtime"];

/**
 * The place of a file in its order, -1 if it is in none.
 * @param {string[][]} layers
 * @param {string} file
 */
function layerOf(layers, file) {
  const fitting = layers.map((beginnings) =>
    Math.max(0, ...beginnings.filter((beginning) => file.startsWith(beginning)).map(({ length }) => length)),
  );
  const longest = Math.max(...fitting);
  return longest === 0 ? -1 : fitting.indexOf(longest);
}

/**
 * The file that an import or an include means.
 * @param {string} file
 * @param {string} name
 * @param {Set<string>} files
 */
function meant(file, name, files) {
  const beside = posix.join(file, "..", name);
  if (files.has(beside) || !name.endsWith(".h")) return beside;
  return INCLUDED.map((folder) => posix.join(folder, name)).find((path) => files.has(path));
}

/**
 * The imports of a file that go to a layer in front of its own.
 * @param {string} file
 * @param {string} text
 * @param {Set<string>} files All files that there are.
 */
function backwardImports(file, text, files) {
  const order = ORDERS.find(({ code, layers }) => code.test(file) && layerOf(layers, file) >= 0);
  if (!order) return [];
  const own = layerOf(order.layers, file);
  return [...text.matchAll(IMPORTED)]
    .map(([, name]) => meant(file, name, files))
    .filter((path) => path !== undefined)
    .filter((path) => {
      const other = layerOf(order.layers, path);
      return other >= 0 && other < own;
    });
}

/** @returns {Set<string>} */
function allFiles() {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
  return new Set(execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim().split("\n"));
}

test("no file of the server imports from a folder in front of its own", () => {
  const files = allFiles();
  const read = [...files].filter((file) => /^(?:worker-shim\.js$|worker\/|bindings\/|src\/)/.test(file));
  const wrong = read.flatMap((file) =>
    backwardImports(file, readFileSync(join(ROOT, file), "utf8"), files).map((path) => `${file}: ${path}`),
  );
  assert.deepEqual(wrong, []);
});

/** The ways to have something stored or attached. */
const STORING = /\beffects\.(?:store\w*|set_attachment)\(/;

test("nothing but the commit point stores or attaches, and the inbox when it is told to", () => {
  const files = [...allFiles()].filter((file) => /^src\/.*\.(?:h|cpp)$/.test(file) && !file.startsWith("src/effect."));
  const having = (/** @type {RegExp} */ text) => files.filter((file) => text.test(readFileSync(join(ROOT, file), "utf8")));
  assert.deepEqual(having(STORING), ["src/commit.cpp", "src/state/inbox.cpp"]);
  assert.deepEqual(having(/\binbox\.store\(/), ["src/commit.cpp"]);
});

test("every folder of the server's JavaScript has its place in the order", () => {
  const [{ layers }] = ORDERS;
  const found = new Set([...allFiles()].filter((file) => /^worker.*\.js$|^bindings\/.*\.js$/.test(file)).map((file) => layerOf(layers, file)));
  assert.deepEqual([...found].sort(), layers.map((_, at) => at));
});

describe("such an import would be found", () => {
  const files = new Set(["worker/router.js", "worker/http/urls.js", "src/state/user.h", "src/handlers/games.cpp", "src/step.h", "src/session.h", "src/commit.h"]);
  for (const [file, text] of [
    ["worker/http/urls.js", 'import { a } from "../auth/a.js";'],
    ["worker/auth/a.js", '/** @import { A } from "../admission.js" */'],
    ["worker/forward.js", 'import { a } from "./object/a.js";'],
    ["bindings/wire.js", 'import { a } from "../worker/common/limits.js";'],
    ["worker/common/log.js", 'await import("../http/urls.js");'],
    ["src/state/user.h", '#include "commit.h"'],
    ["src/step.h", '#include "state/user.h"'],
  ]) {
    test(`${file}: ${text}`, () => assert.equal(backwardImports(file, text, files).length, 1));
  }
  for (const [file, text] of [
    ["worker/auth/a.js", 'import { a } from "../http/urls.js";'],
    ["worker/object/a.js", 'import { a } from "../../bindings/wire.js";'],
    ["src/commit.h", '#include "step.h"'],
    ["src/handlers/games.cpp", '#include "session.h"'],
  ]) {
    test(`and not ${file}: ${text}`, () => assert.deepEqual(backwardImports(file, text, files), []));
  }
});
