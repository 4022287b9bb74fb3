import assert from "node:assert/strict";
import { test } from "node:test";

import { readRateLimits } from "../../worker/object/rate-limits.js";

const USUAL = {
  frames: { count: 30, perMs: 1_000, burst: 60 },
  userFrames: { count: 300, perMs: 1_000, burst: 600 },
  connects: { count: 120, perMs: 60_000, burst: 120 },
  devicesMax: 128,
};

test("whoever sets no limits has the documented ones", () => {
  assert.deepEqual(readRateLimits({}), USUAL);
  assert.deepEqual(readRateLimits({ FRAME_BURST: "", MAX_DEVICES: "" }), USUAL);
});

test("a limit that is set is taken", () => {
  const env = {
    ...{ FRAMES_PER_SECOND: "5", FRAME_BURST: "7", MAX_DEVICES: "9" },
    CONNECTS_PER_MINUTE: "0",
  };
  assert.deepEqual(readRateLimits(env), {
    frames: { count: 5, perMs: 1_000, burst: 7 },
    userFrames: { count: 50, perMs: 1_000, burst: 70 },
    connects: { count: 0, perMs: 60_000, burst: 0 },
    devicesMax: 9,
  });
});

/** @type {["CONNECTS_PER_MINUTE" | "FRAMES_PER_SECOND" | "FRAME_BURST" | "MAX_DEVICES", number, number][]} */
const VARIABLES = [
  ["CONNECTS_PER_MINUTE", 0, 120],
  ["FRAMES_PER_SECOND", 0, 30],
  ["FRAME_BURST", 1, 60],
  ["MAX_DEVICES", 1, 128],
];

const NO_NUMBERS = [
  ...["many", "-1", "1.5", "1e9", "1e3", "NaN", "Infinity", "-Infinity", " ", "\n", " 5", "5 ", "+5", "007"],
  ...["0x10", "0b1", "0o7", "30s", "1_000", "1,000", "\u0665", "null", "undefined", "1000001", "9".repeat(400)],
  ...[true, false, [], [5], ["5"], {}, 5n, new Date(5), 1.5, -1, NaN, Infinity, 1_000_001, () => 5],
];

for (const [name, min, usual] of VARIABLES) {
  test(`${name} that is no number is not taken for none: the usual one holds, and the log says so`, (t) => {
    const logged = t.mock.method(console, "error", () => {});
    for (const value of NO_NUMBERS) {
      assert.deepEqual(readRateLimits({ [name]: value }), USUAL, String(value));
    }
    if (min > 0) assert.deepEqual(readRateLimits({ [name]: "0" }), USUAL);
    assert.deepEqual(
      logged.mock.calls.map(({ arguments: [line] }) => line),
      [`user-session: ${name}: expected a whole number from ${min} to 1000000; it is taken as ${usual}`],
    );
  });
}

test("a number that a configuration writes as one is a number, and null is none", (t) => {
  const logged = t.mock.method(console, "error", () => {});
  assert.equal(readRateLimits({ MAX_DEVICES: 9 }).devicesMax, 9);
  assert.equal(readRateLimits({ MAX_DEVICES: "1000000" }).devicesMax, 1_000_000);
  assert.deepEqual(readRateLimits({ CONNECTS_PER_MINUTE: 0 }).connects, { count: 0, perMs: 60_000, burst: 0 });
  assert.deepEqual(readRateLimits({ MAX_DEVICES: null, FRAME_BURST: undefined }), USUAL);
  assert.equal(logged.mock.callCount(), 0);
});
