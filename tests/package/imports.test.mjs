/** Which way imports go: who reads the server or the client need not know how it is tested and measured. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";

import { ROOT } from "../support/server.mjs";

const CODE = /\.(?:[cm]?js|[cm]?ts|tsx|h|cpp)$/;

/** Folders whose code may import from tests/ and tools/; `npm run fuzz` replays with what the tests have. */
const MAY = ["tests/", "tools/", "client/tests/", "scripts/"];
const MUST_NOT = ["tests/", "tools/", "client/tests/"];

/** A module's name in an import of any kind, or a header's in an include. */
const IMPORTED = /(?:\bfrom|\bimport|\bimport\(|\brequire\(|#include)\s*"(\.[^"\n]*|[^"\n]*\.h)"/g;

/** @param {string[]} folders */
function startsWithOneOf(folders) {
  return (/** @type {string} */ path) => folders.some((folder) => path.startsWith(folder));
}

/**
 * Returns what a file imports from tests or instruments.
 * @param {string} file
 * @param {string} text
 */
function wrongImports(file, text) {
  const paths = [...text.matchAll(IMPORTED)].map(([, name]) => posix.join(file, "..", name));
  return paths.filter(startsWithOneOf(MUST_NOT));
}

test("nothing but tests, instruments and scripts imports from tests/ or tools/", () => {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
  const files = listed.filter((file) => CODE.test(file) && !startsWithOneOf(MAY)(file));
  for (const folder of ["src/", "bindings/", "worker/", "client/src/"]) {
    assert.ok(files.some((file) => file.startsWith(folder)), `${folder} has no code`);
  }
  const wrong = files.flatMap((file) =>
    wrongImports(file, readFileSync(join(ROOT, file), "utf8")).map((path) => `${file}: ${path}`),
  );
  assert.deepEqual(wrong, []);
});

for (const [how, file, text] of [
  ["import", "bindings/a.js", 'import { a } from "../tests/support/a.mjs";'],
  ["import for what it does", "worker-shim.js", 'import "./tools/bench/a.mjs";'],
  ["import while it runs", "client/src/a.ts", 'await import("../tests/a.mjs");'],
  ["type", "client/src/a.ts", '/** @import { A } from "../../tools/bench/a.mjs" */'],
  ["header", "src/a.h", '#include "../tests/unit/a.h"'],
]) {
  test(`such a thing would be found: ${how}`, () => {
    assert.equal(wrongImports(file, text).length, 1);
  });
}
