/** Tabs that share a socket: who of them leads, what one that was frozen or has just come may believe, and what is over. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, tokenOf } from "./support/fake-socket.mjs";
import { acknowledge, connectAll, knowledge, leadAlone, listen, quiet, stealable, tabs, until } from "./support/tabs.mjs";

/** @import { TestContext } from "node:test" */
/** @import { UserSessionClient } from "user-session-worker/client" */

const DONE = { ok: true, credentialShared: false };
/** A tab that leads is taken for frozen if it does not answer for so long. */
const SILENT_MS = 5_000;

/** @param {UserSessionClient | undefined} client @param {string} status */
const untilIs = (client, status) => until(status, () => client?.getSnapshot().connectionStatus === status);

/** A tab that leads until its lock is taken, and a channel of another. @param {TestContext} t @param {object} [options] */
async function leadingAlone(t, options) {
  const given = tabs(t, 1, options);
  const lock = stealable(t);
  given.client.connect();
  await until("its socket", () => given.sockets.length === 1);
  accept(given.newest());
  return { ...given, ...listen(t, given.name), lock };
}

/** A tab that follows a leader which says what the test says. @param {TestContext} t */
async function following(t) {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await quiet();
  const { snapshot, memory } = knowledge();
  const told = { kind: "told", from: "leader", snapshot, memory, changes: [], isCounted: false };
  const tell = (/** @type {object} */ more = {}) => alone.channel.postMessage({ ...told, ...more });
  const resets = () => given.changes.filter(({ type }) => type === "reset").length;
  const leaveAndComeBack = async (meanwhile = () => {}) => {
    given.page.dispatchEvent(new Event("pagehide"));
    await quiet();
    meanwhile();
    given.page.dispatchEvent(new Event("pageshow"));
    await quiet();
  };
  return { ...given, ...alone, tell, snapshot, memory, resets, leaveAndComeBack };
}

for (const what of ["gives a token", "asks to connect again"]) {
  test(`a tab that ${what} hears of the leader, and does not take its socket from it`, async (t) => {
    const given = tabs(t, 2, { token: "old" });
    await connectAll(given);
    const [, tab] = given.clients;
    assert.ok(tab);
    if (what === "gives a token") tab.token = "new";
    else tab.reconnect();
    await quiet();
    given.newest().receive({ type: "pong" });
    t.mock.timers.tick(SILENT_MS + 1_000);
    await quiet();
    assert.equal(given.sockets.length, 1);
    assert.equal(given.newest().closedWith, null);
  });
}

test("a token begins again what is over, also in a tab that came to lead only then", async (t) => {
  const given = tabs(t, 2, { token: "old" });
  await connectAll(given);
  const [leader, tab] = given.clients;
  given.newest().fail(4401, "expired");
  await until("the next socket", () => given.sockets.length === 2);
  given.newest().fail(4401, "expired");
  t.mock.timers.tick(3_000);
  await untilIs(tab, "unauthorized");
  leader?.close();
  await quiet();
  assert.equal(tab?.getSnapshot().connectionStatus, "unauthorized");
  assert.ok(tab);
  tab.token = "new";
  await until("the next socket", () => given.sockets.length === 3);
  assert.equal(tokenOf(given.newest()), "new");
});

test("what a tab asks for right after it has begun the session again is done, whichever tab has the socket", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [, tab] = given.clients;
  given.newest().receive({ type: "logged_out", scope: "all" });
  await untilIs(tab, "logged_out");
  assert.deepEqual(await tab?.joinGame("go"), { ok: false, code: "ended", message: "the session is over for this tab" });
  tab?.reconnect();
  const outcome = tab?.joinGame("go");
  await until("the next socket", () => given.sockets.length === 2);
  accept(given.newest());
  await acknowledge(given);
  assert.deepEqual(await outcome, DONE);
});

test("a logout that is done is told as done to the tab that asked, although its app closes at once", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [, tab] = given.clients;
  tab?.on("loggedOut", () => tab.close());
  const outcome = tab?.logoutAllDevices();
  await acknowledge(given);
  given.newest().receive({ type: "logged_out", scope: "all" });
  assert.deepEqual(await outcome, DONE);
});

test("a tab that was frozen is not over for good when its socket is replaced by that of the tab that leads now", async (t) => {
  const { client, newest, lock, heard } = await leadingAlone(t);
  const outcome = client.publish("e");
  const [{ id }] = newest().requests;
  lock.isTaken = true;
  newest().fail(4409, "replaced");
  await until("its question to the next leader", () => heard.some(({ kind }) => kind === "ask"));
  assert.notEqual(client.getSnapshot().connectionStatus, "replaced");
  assert.equal(heard.find(({ kind }) => kind === "ask").id, id, "the next leader repeats it");
  client.close();
  await outcome;
});

test("a tab that leads and is replaced is over, also if it hears one that led before", async (t) => {
  const { client, newest, channel } = await leadingAlone(t);
  const { promise, resolve } = Promise.withResolvers();
  t.mock.method(navigator.locks, "query", () => promise);
  newest().fail(4409, "replaced");
  channel.postMessage({ kind: "leading", from: "earlier" });
  await quiet();
  resolve({});
  await untilIs(client, "replaced");
});

for (const [what, ids] of Object.entries({ "was not sent yet": [null, null], "another had sent": ["earlier.1", "earlier.2"] })) {
  test(`what another tab asked and ${what} is sent by none that was frozen: the next leader does`, async (t) => {
    const { channel, newest, lock } = await leadingAlone(t, { requestsPerSecond: 1 });
    for (const [at, id] of ids.entries()) {
      channel.postMessage({ kind: "ask", key: `other ${at}`, message: { type: "broadcast", event: "e", data: at }, id });
    }
    await until("the first", () => newest().requests.length === 1);
    await quiet();
    lock.isTaken = true;
    t.mock.timers.tick(1_500);
    await quiet();
    assert.deepEqual(newest().requests.map(({ data }) => data), [0]);
  });
}

test("a leader that hears another speak says who leads, since a tab that has just come may have heard that one first", async (t) => {
  const { channel, heard, client } = await leadingAlone(t);
  const { snapshot, memory } = knowledge();
  channel.postMessage({ kind: "told", from: "earlier", snapshot, memory, changes: [], isCounted: false });
  await until("its claim", () => heard.some(({ kind }) => kind === "leading"));
  const claim = heard.findIndex(({ kind }) => kind === "leading");
  assert.notEqual(heard[claim].from, "earlier");
  await until("its state", () => heard.slice(claim).some(({ kind, from }) => kind === "told" && from === heard[claim].from));
  assert.equal(client.getSnapshot().connectionStatus, "connected");
});

test("a tab that comes when nobody has listened to a message is told that it has missed something", async (t) => {
  const { tell, memory, snapshot, client, resets, changes } = await following(t);
  const inbox = { last: 5, read: 0, unread: 1, place: 5, lostAt: 0, expiring: [], expired: [] };
  tell({ snapshot: { ...snapshot, unread: 1 }, memory: { ...memory, inbox } });
  await until("the state", () => client.getSnapshot().isConnected);
  assert.deepEqual(changes, [{ type: "reset" }]);
  tell({ snapshot: { ...snapshot, unread: 1 }, memory: { ...memory, inbox } });
  await quiet();
  assert.equal(resets(), 1);
});

test("a tab that comes when all was read, or when nothing has come yet, is told nothing", async (t) => {
  const { tell, memory, snapshot, client, changes } = await following(t);
  const inbox = { last: 5, read: 3, unread: 1, place: 3, lostAt: 0, expiring: [], expired: [] };
  tell({ snapshot: { ...snapshot, unread: 1 }, memory: { ...memory, inbox } });
  await until("the state", () => client.getSnapshot().isConnected);
  assert.deepEqual(changes, []);
});

test("a tab that was away when its leader was told of dropped messages starts over", async (t) => {
  const { tell, memory, client, resets, leaveAndComeBack } = await following(t);
  const inbox = { last: 5, read: 5, unread: 0, place: 5, lostAt: 0, expiring: [], expired: [] };
  tell({ memory: { ...memory, inbox } });
  await until("the state", () => client.getSnapshot().isConnected);
  await leaveAndComeBack();
  tell({ memory: { ...memory, inbox } });
  await quiet();
  assert.equal(resets(), 0, "nothing has happened");
  await leaveAndComeBack();
  tell({ memory: { ...memory, inbox: { ...inbox, last: 70, lostAt: 70 } } });
  await until("the reset", () => resets() === 1);
});

test("a tab that was away while its leader came to speak version 2 starts over: in version 1 nothing was counted", async (t) => {
  const { tell, memory, client, resets, leaveAndComeBack } = await following(t);
  tell({ memory: { ...memory, position: null } });
  await until("the state", () => client.getSnapshot().isConnected);
  await leaveAndComeBack();
  tell();
  await until("the reset", () => resets() === 1);
  tell();
  await quiet();
  assert.equal(resets(), 1);
});

test("a tab that was away starts over also if its leader has spoken version 1 all the time", async (t) => {
  const { tell, memory, snapshot, client, resets, leaveAndComeBack } = await following(t);
  const uncounted = { ...memory, position: null };
  tell({ memory: uncounted });
  await until("the state", () => client.getSnapshot().isConnected);
  tell({ memory: uncounted });
  await leaveAndComeBack();
  tell({ snapshot: { ...snapshot, isConnected: false }, memory: uncounted });
  await quiet();
  assert.equal(resets(), 0, "a leader that is not connected may be brought what is missing");
  tell({ memory: uncounted });
  await until("the reset", () => resets() === 1);
});

test("what a tab had asked as the leader, and the next one has done, says nothing of its own socket", async (t) => {
  const { client, newest, lock, channel, heard } = await leadingAlone(t);
  void client.joinGame("go");
  newest().receive({ type: "error", code: "internal", message: "no", id: newest().requests[0].id });
  const outcome = client.updatePresence("away");
  lock.isTaken = true;
  channel.postMessage({ kind: "leading", from: "next" });
  const asked = () => heard.find(({ kind, message }) => kind === "ask" && message.presence === "away");
  await until("its question", asked);
  channel.postMessage({ kind: "told", from: "next", ...knowledge(), changes: [], isCounted: false });
  await untilIs(client, "connected");
  channel.postMessage({ kind: "outcome", key: asked().key, outcome: DONE });
  assert.deepEqual(await outcome, DONE);
  await quiet();
  assert.equal(client.getSnapshot().connectionStatus, "connected");
});

test("who starts over does not count with who was there before: a backup that is restored twice has one place", async (t) => {
  const { newest, sockets, heard, page } = await leadingAlone(t);
  newest().fail();
  page.dispatchEvent(new Event("online"));
  await until("the next socket", () => sockets.length === 2);
  accept(newest(), { epoch: 7, seq: 8, reset: true });
  await until("the reset", () => heard.some(({ changes }) => changes?.[0]?.type === "reset"));
  const { position } = heard.findLast(({ kind }) => kind === "told").memory;
  assert.deepEqual([position.epoch, position.seq], [7, 8]);
  assert.notEqual(position.origin, 7);
});
