/** Listeners that are added late, as React's effects are: each gets what nobody has heard, or is told to read it again. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, olderState, settled } from "./support/fake-socket.mjs";
import { bring, connect, newClient, placeAfterBreak, state } from "./support/inbox.mjs";

/** @import { TestContext } from "node:test" */

/** @typedef {ReturnType<typeof fakeClient>} Fake */

/** A client to which nobody listens, that has its first frame. @param {TestContext} t */
function unheardClient(t) {
  const fake = fakeClient(t);
  for (const stop of fake.stops) stop();
  fake.client.connect();
  accept(fake.newest());
  return fake;
}

/** @param {Fake} fake @param {string} name @param {number} seq */
function event({ newest }, name, seq) {
  newest().receive({ type: "event", event: name, data: seq, from: "x", seq });
}

/** @param {Pick<Fake, "client">} fake */
function countResets({ client }) {
  const count = { resets: 0 };
  client.on("reset", () => count.resets++);
  return count;
}

/** @type {Record<string, (client: Fake["client"], heard: unknown[]) => void>} */
const WAYS = {
  "to its name": (client, heard) => client.onEvent("move", ({ data }) => heard.push(data)),
  "to all events": (client, heard) => client.on("event", ({ event: { data } }) => heard.push(data)),
};
for (const [what, listen] of Object.entries(WAYS)) {
  for (const isFirst of [true, false]) {
    test(`who listens ${what} after an event came is told to read again, whether onReset is added ${isFirst ? "before" : "after"} it`, async (t) => {
      const fake = unheardClient(t);
      /** @type {unknown[]} */
      const heard = [];
      event(fake, "move", 11);
      const first = isFirst ? countResets(fake) : null;
      listen(fake.client, heard);
      const count = first ?? countResets(fake);
      assert.deepEqual(heard, [], "nothing is told before it is added");
      await settled();
      assert.equal(count.resets, 1);
      event(fake, "move", 12);
      listen(fake.client, []);
      await settled();
      assert.deepEqual([heard, count.resets], [[12], 1], "what was heard is not missed");
    });
  }
}

test("who listens to one event is not told to read again over others, which the app may not care for", async (t) => {
  const fake = unheardClient(t);
  const count = countResets(fake);
  event(fake, "typing", 11);
  fake.client.onEvent("move", () => {});
  await settled();
  assert.equal(count.resets, 0);
  fake.client.onEvent("typing", () => {});
  await settled();
  assert.equal(count.resets, 1);
});

test("a second component that comes later is told of what came while the first did not listen to it", async (t) => {
  const fake = unheardClient(t);
  const count = countResets(fake);
  const stop = fake.client.onEvent("move", () => {});
  event(fake, "move", 11);
  stop();
  fake.client.onEvent("move", () => {});
  await settled();
  assert.equal(count.resets, 0);
  fake.client.onEvent("score", () => {});
  event(fake, "score", 12);
  event(fake, "chat", 13);
  fake.client.onEvent("chat", () => {});
  await settled();
  assert.equal(count.resets, 1);
});

test("a reset that came before its listener is told to it once, or a page that starts with lost messages shows old ones", async (t) => {
  const fake = fakeClient(t);
  for (const stop of fake.stops) stop();
  fake.client.connect();
  accept(fake.newest(), { inbox: { last: 9, read: 0, unread: 1 }, lost: true });
  const first = countResets(fake);
  await settled();
  const second = countResets(fake);
  await settled();
  assert.deepEqual([first.resets, second.resets], [1, 0]);
});

test("a message that nobody listened to is told to who listens first, and by no other page after that", async (t) => {
  const fake = newClient(t);
  for (const stop of fake.stops) stop();
  connect(fake, state(0, 0, 0));
  bring(fake.newest(), 5, 6);
  assert.equal(fake.storage.getItem(fake.key), null);
  /** @type {unknown[]} */
  const heard = [];
  fake.client.onEvent("other", ({ inbox }) => heard.push(inbox));
  fake.client.onEvent("news", ({ inbox }) => heard.push(inbox));
  await settled();
  bring(fake.newest(), 7);
  assert.deepEqual(heard, [5, 6, 7]);
  fake.client.onEvent("news", ({ inbox }) => heard.push(-Number(inbox)));
  await settled();
  assert.deepEqual([heard, fake.storage.getItem(fake.key)], [[5, 6, 7], "7"]);
});

test("a message that was read on another device, or has expired, is not told late", async (t) => {
  const fake = newClient(t);
  for (const stop of fake.stops) stop();
  connect(fake, state(0, 0, 0));
  bring(fake.newest(), 1, 5, 6);
  fake.newest().receive({ type: "pong" });
  t.mock.timers.tick(2_000);
  fake.newest().receive({ type: "inbox_read", inbox: 5, unread: 1, seq: 11 });
  /** @type {unknown[]} */
  const heard = [];
  fake.client.onEvent("news", ({ inbox }) => heard.push(inbox));
  await settled();
  assert.deepEqual(heard, [6]);
  assert.equal(placeAfterBreak(fake), "6", "the server need not bring it again");
});

test("a listener that was ended at once, as StrictMode does, takes nothing away from the one that stays", async (t) => {
  const fake = newClient(t);
  for (const stop of fake.stops) stop();
  connect(fake, state(0, 0, 0));
  bring(fake.newest(), 5);
  fake.newest().receive({ type: "event", event: "move", from: "x", seq: 11 });
  const count = countResets(fake);
  /** @type {unknown[]} */
  const heard = [];
  for (const name of ["news", "move"]) {
    fake.client.onEvent(name, ({ inbox }) => heard.push(inbox))();
    fake.client.onEvent(name, ({ inbox }) => heard.push(inbox));
  }
  await settled();
  assert.deepEqual([heard, count.resets], [[5], 1]);
});

test("events of more names than are kept are told as one reset, and no memory grows with them", async (t) => {
  const fake = unheardClient(t);
  const count = countResets(fake);
  for (let at = 0; at < 300; at++) event(fake, `name ${at}`, 11 + at);
  assert.equal(count.resets, 1);
  fake.client.onEvent("name 299", () => {});
  await settled();
  assert.equal(count.resets, 2);
});

test("a server of version 1 is no different: its events and pushes that came too early are told as a reset", async (t) => {
  const fake = fakeClient(t);
  for (const stop of fake.stops) stop();
  fake.client.connect();
  fake.newest().open("");
  fake.newest().receive(olderState());
  fake.newest().receive({ type: "invitation", from: "lee" });
  const count = countResets(fake);
  fake.client.onEvent("invitation", () => {});
  await settled();
  assert.equal(count.resets, 1);
});
