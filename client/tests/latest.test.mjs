/** Events of which only the newest counts, as of a cursor. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, initialState, olderState } from "./support/fake-socket.mjs";
import { leadAlone, quiet, tabs, until, untilIs } from "./support/tabs.mjs";

const DONE = { ok: true, credentialShared: false };
const REPLACED = { ...DONE, replaced: true };
const latest = { latest: true };

test("while one waits that was not sent it is replaced, and its promise says so: offline at most the newest waits", async (t) => {
  const { client, newest, page } = fakeClient(t);
  client.connect();
  accept(newest());
  newest().fail();
  const outcomes = Array.from({ length: 300 }, (_, x) => client.publish("cursor", { x }, latest));
  const others = [client.publish("move", 1), client.publish("cursor", 2, { latest: true, to: ["tv"] }), client.publish("pen", 3, latest)];
  assert.equal(client.getSnapshot().pendingRequests, 4);
  page.dispatchEvent(new Event("online"));
  accept(newest());
  assert.deepEqual(newest().requests.map((request) => ({ ...request, id: undefined })), [
    { id: undefined, type: "broadcast", event: "cursor", data: { x: 299 }, latest: true },
    { id: undefined, type: "broadcast", event: "move", data: 1 },
    { id: undefined, type: "broadcast", event: "cursor", data: 2, latest: true, to: ["tv"] },
    { id: undefined, type: "broadcast", event: "pen", data: 3, latest: true },
  ]);
  for (const { id } of newest().requests) newest().receive({ type: "ack", id });
  const told = await Promise.all([...outcomes, ...others]);
  assert.deepEqual(told.slice(-5), [REPLACED, DONE, DONE, DONE, DONE]);
});

test("sixty a second are sent as the limits allow, each the newest of its time, and none is more than 100 ms behind", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  /** Each moment was so many milliseconds behind the newest. @type {number[]} */
  const behind = [];
  let answered = 0;
  /** @type {Map<number, number>} */
  const published = new Map();
  const begun = Date.now();
  for (let n = 0; n < 720; n++) {
    void client.publish("cursor", n, latest);
    published.set(n, Date.now());
    t.mock.timers.tick(n % 3 ? 17 : 16);
    const sent = newest().requests;
    const waiting = published.get(sent.at(-1).data + 1);
    if (waiting !== undefined) behind.push(Date.now() - waiting);
    for (; answered < sent.length; answered++) newest().receive({ type: "ack", id: sent[answered].id });
  }
  const sent = newest().requests.map(({ data }) => data);
  const seconds = (Date.now() - begun) / 1_000;
  assert.ok(sent.length <= 30 + 20 * seconds, `${sent.length} in ${seconds} s`);
  assert.ok(Math.max(...behind) <= 100, `${Math.max(...behind)} ms behind`);
  assert.deepEqual(sent, [...sent].sort((a, b) => a - b));
});

test("one that the server fails to do or refuses for now is not repeated behind a newer one: a cursor would jump back", async (t) => {
  for (const code of ["internal", "rate_limited"]) {
    await t.test(code, async (t) => {
      const { client, newest } = fakeClient(t);
      client.connect();
      accept(newest());
      const sent = () => newest().requests.map(({ data, again = false }) => [data, again]);
      const refuse = (/** @type {number} */ at) =>
        newest().receive({ type: "error", code, message: code, retryAfterMs: 1, id: newest().requests[at].id });
      const outcomes = [client.publish("cursor", 1, latest), client.publish("cursor", 2, latest)];
      refuse(0);
      refuse(1);
      assert.deepEqual(await outcomes[0], REPLACED);
      outcomes.push(client.publish("cursor", 3, latest));
      assert.deepEqual(await outcomes[1], REPLACED);
      t.mock.timers.tick(10_000);
      newest().receive({ type: "ack", id: newest().requests.at(-1).id });
      assert.deepEqual([sent(), await outcomes[2]], [[[1, false], [2, false], [3, false]], DONE]);
    });
  }
});

test("what a broken connection leaves open is not repeated either once there is a newer one", async (t) => {
  const { client, newest, page } = fakeClient(t);
  client.connect();
  accept(newest());
  const first = client.publish("cursor", 1, latest);
  newest().fail();
  void client.publish("cursor", 2, latest);
  page.dispatchEvent(new Event("online"));
  accept(newest());
  assert.deepEqual([newest().requests.map(({ data }) => data), await first], [[2], REPLACED]);
});

test("where another tab sends it and has no room yet the newest waits, and no row of older ones before it", async (t) => {
  const given = tabs(t, 1);
  const { welcome, say, heardOf } = leadAlone(t, given.name);
  given.client.connect();
  await welcome([initialState()]);
  await untilIs(given.client, "connected");
  const outcomes = [1, 2, 3].map((n) => given.client.publish("cursor", n, latest));
  const asked = () => heardOf("ask").map(({ text }) => JSON.parse(text).data);
  await until("the first", () => asked().length === 1);
  await quiet();
  assert.deepEqual([asked(), await outcomes[1]], [[1], REPLACED]);
  say({ kind: "sent", key: heardOf("ask")[0].key, id: "other.1" });
  await until("the newest", () => asked().length === 2);
  assert.deepEqual(asked(), [1, 3]);
});

test("a server of version 1 gets it as any other event", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  newest().open("");
  newest().receive(olderState());
  assert.deepEqual(await client.publish("cursor", 1, latest), DONE);
  assert.equal(newest().requests[0].event, "cursor");
});
