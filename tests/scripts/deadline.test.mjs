/** Tests that never end: they must fail by themselves, since whoever waits for them has a limit, too. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { toolEnv } from "../../scripts/lib/npm-tools.mjs";
import { steps } from "../../scripts/lib/steps.mjs";

/** Whatever it is, the process would last for ever. */
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
    const env = { ...toolEnv(), NODE_TEST_CONTEXT: undefined, TEST_FILE_DEADLINE_MS: "1000" };
    const run = steps.find(({ name }) => name === "node")?.check(env, { files: [file], patterns: [] });
    await assert.rejects(async () => run, { message: "tests failed, see above." });
  });
}
