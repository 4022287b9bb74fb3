/**
 * When the client connects, comes back, notices that nobody is there, and stays away: with sockets
 * and a clock that the tests control, since real ones fail when they like.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { UserSessionClient } from "user-session-worker/client";

import { PING, V2, accept, fakeClient, olderState, settled, tokenOf } from "./support/fake-socket.mjs";

const LOGOUT_REASON = "Logged out from all devices";

test("ids are encoded: a user id that looks like a query would make another user's session of it", (t) => {
  const { client, newest } = fakeClient(t, { userId: "kim&userId=lee#x +é", deviceId: "a b/c" });
  client.connect();
  const { url } = newest();
  assert.deepEqual(url.searchParams.getAll("userId"), ["kim&userId=lee#x +é"]);
  assert.equal(url.searchParams.get("deviceId"), "a b/c");
  assert.equal(url.searchParams.get("tabId")?.length, 16);
  assert.equal(url.hash, "");
});

test("a failing connection is tried after 1, 2, 4 … 30 s, and never given up", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const waits = [];
  for (let failures = 0; failures < 50; failures++) {
    const before = sockets.length;
    newest().fail();
    let waited = 0;
    while (sockets.length === before && waited < 60_000) {
      t.mock.timers.tick(500);
      waited += 500;
    }
    waits.push(waited / 1_000);
  }
  assert.deepEqual(waits.slice(0, 7), [1, 2, 4, 8, 16, 30, 30]);
  assert.equal(new Set(waits.slice(6)).size, 1);
});

test("the wait has jitter: devices that a deploy cut off together don't come back together", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  t.mock.method(Math, "random", () => 0);
  client.connect();
  accept(newest());
  newest().fail();
  t.mock.timers.tick(499);
  assert.equal(sockets.length, 1);
  t.mock.timers.tick(1);
  assert.equal(sockets.length, 2);
});

test("a server that accepts and closes at once is not asked every second for ever", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  for (let rounds = 0; rounds < 5; rounds++) {
    accept(newest());
    newest().fail(1011);
    t.mock.timers.tick(30_000);
  }
  const before = sockets.length;
  accept(newest());
  newest().fail(1011);
  t.mock.timers.tick(15_000);
  assert.equal(sockets.length, before);
  t.mock.timers.tick(15_000);
  accept(newest());
  t.mock.timers.tick(5_000);
  newest().fail();
  t.mock.timers.tick(1_000);
  assert.equal(sockets.length, before + 2, "a connection that held begins anew");
});

test("a device that floods, or a server that is full, waits longer before it comes back", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  newest().fail(1013);
  t.mock.timers.tick(3_999);
  assert.equal(sockets.length, 1);
  t.mock.timers.tick(1);
  accept(newest());
  newest().fail(1008);
  t.mock.timers.tick(29_999);
  assert.equal(sockets.length, 2);
  t.mock.timers.tick(1);
  assert.equal(sockets.length, 3);
});

for (const type of ["online", "pageshow"]) {
  test(`on ${type} a waiting client connects at once: nobody looks at a stale page for 30 s`, (t) => {
    const { client, sockets, newest, page } = fakeClient(t);
    client.connect();
    accept(newest());
    newest().fail();
    page.dispatchEvent(new Event(type));
    assert.equal(sockets.length, 2);
    page.dispatchEvent(new Event(type));
    assert.equal(sockets.length, 2, "one attempt at a time");
    t.mock.timers.tick(1_000);
    assert.equal(sockets.length, 2, "the wait is over with it");
  });
}

test("becoming visible finds out at once whether a connection that sleeps with the laptop is dead", (t) => {
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const globals = /** @type {any} */ (globalThis);
  globals.document = document;
  t.after(() => delete globals.document);
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  newest().receive({ type: "pong" });
  document.visibilityState = "hidden";
  document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(newest().sent, [PING]);
  document.visibilityState = "visible";
  document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(newest().sent, [PING, PING]);
  t.mock.timers.tick(5_000);
  t.mock.timers.tick(1_000);
  assert.equal(sockets.length, 2);
});

test("a page that is left closes its socket, and opens one when it comes back from the cache", (t) => {
  const { client, sockets, newest, page } = fakeClient(t);
  client.connect();
  accept(newest());
  page.dispatchEvent(new Event("pagehide"));
  assert.equal(newest().closedWith, 1000);
  t.mock.timers.tick(60_000);
  assert.equal(sockets.length, 1);
  page.dispatchEvent(new Event("pageshow"));
  assert.equal(sockets.length, 2);
  assert.equal(newest().url.searchParams.get("since"), "7.10");
});

test("a page that had no address to connect to says so again when it comes back from the cache", async (t) => {
  const { client, page } = fakeClient(t, { url: "ftp://app.example" });
  client.connect();
  page.dispatchEvent(new Event("pagehide"));
  page.dispatchEvent(new Event("pageshow"));
  const { problem, isLoading } = client.getSnapshot();
  assert.deepEqual([problem?.code, isLoading], ["wrong_address", false]);
});

test("the heartbeat goes out on connecting and every 30 s, in the bytes that let the server sleep", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  for (let beats = 1; beats <= 4; beats++) {
    assert.deepEqual(newest().sent, Array(beats).fill(PING));
    newest().receive({ type: "pong" });
    t.mock.timers.tick(30_000);
  }
  assert.equal(sockets.length, 1);
  assert.ok(Number(client.getMetrics().roundTripMs) >= 0);
});

test("a missing pong is noticed within 10 s: a dead network closes no socket for minutes", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  t.mock.timers.tick(9_999);
  assert.equal(newest().closedWith, null);
  t.mock.timers.tick(1);
  assert.equal(newest().closedWith, 1000);
  assert.equal(client.getMetrics().timeouts, 1);
  t.mock.timers.tick(1_000);
  assert.equal(sockets.length, 2);
  sockets[0]?.receive({ type: "game_joined", gameId: "go", activeGames: ["go"], seq: 11 });
  sockets[0]?.fail();
  assert.deepEqual(client.getSnapshot().state?.activeGames, [], "what the dead one still says is not heard");
  assert.equal(sockets.length, 2);
});

test("a server that never answers the connection is given up after 15 s", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  newest().open();
  t.mock.timers.tick(15_000);
  t.mock.timers.tick(1_000);
  assert.equal(sockets.length, 2);
});

/** @type {[what: string, end: (socket: import("./support/fake-socket.mjs").FakeSocket) => void, status: string, error: string | null][]} */
const ENDINGS = [
  ["a logout's close", (socket) => socket.fail(1000, LOGOUT_REASON), "logged_out", null],
  ["logged_out", (socket) => socket.receive({ type: "logged_out", scope: "all" }), "logged_out", null],
  ["a credential's end", (socket) => socket.receive({ type: "logged_out", scope: "credential" }), "logged_out", null],
  ["close 4409", (socket) => socket.fail(4409, "replaced"), "replaced", null],
  ["replaced", (socket) => socket.receive({ type: "replaced" }), "replaced", null],
  ["close 4403", (socket) => socket.fail(4403, ""), "forbidden", "not allowed"],
];

for (const [what, end, status, error] of ENDINGS) {
  test(`after ${what} the tab closes by itself and stays out, and only reconnect brings it back`, (t) => {
    const { client, sockets, changes, newest, page } = fakeClient(t);
    client.connect();
    accept(newest());
    end(newest());
    const snapshot = client.getSnapshot();
    assert.deepEqual([snapshot.connectionStatus, snapshot.error, snapshot.isConnected], [status, error, false]);
    assert.deepEqual(changes, status === "logged_out" ? [{ type: "loggedOut" }] : []);
    assert.deepEqual([snapshot.problem?.code, snapshot.problem?.retryable], [status, false]);
    if (newest().readyState !== 3) assert.equal(newest().closedWith, 1000);
    newest().fail(1000, LOGOUT_REASON);
    page.dispatchEvent(new Event("online"));
    t.mock.timers.tick(600_000);
    assert.equal(sockets.length, 1);
    assert.equal(changes.length, status === "logged_out" ? 1 : 0, "it is told once");
    client.reconnect();
    accept(newest());
    assert.equal(client.getSnapshot().connectionStatus, "connected");
    assert.equal(sockets.length, 2);
  });
}

test("a server that selects no subprotocol is tried at once without: it speaks version 1", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  assert.deepEqual(newest().protocols, [V2, "user-session.v1"]);
  newest().fail();
  assert.equal(sockets.length, 2);
  assert.deepEqual(newest().protocols, []);
  newest().open("");
  newest().receive(olderState({ activeGames: ["go"] }));
  assert.deepEqual(client.getSnapshot().state?.activeGames, ["go"]);
  assert.equal(client.getSnapshot().connectionStatus, "connected");
});

for (const [what, fail] of /** @type {const} */ ([["tells of its failure", false], ["can't be made", true]])) {
  test(`the socket that asks an older server again and ${what} harms nothing, as it would in Node`, (t) => {
    const { client, sockets, newest } = fakeClient(t);
    client.connect();
    newest().fail();
    newest().open("");
    newest().receive(olderState());
    const connection = newest();
    const { push } = sockets;
    sockets.push = (...added) => {
      if (fail) throw new DOMException("not from here", "SecurityError");
      return push.apply(sockets, added);
    };
    t.mock.timers.tick(5_000);
    connection.receive({ type: "pong" });
    t.mock.timers.tick(25_000);
    // The class of `ws` ends the process over an error that nobody listens to.
    if (!fail) assert.ok(sockets.length === 3 && newest().onerror);
    assert.equal(client.getSnapshot().connectionStatus, "connected");
    assert.equal(connection.closedWith, null);
  });
}

test("a server known to speak version 2 is never asked for version 1, however often it fails", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  for (let failures = 0; failures < 5; failures++) {
    newest().fail();
    t.mock.timers.tick(30_000);
  }
  assert.ok(sockets.every(({ protocols }) => protocols[0] === V2));
});

test("a token goes to the server for a ticket, and a function is asked for one for each connection", async (t) => {
  let count = 0;
  const { client, newest, sockets } = fakeClient(t, { token: async () => `token-${++count}` });
  client.connect();
  await settled();
  assert.equal(tokenOf(newest()), "token-1");
  assert.doesNotMatch(newest().url.href + newest().protocols.join(), /token-1/);
  accept(newest());
  newest().fail(4401, "expired");
  await settled();
  assert.equal(sockets.length, 2, "a token that has just expired ends no session");
  assert.equal(tokenOf(newest()), "token-2");
  newest().open();
  newest().fail(4401, "not signed in");
  await settled();
  assert.equal(sockets.length, 2, "one that was just made and is refused does");
  assert.equal(client.getSnapshot().connectionStatus, "unauthorized");
});

test("a token that can't be fetched is tried again later, and says so", async (t) => {
  let failing = true;
  const token = () => (failing ? Promise.reject(new Error("no token")) : "t");
  const { client, sockets, newest } = fakeClient(t, { token });
  client.connect();
  await settled();
  assert.deepEqual([sockets.length, client.getSnapshot().error], [0, "no token"]);
  failing = false;
  t.mock.timers.tick(1_000);
  await settled();
  accept(newest());
  assert.equal(client.getSnapshot().error, null);
});

test("a client that was closed while it fetched its token opens no socket", async (t) => {
  const { client, sockets } = fakeClient(t, { token: async () => "t" });
  client.connect();
  client.close();
  await settled();
  assert.equal(sockets.length, 0);
});

test("a connection that is back after a moment was never lost: nothing flickers", (t) => {
  const { client, newest } = fakeClient(t);
  /** @type {string[]} */
  const seen = [];
  client.subscribe(() => {
    const { connectionStatus, isConnected, isLoading } = client.getSnapshot();
    seen.push(`${connectionStatus} ${isConnected} ${isLoading}`);
  });
  client.connect();
  accept(newest());
  newest().fail();
  t.mock.timers.tick(1_000);
  accept(newest());
  assert.deepEqual(seen, ["connecting false true", "connected true false", "reconnecting true false", "connected true false"]);
  newest().fail();
  t.mock.timers.tick(2_000);
  assert.deepEqual(seen.slice(4), ["reconnecting true false", "lost false false"]);
  accept(newest());
  assert.equal(seen.at(-1), "connected true false");
});

test("a snapshot is the same object until something changes, or React would render without end", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest(), { activeGames: ["go"] });
  const before = client.getSnapshot();
  newest().receive({ type: "pong" });
  newest().receive({ type: "event", event: "e", data: 1, from: "x", seq: 11 });
  assert.equal(client.getSnapshot(), before);
  newest().receive({ type: "game_joined", gameId: "go", activeGames: ["go"], seq: 12 });
  assert.equal(client.getSnapshot().state, before.state);
});

test("a listener that throws keeps nobody else from being told", (t) => {
  const { client, newest, changes } = fakeClient(t);
  /** @type {(() => void)[]} */
  const thrown = [];
  t.mock.method(globalThis, "queueMicrotask", (/** @type {() => void} */ task) => thrown.push(task));
  client.on("gameJoined", () => {
    throw new Error("a listener's fault");
  });
  client.connect();
  accept(newest());
  newest().receive({ type: "game_joined", gameId: "go", activeGames: ["go"], seq: 11 });
  newest().receive({ type: "game_left", gameId: "go", activeGames: [], seq: 12 });
  assert.deepEqual(changes.map(({ type }) => type), ["gameJoined", "gameLeft"]);
  assert.throws(() => thrown[0]?.(), /a listener's fault/);
});

test("what is no frame is ignored: a proxy's page or a broken server must not stop the tab", (t) => {
  const { client, newest, changes } = fakeClient(t);
  client.connect();
  accept(newest());
  for (const data of ["", "null", "7", "{}", '{"type":7}', new ArrayBuffer(1)]) newest().onmessage?.({ data });
  assert.deepEqual(changes, []);
});

test("without a page's address the client says so when it connects, not when it is made on a server", () => {
  const client = new UserSessionClient({ userId: "kim", deviceId: "d" });
  assert.equal(client.getSnapshot().state, null);
  client.connect();
  assert.match(String(client.getSnapshot().error), /URL/);
  client.close();
});

test("an attempt that was given up and comes late replaces a connection, which is made again once", (t) => {
  const { client, sockets, newest, page } = fakeClient(t);
  client.connect();
  newest().fail();
  page.dispatchEvent(new Event("online"));
  accept(newest());
  newest().fail(4409, "replaced");
  assert.equal(client.getSnapshot().connectionStatus, "reconnecting");
  page.dispatchEvent(new Event("online"));
  assert.equal(sockets.length, 3);
  accept(newest());
  newest().fail(4409, "replaced");
  assert.equal(client.getSnapshot().connectionStatus, "replaced", "another tab has the same id");
});
