/** To whom a push goes: nobody gets one, or gets it late, since an option could not be read. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { resolvePushOptions, readPushOptions } from "../../worker/http/push-options.js";

const ALL = { keep: 0, pushId: "", to: [], except: [] };

test("a push without options is for all who are there", () => {
  assert.deepEqual(resolvePushOptions({}), ALL);
  assert.deepEqual(resolvePushOptions({ keep: undefined }), ALL);
  assert.deepEqual(readPushOptions(new URLSearchParams("userId=kim")), ALL);
});

const NO_SECONDS = [
  ...["", "5", " 5", "1e3", "30s", null, true, [], [5], {}, 5n, new Date(5), Symbol("5")],
  ...[NaN, Infinity, -Infinity, -1, 0, -0, 5.5, 2_592_001, 1e300, Number.MIN_VALUE],
];
for (const keep of NO_SECONDS) {
  test(`keep: ${typeof keep} ${String(keep)} is refused, and not taken for none`, () => {
    assert.throws(() => resolvePushOptions(/** @type {any} */ ({ keep })), { name: "RangeError", message: /^keep .* 1 to 2592000 seconds$/ });
  });
}

for (const keep of ["", "0", "00", " 5", "5 ", "+5", "-1", "5.5", "1e3", "0x10", "30s", "1_000", "NaN", "Infinity", "2592001", "9".repeat(30), "\u0665"]) {
  test(`?keep=${keep} is refused, and not taken for none`, async () => {
    const refused = readPushOptions(new URLSearchParams({ keep }));
    assert.ok(refused instanceof Response);
    const { error } = await refused.json();
    assert.deepEqual([refused.status, error.code], [400, "invalid_request"]);
    assert.match(error.message, /^keep .* 1 to 2592000 seconds$/);
  });
}

test("seconds that can be read are kept", () => {
  for (const keep of [1, 2_592_000]) assert.equal(resolvePushOptions({ keep }).keep, keep);
  const read = readPushOptions(new URLSearchParams("keep=86400"));
  assert.ok(!(read instanceof Response) && read.keep === 86_400);
});

for (const options of ["phone", ["phone"], 5, true, null, { too: ["phone"] }, { keepSeconds: 5 }, { To: ["phone"] }]) {
  test(`the options ${JSON.stringify(options)} do not make a push to all`, () => {
    assert.throws(() => resolvePushOptions(/** @type {any} */ (options)), { name: "RangeError", message: /^options: expected/ });
  });
}
