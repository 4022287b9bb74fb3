/** Whoever is turned away, and whoever runs the server, learns which check failed and what to set. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { areOrigins, isListedOrigin, isOriginOf } from "../../worker/http/urls.js";
import { SECRET, SERVICE_TOKEN, ask, bearer, seconds, secretToken, serve } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PROTOCOL } from "../support/v2-device.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { PREFIX, UPGRADE, assertRefusal, push, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";

/** @import { CloseFrame } from "../support/raw-device.mjs" */
/** @import { Server } from "../support/server.mjs" */

const OWNER = `${ROOT}tests/worker/fixtures/owner.wrangler.jsonc`;
const REASON_BYTES_MAX = 123;

/** Checks users by its own function; requests handed on raw, by tokens. @type {Server} */
let server;
before(async () => {
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN, MAX_DEVICES: "1" };
  server = await startServer(OWNER, vars);
});
after(() => server?.close());

const kim = { userId: "kim", issuedAt: seconds() };
/** @param {unknown} identity */
const as = (identity) => ({ "X-Identity": JSON.stringify(identity) });

/** @param {Server} where @param {RegExp} line */
function logged(where, line) {
  return eventually(`the line ${line}`, () => where.logs().some((text) => line.test(text)));
}

/**
 * Connects as a page does that is not let in.
 * @param {Server} where
 * @param {Record<string, string>} headers
 * @param {string} [more] More of the query.
 */
async function turnedAway(where, headers, more = "") {
  const path = `${PREFIX}?userId=kim&deviceId=d${more}`;
  const all = { Origin: where.http, ...headers };
  const page = await RawDevice.open(where, path, { ...all, "Sec-WebSocket-Protocol": PROTOCOL });
  await page.until(() => page.closeFrame !== null);
  page.destroy();
  assert.deepEqual(page.texts, []);
  const { code, reason } = /** @type {CloseFrame} */ (page.closeFrame);
  const bytes = Object.entries(all).map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
  const older = { ...UPGRADE, ...Object.fromEntries(bytes) };
  const { status, text, headers: answered } = await requestAsWritten(where, path, { headers: older });
  assert.equal(answered["cache-control"], "no-store");
  const { message } = JSON.parse(text).error;
  assert.ok(message.startsWith(reason) && reason !== "", `${message}\n${reason}`);
  if (Buffer.byteLength(message) <= REASON_BYTES_MAX) assert.equal(reason, message);
  return { code, status, reason, message };
}

/** @type {[what: string, headers: Record<string, string>, code: number, reason: RegExp][]} */
const REFUSED = [
  ["who brings nothing", {}, 4401, /^sign in first|^a token is missing: expected Authorization/],
  ["a foreign page", { Origin: "https://app.example", ...bearer(secretToken("kim")), ...as(kim) }, 4403, /^Origin "https:\/\/app\.example": list it in ALLOWED_ORIGINS/],
  ["a sandboxed frame", { Origin: "null", ...as(kim), ...bearer(secretToken("kim")) }, 4403, /^Origin "null": .*serve the page from a host/],
  ["another user", { ...as({ ...kim, userId: "lee" }), ...bearer(secretToken("lee")) }, 4403, /^userId is not the user whose credential/],
  ["the service token", { ...bearer(SERVICE_TOKEN) }, 4403, /^SERVICE_TOKEN is for servers/],
];

for (const [what, headers, code, reason] of REFUSED) {
  test(`${what} is told by the close reason what to do, and the log says the same`, async () => {
    for (const raw of ["", "&raw"]) {
      const refusal = await turnedAway(server, headers, raw);
      assert.equal(refusal.code, code, refusal.reason);
      assert.equal(refusal.status, code - 4_000);
      assert.match(refusal.reason, reason);
      const line = `user-session: refused with ${refusal.status}: ${refusal.message}`;
      await eventually(line, () => server.logs().includes(line));
    }
  });
}

test("a page that comes when there is no room is told so, and to come back", async () => {
  const headers = as({ ...kim, userId: "full" });
  const url = `${server.ws}${PREFIX}?userId=full`;
  const options = { protocols: [PROTOCOL], headers: { ...headers, Origin: server.http } };
  const first = new Device(`${url}&deviceId=a`, options);
  await first.next();
  const second = new Device(`${url}&deviceId=b`, options);
  const { code, reason } = await second.closed();
  assert.deepEqual([code, reason], [1013, "too many devices are connected: close some first"]);
  await logged(server, /^user-session: refused with 429: too many devices are connected/);
  await first.close();
});

test("a page is told by 1013 what the owner has to set, and when the sign-in does not answer", async (t) => {
  const unset = await startServer(undefined, {});
  t.after(() => unset.close());
  const closed = await turnedAway(unset, {});
  assert.deepEqual([closed.code, closed.status], [1013, 503]);
  assert.match(closed.reason, /^nobody is let in yet: set AUTH_MODE to jwt, session, or none/);
  const failing = await turnedAway(server, { "X-Identity": "throw" });
  assert.deepEqual([failing.code, failing.status], [1013, 503]);
  assert.match(failing.reason, /^who is asking can't be checked now/);
});

test("a reason is cut where a character ends, at 123 bytes", async () => {
  for (const length of [40, 41, 42]) {
    const origin = `https://${"x".repeat(length - 40)}${"é".repeat(50)}`;
    const { reason, message } = await turnedAway(server, { ...as(kim), Origin: origin });
    assert.ok(Buffer.byteLength(message) > REASON_BYTES_MAX);
    const bytes = Buffer.byteLength(reason);
    assert.ok(bytes === REASON_BYTES_MAX || bytes === REASON_BYTES_MAX - 1, `${bytes} bytes`);
    assert.ok(!reason.includes("\ufffd"));
  }
});

test("an origin shows what it is made of, to whoever reads the log, the answer or the reason", async () => {
  const origin = "https://a\u202e\u009b31m\u200b.example";
  const { reason, message } = await turnedAway(server, { ...as(kim), Origin: origin });
  for (const text of [reason, message]) assert.match(text, /^Origin "https:\/\/a\\u202e\\u009b31m\\u200b\.example": list/);
  await logged(server, /^user-session: refused with 403: Origin "https:\/\/a\\u202e\\u009b31m\\u200b\.example"/);
});

test("a user's id can't forge a line of the log", async () => {
  const userId = "eve\u202e\u009b\nuser-session: user \"kim\"";
  const query = new URLSearchParams({ userId });
  await fetch(`${server.http}/test/fail?${query}&times=1`);
  await fetch(`${server.http}/test/logout?${query}`);
  await logged(server, /^user-session: user "eve\\u202e\\u009b\\nuser-session: user \\"kim\\"": onLogout failed/);
  assert.ok(!server.logs().some((line) => line.startsWith('user-session: user "kim"')));
});

test("a thousand made-up origins don't fill the log, nor keep other refusals out of it", async () => {
  const lines = () => server.logs().filter((line) => line.includes("refused with 403: Origin"));
  await Promise.all(
    Array.from({ length: 100 }, (_, at) => ask(server, "clear", "kim", { Origin: `https://made-up-${at}.example` })),
  );
  assert.ok(lines().length <= 16, `${lines().length} lines`);
  await ask(server, "push", "kim", as(kim));
  await logged(server, /^user-session: refused with 403: push needs the SERVICE_TOKEN or SERVICE_TOKEN_PUSH as bearer$/);
});

/** @type {[origin: string, asked: string, isLetIn: boolean][]} */
const ORIGINS = [
  ["https://app.example", "https://app.example", true],
  ["http://app.example", "http://app.example", true],
  ["https://app.example", "http://app.example", true],
  ["https://app.example:8443", "http://app.example:8443", true],
  ["https://192.168.1.7:5173", "http://192.168.1.7:5173", true],
  ["https://[fd00::1]:5173", "http://[fd00::1]:5173", true],
  // Whoever is on the way can be any host by http.
  ["http://app.example", "https://app.example", false],
  ["http://app.example:8443", "https://app.example:8443", false],
  ["https://app.example", "http://app.example:8443", false],
  ["https://app.example:8443", "http://app.example", false],
  ["https://app.example:80", "http://app.example", false],
  ["https://app.example", "http://www.app.example", false],
  ["https://app.example.evil.example", "http://app.example", false],
  ["https://app.example@evil.example", "http://evil.example", false],
  ["https://app.example/", "http://app.example", false],
  ["HTTPS://app.example", "http://app.example", false],
  ["wss://app.example", "http://app.example", false],
  ["http://localhost:5173", "http://localhost:8787", false],
  ["http://192.168.1.7:5173", "http://localhost:5173", false],
  ["capacitor://app.example", "http://app.example", false],
  ["https://", "http://app.example", false],
  ["null", "http://app.example", false],
  ["", "http://app.example", false],
];

for (const [origin, asked, isLetIn] of ORIGINS) {
  test(`a page of ${origin || "nowhere"} that asks ${asked} is ${isLetIn ? "let in" : "refused"}`, () => {
    assert.equal(isOriginOf(origin, new URL(`${asked}${PREFIX}`)), isLetIn);
  });
}

/** Origins as owners write them, and as browsers send them. */
const LISTED = [
  ["https://app.example", "https://app.example"],
  ["https://App.Example/", "https://app.example"],
  [" HTTPS://app.example:443 ", "https://app.example"],
  ["http://localhost:80", "http://localhost"],
  ["https://m\u00fcnchen.example", "https://xn--mnchen-3ya.example"],
  ["Capacitor://localhost", "capacitor://localhost"],
  ["a://b,,https://app.example", "https://app.example"],
];

test("an origin is listed however it is written, and no other one is", () => {
  for (const [listed, origin] of LISTED) {
    assert.ok(areOrigins(listed), listed);
    assert.equal(isListedOrigin(origin, listed), true, listed);
    for (const other of ["https://app.example:8443", "http://app.example", "https://x.app.example", "null", ""]) {
      assert.equal(isListedOrigin(other, listed), false, `${other} by ${listed}`);
    }
  }
  for (const listed of ["", ",", "null"]) assert.equal(isListedOrigin("null", listed), false);
});

test("the same at the real server, which is asked by http", async () => {
  const { host } = new URL(server.http);
  assert.equal((await ask(server, "connect", "kim", { ...as(kim), Origin: `https://${host}` })).status, 101);
  for (const Origin of ["https://localhost", "http://localhost:1", `https://x.${host}`]) {
    const { status, text } = await ask(server, "connect", "kim", { ...as(kim), Origin });
    assert.equal(status, 403);
    assertRefusal(text, "forbidden", /^Origin ".*": list it in ALLOWED_ORIGINS, or let the proxy keep Host/);
  }
});

test("a service token with a slip in it is shown to no sign-in, and its owner is told", async (t) => {
  let asked = 0;
  const session = { id: "s", createdAt: new Date(Date.now() - 1_000) };
  const app = await serve((_, response) => {
    asked++;
    response.end(JSON.stringify({ user: { id: "kim" }, session }));
  });
  t.after(() => app.close());
  const vars = { AUTH_MODE: "session", AUTH_SESSION_URL: app.url };
  const withToken = await startServer(undefined, { ...vars, SERVICE_TOKEN });
  t.after(() => withToken.close());
  const without = await startServer(undefined, vars);
  t.after(() => without.close());
  const slips = [bearer(`${SERVICE_TOKEN}x`), bearer(""), { Authorization: SERVICE_TOKEN }, { Authorization: `Basic ${btoa(SERVICE_TOKEN)}` }, { "Sec-WebSocket-Protocol": `bearer.${SERVICE_TOKEN}` }];
  for (const headers of slips) {
    for (const cookie of ["", "app=kim"]) {
      const all = { ...headers, ...(cookie && { Cookie: cookie }) };
      const answers = [
        await ask(withToken, "push", "kim", all),
        await requestAsWritten(withToken, `${PREFIX}/metrics?userId=kim`, { headers: all }),
      ];
      for (const { status, text, headers: answered } of answers) {
        assert.equal(status, 401, text);
        assert.equal(answered["www-authenticate"], "Bearer");
        assertRefusal(text, "unauthorized", /^SERVICE_TOKEN: (push|metrics) needs Authorization: Bearer with that very token$/);
      }
      assertRefusal((await ask(without, "push", "kim", all)).text, "unauthorized", /^SERVICE_TOKEN or SERVICE_TOKEN_PUSH is not set: push needs it/);
    }
  }
  // The token itself is not handed on either, wherever else it stands than it should.
  const astray = [
    ...[SERVICE_TOKEN, `Token ${SERVICE_TOKEN}`, `Bearer token="${SERVICE_TOKEN}"`].map((Authorization) => ({ Authorization })),
    ...[`Basic ${btoa(`kim:${SERVICE_TOKEN}`)}`, `Bearer Bearer ${SERVICE_TOKEN}`].map((Authorization) => ({ Authorization })),
    { "Sec-WebSocket-Protocol": `user-session.v1, bearer.${SERVICE_TOKEN}` },
  ];
  for (const headers of astray) {
    for (const action of /** @type {const} */ (["connect", "state", "clear"])) {
      const { status, text } = await ask(withToken, action, "kim", { ...headers, Cookie: "app=kim" });
      assert.equal(status, 401, text);
      assertRefusal(text, "unauthorized", /^SERVICE_TOKEN stands where it does not belong: expected Authorization: Bearer/);
    }
  }
  assert.equal(asked, 0);
  await logged(withToken, /^user-session: refused with 401: SERVICE_TOKEN: push needs/);
  assert.ok(!withToken.logs().join("\n").includes(SERVICE_TOKEN));
  assert.equal((await ask(withToken, "push", "kim", { Cookie: "app=kim" })).status, 403);
  assert.equal((await push(withToken, "kim", '{"type":"x"}')).status, 401);
});

test("the same with a check of the owner's, and with tokens, which are read here", async () => {
  const slip = bearer(`${SERVICE_TOKEN}x`);
  for (const raw of ["", "&raw"]) {
    const { status, text } = await ask(server, "push", "kim", { ...as(kim), ...slip }, raw);
    assert.equal(status, 401);
    assertRefusal(text, "unauthorized", /^SERVICE_TOKEN: push needs/);
    assert.equal((await ask(server, "push", "kim", {}, raw)).status, 401);
  }
  assert.equal((await ask(server, "push", "kim", bearer(secretToken("kim")), "&raw")).status, 403);
});
