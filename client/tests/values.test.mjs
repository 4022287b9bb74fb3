/**
 * The user's values: shown at once, sent once, taken back if they are refused, and never undone by somebody else's; with
 * sockets that break when a test says so.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, initialState, olderState, repeated } from "./support/fake-socket.mjs";

/** @import { SessionValue, UserSessionClient } from "user-session-worker/client" */
/** @import { FakeSocket } from "./support/fake-socket.mjs" */

const DONE = { ok: true, credentialShared: false };
const UNKNOWN = { ok: false, code: "unknown", message: "the connection broke before the answer" };

/** Shows the values. @param {UserSessionClient} client */
const shown = (client) => Object.fromEntries(Object.entries(client.getSnapshot().values).map(([key, { value }]) => [key, value]));
/** @param {unknown} value @param {number} version @param {Partial<SessionValue>} [more] */
const entry = (value, version, more) => ({ value, version, isPending: false, error: null, ...more });
/** @param {unknown} now */
const addOne = (now) => Number(now) + 1;

let seq = 1_000;
/** The server tells all of a value. @param {FakeSocket} socket @param {string} key @param {unknown} value @param {number} version */
function tell(socket, key, value, version) {
  const frame = value === undefined ? { type: "value_deleted" } : { type: "value_changed", value };
  socket.receive({ ...frame, key, version, from: "tv", seq: seq++ });
}

/** @param {FakeSocket} socket @param {number} [at] Which request, the last if left out. */
const ack = (socket, at = -1) => socket.receive({ type: "ack", id: socket.requests.at(at).id });

/** Refuses the last request. @param {FakeSocket} socket @param {string} code @param {object} [more] */
const refuse = (socket, code, more) => socket.receive({ type: "error", code, message: code, id: socket.requests.at(-1).id, ...more });

/**
 * A client that knows values.
 * @param {import("node:test").TestContext} t
 * @param {Record<string, [unknown, number]>} [values]
 */
function knowing(t, values = {}) {
  const fake = fakeClient(t);
  fake.client.connect();
  accept(fake.newest(), { values: Object.fromEntries(Object.entries(values).map(([key, [value, version]]) => [key, { value, version }])) });
  /** The connection breaks, and the server brings what was missed. @param {object} [more] */
  const comeBack = (more) => {
    fake.newest().fail();
    fake.page.dispatchEvent(new Event("online"));
    accept(fake.newest(), { epoch: 7, ...more });
  };
  /** Makes the last request one of which nobody knows whether it was done. */
  const loseAnswer = () => {
    comeBack();
    refuse(fake.newest(), "too_old");
  };
  return { ...fake, comeBack, loseAnswer };
}

test("a value that is set shows at once, and stays when it is granted", async (t) => {
  const { client, newest } = knowing(t, { theme: ["light", 5] });
  const outcome = client.values.set("theme", "dark");
  assert.deepEqual(client.values.get("theme"), entry("dark", 5, { isPending: true }));
  const [{ id, ...request }] = newest().requests;
  assert.deepEqual([request, typeof id], [{ type: "set_value", key: "theme", value: "dark" }, "string"]);
  tell(newest(), "theme", "dark", 6);
  ack(newest());
  assert.deepEqual([await outcome, client.values.get("theme")], [DONE, entry("dark", 6)]);
});

test("a value that is deleted is gone at once, and for all who hear of it", async (t) => {
  const { client, newest } = knowing(t, { theme: ["light", 5], size: [1, 6] });
  const outcome = client.values.delete("theme");
  assert.deepEqual(client.values.get("theme"), entry(undefined, 5, { isPending: true }));
  tell(newest(), "theme", undefined, 7);
  ack(newest());
  tell(newest(), "size", undefined, 8);
  assert.deepEqual([await outcome, shown(client), client.values.get("theme")], [DONE, {}, entry(undefined, 0)]);
});

test("a refused value is taken back, and its error shows until it is set again or changes", async (t) => {
  const { client, newest } = knowing(t, { theme: ["light", 5] });
  const outcomes = [client.values.set("theme", "dark"), client.values.set("new", 1)];
  for (const at of [0, 1]) newest().receive({ type: "error", code: "limit_reached", message: "full", id: newest().requests[at].id });
  const error = { code: "limit_reached", message: "full" };
  assert.deepEqual(await Promise.all(outcomes), [{ ok: false, ...error }, { ok: false, ...error }]);
  assert.deepEqual([client.values.get("theme"), client.values.get("new")], [entry("light", 5, { error }), entry(undefined, 0, { error })]);
  tell(newest(), "theme", "blue", 6);
  void client.values.set("new", 2);
  assert.deepEqual([client.values.get("theme"), client.values.get("new")], [entry("blue", 6), entry(2, 0, { isPending: true })]);
});

test("an entry is the same object until it changes, and so are all together: a selector does not render for nothing", (t) => {
  const { client, newest } = knowing(t, { theme: ["light", 5], list: [[1], 6] });
  const before = client.getSnapshot().values;
  newest().receive({ type: "presence_updated", presence: "away", seq: 11 });
  void client.joinGame("go");
  assert.equal(client.getSnapshot().values, before);
  void client.values.set("list", (/** @type {unknown} */ now) => [.../** @type {number[]} */ (now), 2]);
  const pending = client.getSnapshot().values;
  void client.joinGame("chess");
  newest().receive({ type: "presence_updated", presence: "online", seq: 12 });
  assert.deepEqual(pending["list"]?.value, [1, 2]);
  assert.equal(client.getSnapshot().values, pending);
  assert.equal(pending["theme"], before["theme"]);
});

test("whatever an object has by itself is no value, and any text is a key", (t) => {
  const fake = fakeClient(t);
  fake.client.connect();
  fake.newest().open();
  const text = JSON.stringify({ ...initialState(), values: { place: 1 } });
  fake.newest().onmessage?.({ data: text.replace('{"place":1}', '{"__proto__":{"value":1,"version":5},"constructor":{"value":2,"version":6}}') });
  const { values } = fake.client;
  assert.deepEqual(["__proto__", "constructor", "toString"].map((key) => values.get(key).value), [1, 2, undefined]);
  void values.set("__proto__", 3);
  assert.deepEqual([Object.keys(fake.client.getSnapshot().values), values.get("__proto__").value], [["__proto__", "constructor"], 3]);
});

test("a slider does not queue a thousand requests: what was not sent yet is replaced, and its promise says so", async (t) => {
  const { client, newest } = knowing(t);
  const outcomes = Array.from({ length: 1_000 }, (_, at) => client.values.set("volume", at));
  assert.deepEqual([newest().requests.length, client.getSnapshot().pendingRequests, client.values.get("volume").value], [1, 2, 999]);
  ack(newest());
  ack(newest());
  assert.deepEqual(newest().requests.map(({ value }) => value), [0, 999]);
  const told = await Promise.all(outcomes);
  assert.deepEqual([told[0], told[1], told[998], told[999]], [DONE, { ...DONE, replaced: true }, { ...DONE, replaced: true }, DONE]);
});

test("what depends on the value before it is never replaced, and neither is what it depends on", (t) => {
  const { client, newest } = knowing(t, { n: [0, 5] });
  newest().fail();
  void client.values.set("n", 10);
  void client.values.set("n", addOne);
  void client.values.set("n", addOne);
  void client.values.set("n", 20, { ifVersion: 5 });
  void client.values.set("n", 30);
  assert.equal(client.getSnapshot().pendingRequests, 5);
});

test("two devices that each add one make two: what is refused is made anew of the value that there is", async (t) => {
  const { client, newest } = knowing(t, { n: [5, 50] });
  const outcome = client.values.set("n", addOne);
  const { id: first, ...asked } = newest().requests[0];
  assert.deepEqual([asked, client.values.get("n").value], [{ type: "set_value", key: "n", value: 6, ifVersion: 50 }, 6]);
  tell(newest(), "n", 6, 51);
  refuse(newest(), "conflict", { key: "n", version: 51, value: 6 });
  assert.equal(client.values.get("n").value, 7);
  const { id, ...again } = newest().requests[1];
  assert.deepEqual([again, id === first], [{ type: "set_value", key: "n", value: 7, ifVersion: 51 }, false]);
  assert.equal(client.getSnapshot().error, null, "nothing was refused for good");
  tell(newest(), "n", 7, 52);
  ack(newest());
  assert.deepEqual([await outcome, client.values.get("n")], [DONE, entry(7, 52)]);
});

test("what a function has made shows once: the server tells of it before it answers, and an addition must not jump to and fro", (t) => {
  const { client, newest, comeBack } = knowing(t, { n: [5, 50] });
  const seen = new Set();
  client.subscribe(() => seen.add(client.values.get("n").value));
  void client.values.set("n", addOne);
  void client.values.set("n", addOne);
  for (const [value, version] of /** @type {const} */ ([[6, 51], [7, 52]])) {
    tell(newest(), "n", value, version);
    ack(newest());
  }
  void client.values.set("n", addOne);
  comeBack({ reset: true, values: { n: { value: 8, version: 53 } } });
  ack(newest());
  assert.deepEqual([[...seen], client.values.get("n")], [[6, 7, 8], entry(8, 53)]);
});

test("a function makes the next value also where another device has made the same of the one before", (t) => {
  const { client, newest } = knowing(t, { on: [false, 50] });
  void client.values.set("on", (/** @type {unknown} */ now) => !now);
  tell(newest(), "on", true, 51);
  assert.deepEqual(client.values.get("on"), entry(true, 51, { isPending: true }));
  refuse(newest(), "conflict", { key: "on", version: 51, value: true });
  assert.deepEqual([client.values.get("on").value, newest().requests[1].value], [false, false]);
});

test("the value that a conflict tells is what counts, whether or not it was told before", (t) => {
  const { client, newest } = knowing(t, { n: [5, 50] });
  void client.values.set("n", addOne, { fallback: 100 });
  refuse(newest(), "conflict", { key: "n", version: 51, value: 8 });
  assert.deepEqual([newest().requests[1].value, newest().requests[1].ifVersion], [9, 51]);
  refuse(newest(), "conflict", { key: "n", version: 0 });
  assert.deepEqual([newest().requests[2].value, newest().requests[2].ifVersion], [101, 0]);
});

test("what was asked an hour offline is made of the value that there is then, one after the other", (t) => {
  const { client, newest, comeBack } = knowing(t, { n: [5, 50] });
  newest().fail();
  void client.values.set("n", addOne);
  void client.values.set("n", addOne);
  assert.deepEqual(client.values.get("n"), entry(7, 50, { isPending: true }));
  t.mock.timers.tick(10_000);
  comeBack({ reset: true, values: { n: { value: 20, version: 70 } } });
  assert.equal(client.values.get("n").value, 22);
  assert.deepEqual(newest().requests.map(({ value, ifVersion }) => [value, ifVersion]), [[21, 70]]);
  tell(newest(), "n", 21, 71);
  ack(newest());
  assert.deepEqual(newest().requests.map(({ value, ifVersion }) => [value, ifVersion]), [[21, 70], [22, 71]]);
});

test("a lost answer makes no third: the same request is repeated, to the letter, whatever the value is meanwhile", async (t) => {
  const { client, newest, comeBack } = knowing(t, { n: [5, 50] });
  const outcome = client.values.set("n", addOne);
  const [request] = newest().requests;
  comeBack({ reset: true, values: { n: { value: 6, version: 51 } } });
  assert.deepEqual(newest().requests, [repeated(request)]);
  newest().receive({ type: "ack", id: request.id, repeated: true });
  assert.deepEqual([(await outcome).ok, client.values.get("n")], [true, entry(6, 51)]);
});

test("if nobody knows whether an addition was done, it is done where the value is still the one before", async (t) => {
  const { client, newest, loseAnswer } = knowing(t, { n: [5, 50] });
  const outcome = client.values.set("n", addOne);
  loseAnswer();
  assert.deepEqual(newest().requests.slice(1).map(({ value, ifVersion, again }) => [value, ifVersion, again]), [[6, 50, undefined]]);
  ack(newest());
  assert.deepEqual(await outcome, DONE);
});

test("if nobody knows whether an addition was done and the value is another, it is not added again, and the app is told", async (t) => {
  const { client, newest, loseAnswer } = knowing(t, { n: [5, 50] });
  const outcome = client.values.set("n", addOne);
  loseAnswer();
  tell(newest(), "n", 6, 51);
  refuse(newest(), "conflict", { key: "n", version: 51, value: 6 });
  assert.deepEqual([await outcome, newest().requests.length, client.values.get("n")], [UNKNOWN, 2, entry(6, 51, { error: { code: "unknown", message: UNKNOWN.message } })]);
});

test("if nobody knows whether a setting was made, it is made only where nobody has changed the value since", async (t) => {
  for (const [value, outcome] of /** @type {const} */ ([["dark", DONE], ["blue", UNKNOWN]])) {
    await t.test(`the value is ${value}`, async (t) => {
      const { client, newest, loseAnswer } = knowing(t, { theme: ["light", 50] });
      const told = client.values.set("theme", "dark");
      loseAnswer();
      assert.deepEqual(newest().requests.slice(1).map(({ value, ifVersion }) => [value, ifVersion]), [["dark", 50]]);
      refuse(newest(), "conflict", { key: "theme", version: 51, value });
      assert.deepEqual([await told, client.values.get("theme").value, newest().requests.length], [outcome, value, 2]);
    });
  }
});

test("with ifVersion a value of another version is a conflict, which nobody makes good", async (t) => {
  const { client, newest } = knowing(t, { draft: ["a", 50] });
  const outcomes = [client.values.set("draft", "b", { ifVersion: 49 }), client.values.delete("draft", { ifVersion: 49 })];
  assert.equal(newest().requests[0].ifVersion, 49);
  for (const at of [0, 1]) newest().receive({ type: "error", code: "conflict", message: "no", key: "draft", version: 50, value: "a", id: newest().requests[at].id });
  for (const outcome of outcomes) assert.deepEqual(await outcome, { ok: false, code: "conflict", message: "no" });
  assert.deepEqual(client.values.get("draft").error, { code: "conflict", message: "no" });
  assert.equal(client.getSnapshot().error, "no");
});

test("with ifVersion a function is called for that version alone: what the app names is never another's", async (t) => {
  const { client, newest } = knowing(t, { draft: ["a", 50] });
  const outcome = client.values.set("draft", (/** @type {unknown} */ now) => `${now}b`, { ifVersion: 49 });
  assert.equal(newest().requests[0].ifVersion, 49);
  refuse(newest(), "conflict", { key: "draft", version: 50, value: "a" });
  assert.equal(newest().requests.length, 1);
  assert.deepEqual(await outcome, { ok: false, code: "conflict", message: "conflict" });
  void client.values.set("draft", (/** @type {unknown} */ now) => `${now}b`, { ifVersion: 50 });
  assert.deepEqual([newest().requests[1].ifVersion, newest().requests[1].value], [50, "ab"]);
});

test("who comes back is brought the changes alone, and keeps the rest; who starts over gets all", (t) => {
  const { client, newest, comeBack } = knowing(t, { a: [1, 50], b: [2, 51] });
  const { b } = client.getSnapshot().values;
  comeBack();
  assert.deepEqual(shown(client), { a: 1, b: 2 });
  tell(newest(), "a", 3, 60);
  assert.deepEqual(shown(client), { a: 3, b: 2 });
  comeBack({ reset: true, values: { b: { value: 2, version: 51 } } });
  assert.deepEqual(shown(client), { b: 2 });
  assert.equal(client.getSnapshot().values["b"], b);
  newest().receive({ type: "state", userId: "kim", activeGames: [], presence: "online", lastActive: 2, values: {}, epoch: 9, seq: 2_000 });
  assert.deepEqual(shown(client), {});
});

test("what JSON can't say is refused at once, and so is what a function makes of it", async (t) => {
  const { client, newest } = knowing(t, { n: [1, 5] });
  const { values } = client;
  /** @type {any} */
  const ring = {};
  ring.ring = ring;
  const fails = () => {
    throw new Error("no");
  };
  for (const next of [undefined, 1n, Symbol(), ring, () => undefined, fails]) {
    const outcome = await values.set("n", next);
    assert.equal(!outcome.ok && outcome.code, "invalid_message");
  }
  assert.deepEqual([newest().requests, client.getSnapshot().pendingRequests, values.get("n")], [[], 0, entry(1, 5)]);
});

test("a function that fails at the value that it turns out to be ends its request, and no other", async (t) => {
  const { client, newest } = knowing(t, { n: [1, 5] });
  const next = (/** @type {any} */ now) => now.toFixed();
  const outcomes = [client.values.set("n", next), client.values.set("m", 1)];
  newest().receive({ type: "error", code: "conflict", message: "no", key: "n", version: 6, value: "text", id: newest().requests[0].id });
  const [failed] = await Promise.all(outcomes.slice(0, 1));
  assert.deepEqual([failed?.ok, !failed?.ok && failed?.code, client.values.get("n").value], [false, "invalid_message", "text"]);
  assert.equal(client.values.get("m").isPending, true);
});

test("before the values are known none is shown, and a function gets the one that there is", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  void client.values.set("n", (/** @type {any} */ now) => now.valueOf() + 1);
  assert.deepEqual([shown(client), client.values.get("n")], [{}, entry(undefined, 0)]);
  accept(newest(), { values: { n: { value: 5, version: 50 } } });
  assert.deepEqual([client.values.get("n").value, newest().requests[0].value], [6, 6]);
});

test("a server of version 1 has no values, and none is asked for", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  newest().open("");
  newest().receive(olderState());
  const outcomes = [client.values.set("a", 1), client.values.set("a", addOne), client.values.delete("b")];
  for (const outcome of await Promise.all(outcomes)) assert.equal(!outcome.ok && outcome.code, "unsupported");
  assert.deepEqual([newest().requests, client.values.get("a").value], [[], undefined]);
});
