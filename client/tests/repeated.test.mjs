/** Requests that are sent again: the server can tell what was done only if the numbers of a run mean what it takes them for. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, olderState, repeated } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */
/** @import { UserSessionClient } from "user-session-worker/client" */
/** @import { FakeSocket } from "./support/fake-socket.mjs" */

const DONE = { ok: true, credentialShared: false };
const UNKNOWN = { ok: false, code: "unknown", message: "the connection broke before the answer" };

/** A connected client. @param {TestContext} t @param {object} [options] */
function connected(t, options) {
  const fake = fakeClient(t, options);
  fake.client.connect();
  accept(fake.newest());
  return fake;
}

/** The connection breaks, and there is another. @param {TestContext} t @param {ReturnType<typeof fakeClient>} fake */
function comeBack(t, { newest }) {
  newest().fail();
  t.mock.timers.tick(1_000);
  accept(newest());
}

/** @param {FakeSocket} socket */
const runOf = (socket) => socket.url.searchParams.get("run");

/** @param {FakeSocket} socket @param {number} n */
const ack = (socket, n, more = {}) => socket.receive({ type: "ack", id: `${runOf(socket)}.${n}`, ...more });

/** @param {FakeSocket} socket @param {number} n @param {string} code @param {object} [more] */
const refuse = (socket, n, code, more) => socket.receive({ type: "error", code, message: code, id: `${runOf(socket)}.${n}`, ...more });

/** The numbers that were sent, a repetition with its sign. @param {FakeSocket} socket */
const sent = ({ requests }) => requests.map(({ id, again }) => `${again ? "again " : ""}${id.split(".")[1]}`);

test("a client keeps its run over every connection, and no two share one: the server takes one run for one program", (t) => {
  const fake = connected(t);
  const run = runOf(fake.newest());
  assert.match(String(run), /^[\w-]{20}$/);
  comeBack(t, fake);
  assert.equal(runOf(fake.newest()), run);
  fake.client.close();
  fake.client.connect();
  assert.equal(runOf(fake.newest()), run);
  t.mock.reset();
  assert.notEqual(runOf(connected(t).newest()), run);
});

test("an address's own run is not sent beside the client's: of two the server believes none", (t) => {
  const { newest } = connected(t, { url: "wss://app.example/session?run=mine" });
  assert.equal(newest().url.searchParams.getAll("run").length, 1);
});

test("numbers count what is sent, from 1 and without a gap, however long a request waited for its turn", (t) => {
  const { client, newest } = connected(t);
  for (const ask of ["joinGame", "leaveGame", "joinGame"]) void client[/** @type {"joinGame"} */ (ask)]("go");
  void client.publish("e", 1);
  const types = () => newest().requests.map(({ type }) => type);
  assert.deepEqual([types(), sent(newest())], [["join_game", "broadcast"], ["1", "2"]]);
  ack(newest(), 1);
  ack(newest(), 3);
  assert.deepEqual([types().slice(2), sent(newest()).slice(2)], [["leave_game", "join_game"], ["3", "4"]]);
});

test("a request whose answer was lost is repeated as what it is, or the server would refuse its number", async (t) => {
  const fake = connected(t);
  const outcome = fake.client.publish("e", 1);
  const [first] = fake.newest().requests;
  assert.equal(first.again, undefined);
  for (let breaks = 0; breaks < 3; breaks++) {
    comeBack(t, fake);
    assert.deepEqual(fake.newest().requests, [repeated(first)]);
    t.mock.timers.tick(5_000);
  }
  void fake.client.publish("f", 2);
  assert.deepEqual(sent(fake.newest()), ["again 1", "2"]);
  ack(fake.newest(), 1);
  assert.deepEqual(await outcome, DONE);
});

test("no answer of an older connection counts: it was refused there, and is done here", async (t) => {
  const fake = connected(t);
  const outcome = fake.client.publish("e", 1);
  comeBack(t, fake);
  refuse(/** @type {FakeSocket} */ (fake.sockets[0]), 1, "limit_reached");
  assert.equal(fake.client.getSnapshot().pendingRequests, 1);
  ack(fake.newest(), 1);
  assert.deepEqual(await outcome, DONE);
});

test("a number is not used before the one 64 below it is settled, which the server would forget", async (t) => {
  const fake = connected(t, { requestsPerSecond: 1_000 });
  for (let at = 1; at <= 70; at++) void fake.client.publish("e", at);
  assert.equal(sent(fake.newest()).length, 64);
  for (let n = 2; n <= 64; n++) ack(fake.newest(), n);
  assert.equal(sent(fake.newest()).length, 64, "what is settled above it makes no room");
  refuse(fake.newest(), 1, "rate_limited", { retryAfterMs: 50 });
  t.mock.timers.tick(49);
  assert.equal(sent(fake.newest()).length, 64, "nor does a refusal that settles nothing");
  comeBack(t, fake);
  assert.deepEqual(sent(fake.newest()), ["again 1"]);
  ack(fake.newest(), 1);
  t.mock.timers.tick(1_000);
  assert.deepEqual(sent(fake.newest()).slice(1), ["65", "66", "67", "68", "69", "70"]);
});

test("a request that the server failed to do is repeated ever more seldom, and others need not wait for it", async (t) => {
  const { client, newest } = connected(t);
  const outcome = client.publish("poison");
  for (const [ms, tries] of /** @type {const} */ ([[1_000, 2], [2_000, 3], [4_000, 4]])) {
    refuse(newest(), 1, "internal");
    assert.equal(client.getSnapshot().error, "internal");
    t.mock.timers.tick(ms - 1);
    newest().receive({ type: "pong" });
    assert.equal(newest().requests.length, tries - 1);
    t.mock.timers.tick(1);
    assert.equal(newest().requests.length, tries);
  }
  assert.deepEqual(sent(newest()), ["1", "again 1", "again 1", "again 1"]);
  refuse(newest(), 1, "internal");
  void client.publish("fine");
  assert.equal(sent(newest()).at(-1), "2");
  t.mock.timers.tick(8_000);
  ack(newest(), 1);
  assert.deepEqual([await outcome, client.getSnapshot().error], [DONE, null]);
});

/** @type {[what: string, ask: (client: UserSessionClient) => Promise<unknown>][]} */
const HARMLESS = [
  ["a join", (client) => client.joinGame("go")],
  ["a leave", (client) => client.leaveGame("go")],
  ["a presence", (client) => client.updatePresence("away")],
  ["a device's name", (client) => client.setDeviceName("Desk")],
  ["a mark", (client) => client.markRead(3)],
];

for (const [what, ask] of HARMLESS) {
  test(`${what} that the server can't tell of any more is asked anew, since twice is no harm`, async (t) => {
    const fake = connected(t);
    const outcome = ask(fake.client);
    const [{ id, ...message }] = fake.newest().requests;
    comeBack(t, fake);
    refuse(fake.newest(), 1, "too_old");
    assert.deepEqual(fake.newest().requests, [repeated({ id, ...message }), { id: `${runOf(fake.newest())}.2`, ...message }]);
    assert.equal(fake.client.getSnapshot().error, null);
    ack(fake.newest(), 2);
    assert.deepEqual(await outcome, DONE);
  });
}

/** @type {[what: string, ask: (client: UserSessionClient) => Promise<unknown>][]} */
const HARMFUL = [
  ["an event", (client) => client.publish("e", 1)],
  ["the logout everywhere", (client) => client.logoutAllDevices()],
  ["the logout of others", (client) => client.logoutOthers()],
  ["the logout of a device", (client) => client.logoutDevice("phone")],
  ["the logout of a credential", (client) => client.logoutCredential("s1")],
];

for (const [what, ask] of HARMFUL) {
  test(`${what} that the server can't tell of any more is unknown, and said to be: twice might do harm`, async (t) => {
    const fake = connected(t);
    const outcome = ask(fake.client);
    comeBack(t, fake);
    refuse(fake.newest(), 1, "too_old");
    assert.deepEqual(await outcome, UNKNOWN);
    assert.deepEqual([sent(fake.newest()), fake.client.getSnapshot().error], [["again 1"], UNKNOWN.message]);
  });
}

test("what was done when it was repeated says so, but not what a logout had ended, which nobody knows any more", async (t) => {
  const fake = connected(t);
  const { client } = fake;
  const outcomes = [client.logoutDevice("a"), client.logoutDevice("b"), client.logoutOthers(), client.joinGame("go")];
  comeBack(t, fake);
  const ended = { sockets: 2, credentials: 1 };
  ack(fake.newest(), 1, { repeated: true });
  ack(fake.newest(), 2, { ended, credentialShared: true, complete: false });
  ack(fake.newest(), 3, { ended });
  ack(fake.newest(), 4);
  assert.deepEqual(await Promise.all(outcomes), [
    { ok: true, credentialShared: null },
    { ok: true, credentialShared: true, ended, complete: false },
    { ok: true, credentialShared: false, ended, complete: true },
    { ok: true, credentialShared: false },
  ]);
});

test("an error without an id is about the oldest frame without an answer, whatever was asked first", async (t) => {
  const { client, newest } = connected(t);
  const join = client.joinGame("go");
  const event = client.publish("e", 1);
  refuse(newest(), 1, "rate_limited", { retryAfterMs: 50 });
  t.mock.timers.tick(1_000);
  assert.deepEqual(sent(newest()), ["1", "2", "again 1"]);
  newest().receive({ type: "error", code: "invalid_json", message: "no JSON" });
  ack(newest(), 1);
  assert.deepEqual([await join, (await event).ok], [DONE, false]);
});

for (const minutes of [-60, 0, 60]) {
  test(`what was sent 15 minutes ago is repeated, never asked as if it were new, with the clock ${minutes} minutes off`, async (t) => {
    const fake = connected(t);
    const outcome = fake.client.publish("e", 1);
    for (let beats = 0; beats < 30; beats++) {
      fake.newest().receive({ type: "pong" });
      t.mock.timers.tick(30_000);
    }
    fake.setClock(minutes * 60_000);
    comeBack(t, fake);
    assert.deepEqual(sent(fake.newest()), ["again 1"]);
    refuse(fake.newest(), 1, "too_old");
    assert.deepEqual(await outcome, UNKNOWN);
  });
}

test("a server that was rolled back to version 1 is not asked for what the newer one may have done, but for what does no harm", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const [event, join] = [client.publish("e", 1), client.joinGame("go")];
  newest().fail();
  t.mock.timers.tick(1_000);
  newest().open("user-session.v1");
  newest().receive(olderState());
  assert.deepEqual(newest().requests, [{ type: "join_game", gameId: "go" }]);
  newest().receive({ type: "game_joined", gameId: "go", activeGames: ["go"] });
  assert.deepEqual([await event, await join], [UNKNOWN, DONE]);
});
