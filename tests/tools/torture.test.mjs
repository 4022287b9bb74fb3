import assert from "node:assert/strict";
import { test } from "node:test";

import { torture } from "../../tools/torture/harness.mjs";
import { buildBundle } from "../support/bundle.mjs";
import { OPEN } from "../support/server.mjs";

const FAULTY_CONFIG = "tests/tools/fixtures/faulty.wrangler.jsonc";

/** A fault that is found later is one that might not be found. */
const FAULTY_KILLS = 15;

/** Most of these faults make a run wait for what never comes. */
const FAULTY_PATIENCE_MS = 15_000;

/** The seed of all random choices; `npm run torture` takes another each time. */
const SEED = 7;

test("what devices were told holds after each of 12 kills", async (t) => {
  const { complaints, counts, seconds } = await torture({ kills: 12, users: 24, seed: SEED });
  t.diagnostic(`${seconds.toFixed(0)} s: ${JSON.stringify(counts)}`);
  assert.deepEqual(complaints, []);
  assert.equal(counts.kills, 12);
  assert.ok(counts.changes > 50 && counts.checkedAfterKill > 50, JSON.stringify(counts));
  assert.ok(counts.answered > 50 && counts.pushed > 10 && counts.resumed > 5, JSON.stringify(counts));
});

/** What each planted fault is found as. */
const FAULTS = {
  "late-write": "loss",
  "lost-write": "loss",
  "swapped-frames": "order",
  "swapped-delivery": "order",
  "lost-delivery": "order",
  "reused-number": "number",
  "forgotten-reset": "number",
  "lost-return": "number",
  "kept-twice": "push",
  "kept-never": "push",
  "done-twice": "request",
  "older-number": "version",
};

for (const [fault, kind] of Object.entries(FAULTS)) {
  test(`the harness finds a planted fault: ${fault}`, async (t) => {
    const { modules } = await buildBundle(FAULTY_CONFIG);
    const worker = { modules, vars: { ...OPEN, FAULT: fault } };
    const options = { kills: FAULTY_KILLS, users: 12, seed: SEED, worker, maxComplaints: 5, patienceMs: FAULTY_PATIENCE_MS };
    const { complaints } = await torture(options);
    const found = complaints.find((complaint) => complaint.kind === kind);
    assert.ok(found, JSON.stringify(complaints));
    t.diagnostic(`found after ${found.life - 1} kills: ${found.what}`);
  });
}
