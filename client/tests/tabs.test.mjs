/**
 * Tabs that share a socket, with the locks and channels of this process in place of a browser's, and
 * sockets that do what a test says.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, repeated } from "./support/fake-socket.mjs";
import { acknowledge, connectAll, knowledge, quiet, tabs, until } from "./support/tabs.mjs";

/** @import { UserSessionClient } from "user-session-worker/client" */

const DONE = { ok: true, credentialShared: false };

test("a tab that leaves the others says so of itself, and connects again as one that knows its state", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [, tab] = given.clients;
  assert.ok(tab);
  tab.close();
  const { connectionStatus, isConnected, isLoading } = tab.getSnapshot();
  assert.deepEqual([connectionStatus, isConnected, isLoading], ["idle", false, false]);
  tab.connect();
  assert.equal(tab.getSnapshot().isLoading, false);
  await until("it to be told", () => tab.getSnapshot().connectionStatus === "connected");
});

test("what a tab asks before it connects reaches the tab that leads", async (t) => {
  const given = tabs(t, 2);
  const [leader, tab] = given.clients;
  leader?.connect();
  await until("its socket", () => given.sockets.length === 1);
  accept(given.newest());
  const outcome = tab?.joinGame("go");
  tab?.connect();
  await acknowledge(given);
  assert.deepEqual(await outcome, DONE);
});

test("what a tab publishes is what JSON makes of it, whichever tab has the socket", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  class Point {
    toJSON() {
      return "point";
    }
  }
  void given.clients[1]?.publish("e", { at: new Point(), call() {} });
  await until("the request", () => given.newest().requests.length === 1);
  assert.deepEqual(given.newest().requests[0].data, { at: "point" });
});

test("a snapshot that another tab tells again is the same object: nothing renders for nothing", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [, tab] = given.clients;
  await quiet();
  const before = tab?.getSnapshot();
  given.newest().receive({ type: "event", event: "e", data: 1, from: "x", seq: 11 });
  await until("the event", () => given.told[1]?.length === 1);
  assert.equal(tab?.getSnapshot(), before);
  given.newest().receive({ type: "presence_updated", presence: "away", seq: 12 });
  await until("the presence", () => tab?.getSnapshot().state?.presence === "away");
  assert.equal(tab?.getSnapshot().devices, before?.devices);
});

test("a tab whose leader can't answer, since the browser froze it, takes over after 5 s", async (t) => {
  const { name, client, sockets } = tabs(t, 1);
  let thaw = () => {};
  const frozen = new Promise((resolve) => (thaw = () => resolve(undefined)));
  const lost = navigator.locks.request(name, () => frozen).catch(() => "stolen");
  client.connect();
  const outcome = client.joinGame("go");
  await quiet();
  t.mock.timers.tick(4_999);
  await quiet();
  assert.equal(sockets.length, 0);
  t.mock.timers.tick(1);
  await until("its own socket", () => sockets.length === 1);
  const [socket] = sockets;
  assert.ok(socket);
  accept(socket);
  socket.receive({ type: "ack", id: socket.requests[0].id });
  assert.deepEqual([await outcome, await lost], [DONE, "stolen"]);
  thaw();
});

test("a leader that answers keeps its place, however often others look", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  for (let times = 0; times < 5; times++) {
    given.newest().receive({ type: "pong" });
    given.page.dispatchEvent(new Event("online"));
    await quiet();
    t.mock.timers.tick(4_000);
  }
  await quiet();
  assert.equal(given.sockets.length, 1);
});

test("a leader that was taken for gone closes its socket, and what it was asked is done by the next, once", async (t) => {
  const given = tabs(t, 1);
  await connectAll(given);
  const outcome = given.client.joinGame("go");
  const [request] = given.newest().requests;
  await navigator.locks.request(given.name, { steal: true }, async () => {
    await until("its end", () => given.newest().closedWith === 1000);
    assert.deepEqual(given.client.getSnapshot().state?.activeGames, ["go"], "nothing flickers");
    assert.equal(given.client.getSnapshot().connectionStatus, "connected");
  });
  await until("its turn", () => given.sockets.length === 2);
  assert.equal(given.newest().url.searchParams.get("since"), "7.10");
  accept(given.newest());
  assert.deepEqual(given.newest().requests, [repeated(request)]);
  given.newest().receive({ type: "ack", id: request.id });
  assert.deepEqual(await outcome, DONE);
});

test("a leading page that is left gives the socket to another tab, and follows when it comes back", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const outcome = given.client.joinGame("go");
  const [request] = given.newest().requests;
  // Both clients are of this process's one page: the other's pagehide is heard, too, and undone.
  given.page.dispatchEvent(new Event("pagehide"));
  assert.equal(given.sockets[0]?.closedWith, 1000);
  const isFree = async () => !(await navigator.locks.query()).held?.some(({ name }) => name === given.name);
  let free = false;
  await until("the lock to be free", () => (void isFree().then((is) => (free = is)), free));
  given.page.dispatchEvent(new Event("pageshow"));
  await until("the next", () => given.sockets.length === 2);
  accept(given.newest());
  await until("the request", () => given.newest().requests.length === 1);
  assert.deepEqual(given.newest().requests, [repeated(request)]);
  given.newest().receive({ type: "ack", id: request.id });
  assert.deepEqual(await outcome, DONE);
});

test("a frame that the last leader has told is not told again by the next, which had not heard of it", async (t) => {
  const given = tabs(t, 1);
  // The test is the leader: it tells this tab of 11 and not the one that follows it.
  let leave = () => {};
  const leading = new Promise((resolve) => (leave = () => resolve(undefined)));
  void navigator.locks.request(given.name, () => leading);
  const channel = new BroadcastChannel(given.name);
  t.after(() => channel.close());
  given.client.connect();
  const { snapshot, memory } = knowledge();
  const event = (/** @type {number} */ data) => ({ type: "event", event: { name: "e", data, from: "x", inbox: null } });
  const tell = (/** @type {number} */ seq, /** @type {any[]} */ changes, isCounted = true) =>
    channel.postMessage({ kind: "told", snapshot, memory: { ...memory, position: { epoch: 7, seq, origin: 7 } }, changes, isCounted });
  tell(11, [event(11)]);
  tell(10, [], false);
  tell(11, [event(11)]);
  tell(11, [event(0)], false);
  tell(12, [event(12)]);
  await until("the last", () => given.changes.some(({ event: { data } }) => data === 12));
  assert.deepEqual(given.changes.map(({ event: { data } }) => data), [11, 0, 12]);
  tell(11, [], false);
  await quiet();
  leave();
  await until("its own socket", () => given.sockets.length === 1);
  assert.equal(given.newest().url.searchParams.get("since"), "7.12");
});

test("a tab that was logged out, closed and connected again begins again", async (t) => {
  const given = tabs(t, 1);
  await connectAll(given);
  given.newest().receive({ type: "logged_out", scope: "all" });
  given.client.close();
  given.client.connect();
  await until("the next socket", () => given.sockets.length === 2);
});

test("tabs that were logged out stay out, also when one comes back from the back/forward cache", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  given.newest().receive({ type: "logged_out", scope: "all" });
  const isOut = (/** @type {UserSessionClient} */ client) => client.getSnapshot().connectionStatus === "logged_out";
  await until("all to be told", () => given.clients.every(isOut));
  given.page.dispatchEvent(new Event("pagehide"));
  await quiet();
  given.page.dispatchEvent(new Event("pageshow"));
  await quiet();
  assert.equal(given.sockets.length, 1);
  assert.ok(given.clients.every(isOut));
  given.clients[1]?.reconnect();
  await until("the next socket", () => given.sockets.length === 2);
});

test("what was asked while no tab led was never sent, and is, however long that took", async (t) => {
  const given = tabs(t, 1);
  given.client.connect();
  const outcome = given.client.publish("e", 1);
  await until("its socket", () => given.sockets.length === 1);
  t.mock.timers.setTime(1_000_000 + 9 * 60_000 + 1);
  accept(given.newest());
  assert.equal(given.newest().requests.length, 1);
  given.newest().receive({ type: "ack", id: given.newest().requests[0].id });
  assert.deepEqual(await outcome, DONE);
});

test("a presence that a tab chose that does not lead is said again after a break, and by the next leader", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const devices = [{ deviceId: "desk", lastActive: 1, tabs: 1, current: true }];
  const said = () => given.newest().requests.filter(({ type }) => type === "update_presence");
  const answer = () => given.newest().receive({ type: "ack", id: said().at(-1)?.id });
  const outcome = given.clients[1]?.updatePresence("away");
  await until("it to be asked", () => said().length === 1);
  answer();
  await outcome;
  given.newest().fail();
  t.mock.timers.tick(1_000);
  accept(given.newest(), { devices });
  await until("it to be said again", () => said().length === 1);
  answer();
  await quiet();
  given.clients[0]?.close();
  await until("the next leader", () => given.sockets.length === 3);
  accept(given.newest(), { devices });
  await until("it to be said by the next", () => said().length === 1);
  assert.equal(said()[0].presence, "away");
});

test("a page that may not use locks has a socket of its own", async (t) => {
  t.mock.method(navigator.locks, "request", () => Promise.reject(new Error("SecurityError")));
  t.mock.method(navigator.locks, "query", () => Promise.reject(new Error("SecurityError")));
  const { client, sockets } = tabs(t, 1, { presenceFromVisibility: true });
  client.connect();
  await until("its socket", () => sockets.length === 1);
  await quiet();
});

test("a tab that does not lead tries at once, too, when it is told to reconnect", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  given.newest().fail();
  given.clients[1]?.reconnect();
  await until("the next socket", () => given.sockets.length === 2);
});

test("a frame that shows nothing is counted by all tabs: none takes the next one for a sign that it has missed something", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  let renders = 0;
  given.clients[1]?.subscribe(() => renders++);
  given.newest().receive({ type: "inbox_read", inbox: 0, unread: 0, seq: 11 });
  await quiet();
  assert.equal(renders, 0);
  void given.clients[0]?.publish("e", 1);
  await until("the change", () => renders > 0);
  assert.deepEqual(given.told, [[], []]);
});

test("a tab that was frozen and says that it leads, since its lock was taken when it got it, is not believed for long", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const frozen = new BroadcastChannel(given.name);
  t.after(() => frozen.close());
  const { snapshot, memory } = knowledge();
  const waiting = { ...snapshot, isConnected: false, connectionStatus: "reconnecting" };
  frozen.postMessage({ kind: "leading", from: "frozen" });
  frozen.postMessage({ kind: "told", from: "frozen", snapshot: waiting, memory, changes: [], isCounted: false });
  await quiet();
  assert.equal(given.clients[1]?.getSnapshot().connectionStatus, "connected");
  const outcome = given.clients[1]?.publish("e", 1);
  await until("the request", () => given.newest().requests.length > 0);
  given.newest().receive({ type: "ack", id: given.newest().requests[0].id });
  assert.deepEqual(await outcome, DONE);
});

test("a leader whose word waits to be read by a busy tab keeps its place", async (t) => {
  /** @type {{onmessage: ((event: {data: object}) => void) | null}[]} */
  const channels = [];
  class Channel {
    onmessage = null;
    constructor() {
      channels.push(this);
    }
    postMessage() {}
    close() {}
  }
  t.mock.property(globalThis, "BroadcastChannel", /** @type {any} */ (Channel));
  const given = tabs(t, 1);
  let leave = () => {};
  const leading = new Promise((resolve) => (leave = () => resolve(undefined)));
  const held = navigator.locks.request(given.name, () => leading);
  given.client.connect();
  // Due with the tab's patience, and read after the timer that ends it.
  setTimeout(() => channels[0]?.onmessage?.({ data: { kind: "told", ...knowledge(), changes: [], isCounted: false } }), 5_000);
  t.mock.timers.tick(5_000);
  await quiet();
  assert.deepEqual([given.sockets.length, given.client.getSnapshot().connectionStatus], [0, "connected"]);
  given.client.close();
  leave();
  await held;
});
