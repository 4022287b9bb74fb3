/** Tabs that share a socket, when the credential that it was opened with ends, or there is no connection. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, initialState, repeated, tokenOf } from "./support/fake-socket.mjs";
import { connectAll, leadAlone, pass, quiet, tabs, until, untilIs } from "./support/tabs.mjs";

/** @import { UserSessionClient } from "user-session-worker/client" */

const DONE = { ok: true, credentialShared: false };

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
  const newer = given.another({ token: "new" });
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
  const newer = given.another({ token: "new" });
  newer.connect();
  await until("the next socket", () => given.sockets.length === 3);
  assert.equal(tokenOf(given.newest()), "new");
  accept(given.newest());
  await untilIs(newer, "connected");
  await untilIs(given.client, "connected");
});

/** Each keeps a tab that leads from connecting, for a reason of its own. @type {Record<string, () => Promise<string>>} */
const BAD_TOKENS = {
  "that function fails": () => Promise.reject(new Error("sign in again")),
  "that function gives one that has ended": () => Promise.resolve("old"),
  "that function gives what is no token": () => Promise.resolve("no token"),
};

for (const [what, token] of Object.entries(BAD_TOKENS)) {
  test(`a tab that is opened, or told to reconnect, uses the token of its own function where the tab that leads has one, and ${what}`, async (t) => {
    let isGood = true;
    const given = tabs(t, 1, { token: () => (isGood ? Promise.resolve("good") : token()) });
    await connectAll(given);
    isGood = false;
    given.newest().fail(4401, "expired");
    for (let tries = 0; tries < 4; tries++) {
      await pass(t, 500);
      if (given.newest().readyState === 0) given.newest().fail(4401, "expired");
    }
    assert.notEqual(given.client.getSnapshot().problem, null);
    const before = given.sockets.length;
    let isFresh = false;
    const other = given.another({ token: async () => (isFresh ? "fresh" : token()) });
    other.connect();
    for (let tries = 0; tries < 8; tries++) {
      await pass(t, 500);
      if (given.newest().readyState === 0) given.newest().fail(4401, "expired");
    }
    isFresh = true;
    other.reconnect();
    await until("its socket", () => given.sockets.length > before && tokenOf(given.newest()) === "fresh");
    accept(given.newest());
    await untilIs(other, "connected");
    await untilIs(given.client, "connected");
  });
}

test("tokens that new tabs bring never take away a tab's own, and what is no token is not lent", async (t) => {
  const given = tabs(t, 1, { token: "good" });
  await connectAll(given);
  for (const token of ["stale-1", "stale-2", "stale-3", "no token"]) {
    given.another({ token }).connect();
    await quiet();
  }
  given.newest().fail();
  await pass(t, 1_000);
  for (const token of ["stale-3", "stale-2"]) {
    await until("the next socket", () => tokenOf(given.newest()) === token);
    given.newest().fail(4401, "expired");
  }
  await until("its own", () => tokenOf(given.newest()) === "good");
  accept(given.newest());
  await untilIs(given.client, "connected");
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
