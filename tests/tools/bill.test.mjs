import assert from "node:assert/strict";
import { test } from "node:test";

import { billOf, dollarsBeyond } from "../../tools/cost/bill.mjs";
import { DEFAULT_POPULATION, designsFor, heartbeatsOf, usageWithFreeHeartbeats } from "../../tools/cost/designs.mjs";
import { PRICES } from "../../tools/cost/prices.mjs";

/** @import { EventCost, Measured } from "../../tools/cost/measure.mjs" */

/** @type {EventCost} */
const NOTHING = {
  workerRequests: 0,
  requests: 0,
  frames: 0,
  handled: 0,
  wakes: 0,
  rowsRead: 0,
  rowsWritten: 0,
  activeMs: 0,
};

/** @type {EventCost} */
const FRAME = { ...NOTHING, frames: 1, handled: 1, wakes: 1, rowsRead: 2, activeMs: 1 };

/** What `measure` finds, with a millisecond for everything. @type {Measured} */
const MEASURED = {
  events: {
    connect: { ...NOTHING, workerRequests: 1, requests: 1, wakes: 1, rowsRead: 2, activeMs: 1 },
    event: FRAME,
    change: { ...FRAME, rowsWritten: 1 },
    sync: FRAME,
    heartbeat: { ...NOTHING, frames: 1 },
    leave: { ...FRAME, frames: 0, rowsRead: 4, rowsWritten: 1 },
  },
  bytesPerUser: 12_288,
};

const { meters } = PRICES;

/** @param {string} title */
function designOf(title) {
  const design = designsFor(DEFAULT_POPULATION, MEASURED, PRICES).find((one) => one.title === title);
  assert.ok(design);
  return design;
}

/**
 * Asserts sums of fractions, which miss by a hair.
 * @param {number | undefined} value
 * @param {number} expected
 */
function assertNear(value, expected) {
  assert.ok(Math.abs(Number(value) - expected) < 1e-6 * Math.max(1, expected), `${value} for ${expected}`);
}

test("the examples of Cloudflare's own pages come out", () => {
  assertNear(dollarsBeyond(1_500_000, meters.objectRequests), 0.15);
  assertNear(dollarsBeyond(3_750_000, meters.objectRequests), 0.45);
  assertNear(dollarsBeyond(21_610_000, meters.objectRequests), 3.15);
  assertNear(dollarsBeyond(128_000, meters.objectGbSeconds), 0);
  assertNear(dollarsBeyond(552_960, meters.objectGbSeconds), 12.5);
  assertNear(dollarsBeyond(11_059_200, meters.objectGbSeconds), 137.5);
  assertNear(dollarsBeyond(15_000_000, meters.workerRequests), 1.5);
  assertNear(dollarsBeyond(105_000_000, meters.workerCpuMs), 1.5);
  assertNear(dollarsBeyond(75, meters.logGb), 6.25);
  assertNear(dollarsBeyond(20, meters.logStoredGb), 0.8);
});

test("a hair above a whole unit does not start another one", () => {
  const used = meters.objectRequests.included + 5_000_000;
  assertNear(dollarsBeyond(used + 1e-6, meters.objectRequests), 0.75);
  assertNear(dollarsBeyond(used + 1, meters.objectRequests), 0.9);
});

test("the default population uses what one works out by hand", () => {
  // 10,000 users on 30 days are 300,000 days of one user.
  assert.equal(heartbeatsOf(DEFAULT_POPULATION), 240);
  const { usage, olderUsage } = designOf("this server");
  // 3 connects.
  assertNear(usage.workerRequests, 900_000);
  // 3 connects and a twentieth of 100 messages and 240 heartbeats: 3 + 17.
  assertNear(usage.objectRequests, 20 * 300_000);
  // 10 changes and 3 leavings.
  assertNear(usage.objectRowsWritten, 13 * 300_000);
  // 2 for each of 3 connects and 100 messages, 4 for each of 3 leavings.
  assertNear(usage.objectRowsRead, (206 + 12) * 300_000);
  // 106 milliseconds, or 10 seconds each.
  assertNear(usage.objectGbSeconds, 0.106 * 0.128 * 300_000);
  assertNear(olderUsage.objectGbSeconds, 1_060 * 0.128 * 300_000);
  // 106 calls of the object and 3 of the Worker, at 2 KB.
  assertNear(usage.logGb, (109 * 300_000 * 2) / 1e6);

  const bill = billOf(usage, PRICES);
  // 5 million requests beyond the included one.
  assertNear(bill.dollars, 5 + 0.75);
  const free = usageWithFreeHeartbeats(DEFAULT_POPULATION, MEASURED, PRICES);
  assertNear(free.objectRequests, 2_400_000);
  assertNear(dollarsBeyond(Number(free.objectRequests), meters.objectRequests, { roundsUp: false }), 0.21);
  // 40.704 million GB-s, 41 of them started beyond the included 0.4.
  assertNear(billOf(olderUsage, PRICES).dollars, 5.75 + 41 * 12.5);
});

test("the old design writes 440 rows a user and day, and pays for them", () => {
  const { usage } = designOf("old design");
  assertNear(usage.objectRowsWritten, (2 * 100 + 240) * 300_000);
  assertNear(usage.objectRequests, 6_000_000);
  assertNear(billOf(usage, PRICES).dollars, 5 + 0.75 + (132 - 50));
});

test("without hibernation two hours a day are billed whole", () => {
  const { usage } = designOf("no hibernation");
  assertNear(usage.objectGbSeconds, 7_200 * 0.128 * 300_000);
  assertNear(usage.objectRowsWritten, 13 * 300_000);
  assertNear(usage.objectRowsRead, 6 * 300_000);
  // 276.48 million GB-s.
  assertNear(billOf(usage, PRICES).dollars, 5 + 0.75 + 277 * 12.5);
});

test("polling asks 720 times a day", () => {
  const kv = designOf("polling KV").usage;
  assertNear(kv.kvReads, 720 * 300_000);
  assertNear(kv.kvWrites, 100 * 300_000);
  assertNear(kv.workerRequests, 820 * 300_000);
  const workers = 236 * 0.3 + 216 * 0.02;
  assertNear(billOf(kv, PRICES).dollars, 5 + workers + 206 * 0.5 + 29 * 5);
  const d1 = designOf("polling D1").usage;
  assertNear(billOf(d1, PRICES).dollars, 5 + workers);
});

test("without the included amounts every unit is paid pro rata, and the plan is left out", () => {
  const usage = { objectRequests: 1_500_000, objectRowsWritten: 3_000_000, logGb: 10 };
  const bill = billOf(usage, PRICES);
  assertNear(bill.listDollars, 0.225 + 3);
  assertNear(bill.logListDollars, 2.5);
  assertNear(bill.dollars, 5 + 0.15);
  assertNear(bill.logDollars, 0);
  assert.deepEqual(bill.lines.map(({ meter }) => meter), ["objectRequests", "objectRowsWritten", "logGb"]);
});

test("no day is billed for longer than its user is there", () => {
  const busy = { ...DEFAULT_POPULATION, messages: 10_000 };
  const [own] = designsFor(busy, MEASURED, PRICES);
  assertNear(own.olderUsage.objectGbSeconds, (7_200 + 30) * 0.128 * 300_000);
});
