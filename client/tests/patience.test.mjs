/**
 * How long the client waits, for what, and which version it asks for next time: with sockets and a
 * clock that the tests control.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { PING, V2, accept, fakeClient, olderState } from "./support/fake-socket.mjs";

/** @import { FakeSocket } from "./support/fake-socket.mjs" */

test("a heartbeat that is shorter than a pong may take still notices that none comes", (t) => {
  const { client, newest } = fakeClient(t, { heartbeatMs: 4_000 });
  client.connect();
  accept(newest());
  t.mock.timers.tick(9_999);
  assert.equal(newest().closedWith, null);
  t.mock.timers.tick(1);
  assert.equal(newest().closedWith, 1000, "the next ping must not begin the wait anew");
});

test("a page that wakes again and again does not put off the end of a dead connection", (t) => {
  const { client, newest, page } = fakeClient(t);
  client.connect();
  accept(newest());
  newest().receive({ type: "pong" });
  for (let seconds = 0; seconds < 5; seconds++) {
    page.dispatchEvent(new Event("online"));
    t.mock.timers.tick(1_000);
  }
  assert.equal(newest().closedWith, 1000);
});

test("an attempt that hangs when the network is back is given up in 5 s, not in 15", (t) => {
  const { client, sockets, page } = fakeClient(t);
  client.connect();
  t.mock.timers.tick(1_000);
  page.dispatchEvent(new Event("online"));
  t.mock.timers.tick(5_000);
  assert.equal(sockets[0]?.closedWith, 1000);
  t.mock.timers.tick(1_000);
  assert.equal(sockets.length, 2);
});

test("a connection that held and then died silently begins the row of waits anew, as one that was closed does", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  for (let deaths = 1; deaths < 8; deaths++) {
    accept(newest());
    newest().receive({ type: "pong" });
    t.mock.timers.tick(30_000);
    t.mock.timers.tick(10_000);
    t.mock.timers.tick(1_000);
    assert.equal(sockets.length, deaths + 1);
  }
});

test("only the first state makes a connection: anything else before it leaves the attempt to time out", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  newest().open();
  newest().onmessage?.({ data: "<html>" });
  newest().receive({ type: "pong" });
  assert.deepEqual([newest().sent, client.getMetrics().connections], [[], 0]);
  t.mock.timers.tick(15_000);
  t.mock.timers.tick(1_000);
  assert.equal(sockets.length, 2);
});

test("times and rates that make no sense are brought to the nearest that does, or timers would run without a pause", (t) => {
  const { client, newest } = fakeClient(t, { heartbeatMs: 0, lostAfterMs: Infinity, requestsPerSecond: 0 });
  client.connect();
  accept(newest());
  newest().receive({ type: "pong" });
  t.mock.timers.tick(999);
  assert.deepEqual(newest().sent, [PING]);
  for (let at = 0; at < 5; at++) void client.publish("e", at);
  assert.equal(newest().requests.length, 1);
  newest().receive({ type: "pong" });
  newest().fail();
  t.mock.timers.tick(500);
  assert.equal(client.getSnapshot().connectionStatus, "reconnecting");
});

test("a page that comes back from the back/forward cache was not lost while nobody saw it", (t) => {
  const { client, newest, page } = fakeClient(t);
  client.connect();
  accept(newest());
  page.dispatchEvent(new Event("pagehide"));
  // The clock goes on in the cache, and what was due is run when the page is back.
  t.mock.timers.tick(600_000);
  assert.equal(client.getSnapshot().connectionStatus, "reconnecting");
  page.dispatchEvent(new Event("pageshow"));
  t.mock.timers.tick(1_999);
  assert.equal(client.getSnapshot().connectionStatus, "reconnecting");
  t.mock.timers.tick(1);
  assert.equal(client.getSnapshot().connectionStatus, "lost");
});

test("coming back after a logout is connecting, not a connection that was there a moment ago", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  newest().receive({ type: "logged_out", scope: "all" });
  client.reconnect();
  const { connectionStatus, isConnected } = client.getSnapshot();
  assert.deepEqual([connectionStatus, isConnected], ["connecting", false]);
});

/** The server of version 1 takes it. @param {FakeSocket} socket */
function acceptOlder(socket) {
  socket.open("");
  socket.receive(olderState());
}

/** Which version each socket asked for. @param {FakeSocket[]} sockets */
const versions = (sockets) => sockets.map(({ protocols }) => (protocols.includes(V2) ? 2 : 1));

test("a server that has shown to speak version 1 is asked for version 2 ever more rarely, not at each reconnect", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  for (let connections = 0; connections < 20; connections++) {
    if (versions(sockets).at(-1) === 2) newest().fail();
    acceptOlder(newest());
    t.mock.timers.tick(5_000);
    newest().fail(1001);
    t.mock.timers.tick(1_000);
  }
  const tried = versions(sockets).join("").replaceAll("21", "x");
  assert.equal(tried, "xx111111x1111111x1111");
});

test("a server that was older and is upgraded is spoken to in version 2 as soon as version 1 fails", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  for (let connections = 0; connections < 3; connections++) {
    if (versions(sockets).at(-1) === 2) newest().fail();
    acceptOlder(newest());
    t.mock.timers.tick(5_000);
    newest().fail(1001);
    t.mock.timers.tick(1_000);
  }
  assert.equal(versions(sockets).at(-1), 1);
  newest().fail();
  t.mock.timers.tick(2_000);
  assert.equal(versions(sockets).at(-1), 2);
});

test("a first attempt that failed by chance does not leave the page in version 1: it is tried again beside it", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  newest().fail();
  acceptOlder(newest());
  newest().receive({ type: "pong" });
  t.mock.timers.tick(30_000);
  assert.deepEqual(versions(sockets), [2, 1, 2]);
  const [, older, probe] = sockets;
  probe?.open();
  assert.deepEqual([probe?.closedWith, older?.closedWith], [1000, 1000]);
  assert.deepEqual(versions(sockets), [2, 1, 2, 2]);
  accept(newest(), { devices: [{ deviceId: "desk", tabs: 1, current: true }] });
  assert.equal(client.getSnapshot().devices.length, 1);
});

test("a socket that opens without version 2 is no proof that the server speaks it", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  newest().fail();
  const older = newest();
  acceptOlder(older);
  older.receive({ type: "pong" });
  t.mock.timers.tick(30_000);
  const probe = newest();
  probe.open("");
  assert.deepEqual([probe.closedWith, older.closedWith, sockets.length], [1000, null, 3]);
});

test("a client that is closed closes what it opened to find out, too", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  newest().fail();
  acceptOlder(newest());
  newest().receive({ type: "pong" });
  t.mock.timers.tick(30_000);
  client.close();
  assert.equal(newest().closedWith, 1000);
});

test("a server that is older is asked once whether it is, and keeps its connection", (t) => {
  const { client, sockets, newest, changes } = fakeClient(t);
  client.connect();
  newest().fail();
  const older = newest();
  acceptOlder(older);
  for (let beats = 0; beats < 5; beats++) {
    older.receive({ type: "pong" });
    t.mock.timers.tick(30_000);
    if (beats === 0) newest().fail();
  }
  assert.deepEqual([versions(sockets), older.closedWith], [[2, 1, 2], null]);
  // Version 1 connections that follow each other say nothing of what was missed.
  assert.deepEqual(changes, []);
  older.fail(1001);
  t.mock.timers.tick(1_000);
  assert.deepEqual(versions(sockets).slice(3), [1]);
});

/**
 * Simulates a busy process: data that has arrived is read only after the timers that were due meanwhile.
 * @param {number} ms
 * @param {() => void} arrive
 */
const busyUntil = (ms, arrive) => void setTimeout(arrive, ms);

test("an answer that waits to be read when its time is over is no missing answer", (t) => {
  const { client, sockets, newest, page } = fakeClient(t);
  client.connect();
  const [socket] = sockets;
  assert.ok(socket);
  busyUntil(15_000, () => accept(socket));
  t.mock.timers.tick(15_000);
  assert.equal(client.getSnapshot().connectionStatus, "connected", "the first frame");
  busyUntil(10_000, () => socket.receive({ type: "pong" }));
  t.mock.timers.tick(10_000);
  page.dispatchEvent(new Event("online"));
  busyUntil(5_000, () => socket.receive({ type: "event", event: "e", data: 1, from: "x", seq: 11 }));
  t.mock.timers.tick(5_000);
  assert.deepEqual([newest().closedWith, sockets.length, client.getMetrics().timeouts], [null, 1, 0]);
});

test("a connection that is back when the process finds time to look was never lost, and had no problem", (t) => {
  const { client, newest } = fakeClient(t);
  /** @type {unknown[]} */
  const seen = [];
  client.subscribe(() => seen.push(client.getSnapshot().connectionStatus, client.getSnapshot().problem));
  client.connect();
  busyUntil(5_000, () => accept(newest()));
  t.mock.timers.tick(5_000);
  newest().fail();
  t.mock.timers.tick(1_000);
  busyUntil(1_000, () => accept(newest()));
  t.mock.timers.tick(1_000);
  assert.deepEqual(seen, ["connecting", null, "connected", null, "reconnecting", null, "connected", null]);
});

test("a doubt about an older server is over when it speaks version 2: no second socket replaces the first", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  newest().fail();
  newest().open("");
  newest().receive(olderState());
  newest().fail();
  t.mock.timers.tick(2_000);
  accept(newest());
  assert.equal(sockets.length, 3);
  t.mock.timers.tick(5_000);
  newest().receive({ type: "pong" });
  t.mock.timers.tick(25_000);
  assert.equal(sockets.length, 3);
  assert.equal(newest().closedWith, null);
});
