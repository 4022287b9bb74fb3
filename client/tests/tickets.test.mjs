/**
 * A client with a token gives it away for a ticket, once for each connection, and shows it to no socket: with sockets,
 * answers and a clock that the tests control.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { asking, given, refusal } from "./support/asking-tickets.mjs";
import { accept, answerOf, fakeClient, settled, tokenOf } from "./support/fake-socket.mjs";

/** @import { Answer } from "./support/asking-tickets.mjs" */

test("one ticket is asked for, by a header alone, and nothing else of the socket has the token", async (t) => {
  const { client, sockets, newest, asked } = asking(t, given);
  client.connect();
  await settled();
  const [{ url, init }] = asked;
  assert.match(url, /^https:\/\/app\.example\/__user-session\/ticket\?userId=kim&/);
  const { method, credentials, cache, redirect, headers, body } = init;
  assert.deepEqual(
    { method, credentials, cache, redirect, headers, body },
    {
      ...{ method: "POST", credentials: "include", cache: "no-store", redirect: "manual" },
      ...{ headers: { Authorization: "Bearer secret" }, body: undefined },
    },
  );
  assert.deepEqual(newest().protocols, ["user-session.v2", "user-session.v1", "ticket.a-ticket"]);
  assert.ok(!(newest().url.href + newest().protocols.join() + url).includes("secret"));
  accept(newest());
  newest().fail();
  t.mock.timers.tick(1_000);
  await settled();
  assert.deepEqual([asked.length, sockets.length], [2, 2]);
});

test("a function is asked for its token once", async (t) => {
  let made = 0;
  const { client, newest } = fakeClient(t, { token: async () => `t${++made}` });
  client.connect();
  for (let connections = 1; connections <= 3; connections++) {
    await settled();
    assert.deepEqual([made, tokenOf(newest())], [connections, `t${connections}`]);
    accept(newest());
    newest().fail();
    t.mock.timers.tick(3_000);
  }
});

test("a client without a token asks for nothing, and its first socket is there at once", (t) => {
  const { client, newest, asked } = asking(t, given, {});
  client.connect();
  assert.deepEqual(newest().protocols, ["user-session.v2", "user-session.v1"]);
  accept(newest());
  assert.equal(asked.length, 0);
});

test("where nothing makes sockets, no ticket is asked for", async (t) => {
  t.mock.method(console, "warn", () => {});
  const { client, asked } = asking(t, given, { token: "secret", WebSocket: /** @type {any} */ ("none") });
  client.connect();
  await settled();
  assert.deepEqual([client.getSnapshot().problem?.code, asked.length], ["unsupported_runtime", 0]);
});

test("a socket of a version 1 that is sure of its server takes no token, and asks for no ticket", async (t) => {
  const { client, newest, sockets, asked } = asking(t, given);
  client.connect();
  for (let connections = 0; connections < 2; connections++) {
    await settled();
    newest().fail();
    newest().open("");
    newest().receive({ type: "initial_state", userId: "kim", activeGames: [], presence: "online", lastActive: 1, deviceId: "desk" });
    newest().fail();
    t.mock.timers.tick(2_000);
  }
  await settled();
  assert.equal(asked.length, 2);
  assert.deepEqual(sockets.map(({ protocols }) => protocols.length), [3, 0, 3, 0, 0]);
});

for (const [status, code, ended] of /** @type {[number, string, string][]} */ ([
  [401, "unauthorized", "unauthorized"],
  [403, "forbidden", "forbidden"],
])) {
  test(`a refusal of the ticket by ${status} ends the session as the close does that means the same, after one attempt and with no socket`, async (t) => {
    const { client, sockets, asked, status: now } = asking(t, () => refusal(status, code));
    client.connect();
    await settled();
    t.mock.timers.tick(600_000);
    await settled();
    assert.deepEqual([now(), asked.length, sockets.length], [ended, 1, 0]);
    assert.deepEqual(client.getSnapshot().problem, { code, message: `because of ${code}`, retryable: false });
    assert.equal(client.getMetrics().lastClose, null);
  });

  test(`a refusal of the ticket by ${status} from a proxy, which does not say so as the server does, is no refusal of this user`, async (t) => {
    const { client, newest, asked } = asking(t, (at) => (at === 0 ? answerOf("<h1>no</h1>", status) : given()));
    client.connect();
    await settled();
    assert.deepEqual([client.getSnapshot().problem?.code, client.getSnapshot().problem?.retryable], [code, true]);
    t.mock.timers.tick(1_000);
    await settled();
    accept(newest());
    assert.deepEqual([asked.length, client.getSnapshot().problem], [2, null]);
  });
}

test("a refusal of the ticket by 401 has a function asked for another token, once", async (t) => {
  let made = 0;
  const { client, asked, status } = asking(t, () => refusal(401, "unauthorized"), { token: () => `t${++made}` });
  client.connect();
  await settled();
  await settled();
  assert.deepEqual([status(), asked.length, made], ["unauthorized", 2, 2]);
});

test("a refusal of the ticket by 401 of a credential that was good and has ended is followed by one attempt", async (t) => {
  const { client, newest, asked, status } = asking(t, (at) => (at === 0 ? given() : refusal(401, "unauthorized")));
  client.connect();
  await settled();
  accept(newest());
  newest().fail(4401, "the token has expired: renew it");
  await settled();
  assert.deepEqual([status(), asked.length], ["unauthorized", 2]);
});

/** How long the client waits afterwards, at the longest. @type {[what: string, answer: Answer, waitsMs: number, problem: string][]} */
const LATER = [
  ["429", () => refusal(429, "rate_limited"), 4_000, "rate_limited"],
  ["503", () => refusal(503, "unavailable"), 4_000, "unavailable"],
  ["429 with Retry-After", () => refusal(429, "rate_limited", { "Retry-After": "10" }), 14_000, "rate_limited"],
  ["503 with Retry-After", () => refusal(503, "unavailable", { "Retry-After": "5" }), 9_000, "unavailable"],
  ["503 of a proxy", () => answerOf("", 503, { "Retry-After": "1" }), 5_000, "unavailable"],
  ["503 for a day", () => answerOf("", 503, { "Retry-After": "86400" }), 3_604_000, "unavailable"],
  ["503 until a date", () => answerOf("", 503, { "Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT" }), 4_000, "unavailable"],
  ["503 since long ago", () => answerOf("", 503, { "Retry-After": "-5" }), 4_000, "unavailable"],
  ["500 with Retry-After", () => answerOf("", 500, { "Retry-After": "10" }), 1_000, "server_error"],
  ["400", () => refusal(400, "limit_reached"), 1_000, "invalid_request"],
  ["404 of the server's", () => refusal(404, "not_found"), 1_000, "wrong_address"],
  ["a page", () => answerOf("<!doctype html>"), 1_000, "wrong_address"],
  ["no ticket", () => answerOf({ expiresInMs: 30_000 }), 1_000, "wrong_address"],
  ["a ticket that no socket can offer", () => answerOf({ ticket: "a b" }), 1_000, "wrong_address"],
  ["a ticket that is no text", () => answerOf({ ticket: 5 }), 1_000, "wrong_address"],
  ["a redirect", () => answerOf("", 0), 1_000, "wrong_address"],
];
for (const [what, answer, waitsMs, problem] of LATER) {
  test(`a refusal of the ticket by ${what} is a lost connection: it is tried again after ${waitsMs} ms`, async (t) => {
    const { client, sockets, newest, asked } = asking(t, (at) => (at === 0 ? answer() : given()));
    client.connect();
    await settled();
    const shown = client.getSnapshot().problem;
    assert.deepEqual([shown?.code, shown?.retryable, sockets.length], [problem, true, 0]);
    t.mock.timers.tick(waitsMs - 1);
    await settled();
    assert.equal(asked.length, 1);
    t.mock.timers.tick(1);
    await settled();
    accept(newest());
    assert.deepEqual([asked.length, client.getSnapshot().problem], [2, null]);
  });
}

test("a refusal of the ticket is not waited out when the network is back", async (t) => {
  const { client, page, asked } = asking(t, () => refusal(503, "unavailable", { "Retry-After": "600" }));
  client.connect();
  await settled();
  page.dispatchEvent(new Event("online"));
  await settled();
  assert.equal(asked.length, 2);
});

const noAnswer = () => Promise.reject(new TypeError("Failed to fetch"));
const WITHOUT_TICKET = ["user-session.v2", "user-session.v1"];

for (const [what, answer] of /** @type {[string, Answer][]} */ ([
  ["404 of a server that knows no such path", () => answerOf("not found", 404)],
  ["405 of a server that knows no such path", () => answerOf("", 405)],
])) {
  test(`a refusal of the ticket by ${what} may be an older server's, which takes no token: the first attempt goes on in version 1`, async (t) => {
    const { client, newest, sockets } = asking(t, answer);
    client.connect();
    await settled();
    assert.deepEqual(sockets.map(({ protocols }) => protocols), [[]]);
    newest().fail();
    t.mock.timers.tick(1_000);
    await settled();
    assert.deepEqual(sockets.map(({ protocols }) => protocols), [[], []], "and so does the next");
  });
}

test("where no answer comes to the question for a ticket, the socket that goes without one shows why", async (t) => {
  const { client, newest, sockets, status } = asking(t, noAnswer);
  client.connect();
  await settled();
  assert.deepEqual(newest().protocols, WITHOUT_TICKET);
  newest().open();
  newest().fail(4403, "Origin: list it in ALLOWED_ORIGINS");
  await settled();
  assert.deepEqual([status(), sockets.length], ["forbidden", 1]);
  assert.equal(client.getSnapshot().problem?.message, "Origin: list it in ALLOWED_ORIGINS");
});

test("where no answer comes, and the socket without a ticket is refused for that, the token is not: it is tried again later", async (t) => {
  const { client, newest, sockets, status, asked } = asking(t, (at) => (at === 0 ? noAnswer() : given()));
  client.connect();
  await settled();
  newest().open();
  newest().fail(4401, "sign in first");
  await settled();
  assert.deepEqual([status(), asked.length, client.getSnapshot().problem], ["connecting", 1, null]);
  t.mock.timers.tick(1_000);
  await settled();
  assert.deepEqual([asked.length, sockets.length, newest().protocols.at(-1)], [2, 2, "ticket.a-ticket"]);
  accept(newest());
  assert.equal(status(), "connected");
});

test("where no answer comes, and no socket opens, an older server is tried, and afterwards the token again", async (t) => {
  const { client, newest, sockets, asked } = asking(t, noAnswer);
  client.connect();
  for (let attempts = 1; attempts <= 3; attempts++) {
    await settled();
    assert.deepEqual(newest().protocols, WITHOUT_TICKET);
    newest().fail();
    assert.deepEqual(newest().protocols, []);
    newest().fail();
    assert.deepEqual([asked.length, sockets.length], [attempts, 2 * attempts]);
    t.mock.timers.tick(4_000);
  }
});
