/** The models allow what the real core may do, and no more: traces of either kind (README.md, "Traces"). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { MODELS } from "./spin.mjs";
import { whyRefused } from "./trace.mjs";

const TRACES = join(MODELS, "traces");

/** @type {Record<string, string>} Where and why each is refused. */
const REFUSED = {
  "refused-skips.txt": "places, line 8: outcome",
  "refused-crash.txt": "places, line 8: outcome",
  "refused-again.txt": "requests, line 6: outcome",
  "refused-epoch.txt": "places, line 6: outcome",
  "refused-message.txt": "inbox, line 5: outcome",
};

for (const file of readdirSync(TRACES)) {
  const why = REFUSED[file] ?? null;
  test(`the models ${why === null ? "allow" : "refuse"} the trace ${file}`, async () => {
    assert.equal(await whyRefused(readFileSync(join(TRACES, file), "utf8")), why);
  });
}
