/** A client whose messages an app has defined: what does not fit is neither sent nor handed on. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { typedClient } from "user-session-worker/client";

import { session } from "../../tests/support/definition.mjs";
import { accept, fakeClient, settled } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */
/** @import { InvalidMessage } from "user-session-worker/client" */

/** @param {TestContext} t @param {object} [first] */
function typedFake(t, first = {}) {
  const fake = fakeClient(t);
  /** @type {InvalidMessage[]} */
  const invalid = [];
  const typed = typedClient(session, fake.client, { onInvalid: (told) => invalid.push(told) });
  fake.client.connect();
  accept(fake.newest(), first);
  return { ...fake, typed, invalid };
}

/** The outcome of what is refused before it is sent: at once, since nobody answers here. @param {Promise<any>} asked */
const atOnce = (asked) => Promise.race([asked, settled().then(() => assert.fail("it waits for an answer, so it was sent"))]);

test("an event that does not fit is not sent, and says where; one that fits goes as it was given", async (t) => {
  const { typed, newest } = typedFake(t);
  const { code, message } = await atOnce(typed.publish("move", { from: "z9" }));
  assert.equal(code, "invalid_message");
  assert.match(message, /^data\.from: /);
  assert.deepEqual(newest().requests, []);
  void typed.publish("move", { from: "e2", at: "2026-01-01" }, { except: ["self"] });
  void typed.publish("wave");
  const [move, wave] = newest().requests;
  assert.deepEqual([move.event, move.data, move.except], ["move", { from: "e2", at: "2026-01-01" }, ["self"]]);
  assert.equal(wave.event, "wave");
});

test("a listener gets what the schema makes of an event, and nothing of one that does not fit", async (t) => {
  const { typed, newest, invalid } = typedFake(t);
  /** @type {unknown[]} */
  const heard = [];
  const stops = [typed.onEvent("move", ({ data }) => heard.push(data)), typed.onEvent("move", () => {})];
  await settled();
  newest().receive({ type: "event", event: "move", data: { from: "z9" }, from: "x", seq: 11 });
  newest().receive({ type: "event", event: "move", data: { from: "e2", at: "2026-01-01" }, from: "x", seq: 12 });
  assert.deepEqual(heard, [{ from: "e2", at: new Date("2026-01-01") }]);
  await settled();
  assert.deepEqual(invalid.map(({ part, name, path, value }) => ({ part, name, path, value })), [
    { part: "events", name: "move", path: "data.from", value: { from: "z9" } },
  ]);
  for (const stop of stops) stop();
  newest().receive({ type: "event", event: "move", data: { from: "e4" }, from: "x", seq: 13 });
  assert.equal(heard.length, 1);
});

test("a push is checked without its type, and an event of a push's name as that push", async (t) => {
  const { typed, newest, invalid } = typedFake(t);
  /** @type {unknown[]} */
  const heard = [];
  typed.onEvent("alone", ({ data }) => heard.push(data));
  newest().receive({ type: "push", body: { type: "alone" }, seq: 11 });
  newest().receive({ type: "push", body: { type: "alone", more: 1 }, seq: 12 });
  newest().receive({ type: "event", event: "alone", data: 7, from: "x", seq: 13 });
  assert.deepEqual(heard, [{}, {}]);
  await settled();
  assert.deepEqual(invalid.map(({ part, path }) => [part, path]), [["pushes", "body"]]);
});

test("a value that does not fit is not set, also if a function makes it, and not read", async (t) => {
  const { typed, newest, client, invalid } = typedFake(t, { values: { theme: { value: "blue", version: 3 } } });
  assert.deepEqual([typed.values.get("theme").value, typed.values.get("theme").version], [undefined, 3]);
  assert.equal(invalid.length, 0, "a component may be rendering");
  await settled();
  assert.equal(invalid.length, 1, "a value is told of once");
  /** @type {unknown[]} */
  const given = [];
  /** @param {unknown} now @returns {any} */
  const toBlue = (now) => {
    given.push(now);
    return "blue";
  };
  for (const asked of [typed.values.set("theme", /** @type {any} */ ("blue")), typed.values.set("theme", toBlue, { fallback: "light" })]) {
    const { code, message } = await atOnce(asked);
    assert.equal(code, "invalid_message");
    assert.match(message, /^value: /);
  }
  assert.deepEqual([...new Set(given)], ["light"], "a function gets what fits");
  assert.deepEqual(newest().requests, []);
  void typed.values.set("theme", "dark", { ifVersion: 3 });
  assert.equal(typed.values.get("theme").value, "dark");
  assert.equal(client.values.get("theme").value, "dark");
  assert.deepEqual(newest().requests.map(({ type, value, ifVersion }) => [type, value, ifVersion]), [["set_value", "dark", 3]]);
  void typed.values.delete("theme");
  assert.equal(client.values.get("theme").value, undefined);
});

test("without onInvalid the console has one warning for each name", async (t) => {
  const { client, newest } = fakeClient(t);
  const warn = t.mock.method(console, "warn", () => {});
  const typed = typedClient(session, client);
  client.connect();
  accept(newest());
  typed.onEvent("move", () => assert.fail("it does not fit"));
  for (const seq of [11, 12]) newest().receive({ type: "event", event: "move", data: seq, from: "x", seq });
  await settled();
  assert.equal(warn.mock.callCount(), 1);
  assert.match(String(warn.mock.calls[0]?.arguments[0]), /"move" does not fit events\.move, and was not handed on: data: /);
});
