/** Numbers that are none, and clocks that are set: no timer may run without a pause, nor years later. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { UserSessionClient } from "user-session-worker/client";

import { PING, accept, fakeClient, olderState } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */

const HOUR_MS = 3_600_000;

/** Collects the warnings that the client writes to the console. @param {TestContext} t @returns {string[]} */
function heardWarnings(t) {
  /** @type {string[]} */
  const said = [];
  t.mock.method(console, "warn", (/** @type {unknown} */ text) => said.push(String(text)));
  return said;
}

/** How many pings go out in so many ms, while the server answers each. @param {ReturnType<typeof fakeClient>} fake @param {number} ms */
function pingsIn({ newest }, ms, t = /** @type {any} */ (undefined)) {
  const before = newest().sent.length;
  for (let at = 0; at < ms; at += 100) {
    newest().receive({ type: "pong" });
    t.mock.timers.tick(100);
  }
  return newest().sent.length - before;
}

/** A proxy that throws at every access, even at `Array.isArray`. */
function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Values in place of a number, and how the console shows them. @type {[given: any, shown: string][]} */
const NO_NUMBERS = [
  [NaN, "NaN"],
  [Number(undefined), "NaN"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
  ["30s", '"30s"'],
  ["5000", '"5000"'],
  ["", '""'],
  [null, "null"],
  [true, "true"],
  [5_000n, "5000n"],
  [new Date(5_000), "an object"],
  [Object(5_000), "an object"],
  [[5_000], "an array"],
  [revoked(), "an object"],
  [{ valueOf: () => 5_000 }, "an object"],
  [Object.create(null), "an object"],
  [() => 5_000, "a function"],
  [Symbol("5000"), "a symbol"],
];

test("a heartbeat that is no number is every 30 s, not 250 in 300 ms", (t) => {
  for (const [given, shown] of NO_NUMBERS) {
    const said = heardWarnings(t);
    const fake = fakeClient(t, { heartbeatMs: given });
    assert.deepEqual(said, [
      `user-session: the option heartbeatMs is ${shown}: expected a number from 1000 to 60000; 30000 is used`,
    ]);
    fake.client.connect();
    accept(fake.newest());
    assert.deepEqual([pingsIn(fake, 29_900, t), pingsIn(fake, 100, t)], [0, 1], shown);
    fake.client.close();
    t.mock.reset();
  }
});

test("a patience that is no number is two seconds", (t) => {
  for (const [given, shown] of NO_NUMBERS) {
    const said = heardWarnings(t);
    const { client, newest } = fakeClient(t, { lostAfterMs: given });
    assert.deepEqual(said.map((text) => text.includes(`lostAfterMs is ${shown}: `)), [true]);
    client.connect();
    accept(newest());
    newest().fail();
    t.mock.timers.tick(900);
    assert.equal(client.getSnapshot().connectionStatus, "reconnecting", shown);
    t.mock.timers.tick(1_100);
    assert.equal(client.getSnapshot().connectionStatus, "lost", shown);
    client.close();
    t.mock.reset();
  }
});

test("a rate that is no number is 20 a second", (t) => {
  for (const [given, shown] of NO_NUMBERS) {
    const said = heardWarnings(t);
    const { client, newest } = fakeClient(t, { requestsPerSecond: given });
    assert.deepEqual(said.map((text) => text.includes(`requestsPerSecond is ${shown}: `)), [true]);
    client.connect();
    accept(newest());
    for (let at = 0; at < 40; at++) void client.publish("e", at);
    for (const { id } of newest().requests) newest().receive({ type: "ack", id });
    assert.equal(newest().requests.length, 30, `${shown}: a burst`);
    t.mock.timers.tick(50);
    assert.equal(newest().requests.length, 31, shown);
    client.close();
    t.mock.reset();
  }
});

test("an option out of range is the nearest in range, and the console says which", (t) => {
  const said = heardWarnings(t);
  for (const heartbeatMs of [-1, 0, 1e9, Number.MAX_VALUE]) new UserSessionClient({ userId: "kim", heartbeatMs });
  for (const lostAfterMs of [2 ** 31, -1]) new UserSessionClient({ userId: "kim", lostAfterMs });
  new UserSessionClient({ userId: "kim", requestsPerSecond: 0.1 });
  assert.deepEqual(said.map((text) => /the option (\w+) is .+; (\S+) is used$/.exec(text)?.slice(1).join(" ")), [
    ...["heartbeatMs 1000", "heartbeatMs 1000", "heartbeatMs 60000", "heartbeatMs 60000"],
    ...["lostAfterMs 3600000", "lostAfterMs 0", "requestsPerSecond 1"],
  ]);
});

test("an option that is left out, or fits, is not spoken of", (t) => {
  const said = heardWarnings(t);
  new UserSessionClient({ userId: "kim" });
  new UserSessionClient({ userId: "kim", heartbeatMs: undefined, lostAfterMs: 0, requestsPerSecond: 2.5 });
  assert.deepEqual(said, []);
});

/** Values of a server's `retryAfterMs`, and how long the client then waits. @type {[retryAfterMs: unknown, waitedMs: number][]} */
const WAITS = [
  [undefined, 1_000],
  [null, 1_000],
  ["soon", 1_000],
  ["700", 1_000],
  [-5, 1_000],
  [0, 1_000],
  [{}, 1_000],
  [1e12, 60_000],
  [2 ** 31, 60_000],
  [700, 700],
];

for (const version of [1, 2]) {
  test(`version ${version}: a refusal that does not say how long to wait is waited out, neither at once nor years`, (t) => {
    for (const [retryAfterMs, waitedMs] of WAITS) {
      const said = heardWarnings(t);
      const { client, newest } = fakeClient(t);
      client.connect();
      newest().open(version === 2 ? undefined : "");
      if (version === 2) accept(newest());
      else newest().receive(olderState());
      for (let times = 0; times < 2; times++) {
        void client.joinGame("go");
        const sent = newest().requests.length;
        const { id } = newest().requests.at(-1);
        newest().receive({ type: "error", code: "rate_limited", message: "slower", retryAfterMs, ...(version === 2 && { id }) });
        for (let left = waitedMs - 1; left > 0; left -= 5_000) {
          t.mock.timers.tick(Math.min(left, 5_000));
          newest().receive({ type: "pong" });
        }
        assert.equal(newest().requests.length, sent, `${retryAfterMs}`);
        t.mock.timers.tick(1);
        assert.equal(newest().requests.length, sent + 1, `${retryAfterMs}`);
      }
      assert.equal(said.length, retryAfterMs === 700 ? 0 : 1, said.join("\n"));
      client.close();
      t.mock.reset();
    }
  });
}

test("a server that refuses again and again and asks for next to no wait is asked ever more slowly", (t) => {
  heardWarnings(t);
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  void client.publish("e", 1);
  for (let ms = 0; ms < 10_000; ms++) {
    const { id } = newest().requests.at(-1);
    newest().receive({ type: "error", code: "rate_limited", message: "slower", retryAfterMs: 1e-9, id });
    newest().receive({ type: "pong" });
    t.mock.timers.tick(1);
  }
  assert.ok(newest().requests.length < 12, `${newest().requests.length} times`);
});

for (const jumpMs of [-HOUR_MS, HOUR_MS]) {
  const which = jumpMs < 0 ? "back" : "forward";

  test(`a clock that is set ${which} an hour changes no slow-down: neither an hour of silence nor a flood`, (t) => {
    const { client, newest, setClock } = fakeClient(t);
    client.connect();
    accept(newest());
    void client.publish("e", 0);
    const [{ id }] = newest().requests;
    newest().receive({ type: "error", code: "rate_limited", message: "slower", retryAfterMs: 700, id });
    for (let at = 1; at < 60; at++) void client.publish("e", at);
    setClock(jumpMs);
    t.mock.timers.tick(699);
    assert.equal(newest().requests.length, 1);
    for (let at = 0; at < 10; at++) {
      t.mock.timers.tick(at === 0 ? 1 : 100);
      for (const asked of newest().requests) newest().receive({ type: "ack", id: asked.id });
      assert.equal(newest().requests.length, at + 2, "ten a second");
    }
  });

  test(`a clock that is set ${which} an hour changes no patience: a dead connection is noticed in 10 s`, (t) => {
    const { client, sockets, newest, setClock, page } = fakeClient(t);
    client.connect();
    accept(newest());
    t.mock.timers.tick(4_000);
    setClock(jumpMs);
    // An answer is due in five seconds from here, which is sooner, and whoever asks later puts off nothing.
    page.dispatchEvent(new Event("online"));
    t.mock.timers.tick(2_000);
    setClock(2 * jumpMs);
    page.dispatchEvent(new Event("online"));
    t.mock.timers.tick(2_999);
    assert.equal(newest().closedWith, null);
    t.mock.timers.tick(1);
    assert.equal(newest().closedWith, 1000);
    setClock(-jumpMs);
    t.mock.timers.tick(999);
    assert.equal(sockets.length, 1);
    t.mock.timers.tick(1);
    assert.equal(sockets.length, 2);
  });

  test(`a clock that is set ${which} an hour makes no connection one that held, or one that did not`, (t) => {
    const { client, sockets, newest, setClock } = fakeClient(t);
    client.connect();
    accept(newest());
    newest().fail();
    t.mock.timers.tick(1_000);
    accept(newest());
    setClock(jumpMs);
    newest().fail();
    t.mock.timers.tick(1_999);
    assert.equal(sockets.length, 2, "it did not hold: the second wait is two seconds");
    t.mock.timers.tick(1);
    accept(newest());
    t.mock.timers.tick(5_000);
    setClock(2 * jumpMs);
    newest().fail();
    t.mock.timers.tick(1_000);
    assert.equal(sockets.length, 4, "it held: the row begins anew");
  });

  test(`a clock that is set ${which} an hour lies about no round trip and ends no break`, (t) => {
    const { client, newest, setClock } = fakeClient(t);
    client.connect();
    accept(newest());
    setClock(jumpMs);
    t.mock.timers.tick(120);
    newest().receive({ type: "pong" });
    assert.equal(client.getMetrics().roundTripMs, 120);
    assert.deepEqual(newest().sent, [PING]);
    newest().fail();
    setClock(0);
    t.mock.timers.tick(999);
    assert.equal(client.getSnapshot().connectionStatus, "reconnecting");
  });
}

test("an engine without performance measures by the wall clock, without its steps back", async (t) => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "performance");
  Object.defineProperty(globalThis, "performance", { configurable: true, value: undefined });
  t.after(() => own && Object.defineProperty(globalThis, "performance", own));
  const { monotonicMs } = await import("../dist/clock.js");
  let now = 1_000;
  t.mock.method(Date, "now", () => now);
  const begin = monotonicMs();
  now += 30;
  assert.equal(monotonicMs() - begin, 30);
  now -= HOUR_MS;
  assert.equal(monotonicMs() - begin, 30);
  now += 20;
  assert.equal(monotonicMs() - begin, 50);
});
