/** The models allow what the real core may do, and no more: traces of either kind (README.md, "Traces"). */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import { traceOf } from "./from-scenario.mjs";
import { PLANTED } from "./planted.mjs";
import { MODELS } from "./spin.mjs";
import { whyRefused } from "./trace.mjs";

const TRACES = join(MODELS, "traces");
const SCENARIOS = join(MODELS, "../scenarios");
const CORE = join(MODELS, "../../dist/session.wasm");

/** @type {Record<string, string>} Where and why each is refused. */
const REFUSED = {
  "refused-skips.txt": "places, line 8: outcome",
  "refused-crash.txt": "places, line 8: outcome",
  "refused-again.txt": "requests, line 6: outcome",
  "refused-epoch.txt": "places, line 6: outcome",
  "refused-message.txt": "inbox, line 5: outcome",
};

/** Reads a file of tests/scenarios. @param {string} file */
const storyOf = (file) => readFileSync(join(SCENARIOS, file), "utf8");

/** The stories that concern version 2: those in which one of its devices connects, and no row can't be read. */
const stories = readdirSync(SCENARIOS).filter((file) => /^connect2 /m.test(storyOf(file)) && !/^stored /m.test(storyOf(file)));

assert.ok(existsSync(CORE), "dist/session.wasm is not built: `npm test -- tests/model` builds it, and runs a file of tests by its name.");
const core = new WebAssembly.Module(readFileSync(CORE));
const traces = [
  ...readdirSync(TRACES).map((file) => ({ name: `traces/${file}`, text: readFileSync(join(TRACES, file), "utf8"), why: REFUSED[file] ?? null })),
  ...stories.map((file) => ({ name: file, text: traceOf(storyOf(file), core), why: null })),
  ...PLANTED.map(({ what, file, from, to, why }) => {
    const changed = storyOf(file).replace(from, to);
    assert.notEqual(changed, storyOf(file), `${file}: the core ${what}`);
    return { name: `${file} in which the core ${what}`, text: traceOf(changed, core), why };
  }),
];
const refusals = await whyRefused(traces.map(({ text }) => text));

suite("the models", () => {
  for (const [index, { name, text, why }] of traces.entries()) {
    test(`${why === null ? "allow" : "refuse"} ${name}: ${text.split("\n").length} steps`, () => {
      assert.equal(refusals[index], why);
    });
  }
});

test("the stories of version 2 are many", () => {
  assert.ok(stories.length >= 40, `${stories.length} stories`);
});
