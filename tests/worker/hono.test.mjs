/** Apps around the handler that change requests and answers: all of Hono's middleware, and code by hand. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";

import { exportJWK, generateKeyPair, SignJWT } from "jose";

import { SECRET, secretToken } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { PROTOCOL } from "../support/v2-device.mjs";
import { PREFIX, UPGRADE, requestAsWritten } from "../support/requests.mjs";
import { OPEN, ROOT, startServer } from "../support/server.mjs";

/** @import { IncomingHttpHeaders } from "node:http" */
/** @import { Server } from "../support/server.mjs" */

/** @type {Server} */
let server;
/** The names of the fixture's apps, by group. @type {Map<string, string[]>} */
let names;
let jwkToken = "";
before(async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "k", alg: "ES256" };
  jwkToken = await new SignJWT({ sub: "kim" }).setProtectedHeader({ alg: "ES256", kid: "k" }).sign(privateKey);
  const vars = { ...OPEN, JWT_SECRET: SECRET, JWKS: JSON.stringify([jwk]) };
  server = await startServer(`${ROOT}tests/worker/fixtures/apps.wrangler.jsonc`, vars);
  names = new Map(await (await fetch(`${server.http}/test/names`)).json());
});
after(() => server?.close());

/** The additional headers of a request, by the app that asks for them. @type {Record<string, () => Record<string, string>>} */
const CREDENTIALS = {
  "basic-auth": () => ({ Authorization: `Basic ${btoa("kim:p")}` }),
  "bearer-auth": () => ({ Authorization: "Bearer a-token" }),
  jwt: () => ({ Cookie: `jwk=none; jwt=${secretToken("kim")}` }),
  jwk: () => ({ Cookie: `jwk=${jwkToken}` }),
};

/**
 * A header that each app adds to a socket's 101, as a sign that it was at work. Headers of `c.header()`
 * and `setCookie()` before the handler are missing: Hono drops them from an answer made by its handler.
 * @type {Record<string, string>}
 */
const ON_SOCKETS = {
  combine: "x-powered-by",
  cors: "vary",
  "powered-by": "x-powered-by",
  "secure-headers": "strict-transport-security",
  timing: "server-timing",
  "all middleware that sets headers": "server-timing",
  "c.header() after": "x-mark",
  "c.header(…, {append}) after": "x-mark",
  "c.res.headers.set() after": "x-mark",
  "c.res.headers.append() after": "x-mark",
  "c.res = new Response(c.res.body, c.res)": "x-mark",
  "setCookie() after": "set-cookie",
  "deleteCookie() after": "set-cookie",
  "the handler's own change": "x-mark",
  "app.route()": "strict-transport-security",
  "app.basePath()": "strict-transport-security",
  "app.mount() without replacing the request": "strict-transport-security",
  "headers.set()": "x-mark",
  "headers.append('Set-Cookie')": "set-cookie",
  "new Response(r.body, r)": "x-mark",
  "every member written out": "x-mark",
};

test("no middleware of Hono's is left out here, whatever an upgrade brings", () => {
  const { exports: parts } = JSON.parse(readFileSync(`${ROOT}node_modules/hono/package.json`, "utf8"));
  const middleware = Object.keys(parts).filter((part) => JSON.stringify(parts[part]).includes("/dist/middleware/"));
  assert.ok(middleware.length > 20, "hono keeps its middleware elsewhere now");
  assert.deepEqual(names.get("MIDDLEWARE")?.toSorted(), middleware.map((part) => part.slice("./".length)).toSorted());
});

test("a socket, a state and a push get through each of Hono's middleware", async (t) => {
  for (const name of names.get("MIDDLEWARE") ?? []) await t.test(name, () => getsThrough(name));
});

test("a socket, a state and a push survive what apps do to an answer", async (t) => {
  for (const name of names.get("WAYS") ?? []) await t.test(name, () => getsThrough(name));
});

/** @param {string} name */
async function getsThrough(name) {
  const userId = `user of ${name}`;
  const headers = { "X-App": encodeLatin(name), ...CREDENTIALS[name]?.() };
  const query = new URLSearchParams({ userId, deviceId: "d" });
  const device = new Device(`${server.ws}${PREFIX}?${query}`, { protocols: [PROTOCOL], headers });
  const [upgrade] = await once(device.socket, "upgrade");
  assert.equal((await device.next()).type, "initial_state");
  if (name in ON_SOCKETS) assert.ok(ON_SOCKETS[name] in upgrade.headers, JSON.stringify(upgrade.headers));

  const pushed = await fetch(`${server.http}${PREFIX}?${query}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: '{"type":"news"}',
  });
  assert.deepEqual(JSON.parse(await textOf(pushed)), { delivered: 1 });
  const text = await device.nextText();
  assert.ok(text.includes('"news"'), text);

  // Twice, since some remember an answer.
  for (const connectedDevices of [1, 0]) {
    const state = await fetch(`${server.http}${PREFIX}/state?${query}`, { headers });
    assert.equal(state.status, 200);
    assert.equal(JSON.parse(await textOf(state)).connectedDevices, connectedDevices);
    await device.close();
  }
  const missing = await fetch(`${server.http}${PREFIX}/state`, { headers });
  assert.deepEqual([missing.status, await textOf(missing)], [400, "Missing userId"]);
}

/**
 * The text of an answer. What Hono's `compress()` has compressed is compressed once more by workerd.
 * @param {Response} response
 */
async function textOf(response) {
  const bytes = Buffer.from(await response.arrayBuffer());
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return String(isCompressed ? gunzipSync(bytes) : bytes);
}

test("compress() spoils our answers in no other way than those of anybody on workerd", async () => {
  /** @type {Record<string, string>[]} */
  const asked = [{}, { "X-Bare": "1" }];
  for (const bare of asked) {
    const headers = { "X-App": "compress", ...bare };
    const response = await fetch(`${server.http}${PREFIX}/state?userId=compressed`, { headers });
    // fetch has undone one of the two.
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.deepEqual([...bytes.subarray(0, 2)], [0x1f, 0x8b]);
    assert.match(String(gunzipSync(bytes)), /^\{"userId"/);
  }
});

test("what breaks every socket breaks a bare one alike, and nothing else of ours", async (t) => {
  for (const name of names.get("BREAKING") ?? []) {
    await t.test(name, async () => {
      const headers = { ...UPGRADE, "X-App": encodeLatin(name) };
      const path = `${PREFIX}?userId=broken&deviceId=d`;
      const ours = await requestAsWritten(server, path, { headers });
      const bare = await requestAsWritten(server, path, { headers: { ...headers, "X-Bare": "1" } });
      assert.notEqual(bare.status, 101);
      assert.deepEqual([ours.status, ours.text], [bare.status, bare.text]);
      const state = await requestAsWritten(server, `${PREFIX}/state?userId=broken`, { headers: { "X-App": headers["X-App"] } });
      assert.deepEqual([state.status, JSON.parse(state.text).userId], [200, "broken"]);
    });
  }
});

test("the headers of every answer can be changed: of a socket that is turned away, a refusal, a preflight", async (t) => {
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, ALLOWED_ORIGINS: "https://app.example" };
  const checked = await startServer(`${ROOT}tests/worker/fixtures/apps.wrangler.jsonc`, vars);
  t.after(() => checked.close());
  const page = { Origin: "https://app.example" };
  const ask = { ...page, "Access-Control-Request-Method": "POST" };
  /** @type {[what: string, path: string, method: string, headers: Record<string, string>, status: number][]} */
  const answers = [
    ["a page turned away", "?userId=a&deviceId=d", "GET", { ...UPGRADE, ...page, "Sec-WebSocket-Protocol": PROTOCOL }, 101],
    ["401", "/state?userId=a", "GET", {}, 401],
    ["400", "/state", "GET", {}, 400],
    ["404", "/nowhere", "GET", {}, 404],
    ["405", "/state?userId=a", "PUT", {}, 405],
    ["426", "?userId=a", "GET", {}, 426],
    ["403", "/clear?userId=a", "POST", { Origin: "https://evil.example" }, 403],
    ["a preflight", "/clear?userId=a", "OPTIONS", ask, 204],
  ];
  for (const [what, path, method, headers, status] of answers) {
    await t.test(what, async () => {
      for (const app of ["headers.set()", "all middleware that sets headers"]) {
        // Hono's own cors answers preflights itself.
        if (app !== "headers.set()" && method === "OPTIONS") continue;
        const answer = await requestAsWritten(checked, PREFIX + path, { method, headers: { ...headers, "X-App": app } });
        assert.equal(answer.status, status, answer.text);
        assert.ok(isMarked(answer.headers), JSON.stringify(answer.headers));
      }
    });
  }
});

/** @param {IncomingHttpHeaders} headers */
function isMarked(headers) {
  return "x-mark" in headers || "server-timing" in headers;
}

test("a subclass may change what its own super.fetch has made, for sockets too, and what reaches us keeps it", async () => {
  const path = `${PREFIX}?userId=sub&deviceId=d`;
  const socket = await requestAsWritten(server, path, { headers: { ...UPGRADE, "X-App": "headers.set()" } });
  assert.deepEqual([socket.status, socket.headers["x-object"], socket.headers["x-mark"]], [101, "1", "1"]);
  const state = await requestAsWritten(server, `${PREFIX}/state?userId=sub`);
  assert.deepEqual([state.status, state.headers["x-object"]], [200, "1"]);
});

test("a socket's answer has no header of ours that a browser would not look at there", async () => {
  const answer = await requestAsWritten(server, `${PREFIX}?userId=plain&deviceId=d`, { headers: UPGRADE });
  const known = ["connection", "upgrade", "sec-websocket-accept", "x-object", "content-length", "date"];
  assert.deepEqual(Object.keys(answer.headers).filter((name) => !known.includes(name)), []);
});

/** @param {string} text A header's bytes, as fetch and workerd write and read them. */
function encodeLatin(text) {
  return Buffer.from(text).toString("latin1");
}
