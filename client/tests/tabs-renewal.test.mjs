/** Tabs that share a socket, when the credential that it was opened with ends, or there is no connection. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { UserSessionClient } from "user-session-worker/client";

import { accept, initialState, repeated, tokenOf } from "./support/fake-socket.mjs";
import { connectAll, leadAlone, pass, quiet, tabs, until } from "./support/tabs.mjs";

const DONE = { ok: true, credentialShared: false };

/** @param {UserSessionClient | undefined} client @param {string} status */
const untilIs = (client, status) => until(status, () => client?.getSnapshot().connectionStatus === status);

test("a token that is set in a tab without the socket is what the tab with it sends when the old one ends", async (t) => {
  const given = tabs(t, 2, { token: "old" });
  await connectAll(given);
  const [leader, tab] = given.clients;
  assert.ok(leader && tab);
  tab.token = "new";
  await quiet();
  const outcome = tab.joinGame("go");
  await until("the request", () => given.newest().requests.length === 1);
  const [request] = given.newest().requests;
  await quiet();
  given.newest().fail(4401, "expired");
  await until("the next socket", () => given.sockets.length === 2);
  assert.equal(tokenOf(given.newest()), "new");
  accept(given.newest());
  await until("the request", () => given.newest().requests.length === 1);
  assert.deepEqual(given.newest().requests, [repeated(request)]);
  given.newest().receive({ type: "ack", id: request.id });
  assert.deepEqual(await outcome, DONE);
  assert.equal(tab.getSnapshot().connectionStatus, "connected");
});

for (const at of [0, 1]) {
  test(`tabs whose session was over go on when the ${at ? "other" : "leading"} one is given a token`, async (t) => {
    const given = tabs(t, 2, { token: "old" });
    await connectAll(given);
    const [leader, tab] = given.clients;
    const outcome = tab?.joinGame("go");
    await until("the request", () => given.newest().requests.length === 1);
    await quiet();
    given.newest().fail(4401, "expired");
    await until("the next socket", () => given.sockets.length === 2);
    given.newest().fail(4401, "expired");
    await untilIs(tab, "unauthorized");
    assert.deepEqual(tab?.getSnapshot().problem, { code: "unauthorized", message: "expired", retryable: false });
    const target = /** @type {UserSessionClient} */ (given.clients[at]);
    target.token = "old";
    await quiet();
    assert.equal(given.sockets.length, 2, "the same is no other");
    target.token = "new";
    await until("the next socket", () => given.sockets.length === 3);
    assert.equal(tokenOf(given.newest()), "new");
    accept(given.newest());
    await until("the request", () => given.newest().requests.length === 1);
    given.newest().receive({ type: "ack", id: given.newest().requests[0].id });
    assert.deepEqual(await outcome, DONE);
    await untilIs(leader, "connected");
    await untilIs(tab, "connected");
    assert.equal(tab?.getSnapshot().problem, null);
  });
}

test("a tab that is opened with a newer token lends it to the others, and theirs is tried if it is worse", async (t) => {
  const given = tabs(t, 1, { token: "old" });
  await connectAll(given);
  const newer = new UserSessionClient({
    ...{ userId: given.userId, url: "wss://app.example/__user-session", deviceId: "desk", shareTabs: true },
    token: "new",
  });
  t.after(() => newer.close());
  newer.connect();
  await untilIs(newer, "connected");
  given.newest().fail(4401, "expired");
  await until("the next socket", () => given.sockets.length === 2);
  assert.equal(tokenOf(given.newest()), "new");
  given.newest().fail(4401, "not this one");
  await until("the next socket", () => given.sockets.length === 3);
  assert.equal(tokenOf(given.newest()), "old");
  given.newest().fail(4401, "expired");
  await untilIs(newer, "unauthorized");
  assert.equal(given.sockets.length, 3);
});

test("a tab that is opened after the session was over begins it again with its own token", async (t) => {
  const given = tabs(t, 1, { token: "old" });
  await connectAll(given);
  given.newest().fail(4401, "expired");
  await until("the next socket", () => given.sockets.length === 2);
  given.newest().fail(4401, "expired");
  const newer = new UserSessionClient({
    ...{ userId: given.userId, url: "wss://app.example/__user-session", deviceId: "desk", shareTabs: true },
    token: "new",
  });
  t.after(() => newer.close());
  newer.connect();
  await until("the next socket", () => given.sockets.length === 3);
  assert.equal(tokenOf(given.newest()), "new");
  accept(given.newest());
  await untilIs(newer, "connected");
});

test("a token that comes after the session was over begins it again, also in a tab that came to lead only then", async (t) => {
  const given = tabs(t, 2, { token: "old" });
  await connectAll(given);
  const [leader, tab] = given.clients;
  given.newest().fail(4401, "expired");
  await until("the next socket", () => given.sockets.length === 2);
  given.newest().fail(4401, "expired");
  await pass(t, 3_250);
  await untilIs(tab, "unauthorized");
  leader?.close();
  await quiet();
  assert.equal(tab?.getSnapshot().connectionStatus, "unauthorized");
  assert.ok(tab);
  tab.token = "new";
  await until("the next socket", () => given.sockets.length === 3);
  assert.equal(tokenOf(given.newest()), "new");
});

test("a token that is set while the tab that led is frozen, and its session over, is used by the tab that takes over", async (t) => {
  const given = tabs(t, 1, { token: "old" });
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState()]);
  await untilIs(given.client, "connected");
  alone.say({ kind: "ended", to: null, ending: "unauthorized", reason: "expired" });
  await untilIs(given.client, "unauthorized");
  given.client.token = "new";
  await pass(t, 2_750);
  await until("its own socket", () => given.sockets.length === 1);
  assert.equal(tokenOf(given.newest()), "new");
  await alone.held;
});

test("every tab says why there is no connection, and the same object until it is another", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [, tab] = given.clients;
  given.newest().fail(1013, "the session can't be served now");
  await pass(t, 5_000);
  await until("the problem", () => tab?.getSnapshot().problem);
  assert.deepEqual(tab?.getSnapshot().problem, { code: "unavailable", message: "the session can't be served now", retryable: true });
  const { problem } = tab?.getSnapshot() ?? {};
  void tab?.publish("e");
  await quiet();
  assert.deepEqual([tab?.getSnapshot().problem, tab?.getSnapshot().pendingRequests], [problem, 1]);
});

test("a page that may never connect says so in each of its tabs, and tries again when one is told to", async (t) => {
  const given = tabs(t, 2, { url: "ftp://app.example" });
  given.client.connect();
  await until("the problem", () => given.client.getSnapshot().problem);
  given.clients[1]?.connect();
  await until("the other's", () => given.clients[1]?.getSnapshot().problem);
  assert.deepEqual(given.clients[1]?.getSnapshot().problem, given.client.getSnapshot().problem);
  assert.equal(given.clients[1]?.getSnapshot().problem?.code, "wrong_address");
});
