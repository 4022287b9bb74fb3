import assert from "node:assert/strict";
import { test } from "node:test";

import { LogoutHook } from "../../worker/object/logout-hook.js";

// The platform waits a minute between the first call and the last, so the hook is called by hand.
const RETRIES_MAX = 5;

const context = { storage: { setAlarm: () => Promise.resolve() } };

test("an onLogout that never succeeds is given up after its last try, and the operator told", async (t) => {
  const logged = t.mock.method(console, "error", () => {});
  const hook = new LogoutHook(context);
  const fail = () => Promise.reject(new Error("the app is down"));
  for (let retry = 0; retry < RETRIES_MAX; retry++) {
    await assert.rejects(hook.run("kim", retry, fail), /the app is down/, "the platform tries again");
  }
  // An alarm that fails no more is not rung again.
  await hook.run("kim", RETRIES_MAX, fail);
  const lines = logged.mock.calls.map(({ arguments: [line] }) => String(line));
  assert.equal(lines.length, RETRIES_MAX + 1);
  for (const line of lines) assert.match(line, /user "kim": onLogout failed: Error: the app is down/);
  assert.ok(lines.slice(0, -1).every((line) => line.endsWith("trying again")));
  assert.match(lines[RETRIES_MAX], /not tried again: end the app's sessions by hand$/);
});
