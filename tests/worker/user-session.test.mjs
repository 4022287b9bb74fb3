/** Which calls the helper makes twice: none that may have been done, unless doing it twice is the same. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { defineSession, type } from "../../client/dist/session.js";

// Their types are the Workers runtime's, and not known here.
const [{ userSession }, { RESTART_REASON }, { NO_NAME, OLD_TOOLS }] = await Promise.all(
  ["user-session", "forward", "common/requirements"].map((name) => import(`../../worker/${name}.js`)),
);

const METHODS = [
  ...["getState", "getDevices", "getMetrics", "export", "push", "joinGame", "leaveGame", "clear"],
  ...["getValues", "setValue", "deleteValue", "logoutDevice", "logoutCredential", "logoutOthers", "logoutAll"],
];

const restarted = () => new Error(RESTART_REASON);
const transient = () => Object.assign(new Error("Network connection lost."), { retryable: true });
const overloaded = () => Object.assign(transient(), { overloaded: true });
const ours = () => new Error("the session could not do it: nothing was done");

/**
 * A binding whose stubs fail in turn and then answer.
 * @param {Error[]} failures
 */
function binding(...failures) {
  /** @type {string[]} */
  const names = [];
  let stubs = 0;
  let calls = 0;
  const get = () => {
    const number = ++stubs;
    const answer = async (/** @type {any[]} */ ...args) => {
      const failure = failures[calls++];
      if (failure) throw failure;
      return { number, args };
    };
    return new Proxy({}, { get: (_, name) => (name === "then" ? undefined : answer) });
  };
  const idFromName = (/** @type {string} */ name) => names.push(name);
  const env = { USER_SESSION_DO: { get, idFromName } };
  return { env, names, calls: () => calls };
}

test("every method of the object can be called, and a user's object is found by its name", async () => {
  const { env, names } = binding();
  const session = userSession(env, "kim");
  assert.deepEqual(Object.keys(session).sort(), METHODS.toSorted());
  assert.deepEqual(await session.joinGame("chess"), { number: 1, args: ["chess"] });
  assert.deepEqual(await session.push({ type: "a" }, { keep: 1 }), { number: 1, args: [{ type: "a" }, { keep: 1 }] });
  assert.deepEqual(names, ["kim"]);
});

for (const method of METHODS) {
  test(`${method} is done although the object has restarted, now and the next time`, async () => {
    const { env, calls } = binding(restarted());
    const call = userSession(env, "kim")[method];
    assert.deepEqual(await call("x"), { number: 2, args: ["x"] });
    assert.deepEqual(await call("y"), { number: 2, args: ["y"] });
    assert.equal(calls(), 3);
  });

  test(`${method} that fails for another reason says so, and the next call is none the worse`, async () => {
    for (const error of [ours(), overloaded(), new TypeError("x")]) {
      const { env, calls } = binding(error);
      const call = userSession(env, "kim")[method];
      await assert.rejects(call("x", { pushId: "p" }), error);
      assert.equal(calls(), 1);
      assert.deepEqual((await call("y")).number, 2);
    }
  });

  // A device or credential that has left can't come back, so ending it twice ends no more.
  const isHarmless = method.startsWith("get") || ["export", "logoutDevice", "logoutCredential"].includes(method);
  test(`${method} that may have been done is ${isHarmless ? "done" : "not done"} again`, async () => {
    const { env, calls } = binding(transient());
    const answer = userSession(env, "kim")[method]("x");
    if (isHarmless) assert.equal((await answer).number, 2);
    else await assert.rejects(answer, /connection lost/);
    assert.equal(calls(), isHarmless ? 2 : 1);
  });
}

test("a push with an id may be made twice, since it is delivered once", async () => {
  const { env } = binding(transient());
  assert.equal((await userSession(env, "kim").push({ type: "a" }, { pushId: "p" })).number, 2);
});

test("a push by the name of the app's definition is the push of that message, and made twice if it has an id", async () => {
  const session = defineSession({ pushes: { note: type() } });
  const { env } = binding(transient());
  const { push } = userSession(env, "kim", { session });
  const options = { pushId: "p" };
  assert.deepEqual(await push("note", { text: "x" }, options), { number: 2, args: [{ type: "note", text: "x" }, options] });
  assert.deepEqual((await push("note")).args, [{ type: "note" }]);
  assert.deepEqual((await push("note", { type: "other" })).args, [{ type: "note" }]);
  for (const args of [[{ type: "note" }, options], [{ type: "other" }], ["other", options], ['{"type":"note"}']]) {
    assert.deepEqual((await push(...args)).args, args, "as it was given");
  }
  assert.deepEqual((await userSession(env, "kim").push("note", options)).args, ["note", options]);
});

test("a call is made twice at most", async () => {
  const { env, calls } = binding(restarted(), restarted(), restarted());
  await assert.rejects(userSession(env, "kim").getState(), new RegExp(RESTART_REASON));
  assert.equal(calls(), 2);
});

test("a call that has failed twice leaves the next one a stub of its own", async () => {
  const { env } = binding(restarted(), ours());
  const session = userSession(env, "kim");
  await assert.rejects(session.joinGame("chess"), ours());
  assert.deepEqual(await session.joinGame("chess"), { number: 3, args: ["chess"] });
});

test("a runtime that is too old is named, also when it is met at the second attempt", async () => {
  const { env } = binding(restarted(), new Error(NO_NAME));
  await assert.rejects(userSession(env, "kim").getState(), { message: OLD_TOOLS });
});

test("half a character in a user's id is read as in an address, so that both find the same user", () => {
  const { env, names } = binding();
  userSession(env, "kim \ud83d");
  assert.deepEqual(names, [new URLSearchParams({ userId: "kim \ud83d" }).get("userId")]);
});

test("a method of the app's own class can be called, too", async () => {
  const { env } = binding(restarted());
  assert.deepEqual(await userSession(env, "kim", { own: ["reconcile"] }).reconcile(7), { number: 2, args: [7] });
});

test("a user's id that is none, and an environment without the binding, are named", () => {
  const { env, names } = binding();
  for (const userId of [undefined, null, "", 7, ["kim"], {}, "x".repeat(1_025), "é".repeat(513)]) {
    assert.throws(() => userSession(env, userId), { name: "TypeError", message: /^userId: / });
  }
  for (const other of [undefined, null, {}, { USER_SESSION_DO: "x" }]) {
    assert.throws(() => userSession(other, "kim"), { name: "TypeError", message: /USER_SESSION_DO/ });
  }
  assert.deepEqual(names, []);
});
