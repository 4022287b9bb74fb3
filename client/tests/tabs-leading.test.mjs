/** Tabs that share a socket: who of them leads, and how long one that does not serve the others is believed to. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, initialState } from "./support/fake-socket.mjs";
import { acknowledge, connectAll, connectInDocument, leadAlone, listen, pass, quiet, stealable, tabs, until, untilIs } from "./support/tabs.mjs";

/** @import { TestContext } from "node:test" */

const DONE = { ok: true, credentialShared: false };
const PONG = { type: "pong" };

/** A tab that leads until its lock is taken, and another that speaks as the test says. @param {TestContext} t */
async function leadingAlone(t) {
  const given = tabs(t, 1);
  const lock = stealable(t);
  given.client.connect();
  await until("its socket", () => given.sockets.length === 1);
  accept(given.newest());
  return { ...given, ...listen(t, given.name), lock };
}

/** A tab that is served by a tab of the test's. @param {TestContext} t */
async function served(t) {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState()]);
  await untilIs(given.client, "connected");
  await until("its first question", () => alone.heardOf("probe").length > 0);
  const [{ from }] = alone.heardOf("probe");
  return { ...given, alone, run: from };
}

test("a tab that finds none that answers leads itself, after 2.5 s", async (t) => {
  const { name, client, sockets } = tabs(t, 1);
  const alone = leadAlone(t, name);
  client.connect();
  const outcome = client.joinGame("go");
  await until("the wish to be served", () => alone.heardOf("join").length > 0);
  await pass(t, 2_250);
  assert.equal(sockets.length, 0);
  await pass(t, 250);
  await until("its own socket", () => sockets.length === 1);
  const [socket] = sockets;
  assert.ok(socket);
  accept(socket);
  socket.receive({ type: "ack", id: socket.requests[0].id });
  assert.deepEqual([await outcome, await alone.held], [DONE, "stolen"]);
});

test("a tab that leads and runs no timers is replaced within 5 s, though it reads what others say, and its socket is open", async (t) => {
  const { client, newest, sockets, alone, run } = await served(t);
  // The last that it does as one that runs.
  alone.say({ kind: "alive", to: run });
  alone.tell(PONG);
  await pass(t, 4_750);
  await until("its own socket", () => sockets.length === 1);
  assert.equal(newest().url.searchParams.get("since"), "7.10", "it asks the server for what it may have missed");
  assert.equal(client.getSnapshot().isConnected, true);
});

test("a tab that leads keeps its place as long as it answers and pongs come, however long that is", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  for (let seconds = 0; seconds < 100; seconds += 4) {
    given.page.dispatchEvent(new Event("online"));
    await pass(t, 4_000);
    given.newest().receive(PONG);
  }
  assert.equal(given.sockets.length, 1);
});

test("a tab that runs, and through which no pong comes, is replaced as soon as somebody who looks has waited 5 s for one", async (t) => {
  const { client, sockets, page, alone, run } = await served(t);
  alone.tell(PONG);
  await quiet();
  page.dispatchEvent(new Event("online"));
  for (let left = 5_000; left > 0; left -= 250) {
    assert.equal(sockets.length, 0);
    await pass(t, 250);
    alone.say({ kind: "alive", to: run });
  }
  await pass(t, 10);
  await until("its own socket", () => sockets.length === 1);
  assert.deepEqual([await alone.held, client.getMetrics().timeouts], ["stolen", 1]);
});

test("the heartbeats of several tabs are one to the server, and its answer is for all", async (t) => {
  const given = tabs(t, 3);
  await connectAll(given);
  await quiet();
  const pings = () => given.newest().sent.length - given.newest().requests.length;
  given.newest().receive(PONG);
  const before = pings();
  for (const client of given.clients.slice(1)) client.reconnect();
  await quiet();
  assert.equal(pings(), before + 1);
  given.newest().receive(PONG);
  await pass(t, 6_000);
  assert.equal(given.sockets.length, 1, "nobody waits for another");
});

test("a leading page that is left gives the socket to another tab, and follows when it comes back", async (t) => {
  for (const [away, back, where] of [["pagehide", "pageshow", "page"], ["freeze", "resume", "document"]]) {
    const given = tabs(t, 2);
    const target = new EventTarget();
    const globals = /** @type {any} */ (globalThis);
    if (where === "document") globals.document = target;
    await connectAll(given);
    const outcome = given.client.joinGame("go");
    const [request] = given.newest().requests;
    const [leader, tab] = given.clients;
    // Both clients are of this process's one page, which is left, and the other comes back first.
    (where === "document" ? target : given.page).dispatchEvent(new Event(/** @type {string} */ (away)));
    assert.equal(given.sockets[0]?.closedWith, 1000);
    await quiet();
    const { held = [] } = await navigator.locks.query();
    assert.ok(!held.some(({ name }) => name === given.name), "a page in the cache holds no lock");
    (where === "document" ? target : given.page).dispatchEvent(new Event(/** @type {string} */ (back)));
    await until("the next", () => given.sockets.length === 2);
    accept(given.newest());
    await until("the request", () => given.newest().requests.length === 1);
    given.newest().receive({ type: "ack", id: request.id });
    assert.deepEqual(await outcome, DONE);
    await untilIs(leader, "connected");
    await untilIs(tab, "connected");
    assert.equal(given.sockets.length, 2);
    for (const client of given.clients) client.close();
    delete globals.document;
    t.mock.reset();
  }
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
  await untilIs(given.client, "connected");
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

test("the others are told of a logout though the app of the tab that leads leaves the page at once, and once", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  given.client.on("loggedOut", () => given.client.close());
  let logouts = 0;
  given.clients[1]?.on("loggedOut", () => logouts++);
  given.newest().receive({ type: "logged_out", scope: "all" });
  await until("the other to be told", () => logouts === 1);
  await quiet();
  assert.deepEqual([given.clients[1]?.getSnapshot().connectionStatus, logouts], ["logged_out", 1]);
});

test("a tab that was frozen is not over for good when its socket is replaced by that of the tab that leads now", async (t) => {
  const { client, newest, sockets, lock, heard } = await leadingAlone(t);
  const outcome = client.publish("e");
  lock.isTaken = true;
  newest().fail(4409, "replaced");
  await until("its wish to be served by the next leader", () => heard.some(({ kind }) => kind === "join"));
  assert.equal(client.getSnapshot().connectionStatus, "reconnecting");
  assert.equal(sockets.length, 1);
  client.close();
  await outcome;
});

test("a tab that leads and is replaced is over, and leaves the socket to the others", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  given.newest().receive({ type: "replaced" });
  await untilIs(given.client, "replaced");
  await until("the next socket", () => given.sockets.length === 2);
  accept(given.newest());
  await untilIs(given.clients[1], "connected");
  assert.equal(given.client.getSnapshot().connectionStatus, "replaced");
});

test("a leader that hears another say that it leads says so itself, unless its lock was taken", async (t) => {
  const { say, heard, lock, newest } = await leadingAlone(t);
  say({ kind: "leading" }, "earlier");
  await until("its claim", () => heard.some(({ kind }) => kind === "leading"));
  heard.length = 0;
  lock.isTaken = true;
  say({ kind: "leading" }, "next");
  await until("its end", () => newest().closedWith === 1000);
  assert.ok(!heard.some(({ kind }) => kind === "leading"));
});

test("a tab that hears of another leader leaves the one that it was served by", async (t) => {
  const { client, alone } = await served(t);
  alone.say({ kind: "leading" }, "next");
  await until("its wish to be served", () => alone.heardOf("join").length > 0);
  assert.equal(client.getSnapshot().connectionStatus, "reconnecting");
  await alone.welcome([initialState()], "second");
  await untilIs(client, "connected");
});

test("tabs that were logged out stay out, also when one comes back from the back/forward cache, which is told of it", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [leader, tab] = given.clients;
  tab?.close();
  given.newest().receive({ type: "logged_out", scope: "all" });
  await untilIs(leader, "logged_out");
  let logouts = 0;
  tab?.on("loggedOut", () => logouts++);
  given.page.dispatchEvent(new Event("pageshow"));
  await quiet();
  assert.equal(given.sockets.length, 1);
  given.clients[1]?.reconnect();
  await until("the next socket", () => given.sockets.length === 2);
  assert.equal(logouts, 0, "who begins anew is not told of what is over");
});

test("a page that comes out of the cache when the session is over is told as the others were", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState()]);
  await untilIs(given.client, "connected");
  given.page.dispatchEvent(new Event("pagehide"));
  await quiet();
  given.page.dispatchEvent(new Event("pageshow"));
  await until("its wish", () => alone.heardOf("join").length > 0);
  const [{ from, isNew }] = alone.heardOf("join");
  assert.equal(isNew, false, "it does not begin anew what is over");
  alone.say({ kind: "ended", to: from, ending: "logged_out", reason: "" });
  await untilIs(given.client, "logged_out");
  assert.deepEqual(given.changes, [{ type: "loggedOut" }]);
  given.client.close();
  await alone.leave();
});

test("a page that was told to reconnect while it was connected begins nothing anew when it comes out of the cache", async (t) => {
  const given = tabs(t, 1, { token: "a" });
  await connectAll(given);
  const tab = given.another();
  let logouts = 0;
  tab.on("loggedOut", () => logouts++);
  const page = connectInDocument(tab);
  await untilIs(tab, "connected");
  tab.reconnect();
  tab.token = "b";
  await quiet();
  page.dispatchEvent(new Event("freeze"));
  await quiet();
  given.newest().receive({ type: "logged_out", scope: "all" });
  page.dispatchEvent(new Event("resume"));
  await untilIs(tab, "logged_out");
  assert.equal(given.client.getSnapshot().connectionStatus, "logged_out");
  assert.deepEqual([logouts, given.sockets.length], [1, 1]);
});

test("a tab that was replaced stays out when somebody looks at it, whatever the others do", async (t) => {
  const given = tabs(t, 1);
  const page = connectInDocument(given.client);
  await until("its socket", () => given.sockets.length === 1);
  accept(given.newest());
  const next = given.another();
  next.connect();
  await untilIs(next, "connected");
  given.newest().receive({ type: "replaced" });
  await untilIs(given.client, "replaced");
  await until("the next socket", () => given.sockets.length === 2);
  accept(given.newest());
  page.dispatchEvent(new Event("visibilitychange"));
  const last = given.another();
  last.connect();
  await untilIs(last, "connected");
  next.close();
  await until("the last one's socket", () => given.sockets.length === 3);
  accept(given.newest());
  await quiet();
  assert.deepEqual([given.client, last].map((client) => client.getSnapshot().connectionStatus), ["replaced", "connected"]);
});

test("a tab that comes to lead when the session is over does not begin it again, and tells others that it is", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  given.newest().receive({ type: "logged_out", scope: "all" });
  const [leader, tab] = given.clients;
  await untilIs(tab, "logged_out");
  leader?.close();
  await quiet();
  assert.equal(given.sockets.length, 1);
  const { say, heard } = listen(t, given.name);
  say({ kind: "join", known: { position: null, inbox: null }, isNew: false }, "back");
  await until("its answer", () => heard.length > 0);
  assert.deepEqual([heard[0].kind, heard[0].to, heard[0].ending], ["ended", "back", "logged_out"]);
});

test("a tab that does not lead tries at once, too, when it is told to reconnect", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  given.newest().fail();
  await quiet();
  given.clients[1]?.reconnect();
  await pass(t, 10);
  await until("the next socket", () => given.sockets.length === 2);
});

test("somebody who looks at a tab that waits wakes the one that leads, which tries at once", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  given.newest().fail();
  await quiet();
  given.page.dispatchEvent(new Event("online"));
  await until("the next socket", () => given.sockets.length === 2);
});
