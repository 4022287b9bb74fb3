/** Tests that never end: they must fail by themselves, since whoever waits for them has a limit, too. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { TEST_LIMITS } from "../../scripts/lib/steps.mjs";

/** Each keeps its process for ever, unless something ends it. */
const HANGS = [
  ["a loop that lets nothing else run", "test('a loop', () => { for (;;); });"],
  ["a hook that waits for ever", "after(() => new Promise(() => setInterval(() => {}, 1000)));"],
  ["what a failed hook has left running", "before(() => { setInterval(() => {}, 1000); throw new Error('no'); });"],
];

for (const [what, code] of HANGS) {
  test(`a file of tests fails after its time, and does not go on: ${what}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "hanging-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "hanging.test.mjs");
    writeFileSync(file, `import { after, before, test } from "node:test";\n${code}\ntest("another", () => {});\n`);
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined, TEST_FILE_DEADLINE_MS: "1000" };
    const run = promisify(execFile)(process.execPath, ["--test", ...TEST_LIMITS, file], { env });
    await assert.rejects(run, ({ stdout }) => stdout.includes("This file has not ended after 1 s: it is killed."));
  });
}
