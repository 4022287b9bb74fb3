/** How many messages are unread: the server's count, what has come since, and what has expired since. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept } from "./support/fake-socket.mjs";
import { NOW, bring, connect, newClient, placeAfterBreak, state, told } from "./support/inbox.mjs";

test("unread is the server's count and what came since, and no message counts twice", (t) => {
  const fake = newClient(t);
  const unread = () => fake.client.getSnapshot().unread;
  assert.equal(unread(), 0);
  connect(fake, state(9, 4, 3));
  assert.equal(unread(), 3);
  bring(fake.newest(), 6, 8, 9);
  assert.equal(unread(), 3, "the server has counted these");
  bring(fake.newest(), 10, 11);
  assert.equal(unread(), 5);
  fake.newest().receive({ type: "inbox_read", inbox: 10, unread: 1, seq: 11 });
  assert.equal(unread(), 1);
  fake.newest().receive({ type: "inbox_read", inbox: 4, unread: 5, seq: 11 });
  assert.equal(unread(), 1, "a frame that was there already");
  assert.equal(placeAfterBreak(fake), "11");
  accept(fake.newest(), state(13, 11, 1, { seq: 13 }));
  fake.newest().receive({ type: "inbox_read", inbox: 6, unread: 4, seq: 12 });
  assert.equal(unread(), 1, "one that is brought later tells what is no longer so");
  bring(fake.newest(), 13);
  assert.equal(unread(), 1);
});

test("a message that was read and expires takes no other out of the count, which is still to come", (t) => {
  const fake = newClient(t);
  connect(fake, state(9, 0, 2));
  bring(fake.newest(), 1);
  placeAfterBreak(fake);
  accept(fake.newest(), state(9, 1, 1));
  t.mock.timers.tick(1_000);
  assert.equal(fake.client.getSnapshot().unread, 1);
});

for (const minutes of [-60, 0, 60]) {
  test(`a message that expires is not counted any more, though the device's clock is ${minutes} minutes off`, (t) => {
    const fake = newClient(t);
    fake.setClock(minutes * 60_000);
    const unread = () => fake.client.getSnapshot().unread;
    const pass = (/** @type {number} */ ms) => {
      fake.newest().receive({ type: "pong" });
      t.mock.timers.tick(ms);
    };
    connect(fake, state(6, 4, 1));
    bring(fake.newest(), 6, 9);
    let renders = 0;
    fake.client.subscribe(() => renders++);
    pass(5_999);
    assert.equal(unread(), 2);
    pass(1);
    assert.deepEqual([unread(), renders], [1, 1]);
    bring(fake.newest(), 10);
    assert.equal(unread(), 2);
    fake.newest().receive({ type: "inbox_read", inbox: 9, unread: 1, seq: 11 });
    pass(3_000);
    assert.equal(unread(), 1, "the one that was read does not count when it expires");
    pass(1_000);
    assert.equal(unread(), 0);
    assert.deepEqual(told(fake.changes), [6, 9, 10]);
  });
}

test("a message that lives for 30 days is not taken for expired: a browser's timer would run out at once", (t) => {
  const fake = newClient(t);
  const wait = t.mock.method(globalThis, "setTimeout");
  connect(fake, state(0, 0, 0));
  fake.newest().receive({ type: "push", inbox: 5, expiresAt: NOW + 30 * 86_400_000, body: { type: "news" } });
  assert.ok(wait.mock.calls.every(({ arguments: [, ms] }) => Number(ms) <= 2 ** 31 - 1));
  assert.equal(fake.client.getSnapshot().unread, 1);
});

test("messages that the server has dropped for want of room take no others out of the count when they expire", (t) => {
  const fake = newClient(t);
  connect(fake, state(0, 0, 0));
  bring(fake.newest(), 1, 2, 3);
  placeAfterBreak(fake);
  accept(fake.newest(), state(3, 0, 2));
  t.mock.timers.tick(1_000);
  assert.equal(fake.client.getSnapshot().unread, 2);
  t.mock.timers.tick(1_000);
  assert.equal(fake.client.getSnapshot().unread, 1);
});

test("a message that has expired while the page was away goes, and not an older one in its place", (t) => {
  const fake = newClient(t);
  connect(fake, state(0, 0, 0));
  const { client, newest } = fake;
  newest().receive({ type: "push", inbox: 1, expiresAt: NOW + 9_000_000, body: { type: "news" } });
  newest().receive({ type: "push", inbox: 2, expiresAt: NOW + 60_000, body: { type: "news" } });
  placeAfterBreak(fake);
  accept(newest(), state(2, 0, 1, { lastActive: NOW + 60_000 }));
  assert.equal(client.getSnapshot().unread, 1);
  newest().receive({ type: "presence_updated", presence: "away", seq: 12 });
  assert.equal(client.getSnapshot().unread, 1);
});

/** @param {number} n @param {number} ms */
const message = (n, ms) => ({ type: "push", inbox: n, expiresAt: NOW + ms, body: { type: "news" } });

const STATE = { type: "state", userId: "kim", activeGames: [], presence: "online" };

/** @type {[string, object][]} */
const LATE = [
  ["a state in which both count", { ...STATE, ...state(2, 0, 2), seq: 11, epoch: 1 }],
  ["a state in which the first had expired", { ...STATE, ...state(2, 0, 1), seq: 11, epoch: 1 }],
  ["a mark at neither of them, when both counted", { type: "inbox_read", inbox: 0, unread: 2, seq: 11 }],
  ["a mark at neither of them, when the first had expired", { type: "inbox_read", inbox: 0, unread: 1, seq: 11 }],
];
for (const [what, frame] of LATE) {
  for (const areLate of [false, true]) {
    const late = areLate ? "with the messages" : "after the messages";
    test(`a page that was frozen reads late what was sent while one expired, and counts the rest: ${late} ${what}`, (t) => {
      const fake = newClient(t);
      connect(fake, state(0, 0, 0));
      const { client, newest } = fake;
      const read = () => {
        newest().receive(message(1, 1_000));
        newest().receive(message(2, 120_000));
      };
      if (!areLate) read();
      newest().receive({ type: "pong" });
      t.mock.timers.setTime(Date.now() + 60_000);
      if (areLate) read();
      newest().receive(frame);
      const atOnce = client.getSnapshot().unread;
      newest().receive({ type: "pong" });
      t.mock.timers.tick(120_000);
      assert.deepEqual([atOnce, client.getSnapshot().unread], [1, 0]);
    });
  }
}

test("a message that an older copy of the server's data does not know takes no other out of the count when it expires", (t) => {
  const fake = newClient(t);
  connect(fake, state(0, 0, 0));
  const { client, newest } = fake;
  newest().receive(message(1, 60_000));
  placeAfterBreak(fake);
  accept(newest(), state(2, 0, 1));
  newest().receive(message(2, 9_000_000));
  newest().receive({ type: "pong" });
  t.mock.timers.tick(61_000);
  assert.equal(client.getSnapshot().unread, 1);
});

test("a message that the device has taken for expired counts as long as the server's clock says, which was late to come", (t) => {
  const fake = newClient(t);
  connect(fake, state(0, 0, 0));
  const { client, newest } = fake;
  newest().receive(message(1, 2_000));
  placeAfterBreak(fake);
  t.mock.timers.tick(2_000);
  accept(newest(), state(1, 0, 1, { lastActive: NOW + 1_500 }));
  assert.equal(client.getSnapshot().unread, 1);
  t.mock.timers.tick(500);
  assert.equal(client.getSnapshot().unread, 0);
});

test("a message for which older ones were dropped says how many are unread: the page can't know how much room there is", (t) => {
  const fake = newClient(t);
  const unread = () => fake.client.getSnapshot().unread;
  const push = (/** @type {number} */ n, more = {}) =>
    fake.newest().receive({ type: "push", inbox: n, expiresAt: NOW + 1_000 * n, ...more, body: { type: "news", n } });
  connect(fake, state(4, 0, 4));
  bring(fake.newest(), 1, 2, 3, 4);
  push(5, { unread: 4 });
  assert.equal(unread(), 4);
  push(6, { unread: 3 });
  assert.equal(unread(), 3);
  assert.deepEqual(told(fake.changes), [1, 2, 3, 4, 5, 6]);
  t.mock.timers.tick(3_000);
  assert.equal(unread(), 3, "those that were dropped expire without being counted");
  fake.newest().receive({ type: "pong" });
  t.mock.timers.tick(1_000);
  assert.equal(unread(), 2);
});
