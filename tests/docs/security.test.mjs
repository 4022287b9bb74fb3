/** The table of threats names tests that there are. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ROOT } from "../support/server.mjs";
import { codeIn, tableOf } from "./markdown.mjs";

const FOLDERS = [["tests/worker", ".test.mjs"], ["tests/unit", ".cpp"], ["tests/scenarios", ".txt"]];

test("every threat of SECURITY.md has tests, and they are there", () => {
  const rows = tableOf("SECURITY.md", "| threat | what stops it | tests |");
  assert.ok(rows.length > 0);
  for (const [threat, , tests] of rows) {
    const names = codeIn(tests);
    assert.ok(names.length > 0, threat);
    const missing = names.filter((name) => !FOLDERS.some(([folder, end]) => existsSync(join(ROOT, folder, name + end))));
    assert.deepEqual(missing, [], threat);
  }
});
