/** The inbox: each message is told once in each tab that is open, once on a device that is loaded anew, and none is lost. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, olderState } from "./support/fake-socket.mjs";
import { NOW, Storage, bring, connect, keepIn, newClient, placeAfterBreak, state, told } from "./support/inbox.mjs";
import { tabs } from "./support/tabs.mjs";

/** @import { FakeSocket } from "./support/fake-socket.mjs" */

const DONE = { ok: true, credentialShared: false };

/** One that a browser forbids. */
class Forbidden {
  getItem() {
    throw new DOMException("no", "SecurityError");
  }

  setItem() {
    throw new DOMException("no", "SecurityError");
  }
}

test("a page says up to where it has the messages, and nothing before it was told: it would miss what is unread", (t) => {
  const fake = newClient(t);
  connect(fake, state(9, 4, 2));
  assert.equal(fake.sockets[0]?.url.searchParams.get("inbox"), null);
  assert.equal(placeAfterBreak(fake), "4");
  accept(fake.newest(), state(9, 4, 2));
  bring(fake.newest(), 6);
  assert.equal(placeAfterBreak(fake), "6", "the connection broke among them");
  accept(fake.newest(), state(12, 12, 0));
  bring(fake.newest(), 9, 12);
  assert.equal(placeAfterBreak(fake), "12");
  assert.deepEqual(told(fake.changes), [6, 9, 12]);
});

test("a message that comes twice is told once, whoever is in error", (t) => {
  const fake = newClient(t);
  connect(fake, state(6, 4, 1));
  bring(fake.newest(), 6, 6, 7, 5);
  assert.deepEqual([told(fake.changes), fake.client.getSnapshot().unread], [[6, 7], 2]);
  assert.equal(placeAfterBreak(fake), "7", "nor does an old one take the page's place back");
});

test("a message says its number, so that it can be marked as read, and is told to who listens to its name", (t) => {
  const fake = newClient(t);
  /** @type {unknown[]} */
  const heard = [];
  fake.client.onEvent("news", ({ data, from, inbox }) => heard.push([data, from, inbox]));
  connect(fake, state(0, 0, 0));
  bring(fake.newest(), 5);
  fake.newest().receive({ type: "push", seq: 11, body: { type: "news", n: 0 } });
  assert.deepEqual(heard, [[{ type: "news", n: 5 }, null, 5], [{ type: "news", n: 0 }, null, null]]);
});

test("markRead marks all that the page has, or up to a message: it shows at once, and is taken back if it is refused", async (t) => {
  const fake = newClient(t);
  connect(fake, state(9, 4, 2));
  bring(fake.newest(), 6, 9);
  void fake.client.markRead(6);
  void fake.client.markRead();
  const [{ id, ...first }] = fake.newest().requests;
  assert.deepEqual(first, { type: "mark_read", inbox: 6 });
  const shown = () => [fake.client.getSnapshot().unread, fake.client.getSnapshot().messages.map(({ inbox }) => inbox)];
  assert.deepEqual(shown(), [0, []]);
  fake.newest().receive({ type: "inbox_read", inbox: 6, unread: 1, seq: 11 });
  fake.newest().receive({ type: "ack", id });
  assert.deepEqual(shown(), [0, []]);
  const second = fake.newest().requests[1];
  assert.equal(second.inbox, 9);
  fake.newest().receive({ type: "error", code: "invalid_message", message: "no", id: second.id });
  assert.deepEqual(shown(), [1, [9]]);
});

test("where there is nothing to mark, nothing is asked; a server of version 1 is not asked for what it does not know", async (t) => {
  const fake = newClient(t);
  connect(fake, state(0, 0, 0));
  assert.deepEqual([await fake.client.markRead(), fake.newest().requests], [DONE, []]);
  t.mock.reset();
  const { client, newest } = fakeClient(t);
  client.connect();
  newest().open("");
  newest().receive(olderState());
  const refused = await client.markRead(5);
  assert.deepEqual([!refused.ok && refused.code, client.getSnapshot().unread], ["unsupported", 0]);
});

test("a page that is loaded anew tells no message again that its device has told, and shows it as unread", (t) => {
  const storage = new Storage();
  const before = newClient(t, { storage });
  connect(before, state(0, 0, 0));
  bring(before.newest(), 5, 6);
  assert.equal(storage.getItem(before.key), "6");
  before.client.close();
  t.mock.reset();
  const after = newClient(t, { storage, userId: before.userId });
  connect(after, state(7, 0, 3));
  bring(after.newest(), 5, 6, 7);
  assert.deepEqual([told(after.changes), after.client.getSnapshot().unread], [[7], 3]);
  assert.equal(placeAfterBreak(after), "7");
});

test("the mark is read from what the browser keeps, each user, endpoint and device apart", (t) => {
  const storage = new Storage();
  const userId = "each apart";
  const { key } = newClient(t, { storage, userId: `${userId}, another` });
  storage.setItem(key, "9");
  storage.setItem(key.replace(", another", ""), "5");
  t.mock.reset();
  const fake = newClient(t, { storage, userId });
  connect(fake, state(9, 0, 2));
  bring(fake.newest(), 5, 6);
  assert.deepEqual(told(fake.changes), [6]);
});

test("two tabs that are open at the same time tell a message both, for each may show something else", (t) => {
  keepIn(t, new Storage());
  const { clients, sockets, told: changes } = tabs(t, 2, { shareTabs: false });
  for (const client of clients) client.connect();
  for (const socket of sockets) accept(socket, state(0, 0, 0));
  for (const socket of sockets) bring(socket, 5);
  for (const socket of sockets) bring(socket, 5, 6);
  assert.deepEqual(changes.map(told), [[5, 6], [5, 6]]);
});

test("a tab that is behind another does not take back what that one has told: a page opened next tells none of it", (t) => {
  const storage = new Storage();
  keepIn(t, storage);
  const { clients, sockets, told: changes } = tabs(t, 3, { shareTabs: false });
  const [ahead, behind, later] = clients;
  for (const client of [ahead, behind]) client?.connect();
  for (const socket of sockets) accept(socket, state(0, 0, 0));
  bring(/** @type {FakeSocket} */ (sockets[0]), 5, 6);
  bring(/** @type {FakeSocket} */ (sockets[1]), 5);
  later?.connect();
  accept(/** @type {FakeSocket} */ (sockets[2]), state(6, 0, 2));
  bring(/** @type {FakeSocket} */ (sockets[2]), 5, 6);
  assert.deepEqual(changes.map(told), [[5, 6], [5], []]);
});

test("a tab that was away while another told a message tells it for itself", (t) => {
  keepIn(t, new Storage());
  const { clients, sockets, page, told: changes } = tabs(t, 2, { shareTabs: false });
  for (const client of clients) client.connect();
  for (const socket of sockets) accept(socket, state(0, 0, 0));
  sockets[0]?.fail();
  bring(/** @type {FakeSocket} */ (sockets[1]), 5);
  page.dispatchEvent(new Event("online"));
  accept(/** @type {FakeSocket} */ (sockets[2]), state(5, 0, 1));
  bring(/** @type {FakeSocket} */ (sockets[2]), 5);
  assert.deepEqual(changes.map(told), [[5], [5]]);
});

for (const [what, storage] of /** @type {const} */ ([["forbidden", new Forbidden()], ["none", undefined]])) {
  test(`where storage is ${what}, a page still tells each message once, also when its session begins anew`, (t) => {
    const before = newClient(t, { storage: /** @type {any} */ (storage) });
    connect(before, state(0, 0, 0));
    bring(before.newest(), 5, 5);
    assert.deepEqual(told(before.changes), [5]);
    before.client.close();
    t.mock.reset();
    const after = newClient(t, { storage: /** @type {any} */ (storage), userId: before.userId });
    connect(after, state(6, 0, 2));
    bring(after.newest(), 5, 6);
    assert.deepEqual([told(after.changes), after.client.getSnapshot().unread], [[6], 2]);
  });
}

test("a mark that is no number, as something else of the page's may write, keeps no message back", (t) => {
  for (const mark of ["x", "", "-1", "1e999", "{}"]) {
    const fake = newClient(t);
    fake.storage.setItem(fake.key, mark);
    connect(fake, state(5, 0, 1));
    bring(fake.newest(), 5, 6);
    assert.deepEqual([told(fake.changes), fake.storage.getItem(fake.key)], [[5, 6], "6"], mark);
    fake.client.close();
    t.mock.reset();
  }
});

test("after an older copy of the server's data was put back nothing is missed: page and device begin at what was read", (t) => {
  const fake = newClient(t);
  connect(fake, state(0, 0, 0));
  bring(fake.newest(), 5, 9);
  assert.equal(placeAfterBreak(fake), "9");
  accept(fake.newest(), state(7, 3, 2, { reset: true }));
  assert.equal(fake.client.getSnapshot().unread, 2);
  bring(fake.newest(), 5, 7);
  assert.deepEqual(told(fake.changes), [5, 9, 5, 7]);
  assert.equal(fake.storage.getItem(fake.key), "7");
  fake.newest().receive({ type: "pong" });
  t.mock.timers.tick(5_000);
  assert.equal(fake.client.getSnapshot().unread, 1, "the one that it has got twice counts once");
  assert.equal(placeAfterBreak(fake), "7");
});

test("a message that was dropped before anybody saw it is told as a reset, to a page that was just opened, too", (t) => {
  const fake = newClient(t);
  connect(fake, state(80, 4, 64, { lost: true }));
  placeAfterBreak(fake);
  accept(fake.newest(), state(80, 4, 64));
  placeAfterBreak(fake);
  accept(fake.newest(), state(200, 4, 64, { lost: true, reset: true }));
  assert.deepEqual(fake.changes, [{ type: "reset" }, { type: "reset" }]);
});

test("a message that nobody on the page listened to is told by the next page that has somebody who does", (t) => {
  const storage = new Storage();
  const deaf = newClient(t, { storage });
  for (const stop of deaf.stops) stop();
  deaf.client.onEvent("other", () => {});
  connect(deaf, state(0, 0, 0));
  bring(deaf.newest(), 5);
  deaf.client.close();
  t.mock.reset();
  const after = newClient(t, { storage, userId: deaf.userId });
  connect(after, state(5, 0, 1));
  bring(after.newest(), 5);
  assert.deepEqual(told(after.changes), [5]);
});

test("the messages that the user has not read are a list, the same until it changes; those read elsewhere or expired go at once", (t) => {
  const fake = newClient(t);
  connect(fake, state(0, 0, 0));
  bring(fake.newest(), 4, 6, 9);
  const messages = () => fake.client.getSnapshot().messages;
  const [first] = messages();
  assert.deepEqual(first, { inbox: 4, name: "news", data: { type: "news", n: 4 }, expiresAt: NOW + 4_000 });
  const before = messages();
  fake.newest().receive({ type: "presence_updated", presence: "away", seq: 11 });
  void fake.client.joinGame("go");
  assert.equal(messages(), before);
  fake.newest().receive({ type: "inbox_read", inbox: 4, unread: 2, seq: 12 });
  assert.deepEqual(messages().map(({ inbox }) => inbox), [6, 9]);
  t.mock.timers.tick(6_500);
  assert.deepEqual([messages().map(({ inbox }) => inbox), fake.client.getSnapshot().unread], [[9], 1]);
  const [last] = messages();
  placeAfterBreak(fake);
  accept(fake.newest(), { ...state(9, 4, 1), lastActive: NOW + 6_600 });
  assert.equal(messages()[0], last, "what a connection brings anew is no other message");
});
