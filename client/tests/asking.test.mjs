/** Requests and listeners that get in each other's way, with sockets that do what a test says. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { shareClient } from "user-session-worker/client";

import { accept, fakeClient, olderState } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */

const DONE = { ok: true, credentialShared: false };

/** A client whose server speaks version 1. @param {TestContext} t */
function olderClient(t) {
  const fake = fakeClient(t);
  fake.client.connect();
  fake.newest().open("");
  fake.newest().receive(olderState({ activeGames: ["go"] }));
  return fake;
}

test("what JSON can't say is refused like anything else: a promise that is never rejected, and no exception", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  /** @type {any} */
  const circular = {};
  circular.self = circular;
  for (const data of [circular, 7n]) {
    const outcome = await client.publish("e", data);
    assert.equal(!outcome.ok && outcome.code, "invalid_message");
  }
  assert.deepEqual([newest().requests, client.getSnapshot().pendingRequests], [[], 0]);
});

test("what the client itself refuses is an error that shows: the hook's joinGame returns nothing", async (t) => {
  const { client } = olderClient(t);
  /** @type {[() => Promise<unknown>, RegExp][]} */
  const refused = [
    [() => client.logoutOthers(), /version 1/],
    [() => client.publish("e", "x".repeat(70_000)), /65536 bytes/],
  ];
  for (const [ask, error] of refused) {
    await ask();
    assert.match(String(client.getSnapshot().error), error);
    client.close();
    client.connect();
    assert.equal(client.getSnapshot().error, null);
  }
});

test("a burst that the server refuses as a whole halves the rate once, and a quiet minute gives it back", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  for (let at = 0; at < 90; at++) void client.publish("e", at);
  for (const { id } of newest().requests) {
    newest().receive({ type: "error", code: "rate_limited", message: "slower", retryAfterMs: 100, id });
  }
  /** How many are sent in a time, all of them answered at once. @param {number} ms */
  const sentIn = (ms) => {
    const before = newest().requests.length;
    for (let steps = 0; steps < ms / 50; steps++) {
      t.mock.timers.tick(50);
      for (const { id } of newest().requests) newest().receive({ type: "ack", id });
    }
    return newest().requests.length - before;
  };
  sentIn(100);
  assert.equal(sentIn(1_000), 10);
  sentIn(9_000);
  assert.equal(client.getSnapshot().pendingRequests, 0);
  newest().receive({ type: "pong" });
  t.mock.timers.setTime(Date.now() + 60_001);
  for (let at = 0; at < 40; at++) void client.publish("e", at);
  assert.equal(sentIn(500), 40 - 30);
});

test("version 1: another device's leave of a game does not take back this one's join, whose answer is on its way", async (t) => {
  const { client, newest } = olderClient(t);
  const outcome = client.joinGame("chess");
  newest().receive({ type: "game_left", gameId: "chess", activeGames: ["go"] });
  assert.deepEqual(client.getSnapshot().state?.activeGames, ["go", "chess"]);
  newest().receive({ type: "game_joined", gameId: "chess", activeGames: ["go", "chess"] });
  assert.deepEqual(await outcome, DONE);
  const leaving = client.leaveGame("chess");
  newest().receive({ type: "game_joined", gameId: "chess", activeGames: ["go", "chess"] });
  assert.deepEqual(client.getSnapshot().state?.activeGames, ["go"]);
  newest().receive({ type: "game_left", gameId: "chess", activeGames: ["go"] });
  assert.deepEqual(await leaving, DONE);
});

test("version 1: rate_limited is waited out, not answered with one more frame for each until the server closes", async (t) => {
  const { client, newest } = olderClient(t);
  const joins = [client.joinGame("a"), client.joinGame("b")];
  newest().receive({ type: "error", code: "rate_limited", message: "slower", retryAfterMs: 500 });
  newest().receive({ type: "game_joined", gameId: "a", activeGames: ["go", "a"] });
  assert.equal(newest().requests.length, 2);
  assert.equal(client.getSnapshot().error, null);
  t.mock.timers.tick(499);
  assert.equal(newest().requests.length, 2);
  t.mock.timers.tick(1);
  assert.deepEqual(newest().requests.slice(2), [{ type: "join_game", gameId: "b" }]);
  newest().receive({ type: "game_joined", gameId: "b", activeGames: ["go", "a", "b"] });
  assert.deepEqual(await Promise.all(joins), [DONE, DONE]);
});

test("version 1: a server that fails whatever it is asked is not asked for its state again at each error", (t) => {
  const { client, newest } = olderClient(t);
  void client.joinGame("a");
  for (let errors = 0; errors < 10; errors++) newest().receive({ type: "error", code: "internal", message: "fault" });
  assert.deepEqual(newest().requests.slice(1), [{ type: "sync_state" }]);
});

test("version 1: what a server pushes is an event, whatever the name means in version 2", (t) => {
  const { client, newest, changes } = olderClient(t);
  const types = ["logged_out", "replaced", "ack", "device_connected", "device_updated", "device_disconnected"];
  for (const type of types) newest().receive({ type });
  assert.deepEqual(changes.map(({ event }) => event?.name), types);
  assert.deepEqual([client.getSnapshot().connectionStatus, client.getSnapshot().devices], ["connected", []]);
});

test("a listener that another has just removed is not called any more", (t) => {
  const { client, newest } = fakeClient(t);
  /** @type {string[]} */
  const called = [];
  const stops = [client.subscribe(() => stops[1]?.()), client.subscribe(() => called.push("snapshot"))];
  const ends = [client.on("gameJoined", () => ends[1]?.()), client.on("gameJoined", () => called.push("joined"))];
  client.connect();
  accept(newest());
  newest().receive({ type: "game_joined", gameId: "go", activeGames: ["go"], seq: 11 });
  assert.deepEqual(called, []);
});

test("an app that signs in again as soon as it is logged out loses nothing that it asks then", async (t) => {
  const { client, newest, sockets } = fakeClient(t);
  /** @type {Promise<unknown>[]} */
  const asked = [];
  client.on("loggedOut", () => {
    client.reconnect();
    asked.push(client.joinGame("go"));
  });
  client.connect();
  accept(newest());
  const before = client.publish("e", 1);
  newest().receive({ type: "logged_out", scope: "all" });
  assert.equal((await before).ok, false);
  assert.equal(sockets.length, 2);
  accept(newest());
  newest().receive({ type: "ack", id: newest().requests[0]?.id });
  assert.deepEqual(await Promise.all(asked), [DONE]);
});

test("a client that a listener closes at the first state sends nothing on its next socket before that one's", (t) => {
  const { client, newest } = fakeClient(t);
  const stop = client.subscribe(() => {
    if (client.getSnapshot().connectionStatus !== "connected") return;
    stop();
    client.close();
  });
  client.connect();
  accept(newest());
  client.connect();
  newest().open();
  void client.joinGame("go");
  assert.deepEqual(newest().sent, []);
});

test("an address is the same however it is written: two clients of one tab would throw each other out", (t) => {
  const globals = /** @type {any} */ (globalThis);
  globals.location = new URL("https://app.example/some/page?x#y");
  t.after(() => delete globals.location);
  class Socket extends EventTarget {
    close() {}
  }
  const share = (/** @type {string | undefined} */ url) => {
    const { client, release } = shareClient({ userId: "kim", url, WebSocket: /** @type {any} */ (Socket) });
    t.after(release);
    return client;
  };
  const urls = ["/__user-session", "../__user-session#z", "https://app.example/__user-session", "wss://app.example/__user-session"];
  const client = share(undefined);
  for (const url of urls) assert.equal(share(url), client, url);
  assert.notEqual(share("https://app.example/other"), client);
});

test("an address's own query goes along", (t) => {
  const { client, newest } = fakeClient(t, { url: "wss://app.example/session?region=eu&userId=lee" });
  client.connect();
  assert.equal(newest().url.searchParams.get("region"), "eu");
  assert.deepEqual(newest().url.searchParams.getAll("userId"), ["kim"]);
});
