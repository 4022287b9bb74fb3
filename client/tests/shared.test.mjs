/** The page's one client: how long it stays when no component holds it any more. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { shareClient } from "user-session-worker/client";

import { Hearing } from "../dist/hearing.js";
import { SessionHandle } from "../dist/session-handle.js";
import { findSharedClient, holdClient } from "../dist/shared.js";
import { FakeSocket, accept, mockClock } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */
/** @import { UseUserSessionOptions } from "user-session-worker/react" */

/** As the page says what it waits for at most. */
const KEPT_MS = 5_000;

/** @param {TestContext} t */
function fakePage(t) {
  mockClock(t);
  const wallClock = Date.now;
  t.mock.method(performance, "now", () => wallClock());
  /** @type {FakeSocket[]} */
  const sockets = [];
  class Socket extends FakeSocket {
    /** @param {string} url @param {string[]} protocols */
    constructor(url, protocols) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const options = { userId: "kim", url: "wss://app.example", deviceId: "desk", WebSocket: /** @type {any} */ (Socket) };
  t.after(() => {
    for (const userId of ["kim", "lee"]) holdClient({ ...options, userId }).end();
    t.mock.timers.tick(0);
  });
  return { options, sockets };
}

/**
 * A component, as the hook makes one.
 * @param {UseUserSessionOptions} options
 */
function component(options) {
  const latest = { current: options };
  const { userId, url, deviceId } = options;
  return { latest, handle: new SessionHandle(latest, userId ? { userId, url, deviceId } : null) };
}

test("a client that no component holds any more is kept for five seconds, or each route would load its user anew", (t) => {
  const { options, sockets } = fakePage(t);
  const { client, leave } = holdClient(options);
  accept(/** @type {FakeSocket} */ (sockets[0]));
  leave();
  t.mock.timers.tick(KEPT_MS - 1);
  const again = holdClient(options);
  assert.equal(again.client, client);
  assert.equal(client.getSnapshot().state?.userId, "kim");
  again.leave();
  again.leave();
  t.mock.timers.tick(1);
  assert.equal(sockets[0]?.closedWith, null, "the wait begins anew");
  t.mock.timers.tick(KEPT_MS - 2);
  assert.equal(sockets[0]?.closedWith, null);
  t.mock.timers.tick(1);
  assert.notEqual(sockets[0]?.closedWith, null);
  assert.equal(findSharedClient(options), null);
  assert.equal(sockets.length, 1);
});

test("a client that is only kept closes at once when another user's is opened, or two would be signed in", (t) => {
  const { options, sockets } = fakePage(t);
  holdClient(options).leave();
  const other = holdClient({ ...options, userId: "lee" });
  assert.notEqual(sockets[0]?.closedWith, null);
  const third = holdClient(options);
  assert.equal(sockets[1]?.closedWith, null, "one that is held stays");
  third.end();
  other.end();
});

test("code that lets go of a shared client closes it at once, if no component holds it", (t) => {
  const { options, sockets } = fakePage(t);
  const held = holdClient(options);
  const { release } = shareClient(options);
  release();
  t.mock.timers.tick(0);
  assert.equal(sockets[0]?.closedWith, null);
  held.end();
  assert.equal(sockets[0]?.closedWith, null, "React may hold it again in the same turn");
  t.mock.timers.tick(0);
  assert.notEqual(sockets[0]?.closedWith, null);
});

test("a session that was ended is not kept, or whoever signs in again would stay out", (t) => {
  const { options, sockets } = fakePage(t);
  const { leave } = holdClient(options);
  accept(/** @type {FakeSocket} */ (sockets[0]));
  sockets[0]?.receive({ type: "logged_out", scope: "all" });
  leave();
  t.mock.timers.tick(0);
  assert.equal(findSharedClient(options), null);
  const again = holdClient(options);
  accept(/** @type {FakeSocket} */ (sockets[1]));
  again.leave();
  sockets[1]?.receive({ type: "logged_out", scope: "all" });
  const third = holdClient(options);
  assert.equal(sockets.length, 3, "nor one that ends while it is kept");
  third.end();
});

test("a component that goes over to another user or is disabled closes what it had at once", (t) => {
  const { options, sockets } = fakePage(t);
  const { handle } = component(options);
  const letGo = handle.hold();
  handle.end();
  letGo();
  t.mock.timers.tick(0);
  assert.notEqual(sockets[0]?.closedWith, null);
});

test("a component that React has hidden closes what it had at once, too, if it is disabled meanwhile", (t) => {
  const { options, sockets } = fakePage(t);
  const { handle } = component(options);
  handle.hold()();
  t.mock.timers.tick(1);
  assert.equal(sockets[0]?.closedWith, null);
  handle.end();
  t.mock.timers.tick(0);
  assert.notEqual(sockets[0]?.closedWith, null);
});

test("a component that was hidden until its client was closed is told to read again, once the new state is there", async (t) => {
  const { options, sockets } = fakePage(t);
  let resets = 0;
  const { handle } = component({ ...options, onReset: () => resets++ });
  handle.hold()();
  const others = [handle.attach(() => () => {}, () => resets++)];
  t.mock.timers.tick(KEPT_MS);
  const letGo = handle.hold();
  await Promise.resolve();
  assert.equal(resets, 0, "what is read now may be old when the state comes");
  accept(/** @type {FakeSocket} */ (sockets[1]));
  assert.equal(resets, 2);
  sockets[1]?.receive({ type: "game_joined", gameId: "go", activeGames: ["go"], seq: 11 });
  assert.equal(resets, 2);
  for (const stop of [...others, letGo]) stop();
});

test("a callback that fails when it is told to read again keeps no component below from being told", (t) => {
  const { options, sockets } = fakePage(t);
  /** @type {(() => void)[]} */
  const thrown = [];
  let resets = 0;
  const onReset = () => {
    throw new Error("the app's fault");
  };
  const { handle } = component({ ...options, onReset });
  handle.hold()();
  const stop = handle.attach(() => () => {}, () => resets++);
  t.mock.timers.tick(KEPT_MS);
  t.mock.method(globalThis, "queueMicrotask", (/** @type {() => void} */ task) => thrown.push(task));
  const letGo = handle.hold();
  accept(/** @type {FakeSocket} */ (sockets[1]));
  assert.equal(resets, 1);
  assert.throws(() => thrown.forEach((task) => task()), /the app's fault/);
  stop();
  letGo();
});

test("an environment that is written inline is the same one, and another is said", (t) => {
  const { options } = fakePage(t);
  const warn = t.mock.method(console, "warn", () => {});
  const storage = { getItem: () => null, setItem: () => {} };
  const inline = () => ({ storage, online: () => () => {} });
  const { handle, latest } = component({ ...options, environment: inline() });
  const letGo = handle.hold();
  latest.current = { ...options, environment: inline() };
  handle.update();
  assert.equal(warn.mock.callCount(), 0);
  latest.current = { ...options, environment: { storage: { ...storage } } };
  handle.update();
  handle.update();
  assert.deepEqual(warn.mock.calls.map(({ arguments: [text] }) => text), ["user-session: the option environment can't change: an object stays in use, not another"]);
  letGo();
});

test("neither a client that is kept nor a listener that may come back keeps Node from ending", (t) => {
  const { leave, end } = holdClient({ userId: "kim", url: "wss://app.example", deviceId: "node", WebSocket: /** @type {any} */ (FakeSocket) });
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  t.after(end);
  leave();
  const { handle } = component({ userId: null });
  new Hearing(handle, "move", { current: { event: () => {}, reset: undefined } }).begin()();
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length, before);
});
