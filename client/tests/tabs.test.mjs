/**
 * Tabs that share a socket, with the locks and channels of this process in place of a browser's, and
 * sockets that do what a test says.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, initialState, olderState, repeated } from "./support/fake-socket.mjs";
import { acknowledge, connectAll, connectInDocument, leadAlone, listen, pass, quiet, tabs, until, untilIs } from "./support/tabs.mjs";

/** @import { UserSessionClient } from "user-session-worker/client" */

const DONE = { ok: true, credentialShared: false };

const isConnected = (/** @type {UserSessionClient | undefined} */ client) =>
  client?.getSnapshot().connectionStatus === "connected";

/** @param {number} seq @param {object} [more] */
const event = (seq, more) => ({ type: "event", event: "e", data: seq, from: "x", seq, ...more });

const dataOf = (/** @type {any[]} */ changes) => changes.map((change) => change.event?.data ?? change.type);

test("a tab that leaves the others says so of itself, and connects again as one that knows its state", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [, tab] = given.clients;
  assert.ok(tab);
  tab.close();
  const snapshot = tab.getSnapshot();
  assert.deepEqual([snapshot.connectionStatus, snapshot.isConnected, snapshot.isLoading], ["idle", false, false]);
  tab.connect();
  assert.equal(tab.getSnapshot().isLoading, false);
  await until("it to be served", () => isConnected(tab));
  assert.equal(given.sockets.length, 1);
});

test("what a tab asks before it connects reaches the server through the tab that leads", async (t) => {
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

test("an event that another tab's socket brings is told in each tab, and nothing renders for what nobody sees", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [, tab] = given.clients;
  await quiet();
  const before = tab?.getSnapshot();
  given.newest().receive(event(11));
  given.newest().receive({ type: "inbox_read", inbox: 0, unread: 0, seq: 12 });
  await until("the event", () => given.told[1]?.length === 1);
  assert.equal(tab?.getSnapshot(), before);
  given.newest().receive({ type: "presence_updated", presence: "away", seq: 13 });
  await until("the presence", () => tab?.getSnapshot().state?.presence === "away");
  assert.equal(tab?.getSnapshot().devices, before?.devices);
});

test("each tab tells of its own requests: what another waits for, or was refused, is none of its business", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [leader, tab] = given.clients;
  const outcome = tab?.joinGame("x");
  await until("the request", () => given.newest().requests.length === 1);
  assert.deepEqual([leader?.getSnapshot().pendingRequests, tab?.getSnapshot().pendingRequests], [0, 1]);
  given.newest().receive({ type: "error", code: "limit_reached", message: "too many", id: given.newest().requests[0].id });
  assert.deepEqual(await outcome, { ok: false, code: "limit_reached", message: "too many" });
  assert.deepEqual([leader?.getSnapshot().error, tab?.getSnapshot().error], [null, "too many"]);
});

test("a tab that joins later is given the state of now, as the server would give it", async (t) => {
  const given = tabs(t, 2);
  const [leader, later] = given.clients;
  assert.ok(leader && later);
  await connectAll({ ...given, clients: [leader] });
  given.newest().receive({ type: "game_joined", gameId: "go", activeGames: ["go"], seq: 11 });
  given.newest().receive({ type: "device_updated", device: { deviceId: "p", name: "Phone", firstSeen: 1, lastActive: 2, presence: "online", tabs: 1 }, seq: 12 });
  later.connect();
  await until("its state", () => isConnected(later));
  const { state, devices } = later.getSnapshot();
  assert.deepEqual([state?.activeGames, devices.map(({ name }) => name)], [["go"], ["Phone"]]);
  assert.deepEqual([given.sockets.length, given.told[1]], [1, []]);
  given.newest().receive(event(13));
  await until("the event", () => given.told[1]?.length === 1);
});

test("a tab that was away for a moment is brought what it has missed by the one that leads, once and in order", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [, tab] = given.clients;
  const told = given.told[1] ?? [];
  given.newest().receive(event(11));
  await until("the first", () => told.length === 1);
  tab?.close();
  for (const seq of [12, 13]) given.newest().receive(event(seq));
  await quiet();
  tab?.connect();
  await until("what it has missed", () => told.length === 3);
  given.newest().receive(event(14));
  await until("the next", () => told.length === 4);
  assert.deepEqual(dataOf(told), [11, 12, 13, 14]);
  assert.equal(given.sockets.length, 1);
});

test("what the tab that leads can't bring is asked of the server, by the tab that has missed it", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState()]);
  await until("its state", () => isConnected(given.client));
  given.page.dispatchEvent(new Event("pagehide"));
  await quiet();
  given.page.dispatchEvent(new Event("pageshow"));
  await until("its wish", () => alone.heardOf("join").length > 0);
  const [{ from, known }] = alone.heardOf("join");
  assert.deepEqual(known, { position: { epoch: 7, seq: 10 }, inbox: null });
  alone.say({ kind: "unserved", to: from, inbox: null });
  await until("its own socket", () => given.sockets.length === 1);
  assert.equal(given.newest().url.searchParams.get("since"), "7.10");
  assert.equal(await alone.held, "stolen");
  accept(given.newest(), { seq: 12 });
  given.newest().receive(event(11));
  assert.deepEqual(dataOf(given.changes), [11]);
});

test("a tab that takes the lead from one that has earlier messages asks for those, too, so that it can serve that one", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState({ inbox: { last: 9, read: 9, unread: 0 } })]);
  await untilIs(given.client, "connected");
  given.page.dispatchEvent(new Event("pagehide"));
  given.page.dispatchEvent(new Event("pageshow"));
  await until("its wish", () => alone.heardOf("join").length > 0);
  const [{ from, known }] = alone.heardOf("join");
  assert.equal(known.inbox, 9);
  alone.say({ kind: "unserved", to: from, inbox: 5 });
  await until("its own socket", () => given.sockets.length === 1);
  assert.equal(given.newest().url.searchParams.get("inbox"), "5");
  await alone.held;
});

test("a frame of an earlier connection is not believed, and one that is brought again is told once", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState(), event(11)]);
  alone.tell(event(11));
  alone.tell(event(12), "earlier");
  alone.tell(event(13));
  await until("the last", () => given.changes.length === 2);
  assert.deepEqual(dataOf(given.changes), [11, 13]);
  alone.say({ kind: "dropped", stream: "first" });
  await alone.welcome([initialState({ epoch: 8, seq: 13 }), event(12), event(13)], "second");
  alone.tell(event(14, { epoch: 9 }), "second");
  await until("the next", () => given.changes.length === 3);
  assert.deepEqual(dataOf(given.changes), [11, 13, 14]);
});

test("a tab whose leader begins to speak version 1, which counts nothing, starts over, as if the socket were its own", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState()]);
  await until("its state", () => isConnected(given.client));
  alone.say({ kind: "dropped", stream: "first" });
  await alone.welcome([olderState()], "second", 1);
  await until("the reset", () => given.changes.length === 1);
  await alone.leave();
  await until("its own socket", () => given.sockets.length === 1);
  assert.equal(given.newest().url.searchParams.get("since"), null);
  assert.deepEqual(dataOf(given.changes), ["reset"]);
});

test("a message of the inbox reaches all tabs, once in each, also when the next leader is brought it again", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const message = { type: "push", inbox: 5, expiresAt: 9_000_000, body: { type: "news" } };
  given.newest().receive(message);
  await until("the news", () => given.told.every((changes) => changes.length === 1));
  assert.ok(given.clients.every((client) => client.getSnapshot().unread === 1));
  const [leader, tab] = given.clients;
  void tab?.markRead();
  await until("the mark", () => given.newest().requests.length === 1);
  assert.equal(given.newest().requests[0].inbox, 5);
  leader?.close();
  await until("the next leader", () => given.sockets.length === 2);
  assert.equal(given.newest().url.searchParams.get("inbox"), "5");
  accept(given.newest(), { inbox: { last: 5, read: 0, unread: 1 } });
  given.newest().receive(message);
  given.newest().receive({ ...message, inbox: 6 });
  await until("the next", () => given.told[1]?.length === 2);
  assert.deepEqual(given.told[1]?.map(({ event: { inbox } }) => inbox), [5, 6]);
});

test("a tab that is opened while messages are unread is given those that its device has not told, and counts all", async (t) => {
  const given = tabs(t, 2);
  const [leader, later] = given.clients;
  leader?.connect();
  await until("its socket", () => given.sockets.length === 1);
  accept(given.newest(), { inbox: { last: 6, read: 4, unread: 2 } });
  const bring = (/** @type {number} */ inbox, ms = 9_000_000) =>
    given.newest().receive({ type: "push", inbox, expiresAt: ms, body: { type: "news" } });
  bring(5, 3_000);
  bring(6);
  await pass(t, 4_000);
  for (const stop of given.stops) stop();
  bring(7);
  later?.connect();
  await until("the one that nobody has listened to", () => given.told[1]?.length === 1);
  assert.deepEqual([given.told[1]?.[0].event.inbox, later?.getSnapshot().unread], [7, 2]);
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

test("a presence that a tab chose that does not lead is said again after a break, and when another leads", async (t) => {
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
  await pass(t, 1_000);
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

test("a tab that comes to lead says the presence that another one had set, unless another device may have", async (t) => {
  for (const others of [[], [{ deviceId: "phone", lastActive: 1, tabs: 1 }]]) {
    const given = tabs(t, 2);
    await connectAll(given);
    const devices = [{ deviceId: "desk", lastActive: 1, tabs: 1, current: true }, ...others];
    const [leader, tab] = given.clients;
    given.newest().receive({ ...initialState({ devices }), type: "state" });
    for (const [client, presence, seq] of /** @type {const} */ ([[tab, "online", 11], [leader, "away", 12]])) {
      const outcome = client?.updatePresence(presence);
      await until("the request", () => given.newest().requests.at(-1)?.presence === presence);
      given.newest().receive({ type: "presence_updated", presence, seq });
      given.newest().receive({ type: "ack", id: given.newest().requests.at(-1).id });
      await outcome;
    }
    await quiet();
    leader?.close();
    await until("the next leader", () => given.sockets.length === 2);
    accept(given.newest(), { devices, seq: 12 });
    await quiet();
    assert.deepEqual(given.newest().requests.map(({ presence }) => presence), others.length > 0 ? [] : ["away"]);
    for (const client of given.clients) client.close();
    t.mock.reset();
  }
});

test("a tab that was away is told of a presence that is another now once, and of none that is what it was", async (t) => {
  const given = tabs(t, 1);
  await connectAll(given);
  const tab = given.another();
  const page = connectInDocument(tab);
  await untilIs(tab, "connected");
  /** @type {string[]} */
  const told = [];
  tab.on("presenceChanged", ({ presence }) => told.push(presence));
  const tellWhileAway = async (/** @type {object[]} */ frames) => {
    page.dispatchEvent(new Event("freeze"));
    await quiet();
    for (const frame of frames) given.newest().receive(frame);
    page.dispatchEvent(new Event("resume"));
    await untilIs(tab, "connected");
    await quiet();
  };
  await tellWhileAway([11, 12].map((seq) => ({ type: "presence_updated", presence: seq % 2 ? "away" : "online", seq })));
  assert.deepEqual(told, []);
  await tellWhileAway([{ type: "presence_updated", presence: "away", seq: 13 }, { type: "event", event: "e", data: 1, from: "phone", seq: 14 }]);
  assert.deepEqual(told, ["away"]);
  assert.equal(given.sockets.length, 1, "the tab that leads could tell it all");
});

test("when the server has every tab start over, they do with the one that leads, by one socket", async (t) => {
  const given = tabs(t, 5);
  await connectAll(given);
  given.newest().fail();
  await pass(t, 1_000);
  await until("the next socket", () => given.sockets.length === 2);
  accept(given.newest(), { epoch: 9, seq: 3, reset: true });
  for (const client of given.clients) await untilIs(client, "connected");
  await quiet();
  assert.equal(given.sockets.length, 2);
  assert.deepEqual(given.told.map((changes) => changes.filter(({ type }) => type === "reset").length), [1, 1, 1, 1, 1]);
  given.newest().receive({ type: "event", event: "e", data: 1, from: "phone", seq: 4 });
  await until("all to hear", () => given.told.every((changes) => changes.at(-1)?.type === "event"));
});

test("erasing a user's data takes no room for what comes after", async (t) => {
  const given = tabs(t, 1);
  await connectAll(given);
  const { say, heard } = listen(t, given.name);
  const tell = (/** @type {number} */ seq, /** @type {number} */ size) =>
    given.newest().receive({ type: "event", event: "e", from: "phone", data: "x".repeat(size), seq });
  for (let n = 1; n <= 120; n++) tell(10 + n, 1_000);
  given.newest().receive({ ...initialState({ epoch: 8, seq: 200 }), type: "state" });
  for (let n = 1; n <= 5; n++) tell(200 + n, 5_000);
  say({ kind: "join", known: { position: { epoch: 8, seq: 200 }, inbox: null }, isNew: false }, "other");
  await until("an answer", () => heard.some(({ to }) => to === "other"));
  assert.deepEqual(heard.filter(({ to }) => to === "other").map(({ kind, frames }) => [kind, frames?.length]), [["welcome", 6]]);
});

test("a leader that was taken for gone closes its socket, and what it was asked is done by the next, once", async (t) => {
  const given = tabs(t, 1);
  await connectAll(given);
  const outcome = given.client.joinGame("go");
  const [request] = given.newest().requests;
  await navigator.locks.request(given.name, { steal: true }, async () => {
    await until("its end", () => given.newest().closedWith === 1000);
    const { state, isConnected: isShown } = given.client.getSnapshot();
    assert.deepEqual([state?.activeGames, isShown], [["go"], true], "nothing flickers");
  });
  await until("its turn", () => given.sockets.length === 2);
  assert.equal(given.newest().url.searchParams.get("since"), "7.10");
  accept(given.newest());
  assert.deepEqual(given.newest().requests, [repeated(request)]);
  given.newest().receive({ type: "ack", id: request.id });
  assert.deepEqual(await outcome, DONE);
});
