/**
 * The reasons that a client gives for not being connected. The tests control the sockets, the answers
 * and the clock.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { PROBLEM_CODES, UserSessionClient } from "user-session-worker/client";

import { FakeSocket, accept, fakeClient, settled, ticketing } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */
/** @import { UserSessionClientOptions } from "user-session-worker/client" */

/**
 * A client whose sockets all fail before they open, and whose server gives tickets and answers other requests.
 * @param {TestContext} t
 * @param {() => Response | Promise<Response>} answer
 * @param {Partial<UserSessionClientOptions>} [options]
 */
function failingClient(t, answer, options) {
  /** @type {{url: string, init: RequestInit}[]} */
  const asked = [];
  const answering = ticketing((url, init) => {
    asked.push({ url, init });
    return answer();
  });
  const given = fakeClient(t, options, answering);
  return { ...given, asked };
}

/** @param {number} status @param {string} code @param {string} message */
const refusal = (status, code, message) => Response.json({ error: { code, message } }, { status });
const STATE = { userId: "kim", activeGames: [], presence: "online", lastActive: 1 };

/** @type {[what: string, answer: () => Response | Promise<Response>, code: string, message: RegExp][]} */
const ANSWERS = [
  ["another path", () => refusal(404, "not_found", "no such path"), "wrong_address", /answers 404 \("no such path"\).*url/],
  ["a page", () => new Response("<!doctype html>"), "wrong_address", /https:\/\/app\.example\/__user-session\/state/],
  ["JSON of another", () => Response.json({ ok: true }), "wrong_address", /url/],
  ["JSON null", () => Response.json(null), "wrong_address", /url/],
  ["a redirect", () => /** @type {any} */ ({ status: 0, type: "opaqueredirect", text: async () => "" }), "wrong_address", /redirect/],
  ["its own 401", () => refusal(401, "unauthorized", "sign in first"), "unauthorized", /^sign in first$/],
  ["a proxy's 401", () => new Response("", { status: 401 }), "unauthorized", /answers 401/],
  ["its own 403", () => refusal(403, "forbidden", "userId is not …"), "forbidden", /^userId is not …$/],
  ["400", () => refusal(400, "limit_reached", "userId is too long"), "invalid_request", /userId/],
  ["429", () => refusal(429, "rate_limited", "too many connections"), "rate_limited", /too many/],
  ["not configured", () => refusal(503, "not_configured", "set AUTH_MODE"), "unavailable", /AUTH_MODE/],
  ["500", () => new Response("oops", { status: 500 }), "server_error", /answers 500/],
  ["nothing", () => Promise.reject(new TypeError("Failed to fetch")), "unreachable", /wss:\/\/app\.example/],
  ["the state", () => Response.json(STATE), "no_websocket", /proxy/],
];

for (const [what, answer, code, message] of ANSWERS) {
  test(`a server that fails sockets and answers ${what} is said to, and is asked once`, async (t) => {
    const { client, newest, asked } = failingClient(t, answer, { token: "secret" });
    client.connect();
    await settled();
    newest().fail();
    newest().fail();
    assert.equal(client.getSnapshot().problem?.code, "unreachable", "until the answer is there");
    await settled();
    const { problem, error } = client.getSnapshot();
    assert.deepEqual([problem?.code, problem?.retryable], [code, true]);
    assert.match(String(problem?.message), message);
    assert.equal(error, problem?.message);
    for (let failures = 0; failures < 5; failures++) {
      t.mock.timers.tick(30_000);
      await settled();
      // One that offers version 2, and one that doesn't.
      while (newest().readyState !== FakeSocket.CLOSED) newest().fail();
      await settled();
      assert.equal(client.getSnapshot().problem?.code, code, "it stays known");
    }
    assert.equal(asked.length, 1);
    assert.match(String(asked[0]?.url), /^https:\/\/app\.example\/__user-session\/state\?userId=kim&deviceId=desk&/);
    const { credentials, headers } = asked[0]?.init ?? {};
    assert.deepEqual([credentials, headers], ["include", { Authorization: "Bearer secret" }]);
    t.mock.timers.tick(30_000);
    await settled();
    accept(newest());
    assert.deepEqual([client.getSnapshot().problem, client.getSnapshot().error], [null, null]);
  });
}

test("a server that refuses this credential by HTTP ends the session, if the sockets are the runtime's own", async (t) => {
  const { sockets, newest, userOptions } = ownSockets(t, () => refusal(401, "unauthorized", "sign in first"));
  const client = new UserSessionClient({ ...userOptions, token: "old" });
  t.after(() => client.close());
  client.connect();
  await settled();
  newest().fail();
  newest().fail();
  await settled();
  assert.equal(client.getSnapshot().connectionStatus, "unauthorized");
  assert.deepEqual(client.getSnapshot().problem, { code: "unauthorized", message: "sign in first", retryable: false });
  t.mock.timers.tick(600_000);
  assert.equal(sockets.length, 2);
  client.token = "new";
  await settled();
  accept(newest());
  assert.equal(client.getSnapshot().connectionStatus, "connected");
  newest().fail(4401, "the token has expired: renew it");
  await settled();
  newest().fail();
  await settled();
  assert.deepEqual([client.getSnapshot().connectionStatus, sockets.length], ["unauthorized", 4], "after one attempt");
});

test("a function is asked once more also where the refusal comes by HTTP", async (t) => {
  const { newest, userOptions } = ownSockets(t, () => refusal(401, "unauthorized", "sign in first"));
  let made = 0;
  const client = new UserSessionClient({ ...userOptions, token: () => `t${++made}` });
  t.after(() => client.close());
  client.connect();
  for (let attempts = 0; attempts < 2; attempts++) {
    await settled();
    while (newest().readyState !== FakeSocket.CLOSED) {
      newest().fail();
      await settled();
    }
    t.mock.timers.tick(4_000);
  }
  await settled();
  assert.equal(client.getSnapshot().connectionStatus, "unauthorized");
  assert.ok(made >= 2);
});

test("a 403 that a proxy brings about ends nothing for who was let in", async (t) => {
  const { newest, userOptions } = ownSockets(t, () => refusal(403, "forbidden", "through no proxy"));
  const client = new UserSessionClient(userOptions);
  t.after(() => client.close());
  client.connect();
  accept(newest());
  newest().fail();
  for (let failures = 0; failures < 3; failures++) {
    t.mock.timers.tick(4_000);
    newest().fail();
    await settled();
  }
  assert.deepEqual([client.getSnapshot().connectionStatus, client.getSnapshot().problem?.code], ["lost", "forbidden"]);
  t.mock.timers.tick(10_000);
  accept(newest());
  assert.equal(client.getSnapshot().problem, null);
});

/**
 * Sockets in place of the runtime's own.
 * @param {TestContext} t
 * @param {() => Response} answer
 */
function ownSockets(t, answer) {
  const given = failingClient(t, answer);
  /** @type {FakeSocket[]} */
  const sockets = [];
  class Socket extends FakeSocket {
    /** @param {string} url @param {string[]} protocols */
    constructor(url, protocols) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  t.mock.property(globalThis, "WebSocket", /** @type {any} */ (Socket));
  const userOptions = { userId: "kim", deviceId: "desk", url: "https://app.example" };
  return { ...given, sockets, userOptions, newest: () => /** @type {FakeSocket} */ (sockets.at(-1)) };
}

/** @type {[code: number, reason: string, problem: string][]} */
const CLOSES = [
  [1001, "", "unavailable"],
  [1008, "too many frames", "rate_limited"],
  [1009, "Message is too large", "server_error"],
  [1011, "", "server_error"],
  [1012, "", "unavailable"],
  [1013, "too many connections: wait", "unavailable"],
  [4000, "a proxy's own", "server_error"],
  [1002, "", "server_error"],
  [1014, "", "server_error"],
  [3008, "a framework's own", "server_error"],
];

for (const [code, reason, expected] of CLOSES) {
  test(`a connection refused with ${code} says so at once, and one that broke with it before it is called lost for long`, (t) => {
    const { client, newest } = fakeClient(t, { lostAfterMs: 3_600_000 });
    client.connect();
    accept(newest());
    newest().fail(code, reason);
    assert.equal(client.getSnapshot().problem, null, "it may be back in a moment");
    t.mock.timers.tick(5_000);
    assert.equal(client.getSnapshot().problem?.code, expected);
    if (reason) assert.equal(client.getSnapshot().error, reason);
    client.close();
    assert.equal(client.getSnapshot().problem, null);
    client.connect();
    newest().open();
    newest().fail(code, reason);
    assert.deepEqual([client.getSnapshot().problem?.code, client.getSnapshot().problem?.retryable], [expected, true]);
    assert.ok(client.getSnapshot().error);
  });
}

test("an attempt that hangs says so after 5 s, and asks the server", async (t) => {
  const { client, sockets, asked } = failingClient(t, () => Response.json(STATE));
  client.connect();
  t.mock.timers.tick(4_999);
  assert.deepEqual([client.getSnapshot().problem, asked.length], [null, 0]);
  t.mock.timers.tick(1);
  assert.equal(client.getSnapshot().problem?.code, "unreachable");
  await settled();
  assert.deepEqual([client.getSnapshot().problem?.code, sockets.length], ["no_websocket", 1]);
});

test("a server that opens sockets and says nothing is told from one behind a proxy", async (t) => {
  const { client, newest } = failingClient(t, () => Response.json(STATE));
  client.connect();
  newest().open();
  t.mock.timers.tick(5_000);
  await settled();
  assert.equal(client.getSnapshot().problem?.code, "server_error");
});

test("a server that does not answer the question either is given up, and the problem is told meanwhile", async (t) => {
  const { client, asked } = failingClient(t, () => new Promise(() => {}));
  client.connect();
  t.mock.timers.tick(5_000);
  assert.equal(client.getSnapshot().problem?.code, "unreachable");
  t.mock.timers.tick(5_000);
  assert.equal(asked[0]?.init.signal?.aborted, true);
});

test("an answer that comes when there is a connection says nothing of it", async (t) => {
  /** @type {PromiseWithResolvers<Response>} */
  const answer = Promise.withResolvers();
  const { client, newest } = failingClient(t, () => answer.promise);
  client.connect();
  newest().fail();
  newest().fail();
  t.mock.timers.tick(2_000);
  accept(newest());
  answer.resolve(new Response("", { status: 500 }));
  await settled();
  assert.equal(client.getSnapshot().problem, null);
});

test("each outage asks for itself", async (t) => {
  const { client, newest, asked } = failingClient(t, () => new Response("", { status: 500 }));
  client.connect();
  for (let outages = 1; outages <= 3; outages++) {
    accept(newest());
    newest().fail();
    for (let failures = 0; failures < 4; failures++) {
      t.mock.timers.tick(30_000);
      newest().fail();
      await settled();
    }
    assert.equal(asked.length, outages);
    t.mock.timers.tick(30_000);
  }
});

test("without a network nobody is asked, and with one again the server is", async (t) => {
  const { client, newest, asked, page } = failingClient(t, () => new Response("", { status: 500 }));
  let onLine = false;
  Object.defineProperty(navigator, "onLine", { configurable: true, get: () => onLine });
  t.after(() => delete (/** @type {any} */ (navigator).onLine));
  client.connect();
  newest().fail();
  newest().fail();
  await settled();
  assert.deepEqual([client.getSnapshot().problem?.code, asked.length], ["offline", 0]);
  onLine = true;
  page.dispatchEvent(new Event("online"));
  newest().fail();
  await settled();
  assert.deepEqual([client.getSnapshot().problem?.code, asked.length], ["server_error", 1]);
});

/** @type {[url: string, address: string][]} */
for (const [name, code] of /** @type {const} */ ([["SecurityError", "policy"], ["TypeError", "unsupported_runtime"]])) {
  test(`a constructor that throws a ${name} is a problem of its own`, async (t) => {
    const { client } = fakeClient(t, {
      WebSocket: /** @type {any} */ (
        class {
          constructor() {
            throw new DOMException("not from here", name);
          }
        }
      ),
    });
    client.connect();
    await settled();
    assert.equal(client.getSnapshot().problem?.code, code);
    assert.match(String(client.getSnapshot().error), /not from here/);
  });
}

test("a runtime without WebSocket says what to give it", async (t) => {
  t.mock.property(globalThis, "WebSocket", /** @type {any} */ (undefined));
  const { client } = fakeClient(t, { WebSocket: undefined });
  client.connect();
  await settled();
  const { problem } = client.getSnapshot();
  assert.deepEqual([problem?.code, problem?.retryable], ["unsupported_runtime", false]);
  assert.match(String(problem?.message), /WebSocket.*ws/);
});

/** @param {EventTarget} page @param {object} more What the browser says of what the page's policy forbids. */
function violate(page, more) {
  const event = new Event("securitypolicyviolation");
  page.dispatchEvent(Object.assign(event, { disposition: "enforce", originalPolicy: "connect-src 'none'", ...more }));
}

test("a policy that the browser tells of after the socket has failed by it is known, and ends the trying", async (t) => {
  const { client, sockets, page, newest, asked } = failingClient(t, () => Promise.reject(new TypeError("forbidden, too")));
  client.connect();
  newest().fail(1006, "");
  newest().fail(1006, "");
  violate(page, { blockedURI: "wss://app.example/__user-session" });
  assert.equal(client.getSnapshot().problem?.code, "policy");
  await settled();
  assert.equal(client.getSnapshot().problem?.code, "policy", "whatever the question by HTTP brings");
  t.mock.timers.tick(600_000);
  assert.deepEqual([sockets.length, asked.length], [2, 1]);
});

test("a policy of the page that forbids the socket ends the attempt at once", (t) => {
  const { client, sockets, page, newest } = fakeClient(t);
  client.connect();
  violate(page, { blockedURI: "https://app.example/x" });
  violate(page, { blockedURI: "inline" });
  violate(page, { blockedURI: "wss://other.example/" });
  violate(page, { blockedURI: "wss://app.example/__user-session", disposition: "report" });
  assert.deepEqual([newest().closedWith, client.getSnapshot().problem], [null, null]);
  violate(page, { blockedURI: "wss://app.example/__user-session" });
  const { problem } = client.getSnapshot();
  assert.deepEqual([newest().closedWith, problem?.code, problem?.retryable], [1000, "policy", false]);
  assert.match(String(problem?.message), /wss:\/\/app\.example.*connect-src/);
  t.mock.timers.tick(600_000);
  assert.equal(sockets.length, 1);
  client.reconnect();
  assert.equal(sockets.length, 2);
});

test("a socket that fails and never says that it has closed is given up at once", (t) => {
  const { client, sockets, newest } = fakeClient(t);
  client.connect();
  newest().readyState = FakeSocket.CLOSED;
  newest().onerror?.();
  t.mock.timers.tick(0);
  assert.equal(sockets.length, 2);
});

test("from the second failed attempt, or 5 s, on there is always a problem while there is no connection", async (t) => {
  const { client, newest, sockets } = failingClient(t, () => Response.json(STATE));
  const codes = [1006, 1000, 1001, 1008, 1011, 4999, 1013, 1005];
  client.connect();
  for (let rounds = 0; rounds < 200; rounds++) {
    const isLetIn = rounds % 23 === 22;
    if (isLetIn) accept(newest());
    const before = sockets.length;
    newest().fail(codes[rounds % codes.length], "");
    for (let seconds = 0; sockets.length === before && seconds < 60; seconds++) {
      if (seconds >= 6 || (!isLetIn && rounds > 0 && rounds % 23 > 1)) assert.ok(client.getSnapshot().problem, `round ${rounds}`);
      t.mock.timers.tick(1_000);
      await settled();
    }
  }
});

test("the docs list the codes of problems as they are", () => {
  const docs = readFileSync(new URL("../../docs/client.md", import.meta.url), "utf8");
  const section = docs.split("### Problems")[1]?.split("\n#")[0] ?? "";
  const listed = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
  assert.deepEqual(listed, [...PROBLEM_CODES]);
});
