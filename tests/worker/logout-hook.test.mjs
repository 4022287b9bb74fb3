import assert from "node:assert/strict";
import { test } from "node:test";

import { LogoutHook, REPORT_KEY } from "../../worker/object/logout-hook.js";

// The platform waits a minute between the first call and the last, so the hook is called by hand.
const RETRIES_MAX = 5;

/** The part of an object's storage that the hook needs, and the rows in it. */
function storage() {
  /** @type {Map<string, unknown>} */
  const rows = new Map();
  const kv = {
    put: (/** @type {string} */ key, /** @type {unknown} */ value) => void rows.set(key, value),
    delete: (/** @type {string} */ key) => rows.delete(key),
    list: ({ prefix = "", limit = 0 } = {}) =>
      [...rows].filter(([key]) => key.startsWith(prefix)).sort().toReversed().slice(0, limit),
  };
  /** @type {number[]} */
  const alarms = [];
  const setAlarm = async (/** @type {number} */ time) => void alarms.push(time);
  return { rows, alarms, context: /** @type {any} */ ({ storage: { kv, setAlarm } }) };
}

/** @param {string} scope @param {string[]} credentialIds */
const ended = (scope, ...credentialIds) => ({ scope, at: 1_795_383_000_000, credentialIds });

test("an onLogout that never succeeds is given up after its last try, and the operator told", async (t) => {
  const logged = t.mock.method(console, "error", () => {});
  const { rows, context } = storage();
  const hook = new LogoutHook(context);
  hook.note(JSON.stringify(ended("all")));
  const fail = () => Promise.reject(new Error("the app is down"));
  for (let retry = 0; retry < RETRIES_MAX; retry++) {
    await assert.rejects(hook.run("kim", retry, fail), /the app is down/, "the platform tries again");
    assert.equal(rows.size, 1, "it is not lost meanwhile");
  }
  // An alarm that fails no more is not rung again.
  await hook.run("kim", RETRIES_MAX, fail);
  assert.equal(rows.size, 0, "nobody waits for it any more");
  const lines = logged.mock.calls.map(({ arguments: [line] }) => String(line));
  assert.equal(lines.length, RETRIES_MAX + 1);
  for (const line of lines) assert.match(line, /user "kim": onLogout failed: Error: the app is down/);
  assert.ok(lines.slice(0, -1).every((line) => line.endsWith("trying again")));
  assert.match(lines[RETRIES_MAX], /not tried again: end the app's sessions by hand$/);
});

test("each logout has a row until the app was told of it, the widest and newest first, and in full, also by another instance", async () => {
  const { rows, alarms, context } = storage();
  const [device, others, one, all, newer] = [
    ...[ended("device", "a", "b"), ended("others", "c"), ended("credential", "d"), ended("all"), ended("others", "e")],
  ];
  const logouts = [device, others, one, all, newer];
  rows.set("session.logout", "not ours");
  const hook = new LogoutHook(context);
  // One instance may have noted several in one millisecond.
  for (const logout of logouts) hook.note(JSON.stringify(logout));
  assert.ok(alarms.length === 5 && alarms.every((time) => time > Date.now()));
  assert.ok([...rows.keys()].slice(1).every((key) => key.startsWith(REPORT_KEY)));
  /** @type {unknown[]} */
  const told = [];
  await new LogoutHook(context).run("kim", 0, async (logout) => void told.push(logout));
  assert.deepEqual(told, [all, newer, others, device, one]);
  assert.deepEqual([...rows.keys()], ["session.logout"]);
});

test("a logout is told although another one fails, once, and one that comes meanwhile is told, too", async (t) => {
  t.mock.method(console, "error", () => {});
  const { rows, context } = storage();
  const hook = new LogoutHook(context);
  hook.note(JSON.stringify(ended("all", "down")));
  hook.note(JSON.stringify(ended("credential", "a")));
  /** @type {string[]} */
  const told = [];
  const tell = async (/** @type {{credentialIds: string[]}} */ { credentialIds: [id] }) => {
    if (id === "down") throw new Error("the app is down");
    if (told.length === 0) hook.note(JSON.stringify(ended("others", "late")));
    told.push(id);
  };
  await assert.rejects(hook.run("kim", 0, tell), /the app is down/);
  assert.deepEqual([told, rows.size], [["a", "late"], 1]);
});

test("an app that is down is not asked about every logout before the next ring", async (t) => {
  t.mock.method(console, "error", () => {});
  const { rows, context } = storage();
  const hook = new LogoutHook(context);
  for (let at = 0; at < 100; at++) hook.note(JSON.stringify(ended("credential", String(at))));
  let calls = 0;
  const fail = async () => {
    calls++;
    throw new Error("the app is down");
  };
  await assert.rejects(hook.run("kim", 0, fail), /the app is down/);
  assert.deepEqual([calls, rows.size], [16, 100]);
});

test("a logout of which the app was told is not told again when another one fails", async (t) => {
  t.mock.method(console, "error", () => {});
  const { rows, context } = storage();
  const hook = new LogoutHook(context);
  for (const id of ["a", "b", "c"]) hook.note(JSON.stringify(ended("credential", id)));
  /** @type {string[]} */
  const told = [];
  const tell = (/** @type {string} */ failing) => async (/** @type {{credentialIds: string[]}} */ logout) => {
    const [id] = logout.credentialIds;
    if (id === failing) throw new Error("the app is down");
    told.push(id);
  };
  await assert.rejects(hook.run("kim", 0, tell("b")), /the app is down/);
  assert.deepEqual([told, rows.size], [["c", "a"], 1]);
  await hook.run("kim", 1, tell("none"));
  assert.deepEqual([told, rows.size], [["c", "a", "b"], 0]);
});
