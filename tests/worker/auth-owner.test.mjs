import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { SECRET, SERVICE_TOKEN, ask, bearer, seconds, secretToken } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX, UPGRADE, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";

/** @import { Server } from "../support/server.mjs" */

const OWNER = `${ROOT}tests/worker/fixtures/owner.wrangler.jsonc`;

/** Checks users by its own function; requests handed on raw, by tokens. @type {Server} */
let server;
before(async () => {
  server = await startServer(OWNER, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN });
});
after(() => server?.close());

/** @param {unknown} identity */
const as = (identity) => ({ "X-Identity": JSON.stringify(identity) });
const kim = { userId: "kim", issuedAt: seconds() };
const RAW = "&raw";

/** @type {[string, Record<string, string>, number][]} */
const identities = [
  ["a user", as(kim), 200],
  ["a user with everything", as({ ...kim, expiresAt: Date.now() + 3_600_000, credentialId: "c" }), 200],
  ["a user with more than that", as({ ...kim, kind: "trusted", admin: true }), 200],
  ["another user", as({ ...kim, userId: "lee" }), 403],
  ["nobody", as(null), 401],
  ["no header", {}, 401],
  ["a credential that has ended", as({ ...kim, expiresAt: Date.now() - 1 }), 401],
  ["a throw", { "X-Identity": "throw" }, 503],
  ["a text", as("kim"), 503],
  ["true", as(true), 503],
  ["no userId", as({ issuedAt: 1 }), 503],
  ["a userId that is a number", as({ ...kim, userId: 7 }), 503],
  ["no issuedAt", as({ userId: "kim" }), 503],
  ["an issuedAt of -1", as({ ...kim, issuedAt: -1 }), 503],
  ["an issuedAt of -0.5", as({ ...kim, issuedAt: -0.5 }), 503],
  ["an issuedAt in milliseconds", as({ ...kim, issuedAt: Date.now() }), 503],
  ["an issuedAt that is text", as({ ...kim, issuedAt: "now" }), 503],
  ["an expiresAt that is text", as({ ...kim, expiresAt: "never" }), 503],
  ["an expiresAt in seconds", as({ ...kim, expiresAt: seconds() + 60 }), 503],
  ["an expiresAt in microseconds", as({ ...kim, expiresAt: (Date.now() + 60_000) * 1_000 }), 503],
  ["an expiresAt of null", as({ ...kim, expiresAt: null }), 503],
  ["a negative expiresAt", as({ ...kim, expiresAt: -1 }), 503],
  ["an expiresAt with a fraction", as({ ...kim, expiresAt: Date.now() + 3_600_000.5 }), 200],
  ["the longest ids", as({ ...kim, credentialId: "x".repeat(256), tokenId: "y".repeat(256) }), 200],
  ...["credentialId", "tokenId"].flatMap((field) =>
    ["", "x".repeat(257), "x".repeat(9_000), 7, null, {}].map((id) =>
      /** @type {[string, Record<string, string>, number]} */ ([`a ${field} of ${JSON.stringify(id).slice(0, 20)} (${String(id).length})`, as({ ...kim, [field]: id }), 503])),
  ),
  ["an issuedAt of true", as({ ...kim, issuedAt: true }), 503],
  ["the service token", bearer(SERVICE_TOKEN), 200],
  ["a valid token that is not asked for", bearer(secretToken("kim")), 401],
];

for (const [what, headers, status] of identities) {
  test(`authenticate gives ${what}: ${status}`, async () => {
    const answer = await ask(server, "state", "kim", headers);
    assert.equal(answer.status, status, answer.text);
  });
}

test("authenticate does not take the body from what is served", async () => {
  const answer = await ask(server, "push", "kim", { ...as(kim), ...bearer(SERVICE_TOKEN) });
  assert.deepEqual([answer.status, answer.text], [200, '{"delivered":0}']);
  assert.equal((await ask(server, "push", "kim", as(kim))).status, 403);
});

test("what goes wrong in authenticate is logged, and what the request held is not", async () => {
  const secret = "SECRETTOKENVALUE";
  assert.equal((await ask(server, "state", "kim", { "X-Identity": secret })).status, 503);
  // It is the newest line, so the others are there, too.
  await eventually("the line", () => server.logs().some((line) => /authenticate threw SyntaxError$/.test(line)));
  const logged = server.logs().join("\n");
  assert.match(logged, /authenticate threw Error$/m);
  assert.ok(!logged.includes(secret));
  assert.match(logged, /authenticate returned a wrong identity: issuedAt: expected seconds/);
  assert.match(logged, /authenticate returned a wrong identity: credentialId: expected a string of 1 to 256 bytes$/m);
  assert.match(logged, /authenticate returned a wrong identity: tokenId: expected a string of 1 to 256 bytes$/m);
  assert.ok(!logged.includes(SERVICE_TOKEN) && !logged.includes("eyJ"));
});

const trusted = { outlivesRestart: true, userSessionAccess: { kind: "trusted" }, clientAcceptEncoding: "" };
const asKim = { ...trusted, userSessionAccess: { kind: "user", identity: kim } };

/** @type {[string, Record<string, string>, number][]} */
const smuggled = [
  ["nothing", {}, 401],
  ["an identity for authenticate", as(kim), 401],
  ["cf in a header", { cf: JSON.stringify(trusted), "X-CF": JSON.stringify(trusted) }, 401],
  ["the development server's cf, trusted", { "MF-CF-Blob": JSON.stringify(trusted) }, 401],
  ["the development server's cf, as a user", { "MF-CF-Blob": JSON.stringify(asKim) }, 401],
  ["an access in a cookie", { Cookie: `userSessionAccess=${JSON.stringify(trusted)}` }, 401],
  ["another user's token", bearer(secretToken("lee")), 403],
  ["the user's own token", bearer(secretToken("kim")), 200],
  ["the service token", bearer(SERVICE_TOKEN), 200],
  ["a wrong service token", bearer(`${SERVICE_TOKEN}x`), 401],
];

for (const [what, headers, status] of smuggled) {
  test(`handed on raw with ${what}: ${status}`, async () => {
    const answer = await ask(server, "state", "kim", headers, RAW);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers["cache-control"], "no-store");
    if (status !== 401) return;
    assert.equal((await ask(server, "connect", "kim", headers, RAW)).status, 401);
    assert.equal((await ask(server, "clear", "kim", headers, RAW)).status, 401);
    assert.equal((await ask(server, "push", "kim", headers, RAW)).status, 401);
  });
}

test("a raw request from a foreign page is refused, and a user's own is served", async () => {
  const headers = bearer(secretToken("kim"));
  const foreign = { ...headers, Origin: "https://evil.example" };
  assert.equal((await ask(server, "connect", "kim", foreign, RAW)).status, 403);
  assert.equal((await ask(server, "connect", "kim", headers, RAW)).status, 101);
  assert.equal((await ask(server, "push", "kim", headers, RAW)).status, 403);
  assert.equal((await ask(server, "push", "kim", bearer(SERVICE_TOKEN), RAW)).status, 200);
});

/** @type {[string, string][]} */
const aroundThePrefix = [
  ["GET", "/state?userId=kim&raw"],
  ["GET", `${PREFIX}/%2e%2e/state?userId=kim&raw`],
  ["GET", `${PREFIX}\\..\\state?userId=kim&raw`],
  ["POST", `${PREFIX}/../clear?userId=kim&raw`],
  ["POST", "/?userId=kim&raw"],
];
for (const [method, path] of aroundThePrefix) {
  test(`handed on raw, ${method} ${path} is not taken for the server's own: 401`, async () => {
    assert.equal((await requestAsWritten(server, path, { method })).status, 401);
    const foreign = { Origin: "https://evil.example" };
    const { status } = await requestAsWritten(server, path, { method, headers: foreign });
    assert.equal(status, 403);
  });
}

test("handed on raw, an upgrade by a bare path is not taken for the server's own: 401", async () => {
  const newer = { ...UPGRADE, "Sec-WebSocket-Protocol": "user-session.v2" };
  for (const headers of [UPGRADE, newer]) {
    const { status } = await requestAsWritten(server, "/?userId=kim&deviceId=d&raw", { headers });
    assert.equal(status, 401);
  }
});

// The platform puts an object to sleep after 10 s without an event.
const IDLE_MS = 10_500;
const IDLE_TRIES = 4;

test("a page that is turned away by the object and never closes does not keep it awake", async () => {
  const { hostname, port } = new URL(server.http);
  const page = connect(Number(port), hostname);
  const lines = Object.entries({
    ...UPGRADE,
    Host: `${hostname}:${port}`,
    Origin: "https://evil.example",
    "Sec-WebSocket-Protocol": "user-session.v2",
  }).map(([name, value]) => `${name}: ${value}`);
  const first = [`GET ${PREFIX}?userId=refused&deviceId=d&raw HTTP/1.1`, ...lines].join("\r\n");
  page.write(`${first}\r\n\r\n`);
  let received = "";
  page.setEncoding("latin1").on("data", (text) => (received += text));
  await eventually("the close frame", async () => received.includes("ALLOWED_ORIGINS"));
  assert.match(received, /^HTTP\/1.1 101 /);
  assert.equal((await testCall("refused", "starts")).count, 1);
  let hasSlept = false;
  for (let tries = 0; tries < IDLE_TRIES && !hasSlept; tries++) {
    await delay(IDLE_MS);
    const { status } = await ask(server, "state", "refused", bearer(SERVICE_TOKEN));
    assert.equal(status, 200);
    hasSlept = (await testCall("refused", "starts")).count > 1;
  }
  assert.ok(hasSlept, `not in ${IDLE_TRIES} times ${IDLE_MS} ms`);
  page.destroy();
});

/** @param {string} userId @param {string} path */
async function testCall(userId, path) {
  return (await fetch(`${server.http}/test/${path}?userId=${userId}`)).json();
}

/**
 * Waits until onLogout has been called so often.
 * @param {string} userId
 * @param {number} count
 */
function toldOf(userId, count) {
  const isTold = async () => (await testCall(userId, "logouts")).count === count;
  return eventually(`${count} calls of onLogout`, isTold);
}

/** @param {string} userId */
async function connected(userId) {
  const headers = as({ userId, issuedAt: seconds() });
  const device = new Device(`${server.ws}${PREFIX}?userId=${userId}`, { headers });
  assert.equal((await device.next()).type, "initial_state");
  return device;
}

test("onLogout is told once of a logout by a device, through the restart", async () => {
  const devices = [await connected("hook"), await connected("hook"), await connected("hook")];
  devices[0].send({ type: "logout_all" });
  for (const device of devices) assert.equal((await device.closed()).code, 1000);
  await toldOf("hook", 1);
  await delay(1_500);
  assert.equal((await testCall("hook", "logouts")).count, 1);
});

test("onLogout is told of a logout by RPC, and a clear does not lose that", async () => {
  await testCall("cleared", "logout");
  const answer = await ask(server, "clear", "cleared", bearer(SERVICE_TOKEN));
  assert.equal(answer.status, 200);
  await server.hibernate("cleared");
  await toldOf("cleared", 1);
});

test("an onLogout that fails is reported and told again, and the logout stands", async () => {
  await fetch(`${server.http}/test/fail?userId=failing&times=1`);
  const headers = as({ userId: "failing", issuedAt: seconds() });
  await testCall("failing", "logout");
  assert.equal((await ask(server, "state", "failing", headers)).status, 401);
  await toldOf("failing", 2);
  assert.match(server.logs().join("\n"), /"failing": onLogout failed: Error: the app's sessions/);
  assert.equal((await ask(server, "state", "failing", headers)).status, 401);
});

test("without an AUTH_MODE authenticate is enough, and nothing that is handed on raw is let in", async (t) => {
  const modeless = await startServer(OWNER, {});
  t.after(() => modeless.close());
  assert.equal((await ask(modeless, "connect", "kim", as(kim))).status, 101);
  assert.equal((await ask(modeless, "state", "kim", as(kim), RAW)).status, 503);
  assert.equal((await ask(modeless, "connect", "kim", as(kim), RAW)).status, 503);
});
