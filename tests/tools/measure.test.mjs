import assert from "node:assert/strict";
import { test } from "node:test";

import { measure } from "../../tools/cost/measure.mjs";

test("what an event costs the real Worker is what docs/operating.md promises", async () => {
  const { events, bytesPerUser } = await measure(4);
  /** @type {Record<string, {requests: number, wakes: number, rowsRead: number, rowsWritten: number}>} */
  const counts = {};
  for (const [kind, { requests, wakes, rowsRead, rowsWritten, activeMs }] of Object.entries(events)) {
    counts[kind] = { requests, wakes, rowsRead, rowsWritten };
    assert.ok(activeMs >= 0);
  }
  assert.deepEqual(counts, {
    connect: { requests: 1, wakes: 1, rowsRead: 1, rowsWritten: 0 },
    event: { requests: 0, wakes: 1, rowsRead: 1, rowsWritten: 0 },
    change: { requests: 0, wakes: 1, rowsRead: 1, rowsWritten: 1 },
    sync: { requests: 0, wakes: 1, rowsRead: 1, rowsWritten: 0 },
    heartbeat: { requests: 0, wakes: 0, rowsRead: 0, rowsWritten: 0 },
    // Nothing is stored yet, so it looks for what an older server may have left.
    leave: { requests: 0, wakes: 1, rowsRead: 3, rowsWritten: 1 },
  });
  assert.ok(bytesPerUser > 0);
});
