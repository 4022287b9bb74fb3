/**
 * What is asked of the client: shown at once, sent when it can be, done once, and taken back if it is
 * refused; with sockets that break when a test says so.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, olderState, repeated, settled } from "./support/fake-socket.mjs";

/** @import { UserSessionClient } from "user-session-worker/client" */
/** @import { FakeSocket } from "./support/fake-socket.mjs" */

const DONE = { ok: true, credentialShared: false };

/** @param {UserSessionClient} client */
const games = (client) => client.getSnapshot().state?.activeGames;

/** Acknowledges a request. @param {FakeSocket} socket @param {number} [at] Which one, the last if left out. */
function ack(socket, at = -1) {
  socket.receive({ type: "ack", id: socket.requests.at(at).id });
}

/** A client whose server speaks version 1. @param {import("node:test").TestContext} t */
function olderClient(t) {
  const fake = fakeClient(t);
  fake.client.connect();
  fake.newest().open("");
  fake.newest().receive(olderState({ activeGames: ["go"] }));
  return fake;
}

test("a join is shown at once, and stays when it is granted: a tap that shows nothing is tapped again", async (t) => {
  const { client, newest, changes } = fakeClient(t);
  client.connect();
  accept(newest());
  const outcome = client.joinGame("go");
  assert.deepEqual(games(client), ["go"]);
  assert.equal(client.getSnapshot().pendingRequests, 1);
  assert.deepEqual(changes, []);
  newest().receive({ type: "game_joined", gameId: "go", activeGames: ["go"], seq: 11 });
  ack(newest());
  assert.deepEqual(await outcome, DONE);
  assert.deepEqual(games(client), ["go"]);
  assert.deepEqual(changes, [{ type: "gameJoined", gameId: "go" }]);
  assert.equal(client.getSnapshot().pendingRequests, 0);
});

test("a refused join and a refused leave are taken back, and the error tells why", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest(), { activeGames: ["chess"] });
  const join = client.joinGame("go");
  const leave = client.leaveGame("chess");
  assert.deepEqual(games(client), ["go"]);
  for (const { id } of newest().requests) {
    newest().receive({ type: "error", code: "limit_reached", message: "too many", id });
  }
  const refused = { ok: false, code: "limit_reached", message: "too many" };
  assert.deepEqual([await join, await leave], [refused, refused]);
  assert.deepEqual([games(client), client.getSnapshot().error], [["chess"], "too many"]);
});

test("what is asked offline is shown, and sent once when the connection is there", async (t) => {
  const { client, newest, sockets } = fakeClient(t);
  client.connect();
  accept(newest());
  newest().fail();
  const outcomes = [client.joinGame("go"), client.publish("e", { a: 1 }), client.updatePresence("away")];
  assert.deepEqual(games(client), ["go"]);
  t.mock.timers.tick(1_000);
  newest().open();
  assert.deepEqual(newest().requests, [], "the first frame may yet be a refusal");
  accept(newest());
  const types = newest().requests.map(({ type }) => type);
  assert.deepEqual(types, ["join_game", "broadcast", "update_presence"]);
  for (let at = 0; at < 3; at++) ack(newest(), at);
  assert.deepEqual(await Promise.all(outcomes), [DONE, DONE, DONE]);
  newest().fail();
  t.mock.timers.tick(2_000);
  accept(newest());
  assert.equal(sockets.length, 3);
  assert.deepEqual(newest().requests, [], "an answered request is not sent again");
});

test("no more numbers wait for an answer than the server remembers: the rest would be unknown after a break", async (t) => {
  const { client, newest } = fakeClient(t, { requestsPerSecond: 1_000 });
  client.connect();
  accept(newest());
  const outcomes = Array.from({ length: 300 }, (_, at) => client.publish("e", at));
  assert.equal(newest().requests.length, 64);
  const refused = await outcomes[299];
  assert.equal(refused && !refused.ok && refused.code, "queue_full");
  for (let at = 0; at < 256; at++) ack(newest(), at);
  assert.equal(newest().requests.length, 256);
  assert.deepEqual(newest().requests.map(({ data }) => data), Array.from({ length: 256 }, (_, at) => at));
});

test("rate_limited is no error: it is sent again when the server says", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const join = client.joinGame("go");
  const leave = client.leaveGame("go");
  assert.equal(newest().requests.length, 1, "a leave must not overtake its join");
  const [{ id }] = newest().requests;
  newest().receive({ type: "error", code: "rate_limited", message: "slower", retryAfterMs: 700, id });
  assert.equal(client.getSnapshot().error, null);
  t.mock.timers.tick(699);
  assert.equal(newest().requests.length, 1);
  t.mock.timers.tick(1);
  assert.deepEqual(newest().requests[1], repeated(newest().requests[0]));
  ack(newest());
  t.mock.timers.tick(100);
  ack(newest());
  assert.deepEqual([await join, await leave], [DONE, DONE]);
});

test("requests are sent no faster than the server takes them: it closes who floods it, and all would wait", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const answerAll = () => {
    for (let at = 0; at < newest().requests.length; at++) ack(newest(), at);
  };
  for (let at = 0; at < 100; at++) void client.publish("e", at);
  answerAll();
  assert.equal(newest().requests.length, 30, "a burst");
  t.mock.timers.tick(50);
  assert.equal(newest().requests.length, 31, "and 20 a second");
  const { id } = newest().requests[30];
  newest().receive({ type: "error", code: "rate_limited", message: "slower", retryAfterMs: 200, id });
  t.mock.timers.tick(199);
  assert.equal(newest().requests.length, 31);
  t.mock.timers.tick(1);
  assert.equal(newest().requests.length, 32);
  for (let steps = 0; steps < 20; steps++) {
    answerAll();
    t.mock.timers.tick(50);
  }
  assert.equal(newest().requests.length, 42, "half as many after it was refused");
});

test("a frame that is too large, or that the server could not read the id of, leaves nothing waiting", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const large = await client.publish("e", "é".repeat(33_000));
  assert.equal(!large.ok && large.code, "too_large");
  const unreadable = client.publish("e", "\ud800");
  const fine = client.publish("e", 1);
  newest().receive({ type: "error", code: "invalid_json", message: "no JSON" });
  ack(newest());
  assert.deepEqual([!(await unreadable).ok, await fine], [true, DONE]);
});

test("what was asked is what is sent, whatever becomes of the object meanwhile", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  const data = { a: 1 };
  void client.publish("e", data, { to: ["self"], except: ["x"] });
  data.a = 2;
  accept(newest());
  const sent = newest().requests[0];
  assert.deepEqual(sent, {
    id: sent.id,
    type: "broadcast", event: "e", data: { a: 1 }, to: ["self"], except: ["x"] });
});

test("a logout answers itself, and ends all that still waits", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const logout = client.logoutAllDevices();
  const join = client.joinGame("go");
  newest().receive({ type: "logged_out", scope: "all" });
  assert.deepEqual(await logout, DONE);
  const ended = await join;
  assert.equal(!ended.ok && ended.code, "ended");
  assert.equal((await client.joinGame("chess")).ok, false);
  assert.equal(client.getSnapshot().state, null);
});

test("what was missed is told once and in order, and never shown as if it were now", (t) => {
  const { client, newest, changes } = fakeClient(t);
  client.connect();
  accept(newest());
  newest().receive({ type: "game_joined", gameId: "go", activeGames: ["go"], seq: 11 });
  newest().fail();
  t.mock.timers.tick(1_000);
  assert.equal(newest().url.searchParams.get("since"), "7.11");
  changes.length = 0;
  /** @type {unknown[]} */
  const shown = [];
  client.subscribe(() => shown.push(games(client)));
  accept(newest(), { activeGames: ["a", "b"], presence: "away", seq: 15 });
  newest().receive({ type: "game_left", gameId: "go", activeGames: [], seq: 12 });
  newest().receive({ type: "game_joined", gameId: "a", activeGames: ["a"], seq: 13 });
  newest().fail();
  t.mock.timers.tick(2_000);
  assert.equal(newest().url.searchParams.get("since"), "7.13", "not the first frame's: 14 and 15 are still to come");
  accept(newest(), { activeGames: ["a", "b"], presence: "away", seq: 15 });
  newest().receive({ type: "game_joined", gameId: "a", activeGames: ["a"], seq: 13 });
  newest().receive({ type: "game_joined", gameId: "b", activeGames: ["a", "b"], seq: 14 });
  const told = changes.map((change) => `${change.type} ${change.gameId ?? change.presence}`);
  assert.deepEqual(told, ["presenceChanged away", "gameLeft go", "gameJoined a", "gameJoined b"]);
  assert.ok(shown.every((list) => String(list) === "a,b" || String(list) === "go"), String(shown));
});

test("what can't be brought any more is told as a reset, so the app can read again what hangs on it", (t) => {
  const { client, newest, changes } = fakeClient(t);
  client.connect();
  accept(newest());
  assert.deepEqual(changes, []);
  newest().fail();
  t.mock.timers.tick(1_000);
  accept(newest(), { reset: true, seq: 300, activeGames: ["new"] });
  assert.deepEqual([changes, games(client)], [[{ type: "reset" }], ["new"]]);
  newest().fail();
  t.mock.timers.tick(2_000);
  assert.equal(newest().url.searchParams.get("since"), "7.300");
  accept(newest(), { reset: true, epoch: 8, seq: 3 });
  newest().receive({ type: "event", event: "e", data: 1, from: "x", seq: 4 });
  assert.deepEqual(changes.map(({ type }) => type), ["reset", "reset", "event"], "the new count is below the old one");
  newest().receive({ type: "state", userId: "kim", activeGames: [], presence: "online", lastActive: 0, epoch: 9, seq: 0 });
  newest().receive({ type: "event", event: "e", data: 1, from: "x", seq: 1 });
  assert.deepEqual([changes.length, games(client)], [4, []], "erasing the user's data begins a new count");
});

test("devices come, change and go in the list", (t) => {
  const { client, newest } = fakeClient(t);
  const device = { name: "", firstSeen: 1, lastActive: 1, presence: "online", tabs: 1 };
  client.connect();
  accept(newest(), { devices: [{ ...device, deviceId: "desk", current: true }] });
  newest().receive({ type: "device_connected", device: { ...device, deviceId: "phone" }, seq: 11 });
  newest().receive({ type: "device_updated", device: { ...device, deviceId: "desk", name: "Desk" }, seq: 12 });
  newest().receive({ type: "device_disconnected", deviceId: "phone", seq: 13 });
  const list = client.getSnapshot().devices.map(({ deviceId, name, tabs, current }) => [deviceId, name, tabs, current]);
  assert.deepEqual(list, [["desk", "Desk", 1, true], ["phone", "", 0, false]]);
  for (let at = 0; at < 100; at++) {
    newest().receive({ type: "device_connected", device: { ...device, deviceId: `${at}` }, seq: 14 + 2 * at });
    newest().receive({ type: "device_disconnected", deviceId: `${at}`, seq: 15 + 2 * at });
  }
  assert.equal(client.getSnapshot().devices.length, 65, "old hooks take a new id at every page load");
});

test("a name that a user gives the device while there is no connection is not undone by the option's", async (t) => {
  const { client, newest } = fakeClient(t, { deviceName: "Desk" });
  client.connect();
  void client.setDeviceName("Attic");
  accept(newest(), { devices: [{ deviceId: "desk", name: "", firstSeen: 1, lastActive: 1, presence: "online", tabs: 1, current: true }] });
  ack(newest());
  await settled();
  assert.deepEqual(newest().requests.map(({ name }) => name), ["Attic"]);
});

test("version 1: a join of what is there, which nobody answers, does not wait for ever", async (t) => {
  const { client, newest } = olderClient(t);
  assert.deepEqual(await client.joinGame("go"), DONE);
  const join = client.joinGame("chess");
  assert.deepEqual(games(client), ["go", "chess"]);
  assert.deepEqual(newest().requests, [{ type: "join_game", gameId: "go" }, { type: "join_game", gameId: "chess" }]);
  newest().receive({ type: "game_joined", gameId: "chess", activeGames: ["go", "chess"] });
  assert.deepEqual(await join, DONE);
  assert.deepEqual(await client.updatePresence("away"), DONE);
});

test("version 1: an error, which has no id there, takes back what the server does not have", async (t) => {
  const { client, newest } = olderClient(t);
  const refused = client.joinGame("");
  const granted = client.joinGame("chess");
  newest().receive({ type: "error", code: "invalid_message", message: "gameId is empty" });
  assert.deepEqual(newest().requests.at(-1), { type: "sync_state" });
  newest().receive({ ...olderState({ activeGames: ["go", "chess"] }), type: "state" });
  const { ok, ...why } = await refused;
  assert.deepEqual([ok, why], [false, { code: "invalid_message", message: "gameId is empty" }]);
  assert.deepEqual(await granted, DONE);
  assert.deepEqual([games(client), client.getSnapshot().error], [["go", "chess"], "gameId is empty"]);
});

test("version 1: after a break joins are repeated, which does no harm, and events are not, which would", async (t) => {
  const { client, newest, changes } = olderClient(t);
  const join = client.joinGame("chess");
  await client.publish("e", 1);
  newest().fail();
  const later = client.publish("f", 2);
  t.mock.timers.tick(1_000);
  newest().fail();
  newest().open("");
  newest().receive(olderState({ activeGames: ["go"] }));
  assert.deepEqual(newest().requests.map(({ type, event }) => event ?? type), ["join_game", "f"]);
  newest().receive({ type: "game_joined", gameId: "chess", activeGames: ["go", "chess"] });
  assert.deepEqual([await join, await later], [DONE, DONE]);
  assert.deepEqual(changes.map(({ type }) => type), ["reset", "gameJoined"]);
});

test("version 1: what it can't do is refused by the client, not left unanswered", async (t) => {
  const { client } = olderClient(t);
  const requests = [
    ...[client.logoutOthers(), client.logoutDevice("x"), client.logoutCredential("x"), client.setDeviceName("x")],
    client.publish("e", 1, { except: ["self"] }),
  ];
  for (const outcome of await Promise.all(requests)) assert.equal(!outcome.ok && outcome.code, "unsupported");
});

test("version 1: a pushed body's own number is not taken for the server's count", (t) => {
  const { newest, changes } = olderClient(t);
  for (const seq of [5, 4, 4]) newest().receive({ type: "news", seq });
  assert.equal(changes.length, 3);
});
