/** The user's values in tabs that share a socket: the same in all, whoever sets them and whichever tab has the socket. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, initialState, repeated } from "./support/fake-socket.mjs";
import { connectAll, leadAlone, quiet, tabs, until, untilIs } from "./support/tabs.mjs";

const DONE = { ok: true, credentialShared: false };

/** @param {unknown} now */
const addOne = (now) => Number(now) + 1;

/** @param {string} key @param {unknown} value @param {number} version @param {number} seq */
const changed = (key, value, version, seq) => ({ type: "value_changed", key, value, version, from: null, seq });

/** Tabs of which the first leads, and knows values. @param {import("node:test").TestContext} t @param {number} count */
async function knowing(t, count) {
  const given = tabs(t, count);
  const [leader, ...others] = given.clients;
  leader?.connect();
  await until("the leader's socket", () => given.sockets.length === 1);
  accept(given.newest(), { values: { n: { value: 5, version: 50 }, gone: { value: 1, version: 51 } } });
  for (const client of others) client.connect();
  for (const client of others) await untilIs(client, "connected");
  const valuesOf = (/** @type {string} */ key) => given.clients.map((client) => client.values.get(key).value);
  return { ...given, valuesOf };
}

test("a tab that joins has all values, and each hears of what changes", async (t) => {
  const { newest, valuesOf, clients } = await knowing(t, 3);
  assert.deepEqual(valuesOf("n"), [5, 5, 5]);
  newest().receive(changed("n", 6, 60, 11));
  newest().receive({ type: "value_deleted", key: "gone", version: 61, from: null, seq: 12 });
  await until("the change", () => clients.every((client) => !("gone" in client.getSnapshot().values)));
  assert.deepEqual(valuesOf("n"), [6, 6, 6]);
});

test("an error of one tab is no value for another that joins", async (t) => {
  const given = await knowing(t, 1);
  const outcome = given.client.values.set("new", 1);
  given.newest().receive({ type: "error", code: "limit_reached", message: "full", id: given.newest().requests[0].id });
  assert.equal((await outcome).ok, false);
  const joined = given.another();
  joined.connect();
  await untilIs(joined, "connected");
  assert.deepEqual(Object.keys(joined.getSnapshot().values), ["n", "gone"]);
});

test("what a tab without the socket adds is made of the newest value, and made anew on a conflict", async (t) => {
  const { newest, clients, valuesOf } = await knowing(t, 2);
  const outcome = clients[1]?.values.set("n", addOne);
  assert.deepEqual(valuesOf("n"), [5, 6]);
  await until("the request", () => newest().requests.length === 1);
  newest().receive(changed("n", 6, 60, 11));
  newest().receive({ type: "error", code: "conflict", message: "no", key: "n", version: 60, value: 6, id: newest().requests[0].id });
  await until("the next request", () => newest().requests.length === 2);
  const [, { value, ifVersion, id }] = newest().requests;
  assert.deepEqual([value, ifVersion], [7, 60]);
  newest().receive(changed("n", 7, 61, 12));
  newest().receive({ type: "ack", id });
  assert.deepEqual([await outcome, valuesOf("n")], [DONE, [7, 7]]);
});

test("when another tab takes the lead it repeats what had no answer, and makes nothing anew that may be done", async (t) => {
  const { clients, newest, sockets } = await knowing(t, 2);
  const [leader, tab] = clients;
  const outcome = tab?.values.set("n", addOne);
  await until("the request", () => newest().requests.length === 1);
  await quiet();
  const [request] = newest().requests;
  leader?.close();
  await until("the next socket", () => sockets.length === 2);
  accept(newest());
  newest().receive(changed("n", 6, 60, 11));
  assert.deepEqual(newest().requests, [repeated(request)]);
  newest().receive({ type: "ack", id: request.id, repeated: true });
  assert.equal((await outcome)?.ok, true);
  assert.equal(tab?.values.get("n").value, 6);
});

test("a tab that joins while the one that leads catches up misses none of what is still to come to that", async (t) => {
  const given = tabs(t, 1);
  const { welcome, tell } = leadAlone(t, given.name);
  given.client.connect();
  await welcome([initialState({ seq: 20, values: { n: { value: 5, version: 50 } } })]);
  await untilIs(given.client, "connected");
  tell(changed("n", 6, 60, 15));
  await until("the change", () => given.client.values.get("n").value === 6);
  tell(changed("n", 5, 50, 12));
  tell(changed("m", 1, 70, 21));
  await until("the last", () => given.client.values.get("m").value === 1);
  assert.equal(given.client.values.get("n").value, 6, "what is older is no news");
});

test("all tabs show the same messages, whoever marks them as read", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [leader, tab] = given.clients;
  const expiresAt = 10_000_000;
  for (const inbox of [5, 6]) given.newest().receive({ type: "push", inbox, expiresAt, body: { type: "news" } });
  const listOf = (/** @type {typeof tab} */ client) => client?.getSnapshot().messages.map(({ inbox }) => inbox);
  await until("the messages", () => listOf(tab)?.length === 2);
  const outcome = tab?.markRead(5);
  assert.deepEqual([listOf(leader), listOf(tab)], [[5, 6], [6]]);
  await until("the request", () => given.newest().requests.length === 1);
  given.newest().receive({ type: "inbox_read", inbox: 5, unread: 1, seq: 11 });
  given.newest().receive({ type: "ack", id: given.newest().requests[0].id });
  assert.deepEqual([await outcome, listOf(leader), listOf(tab)], [DONE, [6], [6]]);
  const joined = given.another();
  joined.connect();
  await untilIs(joined, "connected");
  assert.deepEqual(listOf(joined), [6]);
});
