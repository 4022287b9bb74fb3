import assert from "node:assert/strict";
import { test } from "node:test";

import { readAllowance } from "../../bindings/allowance.js";

const USUAL = {
  frames: { count: 30, perMs: 1_000, burst: 60 },
  userFrames: { count: 300, perMs: 1_000, burst: 600 },
  connects: { count: 120, perMs: 60_000, burst: 120 },
  devicesMax: 128,
};

test("whoever sets no limits has the documented ones", () => {
  assert.deepEqual(readAllowance({}), USUAL);
  assert.deepEqual(readAllowance({ FRAME_BURST: "", MAX_DEVICES: "" }), USUAL);
});

test("a limit that is set is taken", () => {
  const env = {
    ...{ FRAMES_PER_SECOND: "5", FRAME_BURST: "7", MAX_DEVICES: "9" },
    CONNECTS_PER_MINUTE: "0",
  };
  assert.deepEqual(readAllowance(env), {
    frames: { count: 5, perMs: 1_000, burst: 7 },
    userFrames: { count: 50, perMs: 1_000, burst: 70 },
    connects: { count: 0, perMs: 60_000, burst: 0 },
    devicesMax: 9,
  });
});

test("a limit that is no number is not taken for none: the usual one holds, and the log says so", (t) => {
  const logged = t.mock.method(console, "error", () => {});
  for (const text of ["many", "-1", "1.5", "1e9", "NaN", "Infinity"]) {
    assert.equal(readAllowance({ MAX_DEVICES: text }).devicesMax, USUAL.devicesMax, text);
  }
  assert.equal(readAllowance({ MAX_DEVICES: "0" }).devicesMax, USUAL.devicesMax);
  assert.deepEqual(
    logged.mock.calls.map(({ arguments: [line] }) => line),
    ["user-session: MAX_DEVICES: expected a whole number from 1 to 1000000; it is taken as 128"],
  );
});
