/**
 * During a deploy a new Worker speaks with an old object and the other way round, for up to `max_delay`. Nobody may be
 * refused for good by that, and nobody let in who would not be otherwise.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { SECRET, SERVICE_TOKEN, bearer, byTicket, seconds, secretToken, ticketOf } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX, UPGRADE, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { PROTOCOL } from "../support/v2-device.mjs";

/** @import { Server } from "../support/server.mjs" */

/** @type {Server} */
let server;
before(async () => {
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN };
  server = await startServer(`${ROOT}tests/worker/fixtures/envelope.wrangler.jsonc`, vars);
});
after(() => server?.close());

const TRUSTED = { kind: "trusted" };
const issuedAt = seconds() - 60;
const expiresAt = Date.now() + 3_600_000;
const kim = { userId: "kim", issuedAt, expiresAt, credentialId: "s1" };

/**
 * What our Worker sends to an object.
 * @typedef {object} Sent
 * @property {string} [path]
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {object} [cf]
 */

/**
 * Sends to an object what a Worker of another version might.
 * @param {Sent} sent
 * @param {string} [userId]
 */
async function send({ path = "/state", method = "GET", headers, cf }, userId = "kim") {
  const at = path.indexOf("?") < 0 ? path.length : path.indexOf("?");
  const whole = `${PREFIX}${path.slice(0, at)}?userId=${userId}${path.slice(at).replace("?", "&")}`;
  const written = JSON.stringify({ userId, path: whole, method, headers, cf });
  const own = headers?.Upgrade ? UPGRADE : {};
  return requestAsWritten(server, "/", { headers: { ...own, "X-Test": "send", "X-Request": written } });
}

/** @param {unknown} access */
const withAccess = (access) => ({ outlivesRestart: true, userSessionAccess: access });

/** @param {object} [more] */
const asKim = (more = {}) => withAccess({ kind: "user", identity: { ...kim, ...more } });

const SOCKET = { Upgrade: "websocket" };
const CONNECT = { path: "?deviceId=d", headers: SOCKET };

test("what the Worker writes is what every object so far can read", async () => {
  const token = secretToken("kim", { iat: issuedAt, exp: issuedAt + 9_999, sid: "s1" });
  const signed = token.slice(0, token.lastIndexOf("."));
  const tokenId = createHash("sha256").update(signed).digest("hex");
  const identity = { userId: "kim", issuedAt, expiresAt: (issuedAt + 9_999) * 1_000, credentialId: "s1", tokenId };
  /** @param {Record<string, string>} headers @param {string} path @param {string} method */
  const written = async (headers, path, method) => {
    const answer = await requestAsWritten(server, PREFIX + path, { method, headers: { ...headers, "X-Test": "echo" } });
    return JSON.parse(answer.text);
  };
  const connect = "?userId=kim&deviceId=d&run=abc";
  const cookie = { Cookie: `session=${token}`, "X-Secret": "x" };
  const socket = await written({ ...UPGRADE, ...cookie, "Sec-WebSocket-Protocol": `${PROTOCOL}, other` }, connect, "GET");
  assert.deepEqual(socket.cf, { outlivesRestart: true, userSessionAccess: { kind: "user", identity } });
  assert.equal(new URL(socket.url).pathname + new URL(socket.url).search, PREFIX + connect);
  const headers = Object.fromEntries(socket.headers);
  assert.equal(headers["sec-websocket-protocol"], PROTOCOL);
  assert.equal(headers.upgrade, "websocket");
  assert.deepEqual([headers.cookie, headers.authorization, headers["x-secret"]], [undefined, undefined, undefined]);
  const ticket = "0".repeat(32);
  const ticketed = await written({ ...UPGRADE, ...cookie, ...byTicket(ticket) }, connect, "GET");
  assert.deepEqual(ticketed.cf, { outlivesRestart: true, userSessionAccess: { kind: "ticket", ticket } });
  assert.ok(!JSON.stringify([ticketed.url, ticketed.headers]).includes(ticket));
  const clear = await written(bearer(SERVICE_TOKEN), "/clear?userId=kim", "POST");
  assert.deepEqual(clear.cf, { outlivesRestart: true, userSessionAccess: TRUSTED });
  assert.deepEqual([clear.method, clear.headers], ["POST", []]);
});

test("the reason of a restart is the same in all versions, or a request that could be sent again fails", async () => {
  const reason = "user-session: restarting after a logout to end its connections";
  const source = await readFile(join(ROOT, "worker/forward.js"), "utf8");
  assert.ok(source.includes(`RESTART_REASON = "${reason}"`));
});

/** What a later Worker adds, and an earlier one has not yet. @type {[string, Sent][]} */
const readable = [
  ["a field of the envelope", { cf: { ...asKim(), laterField: { a: 1 } } }],
  ["a field of a user's access", { cf: withAccess({ kind: "user", identity: kim, ticket: "t" }) }],
  ["a field of a trusted access", { cf: withAccess({ ...TRUSTED, by: "service token" }) }],
  ["a field of an identity", { cf: asKim({ sid: "s", authTime: 5, more: [] }) }],
  ["a header", { cf: asKim(), headers: { "X-Later": "yes" } }],
  ["a parameter of the query", { path: "/state?later=1", cf: asKim() }],
  ["no word on whether it tries again", { cf: { userSessionAccess: { kind: "user", identity: kim } } }],
  ["another word on whether it tries again", { cf: { ...asKim(), outlivesRestart: { times: 2 } } }],
  ["no name of the credential", { cf: asKim({ credentialId: undefined }) }],
  ["a name of the token", { cf: asKim({ tokenId: "t1", isSignInTime: true }) }],
  ["no end of the credential", { cf: asKim({ expiresAt: undefined }) }],
  ["a clock ahead of ours", { cf: asKim({ issuedAt: seconds() + 600 }) }],
];
for (const [what, sent] of readable) {
  test(`with ${what} everybody is served as before`, async () => {
    assert.equal((await send(sent)).status, 200);
    const path = `?deviceId=d${(sent.path ?? "").replace("/state", "").replace("?", "&")}`;
    const connected = await send({ ...sent, path, headers: { ...sent.headers, ...SOCKET } });
    assert.equal(connected.status, 101);
  });
}

test("a ticket of a later Worker lets in a socket as before, and no other request", async () => {
  const ticket = await ticketOf(server, "kim", bearer(secretToken("kim")));
  const cf = { ...withAccess({ kind: "ticket", ticket, laterField: 1 }), laterField: 1 };
  for (const sent of [{ cf }, { path: "/clear", method: "POST", cf }, { path: "/ticket", method: "POST", cf }]) {
    assert.equal((await send(sent)).status, 503);
  }
  assert.equal((await send({ ...CONNECT, cf })).status, 101);
  assert.equal((await send({ ...CONNECT, cf })).status, 401);
});

/** What this version can't read, and must neither take for more nor refuse for good. @type {[string, Sent][]} */
const unreadable = [
  ...[{}, { kind: "service", scope: "push" }, { kind: "TRUSTED" }, { kind: ["trusted"] }, { kind: null }].map(
    (access) => /** @type {[string, Sent]} */ ([`the access ${JSON.stringify(access)}`, { cf: withAccess(access) }]),
  ),
  ...[null, "trusted", true, 7, [TRUSTED]].map(
    (access) => /** @type {[string, Sent]} */ ([`the access ${JSON.stringify(access)}`, { cf: withAccess(access) }]),
  ),
  ["no ticket", { cf: withAccess({ kind: "ticket" }) }],
  ["a ticket that is no text", { cf: withAccess({ kind: "ticket", ticket: ["t"] }) }],
  ["no identity", { cf: withAccess({ kind: "user" }) }],
  ["an identity that is none", { cf: withAccess({ kind: "user", identity: "kim" }) }],
  ["an identity without a user", { cf: asKim({ userId: undefined }) }],
  ["no time of issue", { cf: asKim({ issuedAt: undefined }) }],
  ["the time of issue of a trusted caller", { cf: asKim({ issuedAt: -1 }) }],
  ["a time of issue as text", { cf: asKim({ issuedAt: String(issuedAt) }) }],
  ["an end as text", { cf: asKim({ expiresAt: "2026-11-25" }) }],
  ["a name that is no text", { cf: asKim({ credentialId: 5 }) }],
  ["a token's name that is no text", { cf: asKim({ tokenId: ["t"] }) }],
  ["a sign-in time that is no yes or no", { cf: asKim({ isSignInTime: 1 }) }],
];
for (const [what, { cf }] of unreadable) {
  test(`with ${what} nobody is let in, and everybody may come back`, async () => {
    for (const sent of [{ cf }, { ...CONNECT, cf }, { path: "/clear", method: "POST", cf }, { path: "/export", cf }]) {
      const { status, headers, text } = await send(sent);
      assert.deepEqual([status, headers["retry-after"]], [503, "5"], text);
      assert.equal(JSON.parse(text).error.code, "unavailable");
    }
  });
}

/** @type {[string, Sent][]} */
const unknown = [
  ["a path", { path: "/later?key=k", cf: asKim() }],
  ["a method", { path: "/state", method: "PUT", cf: asKim() }],
  ["a subprotocol", { ...CONNECT, headers: { ...SOCKET, "Sec-WebSocket-Protocol": "user-session.v3" }, cf: asKim() }],
  ["another name of a device", { path: "?device=d", headers: { ...SOCKET, "Sec-WebSocket-Protocol": PROTOCOL }, cf: asKim() }],
  ["another form of a push", { path: "?keep=forever", method: "POST", cf: withAccess(TRUSTED) }],
];
for (const [what, sent] of unknown) {
  test(`${what} that only a later Worker knows is no mistake of its client: it may come back`, async () => {
    const { status, headers } = await send(sent);
    assert.deepEqual([status, headers["retry-after"]], [503, "5"]);
  });
}

test("an object tells its owner's log of a Worker that it does not understand", async () => {
  await send({ path: "/later", cf: asKim() });
  const isTold = () => server.logs().some((line) => /Worker is of another version .* "GET\/later"/.test(line));
  await eventually("the line", isTold);
});

test("a user's rights end with a logout, whatever the Worker adds to them", async () => {
  const cf = asKim({ userId: "lee", trusted: true });
  assert.equal((await send({ cf }, "lee")).status, 200);
  const headers = bearer(secretToken("lee"));
  const device = new Device(`${server.ws}${PREFIX}?userId=lee`, { headers });
  await device.next();
  device.send({ type: "logout_all" });
  await device.closed();
  assert.equal((await send({ cf }, "lee")).status, 401);
  assert.equal((await send({ cf: withAccess(TRUSTED) }, "lee")).status, 200);
});

test("a request of another user's object is refused as before", async () => {
  const { status } = await requestAsWritten(server, "/", {
    headers: {
      "X-Test": "send",
      "X-Request": JSON.stringify({ userId: "lee", path: `${PREFIX}/state?userId=kim`, cf: asKim() }),
    },
  });
  assert.equal(status, 400);
});

test("without an access a request is checked by the object itself", async () => {
  assert.equal((await send({})).status, 401);
  assert.equal((await send({ headers: bearer(secretToken("kim")) })).status, 200);
});

test("what a later object adds to its answers reaches the client as it is", async () => {
  const headers = { ...bearer(secretToken("kim")), "X-Test": "later" };
  const state = await requestAsWritten(server, `${PREFIX}/state?userId=kim`, { headers });
  assert.deepEqual([state.status, state.headers["x-later"], JSON.parse(state.text).later], [200, "yes", [1]]);
  const metrics = await requestAsWritten(server, `${PREFIX}/metrics?userId=kim`, {
    headers: { ...bearer(SERVICE_TOKEN), "X-Test": "later" },
  });
  assert.deepEqual([metrics.status, JSON.parse(metrics.text).later], [200, [1]]);
  const socket = await requestAsWritten(server, `${PREFIX}?userId=kim&deviceId=d`, { headers: { ...UPGRADE, ...headers } });
  assert.deepEqual([socket.status, socket.headers["x-later"]], [101, "yes"]);
});
