/**
 * A session ends when the right to it ends, and not when one credential does: with sockets and a clock
 * that the tests control.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, repeated, settled, tokenOf } from "./support/fake-socket.mjs";

const DONE = { ok: true, credentialShared: false };
const EXPIRED = "the token has expired: renew it";

test("a cookie that was renewed while a connection was open lets it in again at once, and what was asked is done once", async (t) => {
  const { client, sockets, changes, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const outcome = client.joinGame("go");
  const [request] = newest().requests;
  newest().fail(4401, EXPIRED);
  assert.equal(sockets.length, 2, "without a wait");
  assert.equal(client.getSnapshot().isConnected, true, "nothing flickers");
  accept(newest());
  assert.deepEqual(newest().requests, [repeated(request)]);
  newest().receive({ type: "ack", id: request.id });
  assert.deepEqual(await outcome, DONE);
  assert.deepEqual([client.getSnapshot().problem, changes], [null, []]);
});

test("a session that is over says so after one attempt, and why", (t) => {
  const { client, sockets, newest, page } = fakeClient(t);
  client.connect();
  accept(newest());
  newest().fail(4401, EXPIRED);
  newest().fail(4401, EXPIRED);
  const { connectionStatus, error, problem, isConnected } = client.getSnapshot();
  assert.deepEqual([connectionStatus, error, isConnected], ["unauthorized", EXPIRED, false]);
  assert.deepEqual(problem, { code: "unauthorized", message: EXPIRED, retryable: false });
  page.dispatchEvent(new Event("online"));
  t.mock.timers.tick(600_000);
  assert.equal(sockets.length, 2);
  client.reconnect();
  accept(newest());
  assert.equal(client.getSnapshot().problem, null);
});

for (const token of [undefined, "t", async () => "t"]) {
  test(`whoever was never let in is over after one attempt, with ${typeof token} as token`, async (t) => {
    const { client, sockets, newest } = fakeClient(t, { token });
    client.connect();
    await settled();
    newest().open();
    newest().fail(4401, "");
    await settled();
    assert.deepEqual([sockets.length, client.getSnapshot().connectionStatus], [1, "unauthorized"]);
    assert.equal(client.getSnapshot().problem?.message, "not signed in");
  });
}

test("a function that has kept a token beyond its end is asked for another, and both refused end the session", async (t) => {
  let made = 0;
  const { client, sockets, newest } = fakeClient(t, { token: async () => `t${++made}` });
  client.connect();
  for (let attempts = 1; attempts <= 2; attempts++) {
    await settled();
    assert.deepEqual([sockets.length, tokenOf(newest())], [attempts, `t${attempts}`]);
    newest().fail(4401, EXPIRED);
  }
  await settled();
  assert.deepEqual([sockets.length, client.getSnapshot().connectionStatus], [2, "unauthorized"]);
});

test("a token that was set before the old one ended is what the next attempt sends", async (t) => {
  const { client, newest } = fakeClient(t, { token: "old" });
  client.connect();
  await settled();
  accept(newest());
  client.token = "new";
  newest().fail(4401, EXPIRED);
  await settled();
  assert.equal(tokenOf(newest()), "new");
  accept(newest());
  assert.equal(client.getSnapshot().connectionStatus, "connected");
});

for (const code of [4401, 4403]) {
  test(`a token that is set while the old one is being refused with ${code} is tried before the session is given up`, async (t) => {
    const { client, sockets, newest } = fakeClient(t, { token: "old" });
    client.connect();
    await settled();
    client.token = "new";
    newest().fail(code, EXPIRED);
    await settled();
    assert.deepEqual([sockets.length, tokenOf(newest())], [2, "new"]);
    accept(newest());
    newest().fail(4401, EXPIRED);
    await settled();
    client.token = "newer";
    newest().fail(4401, EXPIRED);
    await settled();
    assert.deepEqual([sockets.length, tokenOf(newest())], [4, "newer"]);
    accept(newest());
    assert.equal(client.getSnapshot().connectionStatus, "connected");
  });
}

for (const code of [4401, 4403]) {
  test(`a token that is set after ${code} connects again by itself, the same one does not`, async (t) => {
    const { client, sockets, newest } = fakeClient(t, { token: "old" });
    client.connect();
    await settled();
    newest().fail(code, "");
    client.token = "old";
    await settled();
    assert.equal(sockets.length, 1);
    client.token = "new";
    await settled();
    assert.deepEqual([sockets.length, tokenOf(newest())], [2, "new"]);
    accept(newest());
    assert.equal(client.getSnapshot().connectionStatus, "connected");
  });
}

test("what was asked is done once if a new token comes a moment after the session was given up", async (t) => {
  const { client, newest } = fakeClient(t, { token: "old" });
  client.connect();
  await settled();
  accept(newest());
  const before = client.publish("e", 1);
  newest().fail(4401, EXPIRED);
  await settled();
  newest().fail(4401, EXPIRED);
  assert.equal(client.getSnapshot().connectionStatus, "unauthorized");
  const after = client.publish("e", 2);
  t.mock.timers.tick(2_999);
  client.token = "new";
  await settled();
  accept(newest());
  const { requests } = newest();
  assert.deepEqual(requests.map(({ data }) => data), [1, 2]);
  for (const { id } of requests) newest().receive({ type: "ack", id });
  assert.deepEqual(await Promise.all([before, after]), [DONE, DONE]);
});

test("what was asked is given up where no new token comes", async (t) => {
  const { client, newest } = fakeClient(t, { token: "old" });
  client.connect();
  await settled();
  accept(newest());
  const outcome = client.joinGame("go");
  newest().fail(4401, EXPIRED);
  await settled();
  newest().fail(4401, EXPIRED);
  t.mock.timers.tick(3_000);
  assert.equal((await outcome).ok, false);
  const { pendingRequests, state } = client.getSnapshot();
  assert.deepEqual([pendingRequests, state?.activeGames], [0, []]);
  assert.equal(/** @type {any} */ (await client.joinGame("go")).code, "ended");
});

test("credentials that end again and again, each renewed in time, never end the session", async (t) => {
  const { client, sockets, newest } = fakeClient(t, { token: "0" });
  client.connect();
  await settled();
  for (let renewals = 1; renewals <= 20; renewals++) {
    accept(newest());
    client.token = String(renewals);
    t.mock.timers.tick(4_000);
    newest().fail(4401, EXPIRED);
    await settled();
    assert.deepEqual([sockets.length, tokenOf(newest())], [renewals + 1, String(renewals)], "each at once");
  }
});

test("a server that lets in and at once says that the credential has ended is not asked without a pause", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  for (let rounds = 0; rounds < 30; rounds++) {
    accept(newest());
    newest().fail(4401, EXPIRED);
    t.mock.timers.tick(100);
  }
  assert.ok(sockets.length < 6, `${sockets.length} sockets in 3 s`);
  newest().fail(4401, EXPIRED);
  t.mock.timers.tick(2_000);
  const { connectionStatus, problem } = client.getSnapshot();
  assert.deepEqual([connectionStatus, problem?.code, problem?.retryable], ["lost", "unauthorized", true]);
});

test("new tokens that are all refused are not tried as fast as they are made", async (t) => {
  const { client, sockets, newest } = fakeClient(t, { token: "0" });
  client.connect();
  await settled();
  for (let made = 1; made <= 30; made++) {
    if (newest().readyState !== 3) newest().fail(4401, "");
    client.token = String(made);
    t.mock.timers.tick(100);
    await settled();
  }
  assert.ok(sockets.length <= 4, `${sockets.length} sockets in 3 s`);
});

test("a function whose token can't be had when the old one ends is asked on and on, and the session is not over", async (t) => {
  /** @type {() => string | Promise<string>} */
  let token = () => "t";
  const { client, sockets, newest } = fakeClient(t, { token: () => token() });
  client.connect();
  await settled();
  accept(newest());
  token = () => Promise.reject(new Error("the sign-in is down"));
  newest().fail(4401, EXPIRED);
  await settled();
  assert.deepEqual(client.getSnapshot().problem, { code: "token_failed", message: "the sign-in is down", retryable: true });
  token = () => {
    throw new Error("so it is");
  };
  t.mock.timers.tick(1_000);
  await settled();
  assert.equal(client.getSnapshot().problem?.message, "so it is");
  token = () => new Promise(() => {});
  t.mock.timers.tick(2_000);
  t.mock.timers.tick(15_000);
  assert.equal(client.getSnapshot().problem?.code, "token_failed");
  assert.match(String(client.getSnapshot().error), /does not answer/);
  token = () => "t2";
  t.mock.timers.tick(4_000);
  await settled();
  assert.deepEqual([sockets.length, tokenOf(newest())], [2, "t2"]);
  accept(newest());
  assert.equal(client.getSnapshot().problem, null);
});

test("a token is used at once in place of a function that never answers", async (t) => {
  const { client, newest, sockets } = fakeClient(t, { token: () => new Promise(() => {}) });
  client.connect();
  t.mock.timers.tick(5_000);
  assert.equal(client.getSnapshot().problem?.code, "token_failed");
  client.token = "t";
  await settled();
  assert.deepEqual([sockets.length, tokenOf(newest())], [1, "t"]);
});

for (const [given, shown] of /** @type {[any, string][]} */ ([["a😀", '"😀"'], [Object.create(null), "an object"], [5, "5"]])) {
  for (const isFunction of [false, true]) {
    test(`${shown} in place of a token is said, ${isFunction ? "and the function asked again later" : "and not tried"}`, async (t) => {
      const { client, sockets } = fakeClient(t, { token: isFunction ? () => given : given });
      client.connect();
      await settled();
      const { problem } = client.getSnapshot();
      assert.deepEqual([problem?.code, problem?.retryable, sockets.length], ["invalid_token", isFunction, 0]);
      assert.ok(problem?.message.startsWith(`token: ${shown} can't be sent`), problem?.message);
    });
  }
}

test("a token that no socket can carry says so, and the next is used at once", async (t) => {
  const { client, sockets, newest } = fakeClient(t, { token: "secret/of=mine" });
  client.connect();
  await settled();
  const { problem } = client.getSnapshot();
  assert.deepEqual([problem?.code, problem?.retryable], ["invalid_token", false]);
  assert.match(String(problem?.message), /"\/"/);
  assert.doesNotMatch(String(problem?.message), /secret/);
  t.mock.timers.tick(60_000);
  await settled();
  assert.equal(client.getMetrics().attempts, 1);
  client.token = "good";
  await settled();
  assert.deepEqual([sockets.length, tokenOf(newest())], [1, "good"]);
});

test("a credential that has ended is not tried again while the server is asked by HTTP, and is if that says nothing", async (t) => {
  /** @type {PromiseWithResolvers<Response>} */
  const answer = Promise.withResolvers();
  const { sockets, newest, client } = fakeClient(t);
  t.mock.method(globalThis, "fetch", () => answer.promise);
  client.connect();
  accept(newest());
  newest().fail(4401, "the token has expired: renew it");
  newest().fail();
  t.mock.timers.tick(4_000);
  assert.equal(sockets.length, 2);
  answer.resolve(new Response("", { status: 500 }));
  await settled();
  t.mock.timers.tick(1_000);
  assert.equal(sockets.length, 3);
  accept(newest());
  assert.equal(client.getSnapshot().connectionStatus, "connected");
});
