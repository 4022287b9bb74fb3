/**
 * The answer to a request that can't be read, or after a mistake of the app around the handler: JSON that
 * says what to do, and never the platform's own error page.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { buildBundle } from "../support/bundle.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX, UPGRADE, assertRefusal, push, requestAsWritten, requestBytes } from "../support/requests.mjs";
import { startWorkerd } from "../support/workerd.mjs";

/** @import { RawAnswer } from "../support/requests.mjs" */
/** @import { Workerd } from "../support/workerd.mjs" */

/** Bare workerd, since wrangler's own Worker in front of ours fails at what is tried here. @type {Workerd} */
let server;
before(async () => {
  const { modules } = await buildBundle("tests/worker/fixtures/apps.wrangler.jsonc");
  server = await startWorkerd({ modules });
});
after(() => server?.stop());

/**
 * Pushes through an app that has done something to the body before.
 * @param {string} what
 * @param {Record<string, string>} [headers]
 */
function pushAfter(what, headers = {}) {
  const chunks = ['{"type":', '"news"}'];
  const all = { "Content-Type": "application/json", ...headers, ...(what && { "X-Body": what }) };
  return requestAsWritten(server, `${PREFIX}?userId=bodies`, { method: "POST", headers: all, chunks });
}

/** @param {RegExp} line */
function logged(line) {
  return eventually(`the line ${line}`, () => server.logs().some((text) => line.test(text)));
}

/** @param {RawAnswer} answer @param {number} status @param {string} code @param {RegExp} message */
function assertAnswer({ status: is, headers, text }, status, code, message) {
  assert.equal(is, status, text);
  assert.match(String(headers["content-type"]), /^application\/json/);
  assert.equal(headers["cache-control"], "no-store");
  assertRefusal(text, code, message);
}

const TAKEN = /^the body can't be read, since .* hand on request\.clone\(\)/;

for (const what of ["text()", "json()", "a reader that was let go", "a reader that has it still", "cancel()", "tee()", "new Request(request)", "a stream of texts"]) {
  test(`a body that was taken by ${what} is the app's mistake, which trying again does not mend`, async () => {
    assertAnswer(await pushAfter(what), 500, "internal", TAKEN);
  });
}

for (const what of ["clone(), whose copy was read", "clone(), before the reading"]) {
  test(`a body is served after ${what}`, async () => {
    const answer = await pushAfter(what);
    assert.deepEqual([answer.status, answer.text], [200, '{"delivered":0}']);
  });
}

test("the log says once how a body is handed on, however often it was taken", async () => {
  await pushAfter("text()");
  await logged(/^user-session: the body can't be read, since it was read before: .*request\.clone\(\)/);
  assert.equal(server.logs().filter((line) => line.includes("it was read before")).length, 1);
});

test("a stream that breaks off is no failure of ours, and what it says is printed harmlessly", async () => {
  assertAnswer(await pushAfter("a stream that fails"), 400, "invalid_request", /^the body broke off/);
  await logged(/the body of a request broke off: Error: the app's stream \\u202ebroke$/);
});

test("a body that was taken in the object's own class is answered the same", async () => {
  const headers = { "X-App": "handing on raw", "X-Read-In-Object": "1" };
  assertAnswer(await pushAfter("", headers), 500, "internal", TAKEN);
});

test("a clear needs no body, and is done whatever became of it", async () => {
  const headers = { "X-Body": "text()" };
  for (const chunks of [["x"], ["x".repeat(100_000)]]) {
    const path = `${PREFIX}/clear?userId=bodies`;
    const answer = await requestAsWritten(server, path, { method: "POST", headers, chunks });
    assert.deepEqual([answer.status, answer.text], [200, '{"success":true}']);
    const unread = await requestAsWritten(server, path, { method: "POST", chunks });
    assert.deepEqual([unread.status, unread.text], [200, '{"success":true}']);
  }
});

/** @param {string} app @param {string} [path] @param {Record<string, string>} [headers] */
function askApp(app, path = "/state", headers = {}) {
  const url = `${PREFIX}${path}?userId=mistaken&deviceId=d`;
  return requestAsWritten(server, url, { headers: { "X-App": app, ...headers } });
}

test("a mistake of the app around us is an answer in JSON and a line in the log, and nothing throws", async () => {
  assertAnswer(await askApp("no binding"), 503, "not_configured", /^env\.USER_SESSION_DO: expected/);
  assertAnswer(await askApp("authenticate that never returns an identity"), 503, "unavailable", /./);
  for (const app of ["no env", "an env whose binding throws"]) {
    assertAnswer(await askApp(app), 500, "internal", /nothing was done/);
    const socket = await askApp(app, "", UPGRADE);
    assertAnswer(socket, 500, "internal", /nothing was done/);
  }
  assertAnswer(await askApp("c.req in place of c.req.raw"), 500, "internal", /nothing was done/);
  await logged(/^user-session: a request failed: TypeError: routeUserSession: expected the Request itself, with Hono c\.req\.raw/);
  await logged(/^user-session: env\.USER_SESSION_DO: expected/);
  await logged(/^user-session: a request failed: TypeError: .* at /);
});

const HOST = "Host: localhost";
const STATE = `GET ${PREFIX}/state?userId=kim HTTP/1.1`;
const SOCKET = [
  `GET ${PREFIX}?userId=kim&deviceId=d HTTP/1.1`,
  ...Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}`),
];

/** @type {[what: string, lines: string[]][]} */
const UNREADABLE = [
  ["two hosts", [STATE, HOST, "Host: b.example"]],
  ["the same host twice", [STATE, HOST, HOST]],
  ["a socket with two hosts", [...SOCKET, HOST, "Host: b.example"]],
  ["a port that is too large", [STATE, "Host: localhost:99999"]],
  ["a port that is none", [STATE, "Host: localhost:http"]],
  ["a host of two words", [STATE, "Host: local host"]],
  ["a host with an escape that is none", [STATE, "Host: %zz"]],
  ["half an address", [STATE, "Host: [::1"]],
];

test("an address that can't be read is the asker's mistake: 400", async (t) => {
  for (const [what, lines] of UNREADABLE) {
    await t.test(what, async () => {
      const { status, text } = await requestBytes(server, lines);
      assert.equal(status, 400, text);
      assertRefusal(text, "invalid_request", /^the address can't be read: expected one Host/);
    });
  }
});

const LONG = "y".repeat(60_000);

/** @type {[what: string, lines: string[], status: number][]} */
const ODD = [
  ["two slashes", ["GET // HTTP/1.1", HOST], 404],
  ["another host behind slashes", ["GET //evil:99999/x HTTP/1.1", HOST], 404],
  ["a percent sign", [`GET ${PREFIX}/% HTTP/1.1`, HOST], 404],
  ["a percent sign as the user", [`GET ${PREFIX}/state?userId=% HTTP/1.1`, HOST], 200],
  ["half a character", [`GET ${PREFIX}/state?userId=%ff%e2%82 HTTP/1.1`, HOST], 200],
  ["escaped NULs", [`GET ${PREFIX}/state?userId=%00&%00=%00 HTTP/1.1`, HOST], 200],
  ["a NUL", [`GET ${PREFIX}/state?userId=a\0 HTTP/1.1`, HOST], 400],
  ["bytes", [`GET ${PREFIX}/\xff\xfe HTTP/1.1`, HOST], 400],
  ["a long query", [`GET ${PREFIX}/state?userId=kim&x=${LONG} HTTP/1.1`, HOST], 200],
  ["the address as proxies write it", [`GET http://localhost${PREFIX}/state?userId=kim HTTP/1.1`, HOST], 200],
  ["a scheme of one's own", [`GET x://y${PREFIX} HTTP/1.1`, HOST], 400],
  ["no path", ["OPTIONS * HTTP/1.1", HOST], 404],
  ["headers of odd bytes", [STATE, HOST, "X: \x01\x7f\xff", "Authorization: Bearer \xff\x80"], 200],
  ["an origin of odd bytes", [STATE, HOST, "Origin: \xff"], 403],
  ["cookies of odd bytes", [STATE, HOST, "Cookie: \xff=\x80; ;;=;session=%ff"], 200],
  ["a method nobody knows", [STATE.replace("GET", "FOO"), HOST], 501],
  ["junk among the subprotocols", [...SOCKET, HOST, 'Sec-WebSocket-Protocol: ,,;\xff, "a", user-session.v2'], 101],
  ["subprotocols in two headers", [...SOCKET, HOST, "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: user-session.v2"], 101],
  ["a key that is none", [...SOCKET.filter((line) => !line.includes("Key")), HOST, "Sec-WebSocket-Key: x"], 101],
  ["two upgrades", [SOCKET[0], "Upgrade: h2c, websocket", HOST], 426],
  ["an upgrade in capitals", [...SOCKET.map((line) => line.replace(": websocket", ": WebSocket")), HOST], 101],
  ["an upgrade to a path that there is not", [...SOCKET.map((line) => line.replace("?", "/x?")), HOST], 404],
];

test("whatever is odd about a request it is answered, and never by a failure", async (t) => {
  for (const [what, lines, status] of ODD) {
    await t.test(what, async () => {
      const answer = await requestBytes(server, lines);
      assert.equal(answer.status, status, answer.text);
    });
  }
  assert.equal(server.logs().filter((line) => line.includes("Uncaught")).length, 0);
});

/** @type {[path: string, meant: string][]} */
const NEAR = [
  ["/__user-session/", ""],
  ["/__user-session//", ""],
  ["//__user-session", ""],
  ["/__user-session/state/", "/state"],
  ["/__user-session//state", "/state"],
  ["//__user-session/state", "/state"],
  ["/__USER-SESSION/state", "/state"],
  ["/__user-session/STATE", "/state"],
  ["/%5f%5Fuser-session/state", "/state"],
  ["/__user%2dsession/state", "/state"],
  ["/__user-session%2Fstate", "/state"],
  ["/__user-session/%73tate/", "/state"],
  ["/__user-session/metrics/", "/metrics"],
];

for (const [path, meant] of NEAR) {
  test(`whoever asks for ${path} is told what was meant`, async () => {
    for (const headers of [{}, UPGRADE]) {
      const answer = await requestAsWritten(server, `${path}?userId=kim&deviceId=d`, { headers });
      assertAnswer(answer, 404, "not_found", new RegExp(`^no such path: expected ${PREFIX}${meant}$`));
    }
  });
}

test("a path that is nobody's is told all that there are, and one of the app's is left to the app", async () => {
  const known = /^no such path: expected one of \/__user-session, .*\/state, .*\/clear, .*\/export, .*\/logout, .*\/backchannel-logout$/;
  assertAnswer(await requestAsWritten(server, `${PREFIX}/nowhere`), 404, "not_found", known);
  for (const path of ["/", "/state?userId=kim", "/user-session", "/__user-sessions", "/__user-session.html", "/%"]) {
    const { status, text } = await requestAsWritten(server, path);
    assert.deepEqual([path, status, text], [path, 404, "the app's own 404"]);
  }
});

test("a prefix that a router has taken away, or put another before, is said once in the log", async () => {
  const lines = () => server.logs().filter((line) => line.includes("at the beginning of its path"));
  const query = "?userId=kim&deviceId=d";
  // Any app may have these, and sockets of its own.
  for (const path of ["/", "/state?userId=kim", "/chat?userId=kim"]) {
    await requestAsWritten(server, path, { headers: UPGRADE });
  }
  assert.deepEqual(lines(), []);
  const mounted = { "X-App": "mount() with its default" };
  const answer = await requestAsWritten(server, PREFIX + query, { headers: { ...UPGRADE, ...mounted } });
  assert.deepEqual([answer.status, answer.text], [404, "the app's own 404"]);
  await requestAsWritten(server, PREFIX + query, { headers: { ...UPGRADE, ...mounted } });
  await requestAsWritten(server, `/api${PREFIX}/state${query}`);
  await logged(/at the beginning of its path/);
  assert.equal(lines().length, 1);
  assert.match(lines()[0], /With Hono: app\.all\("\/__user-session\/\*", \(c\) => routeUserSession\(c\.req\.raw, c\.env\)\)/);
});

test("after all this the server still serves", async () => {
  const device = await Device.connect(server, "last", "d");
  await device.next();
  assert.equal((await push(server, "last", '{"type":"x"}')).status, 200);
  assert.deepEqual(await device.next(), { type: "x" });
  await device.close();
});
