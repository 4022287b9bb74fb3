/** What a browser refuses to a page, a channel or a lock, when it is made or whenever it is used, costs sharing and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept } from "./support/fake-socket.mjs";
import { pass, quiet, tabs, until } from "./support/tabs.mjs";

/** @import { TestContext } from "node:test" */

const DENIED = () => new DOMException("The operation is insecure.", "SecurityError");
const deny = () => {
  throw DENIED();
};
const reject = () => Promise.reject(DENIED());

/** @param {TestContext} t @param {(index: number) => void} atUse Is called before each message with its number. */
function mockChannel(t, atUse) {
  const Real = BroadcastChannel;
  let count = 0;
  class Channel extends Real {
    /** @override @param {unknown} message */
    postMessage(message) {
      atUse(count++);
      super.postMessage(message);
    }
  }
  t.mock.property(globalThis, "BroadcastChannel", /** @type {any} */ (Channel));
}

/** Each makes one thing fail, as a browser does that blocks all cookies. @type {Record<string, (t: TestContext) => void>} */
const REFUSALS = {
  "new BroadcastChannel": (t) => void t.mock.property(globalThis, "BroadcastChannel", /** @type {any} */ (deny)),
  "the first message": (t) => mockChannel(t, deny),
  "every message from the third on": (t) => mockChannel(t, (index) => (index < 2 ? undefined : deny())),
  "locks.request, with a promise": (t) => void t.mock.method(navigator.locks, "request", reject),
  "locks.request, at once": (t) => void t.mock.method(navigator.locks, "request", deny),
  "locks.request, with nothing": (t) => void t.mock.method(navigator.locks, "request", () => Promise.reject()),
  "locks.request, without a word": (t) => void t.mock.method(navigator.locks, "request", () => new Promise(() => {})),
  "locks.query": (t) => void t.mock.method(navigator.locks, "query", reject),
  "locks.query, at once": (t) => void t.mock.method(navigator.locks, "query", deny),
  "the property locks": (t) => void t.mock.getter(navigator, "locks", deny),
  AbortController: (t) => void t.mock.property(globalThis, "AbortController", /** @type {any} */ (undefined)),
};

for (const [what, refuse] of Object.entries(REFUSALS)) {
  test(`${what} is refused: each tab connects, asks and hears, and comes back after a break`, async (t) => {
    refuse(t);
    const given = tabs(t, 2, { presenceFromVisibility: true });
    const connected = () => given.clients.every((client) => client.getSnapshot().connectionStatus === "connected");
    const settle = async () => {
      for (let times = 0; times < 40 && !connected(); times++) {
        for (const socket of given.sockets) if (socket.readyState === 0) accept(socket);
        for (const socket of given.sockets) if (socket.readyState === 1) socket.receive({ type: "pong" });
        await pass(t, 500);
      }
      assert.ok(connected());
    };
    for (const client of given.clients) client.connect();
    await settle();
    for (const [at, client] of given.clients.entries()) {
      const outcome = client.joinGame(`game ${at}`);
      const open = () => given.sockets.filter(({ readyState }) => readyState === 1);
      const asked = () =>
        open().flatMap((socket) =>
          socket.requests.filter(({ gameId }) => gameId === `game ${at}`).map(({ id }) => ({ socket, id })),
        );
      await until("the request", () => asked().length > 0);
      for (const { socket, id } of asked()) socket.receive({ type: "ack", id });
      assert.equal((await outcome).ok, true);
    }
    for (const socket of given.sockets) if (socket.readyState === 1) socket.fail();
    await settle();
    for (const client of given.clients) client.close();
    await quiet();
    assert.ok(given.sockets.every(({ readyState }) => readyState > 1), "no socket stays");
  });
}
