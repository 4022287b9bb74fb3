/**
 * Between the ticket and the socket anything may happen: the server forgets the ticket, the page is left, another
 * token is there.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { UserSessionClient } from "user-session-worker/client";

import { SECRET, secretToken } from "../../tests/support/auth.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { startServer } from "../../tests/support/server.mjs";
import { asking, given, refusal } from "./support/asking-tickets.mjs";
import { accept, answerOf, settled } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Server } from "../../tests/support/server.mjs" */

/** How the server begins the reason of its close. */
const UNKNOWN = "ticket_unknown: ask for another";

/** @type {Server} */
let server;
before(async () => {
  server = await startServer(undefined, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET });
});
after(() => server?.close());

/** Sockets as a page's, which are shown how a refusal is meant. */
class PageSocket extends WebSocket {
  /** @type {string[][]} */
  static offered = [];

  /** @param {string} url @param {string[]} protocols */
  constructor(url, protocols) {
    const headers = { Origin: new URL(url).origin.replace("ws", "http") };
    super(url, /** @type {any} */ ({ protocols, headers }));
    PageSocket.offered.push(protocols);
  }
}

test("a ticket that the server has forgotten is followed by another at once, and nothing shows", async (t) => {
  const { client, newest, sockets, asked, status } = asking(t, given);
  client.connect();
  await settled();
  newest().open();
  newest().fail(4401, UNKNOWN);
  await settled();
  assert.deepEqual([asked.length, sockets.length, status(), client.getSnapshot().problem], [2, 2, "connecting", null]);
  accept(newest());
  assert.equal(status(), "connected");
});

test("a ticket that the server has forgotten, and another that it has, too, end the session as any 4401 does", async (t) => {
  const { client, newest, asked, status } = asking(t, given);
  client.connect();
  for (let attempts = 0; attempts < 2; attempts++) {
    await settled();
    newest().open();
    newest().fail(4401, UNKNOWN);
  }
  await settled();
  assert.deepEqual([status(), asked.length], ["unauthorized", 2]);
  client.reconnect();
  for (let attempts = 0; attempts < 2; attempts++) {
    await settled();
    newest().open();
    newest().fail(4401, UNKNOWN);
  }
  await settled();
  assert.equal(asked.length, 4, "anew after that");
});

test("a ticket that the server has forgotten may come again after each connection that was let in, or that broke", async (t) => {
  const { client, newest, status, asked } = asking(t, given);
  client.connect();
  for (const between of [() => accept(newest()), () => newest().open(), () => {}]) {
    await settled();
    newest().open();
    newest().fail(4401, UNKNOWN);
    await settled();
    between();
    newest().fail(1013, "wait");
    const before = asked.length;
    for (let seconds = 0; asked.length === before && seconds < 60; seconds++) {
      t.mock.timers.tick(1_000);
      await settled();
    }
  }
  await settled();
  accept(newest());
  assert.deepEqual([status(), asked.length], ["connected", 7]);
});

/** @param {TestContext} t */
function waiting(t) {
  /** @type {((answer: Response) => void)[]} */
  const answers = [];
  const fake = asking(t, () => new Promise((resolve) => answers.push(resolve)));
  const isAborted = (/** @type {number} */ at) => fake.asked[at]?.init.signal?.aborted;
  return { ...fake, answers, isAborted };
}

for (const [what, end] of /** @type {[string, (fake: ReturnType<typeof waiting>) => void][]} */ ([
  ["closed", ({ client }) => client.close()],
  ["left", ({ page }) => page.dispatchEvent(new Event("pagehide"))],
])) {
  test(`while a ticket is awaited a client that is ${what} aborts the question and opens no socket`, async (t) => {
    const fake = waiting(t);
    fake.client.connect();
    await settled();
    assert.equal(fake.isAborted(0), false);
    end(fake);
    assert.equal(fake.isAborted(0), true);
    fake.answers[0]?.(given());
    await settled();
    t.mock.timers.tick(60_000);
    await settled();
    assert.deepEqual([fake.sockets.length, fake.asked.length], [0, 1]);
  });
}

test("while a ticket is awaited a client that is closed and connects again uses the ticket of its own attempt", async (t) => {
  const { client, sockets, newest, answers } = waiting(t);
  client.connect();
  await settled();
  client.close();
  client.connect();
  await settled();
  answers[0]?.(answerOf({ ticket: "old" }));
  await settled();
  assert.equal(sockets.length, 0);
  answers[1]?.(answerOf({ ticket: "new" }));
  await settled();
  assert.deepEqual(newest().protocols.at(-1), "ticket.new");
});

test("while a ticket is awaited a token that is set is used if the other one is refused", async (t) => {
  const { client, newest, answers, asked } = waiting(t);
  client.connect();
  await settled();
  client.token = "newer";
  answers[0]?.(refusal(401, "unauthorized"));
  await settled();
  assert.deepEqual(asked[1]?.init.headers, { Authorization: "Bearer newer" });
  answers[1]?.(given());
  await settled();
  accept(newest());
  assert.equal(client.getSnapshot().connectionStatus, "connected");
});

test("a ticket that never comes is given up after 15 s, or in 5 when the network is back", async (t) => {
  const { client, page, asked, isAborted } = waiting(t);
  client.connect();
  await settled();
  t.mock.timers.tick(14_999);
  assert.equal(isAborted(0), false);
  t.mock.timers.tick(1);
  assert.equal(isAborted(0), true);
  assert.equal(client.getSnapshot().problem?.code, "unreachable");
  t.mock.timers.tick(1_000);
  await settled();
  page.dispatchEvent(new Event("online"));
  t.mock.timers.tick(5_000);
  assert.deepEqual([isAborted(1), asked.length], [true, 2]);
});

test("while a ticket is awaited a policy of the page that forbids the request is known, and ends the trying", async (t) => {
  const { client, page, asked, sockets } = waiting(t);
  client.connect();
  await settled();
  const violate = (/** @type {string} */ blockedURI) => {
    const event = new Event("securitypolicyviolation");
    const policy = { disposition: "enforce", originalPolicy: "connect-src wss://app.example" };
    page.dispatchEvent(Object.assign(event, { ...policy, blockedURI }));
  };
  violate("https://other.example/__user-session/ticket");
  assert.equal(client.getSnapshot().problem, null);
  violate("https://app.example/__user-session/ticket?userId=kim");
  assert.deepEqual([client.getSnapshot().problem?.code, client.getSnapshot().problem?.retryable], ["policy", false]);
  assert.match(String(client.getSnapshot().problem?.message), /forbids https:\/\/app\.example: add it to connect-src/);
  t.mock.timers.tick(600_000);
  assert.deepEqual([asked.length, sockets.length], [1, 0]);
});

test("an object that falls asleep before the socket comes forgets the ticket, and the client asks for another", async (t) => {
  const token = secretToken("sleepy");
  const { fetch } = globalThis;
  let tickets = 0;
  t.mock.method(globalThis, "fetch", async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
    const response = await fetch(url, init);
    if (new URL(url).pathname.endsWith("/ticket") && ++tickets === 1) await server.hibernate("sleepy");
    return response;
  });
  const options = { userId: "sleepy", deviceId: "d", url: server.http, token };
  const client = new UserSessionClient({ ...options, WebSocket: /** @type {any} */ (PageSocket) });
  t.after(() => client.close());
  client.connect();
  await eventually("it to be let in", () => client.getSnapshot().connectionStatus === "connected");
  const { attempts, lastClose } = client.getMetrics();
  assert.deepEqual([tickets, attempts, lastClose?.code], [2, 2, 4401]);
  assert.match(String(lastClose?.reason), /^ticket_unknown/);
  assert.deepEqual(await client.joinGame("go"), { ok: true, credentialShared: false });
  assert.ok(PageSocket.offered.every((protocols) => !protocols.join().includes(token)));
});
