/** A client that is closed leaves nothing behind that would keep a process alive, whatever it was doing. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeSocket, accept, fakeClient, settled } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */

/** @typedef {ReturnType<typeof fakeClient>} Fake */

/** Counts the timers that are set and have neither run out nor been cleared. @param {TestContext} t */
function countTimers(t) {
  const open = new Set();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  t.mock.method(globalThis, "setTimeout", (/** @type {() => void} */ run, /** @type {number} */ ms) => {
    const timer = set(() => {
      open.delete(timer);
      run();
    }, ms);
    open.add(timer);
    return timer;
  });
  t.mock.method(globalThis, "clearTimeout", (/** @type {any} */ timer) => {
    open.delete(timer);
    clear(timer);
  });
  return open;
}

/** @param {Fake} fake @param {object} answer To a request. */
function refuse({ client, newest }, answer) {
  accept(newest());
  void client.publish("e");
  newest().receive({ type: "error", message: "no", id: newest().requests[0].id, ...answer });
}

/** Each function has a client do something. @type {Record<string, (fake: Fake) => void | Promise<void>>} */
const DOING = {
  "it connects": () => {},
  "it is connected": ({ newest }) => accept(newest()),
  "it waits to connect again": ({ newest }) => newest().fail(),
  "it has lost its connection": ({ newest }) => {
    accept(newest());
    newest().fail();
  },
  "the server has failed at a request": (fake) => refuse(fake, { code: "internal" }),
  "the server takes no more requests": (fake) => refuse(fake, { code: "rate_limited", retryAfterMs: 5_000 }),
  "requests wait for their turn": ({ client, newest }) => {
    accept(newest());
    for (let at = 0; at < 100; at++) void client.publish("e", at);
  },
  "a message will expire": ({ newest }) => {
    accept(newest(), { lastActive: 1_000_000, inbox: { last: 0, read: 0, unread: 0 } });
    newest().receive({ type: "push", inbox: 1, expiresAt: 1_900_000, body: { type: "news" } });
  },
  "its credential has ended, and another may come": async ({ client, newest }) => {
    client.token = "old";
    accept(newest());
    newest().fail(4401, "expired");
    await settled();
    newest().fail(4401, "expired");
  },
  "it asks for another ticket": ({ newest }) => {
    newest().open();
    newest().fail(4401, "ticket_unknown: ask for another");
  },
};

for (const [what, begin] of Object.entries(DOING)) {
  test(`when ${what}, and it is closed, no timer is left`, async (t) => {
    const fake = fakeClient(t, { token: "first" });
    const open = countTimers(t);
    fake.client.connect();
    await settled();
    await begin(fake);
    assert.ok(open.size > 0, "it has set one");
    fake.client.close();
    assert.deepEqual([...open], []);
  });
}

test("a socket that tells of its close while it is being closed, as Node's does, makes no closed client come back", (t) => {
  const { client, newest, sockets } = fakeClient(t);
  client.connect();
  const socket = newest();
  socket.close = (code) => {
    FakeSocket.prototype.close.call(socket, code);
    socket.fail(1006);
  };
  accept(socket);
  client.close();
  t.mock.timers.tick(60_000);
  assert.deepEqual([sockets.length, client.getSnapshot().connectionStatus], [1, "idle"]);
});
