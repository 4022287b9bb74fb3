import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";

import { ask, bearer, serve } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";

/** @import { IncomingHttpHeaders, RequestListener } from "node:http" */
/** @import { Server } from "../support/server.mjs" */

const COOKIE = { Cookie: "app=a-secret-of-the-app" };

/** What the app's service does next. @type {RequestListener} */
let listener = () => {};
/** What it was last asked with. @type {IncomingHttpHeaders} */
let seen = {};
/** @type {Awaited<ReturnType<typeof serve>>} */
let app;
/** @type {Server} */
let server;
/** @type {Server} */
let renamed;
before(async () => {
  app = await serve((request, response) => {
    seen = request.headers;
    listener(request, response);
  });
  const vars = { AUTH_MODE: "session", AUTH_SESSION_URL: `${app.url}/session` };
  server = await startServer(undefined, vars);
  renamed = await startServer(undefined, {
    ...vars,
    AUTH_SESSION_USER_PATH: "data.who",
    AUTH_SESSION_ID_PATH: "data.session.key",
    AUTH_SESSION_CREATED_PATH: "data.session.since",
    AUTH_SESSION_EXPIRES_PATH: "data.session.until",
  });
});
after(async () => {
  await server?.close();
  await renamed?.close();
  app?.close();
});

/** @param {unknown} body @param {number} [status] */
function answering(body, status = 200) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  listener = (_, response) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(text);
  };
}

const HOUR_MS = 3_600_000;
const iso = (/** @type {number} */ ms) => new Date(ms).toISOString();
/**
 * A time as it is written where the clocks are some hours ahead.
 * @param {number} ms @param {number} hours
 */
function offsetTime(ms, hours) {
  const sign = hours < 0 ? "-" : "+";
  return iso(ms + hours * HOUR_MS).replace("Z", `${sign}0${Math.abs(hours)}:00`);
}
const user = { id: "kim" };
const session = { id: "s1", createdAt: iso(Date.now() - 1), expiresAt: iso(Date.now() + HOUR_MS) };

/** @type {[string, unknown, number][]} */
const answers = [
  ["a session", { user, session }, 200],
  ["a session without an end", { user, session: { createdAt: session.createdAt } }, 200],
  ["times in seconds", { user, session: { createdAt: 1_700_000_000 } }, 200],
  ["times in milliseconds", { user, session: { createdAt: 1_700_000_000_000 } }, 200],
  ["null", null, 401],
  ["nothing in an object", {}, 401],
  ["no user", { session, user: null }, 401],
  ["an expired session", { user, session: { ...session, expiresAt: iso(Date.now() - 1) } }, 401],
  ["another user's session", { user: { id: "lee" }, session }, 403],
  ["a user in the prototype", JSON.parse('{"__proto__":{"user":{"id":"kim"}},"session":{}}'), 401],
  ["a user that is a list", { user: { id: ["kim"] }, session }, 503],
  ["an empty user", { user: { id: "" }, session }, 503],
  ["a user and no session", { user }, 503],
  ["times in seconds as text", { user, session: { createdAt: "1700000000" } }, 200],
  ["times as a database prints them", { user, session: { createdAt: "2026-01-02 03:04:05", expiresAt: "9999-12-31 23:59:59+00" } }, 200],
  ["times with an offset", { user, session: { createdAt: "2026-01-02T03:04:05.678901+0530", expiresAt: "9999-12-31T23:59:59-05:00" } }, 200],
  ["times as HTTP writes them", { user, session: { createdAt: "Fri, 02 Jan 2026 03:04:05 GMT" } }, 200],
  ["a day", { user, session: { createdAt: "2026-01-02" } }, 200],
  ["an end of null", { user, session: { ...session, expiresAt: null } }, 200],
  ["an end in the year 9999, in seconds", { user, session: { ...session, expiresAt: 253_402_300_799 } }, 200],
  ["an end with an offset, which has passed", { user, session: { ...session, expiresAt: offsetTime(Date.now() - 60_000, 5) } }, 401],
  ["an end with an offset, which has not", { user, session: { ...session, expiresAt: offsetTime(Date.now() + 3_600_000, -5) } }, 200],
  ["an end of 0", { user, session: { ...session, expiresAt: 0 } }, 401],
  ["an end in microseconds", { user, session: { ...session, expiresAt: Date.now() * 1_000 } }, 503],
  ["a negative end", { user, session: { ...session, expiresAt: -1 } }, 503],
  ["an end without end", `{"user":{"id":"kim"},"session":{"createdAt":1700000000,"expiresAt":1e999}}`, 503],
  ...["session 5", "5", "7 days", "", " ", "NaN", "Infinity", "2026", "2026-13-01", "2026-01-02T25:00:00Z", "1e12", "0x1999999999", "-1", "tomorrow", "2026-01-02T03:04:05 PM"]
    .map((text) => /** @type {[string, unknown, number]} */ ([`an end of ${JSON.stringify(text)}`, { user, session: { ...session, expiresAt: text } }, 503])),
  ...[true, false, [], [1_900_000_000], {}, 1e300]
    .map((value) => /** @type {[string, unknown, number]} */ ([`an end of ${JSON.stringify(value)}`, { user, session: { ...session, expiresAt: value } }, 503])),
  ...[7, "é".repeat(128), null]
    .map((id) => /** @type {[string, unknown, number]} */ ([`an id of ${JSON.stringify(id).slice(0, 9)}`, { user, session: { ...session, id } }, 200])),
  ...["", "é".repeat(129), "x".repeat(257), {}, ["s1"], true, 1.5, 1e300]
    .map((id) => /** @type {[string, unknown, number]} */ ([`an id of ${JSON.stringify(id).slice(0, 9)}`, { user, session: { ...session, id } }, 503])),
  ["a beginning that is true", { user, session: { createdAt: true } }, 503],
  ["a beginning that is a list", { user, session: { createdAt: [] } }, 503],
  ["a negative beginning", { user, session: { createdAt: -5 } }, 503],
  ["a session of tomorrow", { user, session: { createdAt: iso(Date.now() + HOUR_MS) } }, 503],
  ["a time that is none", { user, session: { createdAt: "yesterday" } }, 503],
  ["an end that is none", { user, session: { ...session, expiresAt: "never" } }, 503],
  ["no JSON", "<html>kim</html>", 503],
  ["an empty body", "", 503],
];

for (const [what, body, status] of answers) {
  test(`the app answers with ${what}: ${status}`, async () => {
    answering(body);
    for (const action of /** @type {const} */ (["connect", "state", "clear"])) {
      const wanted = action === "connect" && status === 200 ? 101 : status;
      const answer = await ask(server, action, "kim", COOKIE);
      assert.equal(answer.status, wanted, answer.text);
    }
    assert.equal((await ask(server, "push", "kim", COOKIE)).status, status === 200 ? 403 : status);
  });
}

test("a session without an id is one credential, whatever else is in the cookie", async () => {
  answering({ user, session: { createdAt: session.createdAt } });
  const url = `${server.ws}${PREFIX}?userId=kim`;
  const connect = (/** @type {string} */ deviceId, /** @type {string} */ cookie) =>
    new Device(`${url}&deviceId=${deviceId}`, { protocols: ["user-session.v2"], headers: { Cookie: cookie } });
  const phone = connect("phone", "app=1; shown=1");
  await phone.next();
  // One that has said nothing would hear of its close late.
  assert.equal((await phone.ask({ type: "ping" })).type, "pong");
  answering({ user, session: { createdAt: iso(Date.now() - HOUR_MS) } });
  const desk = connect("desk", "app=2");
  await desk.next();
  const closing = phone.closed();
  desk.send({ type: "logout_device", deviceId: "phone" });
  assert.equal((await closing).code, 1000);
  assert.equal((await ask(server, "state", "kim", { Cookie: "app=2; shown=2" })).status, 200);
  answering({ user, session: { createdAt: session.createdAt } });
  for (const cookie of ["app=1; shown=1", "app=1; shown=2"]) {
    assert.equal((await ask(server, "state", "kim", { Cookie: cookie })).status, 401, cookie);
  }
  await desk.close();
});

for (const [status, ours] of [[204, 401], [401, 401], [403, 401], [302, 503], [404, 503], [429, 503], [500, 503]]) {
  test(`the app answers ${status}: ${ours}`, async () => {
    listener = (_, response) => response.writeHead(status, { Location: `${app.url}/elsewhere` }).end();
    assert.equal((await ask(server, "state", "kim", COOKIE)).status, ours);
  });
}

test("an app that is silent for 2 s is not waited for", async () => {
  for (const slow of /** @type {RequestListener[]} */ ([
    () => {},
    (_, response) => response.writeHead(200).write('{"user":'),
  ])) {
    listener = slow;
    const start = performance.now();
    const answer = await ask(server, "state", "kim", COOKIE);
    const took = performance.now() - start;
    assert.equal(answer.status, 503);
    assert.ok(answer.headers["retry-after"]);
    // The app never answers, so an answer is itself the proof that it was not waited for.
    assert.ok(took > 1_500, `${took} ms`);
  }
});

test("the app is asked with the cookie and the authorization, and with nothing else", async () => {
  answering({ user, session });
  await ask(server, "state", "kim", { ...COOKIE, ...bearer("t"), "X-Other": "x", Referer: `${server.http}/page` });
  assert.deepEqual([seen.cookie, seen.authorization], [COOKIE.Cookie, "Bearer t"]);
  assert.deepEqual([seen["x-other"], seen.referer, seen.origin], [undefined, undefined, undefined]);
  const protocols = ["user-session.v1", "bearer.p"];
  const device = new Device(`${server.ws}${PREFIX}?userId=kim`, { protocols });
  await device.next();
  assert.equal(seen.authorization, "Bearer p");
  await device.close();
});

test("without a cookie or an authorization the app is not asked", async () => {
  seen = {};
  assert.equal((await ask(server, "connect", "kim")).status, 401);
  assert.deepEqual(seen, {});
});

test("the names of the fields can be set", async () => {
  const data = { who: 7, session: { key: "k", since: session.createdAt, until: session.expiresAt } };
  answering({ data, user: { id: "kim" }, session });
  assert.equal((await ask(renamed, "state", "7", COOKIE)).status, 200);
  assert.equal((await ask(renamed, "state", "kim", COOKIE)).status, 403);
});

test("a field that is named and not there is no check that is left out", async () => {
  const whole = { who: "kim", session: { key: "k", since: session.createdAt, until: session.expiresAt } };
  for (const [name, variable] of [["until", "EXPIRES"], ["key", "ID"], ["since", "CREATED"]]) {
    answering({ data: { ...whole, session: { ...whole.session, [name]: undefined } } });
    assert.equal((await ask(renamed, "state", "kim", COOKIE)).status, 503, name);
    const isTold = () => renamed.logs().some((line) => line.includes(`AUTH_SESSION_${variable}_PATH`));
    await eventually(`a line about ${name}`, async () => isTold());
  }
  answering({ data: { ...whole, session: { ...whole.session, until: null } } });
  assert.equal((await ask(renamed, "state", "kim", COOKIE)).status, 200);
});

test("an id that names no session is told by the path at which it stands", async () => {
  const told = (/** @type {string} */ path) => `${path}: expected a string of 1 to 256 bytes, or a whole number below 2^53`;
  answering({ user, session: { ...session, id: {} } });
  assert.equal((await ask(server, "state", "kim", COOKIE)).status, 503);
  answering({ data: { who: "kim", session: { key: "x".repeat(257), since: session.createdAt, until: null } } });
  assert.equal((await ask(renamed, "state", "kim", COOKIE)).status, 503);
  for (const [where, path] of /** @type {[Server, string][]} */ ([[server, "session.id"], [renamed, "data.session.key"]])) {
    const isTold = () => where.logs().some((line) => line.includes("cannot check who is asking") && line.includes(told(path)));
    await eventually(`a line about ${path}`, async () => isTold());
  }
});

test("neither a cookie nor what the app has said is in the log", () => {
  const logged = server.logs().join("\n");
  assert.match(logged, /expected 200/);
  assert.ok(!logged.includes("a-secret-of-the-app") && !logged.includes("<html>"));
});

test("a service binding is asked without any address being set", async (t) => {
  const config = `${ROOT}tests/worker/fixtures/signed-in.wrangler.jsonc`;
  const bound = await startServer(config, { AUTH_MODE: "session" });
  t.after(() => bound.close());
  const cookie = { Cookie: "app=kim", "X-Other": "x" };
  assert.equal((await ask(bound, "connect", "kim", cookie)).status, 101);
  assert.equal((await ask(bound, "state", "lee", cookie)).status, 403);
  assert.equal((await ask(bound, "state", "kim", { Cookie: "other=kim" })).status, 401);
  const [{ url, headers }] = await (await fetch(`${bound.http}/test/asked`)).json();
  const path = "/api/auth/get-session?disableCookieCache=true&disableRefresh=true";
  assert.equal(url, bound.http + path);
  assert.equal(new Map(headers).get("cookie"), "app=kim");
  assert.ok(!new Map(headers).has("x-other"));
});

test("a user of the real better-auth signs in and out", async (t) => {
  const auth = betterAuth({
    baseURL: app.url,
    secret: "a secret of better-auth for this test only",
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: { enabled: true },
    session: { cookieCache: { enabled: true, maxAge: 300 } },
    telemetry: { enabled: false },
  });
  listener = toNodeHandler(auth);
  const path = "/api/auth/get-session?disableCookieCache=true&disableRefresh=true";
  const vars = { AUTH_MODE: "session", AUTH_SESSION_URL: app.url + path };
  const signedIn = await startServer(undefined, vars);
  t.after(() => signedIn.close());

  const kim = await signUp("kim");
  const lee = await signUp("lee");
  const cookie = { Cookie: kim.cookie };
  assert.equal((await ask(signedIn, "state", kim.id)).status, 401);
  assert.equal((await ask(signedIn, "state", kim.id, cookie)).status, 200);
  assert.equal((await ask(signedIn, "state", lee.id, cookie)).status, 403);
  assert.equal((await ask(signedIn, "connect", lee.id, cookie)).status, 403);
  assert.equal((await ask(signedIn, "push", kim.id, cookie)).status, 403);
  const other = (/** @type {string} */ letter) => letter === "x" ? "y" : "x";
  const tampered = {
    Cookie: kim.cookie.replace(/(?<=session_token=)./, other),
  };
  assert.equal((await ask(signedIn, "state", kim.id, tampered)).status, 401);

  const device = new Device(`${signedIn.ws}${PREFIX}?userId=${kim.id}`, { headers: cookie });
  assert.equal((await device.next()).userId, kim.id);
  device.send({ type: "logout_all" });
  assert.equal((await device.closed()).reason, "Logged out from all devices");
  assert.equal((await ask(signedIn, "state", kim.id, cookie)).status, 401);
  assert.equal((await ask(signedIn, "state", lee.id, { Cookie: lee.cookie })).status, 200);

  const out = await post("sign-out", {}, lee.cookie);
  assert.equal(out.status, 200);
  assert.equal((await ask(signedIn, "state", lee.id, { Cookie: lee.cookie })).status, 401);
});

/** @param {string} name */
async function signUp(name) {
  const body = { name, email: `${name}@example.com`, password: `password of ${name}` };
  const response = await post("sign-up/email", body);
  assert.equal(response.status, 200);
  const cookies = response.headers.getSetCookie().map((line) => line.split(";")[0]);
  const { user: { id } } = await response.json();
  return { id, cookie: cookies.join("; ") };
}

/** @param {string} path @param {object} body @param {string} [cookie] */
function post(path, body, cookie) {
  const headers = {
    "Content-Type": "application/json",
    Origin: app.url,
    ...(cookie ? { Cookie: cookie } : {}),
  };
  return fetch(`${app.url}/api/auth/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}
