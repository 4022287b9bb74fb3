import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { runTool } from "../support/consumer.mjs";
import { PATIENCE_MS } from "../support/patience.mjs";
import { ROOT } from "../support/server.mjs";

test("an app's tests inside vitest's plugin are let in by mode none, and nobody who says a host", async () => {
  const folder = join(ROOT, "tests/worker/fixtures-vitest");
  const output = await runTool(folder, "vitest", ["run", "--reporter=json", `--testTimeout=${PATIENCE_MS}`]);
  const { numPassedTests, numTotalTests } = JSON.parse(output.slice(output.indexOf('{"num')));
  assert.deepEqual([numPassedTests, numTotalTests], [4, 4]);
});
