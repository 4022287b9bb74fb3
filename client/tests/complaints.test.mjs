/** Complaints that users of comparable products had: a client that hangs, floods, repeats or lies after a bad connection. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeSocket, PING, accept, fakeClient, initialState } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */

/** @typedef {ReturnType<typeof fakeClient>} Fake */

const HOUR_MS = 3_600_000;

/** Answers the heartbeats of every socket that is asked for, and takes each: a server behind a network that a test cuts.
 * @param {Fake} fake
 */
function serverOf({ sockets }) {
  /** How much of each socket has been read. @type {Map<FakeSocket, number>} */
  const read = new Map();
  /** The events that the server has done, each by its id. @type {Map<string, unknown>} */
  const done = new Map();
  /** @param {FakeSocket} socket @param {boolean} areAnswersLost */
  const serve = (socket, areAnswersLost = false) => {
    if (socket.closedWith !== null || socket.readyState === FakeSocket.CLOSED) return;
    if (socket.readyState === FakeSocket.CONNECTING) accept(socket);
    for (const text of socket.sent.slice(read.get(socket) ?? 0)) {
      const { id, data } = JSON.parse(text);
      if (id) done.set(id, data);
      if (!areAnswersLost) socket.receive(id ? { type: "ack", id } : { type: "pong" });
    }
    read.set(socket, socket.sent.length);
  };
  return { sockets, serve, done };
}

/**
 * Lets time pass for a client behind a proxy that drops what was idle for too long, or lives too long, without a word.
 * @param {TestContext} t
 * @param {Fake} fake
 * @param {{idleMs?: number, cutMs?: number, ms: number, everySecond?: (second: number) => void}} how Connections are
 *   forgotten when they were idle for `idleMs`, and closed when they are `cutMs` old.
 */
function passBehindProxy(t, fake, { idleMs = Infinity, cutMs = Infinity, ms, everySecond = () => {} }) {
  const server = serverOf(fake);
  /** @type {WeakMap<FakeSocket, {sent: number, at: number, madeAt: number, isDropped: boolean}>} */
  const seen = new WeakMap();
  let drops = 0;
  for (let second = 0; second < ms / 1_000; second++) {
    everySecond(second);
    for (let step = 0; step < 10; step++) {
      for (const socket of fake.sockets) {
        const known = seen.get(socket) ?? { sent: 0, at: Date.now(), madeAt: Date.now(), isDropped: false };
        seen.set(socket, known);
        if (!known.isDropped && Date.now() - known.at >= idleMs) {
          known.isDropped = true;
          drops++;
        }
        if (!known.isDropped && Date.now() - known.madeAt >= cutMs) {
          known.isDropped = true;
          drops++;
          socket.fail();
        }
        if (known.isDropped) continue;
        if (socket.sent.length > known.sent) known.at = Date.now();
        server.serve(socket);
        known.sent = socket.sent.length;
      }
      t.mock.timers.tick(100);
    }
  }
  return { ...server, drops };
}

/** @param {Fake} fake */
function statusesOf({ client }) {
  /** @type {Set<string>} */
  const statuses = new Set();
  client.subscribe(() => statuses.add(client.getSnapshot().connectionStatus));
  return statuses;
}

for (const idleMs of [30_000, 60_000, 133_000]) {
  test(`behind a proxy that forgets who is idle for ${idleMs / 1_000} s, without a word, no event is lost or doubled, nor is the user shown as lost`, async (t) => {
    const fake = fakeClient(t);
    fake.client.connect();
    const statuses = statusesOf(fake);
    /** @type {Promise<{ok: boolean}>[]} */
    const outcomes = [];
    const everySecond = (/** @type {number} */ second) => {
      if (second % 47 === 41) outcomes.push(fake.client.publish("e", second));
    };
    const { done, drops } = passBehindProxy(t, fake, { idleMs, ms: 400_000, everySecond });
    assert.equal((await Promise.all(outcomes)).every(({ ok }) => ok), true);
    assert.deepEqual([...done.values()].length, outcomes.length);
    assert.equal(new Set(done.values()).size, outcomes.length);
    assert.ok(!statuses.has("lost"), [...statuses].join());
    // A heartbeat keeps a connection from being idle, unless it comes when it is too late.
    if (idleMs > 30_000) assert.deepEqual([drops, fake.sockets.length], [0, 1]);
  });
}

test("a proxy that cuts every connection after 30 s is a second's wait each time, at which the user sees nothing", async (t) => {
  const fake = fakeClient(t);
  const statuses = statusesOf(fake);
  fake.client.connect();
  /** @type {Promise<{ok: boolean}>[]} */
  const outcomes = [];
  const everySecond = () => void outcomes.push(fake.client.publish("e", outcomes.length));
  const { done, drops } = passBehindProxy(t, fake, { cutMs: 30_000, ms: 325_000, everySecond });
  assert.ok((await Promise.all(outcomes)).every(({ ok }) => ok));
  assert.deepEqual([...done.values()], outcomes.map((_, at) => at));
  assert.deepEqual([drops, fake.sockets.length], [10, 11]);
  assert.deepEqual([...statuses].sort(), ["connected", "connecting", "reconnecting"]);
});

test("a proxy that forgets a connection before each heartbeat costs a moment, and not the user's trust in what is shown", (t) => {
  const fake = fakeClient(t);
  fake.client.connect();
  const statuses = statusesOf(fake);
  const { drops } = passBehindProxy(t, fake, { idleMs: 20_000, ms: 400_000 });
  assert.ok(drops > 5);
  assert.equal(fake.client.getMetrics().timeouts >= drops - 1, true);
  assert.ok(!statuses.has("lost"), [...statuses].join());
});

/** What shows that a socket is dead, and how long that may take. @type {[what: string, ms: number, act: (fake: Fake) => unknown][]} */
const SIGNS = [
  ["a request is asked for", 6_500, ({ client }) => client.publish("e")],
  ["somebody looks", 6_500, ({ page }) => page.dispatchEvent(new Event("online"))],
  ["the next heartbeat is due", 41_500, () => {}],
];
for (const readyState of [FakeSocket.CLOSING, FakeSocket.CLOSED]) {
  for (const [what, ms, act] of SIGNS) {
    test(`a socket in state ${readyState} that never says so is left when ${what}, or the page is stale for good`, (t) => {
      const fake = fakeClient(t);
      const { client, sockets, newest } = fake;
      client.connect();
      accept(newest());
      newest().receive({ type: "pong" });
      newest().readyState = readyState;
      act(fake);
      t.mock.timers.tick(ms);
      assert.equal(sockets.length, 2);
    });
  }
}

test("what was asked on a dead socket that never says so is sent on the next one, once", async (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  newest().receive({ type: "pong" });
  newest().readyState = FakeSocket.CLOSED;
  const outcome = client.publish("e");
  t.mock.timers.tick(6_500);
  accept(newest());
  const [{ id }, ...more] = newest().requests;
  newest().receive({ type: "ack", id });
  assert.deepEqual([(await outcome).ok, more, sockets[0]?.requests], [true, [], []]);
});

test("a socket that never says that it was closed keeps no client from its next one, nor from another session", (t) => {
  const { client, sockets, newest, changes, page } = fakeClient(t);
  client.connect();
  accept(newest());
  page.dispatchEvent(new Event("pagehide"));
  page.dispatchEvent(new Event("pageshow"));
  assert.equal(sockets.length, 2);
  accept(newest());
  client.close();
  client.connect();
  assert.equal(sockets.length, 3);
  accept(newest());
  const before = changes.length;
  for (const old of sockets.slice(0, 2)) {
    assert.equal(old.readyState, FakeSocket.CLOSING);
    old.receive({ type: "event", event: "e", from: "x", seq: 11 });
    old.receive({ type: "logged_out" });
    old.fail(4401);
  }
  assert.deepEqual([changes.length, client.getSnapshot().connectionStatus], [before, "connected"]);
});

/** The page's process stands still for so long; then every timer that is overdue runs at once. @param {TestContext} t */
function freeze(t, ms = 600_000) {
  t.mock.timers.setTime(Date.now() + ms);
}

/** Everything that may happen first when a page runs again. @type {Record<string, (fake: Fake, t: TestContext) => void>} */
const THAWS = {
  "timers run first": ({ newest, page }, t) => {
    t.mock.timers.tick(0);
    newest().fail();
    page.dispatchEvent(new Event("online"));
  },
  "the close is told first": ({ newest, page }, t) => {
    newest().fail();
    t.mock.timers.tick(0);
    page.dispatchEvent(new Event("online"));
  },
  "the page is shown first": ({ newest, page }, t) => {
    page.dispatchEvent(new Event("pageshow"));
    page.dispatchEvent(new Event("online"));
    newest().fail();
    t.mock.timers.tick(0);
  },
  "nothing is told but timers": (_fake, t) => t.mock.timers.tick(0),
};

for (const [what, thaw] of Object.entries(THAWS)) {
  test(`a page whose timers stood still for ten minutes makes one connection when ${what}, and is brought what it missed`, (t) => {
    const fake = fakeClient(t);
    const { client, sockets, newest, changes } = fake;
    client.connect();
    accept(newest());
    newest().receive({ type: "pong" });
    t.mock.timers.tick(10_000);
    freeze(t);
    thaw(fake, t);
    t.mock.timers.tick(12_000);
    assert.equal(sockets.length, 2);
    assert.equal(newest().url.searchParams.get("since"), "7.10");
    newest().open();
    newest().receive(initialState({ seq: 12 }));
    for (const seq of [11, 12]) newest().receive({ type: "event", event: "e", data: seq, from: "x", seq });
    assert.deepEqual(changes.map(({ event }) => event.data), [11, 12]);
    t.mock.timers.tick(5_000);
    assert.equal(sockets.length, 2);
  });

  test(`a page that waited for its next try when its timers stood still makes one connection when ${what}`, (t) => {
    const fake = fakeClient(t);
    fake.client.connect();
    accept(fake.newest());
    fake.newest().fail();
    freeze(t);
    const [first] = fake.sockets;
    thaw({ ...fake, newest: () => /** @type {FakeSocket} */ (first) }, t);
    t.mock.timers.tick(0);
    assert.equal(fake.sockets.length, 2);
    t.mock.timers.tick(4_000);
    assert.equal(fake.sockets.length, 2);
  });
}

for (const [jitter, random] of /** @type {const} */ ([["shortest", 0], ["longest", 1]])) {
  test(`an hour hidden and without a network is at most 245 tries with the ${jitter} waits, and the network's return is one at once`, (t) => {
    const { client, sockets, newest, page } = fakeClient(t);
    client.connect();
    accept(newest());
    t.mock.method(Math, "random", () => random);
    const document = Object.assign(new EventTarget(), { visibilityState: "hidden" });
    const globals = /** @type {any} */ (globalThis);
    globals.document = document;
    t.after(() => delete globals.document);
    newest().fail();
    for (let second = 0; second < HOUR_MS / 1_000; second++) {
      t.mock.timers.tick(1_000);
      if (newest().readyState === FakeSocket.CONNECTING) newest().fail();
    }
    const tries = sockets.length - 1;
    t.diagnostic(`${tries} tries`);
    // Waits are 15 to 30 s from the sixth on, each shortened by up to a half of it.
    assert.ok(tries <= 245, String(tries));
    assert.ok(tries >= 100, "it has not given up");
    page.dispatchEvent(new Event("online"));
    assert.equal(sockets.length, tries + 2);
    accept(newest());
    assert.equal(client.getSnapshot().connectionStatus, "connected");
    assert.ok(newest().sent.includes(PING));
  });
}
