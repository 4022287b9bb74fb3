import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Issuer, SECRET, SERVICE_TOKEN, ask, bearer, hmacToken, seconds, secretToken } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX, UPGRADE, requestAsWritten } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";

/** @import { RawAnswer } from "../support/requests.mjs" */
/** @import { Server } from "../support/server.mjs" */

const LISTED = "https://app.example";
const AUDIENCE = "sessions";
const ISSUER = "https://issuer.example/";
const OURS = { iss: ISSUER, aud: AUDIENCE };

/** @type {Server} */
let server;
/** @type {Server} */
let keyed;
const issuer = new Issuer();
before(async () => {
  server = await startServer(undefined, {
    AUTH_MODE: "jwt",
    AUTH_JWT_SECRET: SECRET,
    AUTH_JWT_HEADER: "X-Token",
    SERVICE_TOKEN,
    ALLOWED_ORIGINS: `${LISTED}, https://other.example/`,
  });
  await issuer.addKey("rsa", "RS256");
  await issuer.addKey("ec", "ES256");
  keyed = await startServer(undefined, {
    AUTH_MODE: "jwt",
    AUTH_JWKS_URL: await issuer.start(),
    AUTH_JWT_ISSUER: ISSUER,
    AUTH_JWT_AUDIENCE: AUDIENCE,
  });
});
after(async () => {
  await server?.close();
  await keyed?.close();
  issuer.close();
});

const now = seconds();
const kim = secretToken("kim");
/** @param {object} header @param {object} [claims] @param {string | null} [secret] */
const forged = (header, claims = {}, secret = SECRET) =>
  bearer(hmacToken(header, { sub: "kim", iat: now, exp: now + 3_600, ...claims }, secret));

/** Values that name no credential, so that a logout would miss it. */
const NO_IDS = [5, null, "", {}, ["s"], true, "x".repeat(257), "é".repeat(129)];

/**
 * What comes as a bearer and must be answered with 401, whatever it is asked for.
 * @type {[string, Record<string, string>][]}
 */
const strangers = [
  ["nothing", {}],
  ["an empty bearer", { Authorization: "Bearer " }],
  ["a bearer without a token", { Authorization: "Bearer" }],
  ["another scheme", { Authorization: `Basic ${kim}` }],
  ["no token at all", bearer("kim")],
  ["two dots", bearer("..")],
  ["a token with a part too many", bearer(`${kim}.${kim}`)],
  ["two tokens in one header", { Authorization: `Bearer ${kim}, Bearer ${kim}` }],
  ["a token of 20 kB", bearer(secretToken("kim", { pad: "x".repeat(13_000) }))],
  ["another secret's token", bearer(secretToken("kim", {}, "another secret of more than 32 bytes"))],
  ["a token with its signature cut off", bearer(kim.slice(0, kim.lastIndexOf(".") + 1))],
  ["a token with another's payload", bearer(swapped(kim, secretToken("lee")))],
  ["alg none", forged({ alg: "none" }, {}, null)],
  ["alg NONE with a signature", forged({ alg: "NONE" })],
  ["no alg", forged({ typ: "JWT" })],
  ["an alg of public keys with the secret", forged({ alg: "RS256" })],
  ["a critical header nobody knows", forged({ alg: "HS256", crit: ["x"], x: 1 })],
  ["an unencoded payload", forged({ alg: "HS256", crit: ["b64"], b64: false })],
  ["a token that has expired", bearer(secretToken("kim", { exp: now - 1 }))],
  ["one that has expired long ago", bearer(secretToken("kim", { exp: 1 }))],
  ["an expiry that is no number", bearer(secretToken("kim", { exp: "never" }))],
  ["a token for later", bearer(secretToken("kim", { nbf: now + 100_000 }))],
  ["no iat", bearer(secretToken("kim", { iat: undefined }))],
  ["an iat that is no number", bearer(secretToken("kim", { iat: "now" }))],
  ["an iat in the far future", bearer(secretToken("kim", { iat: now + 100_000 }))],
  ["an iat before all time", bearer(secretToken("kim", { iat: -1 }))],
  ["an iat just before all time", bearer(secretToken("kim", { iat: -0.5 }))],
  ["an auth_time in the far future", bearer(secretToken("kim", { auth_time: now + 100_000 }))],
  ["an auth_time before all time", bearer(secretToken("kim", { auth_time: -1 }))],
  ["an auth_time that is no number", bearer(secretToken("kim", { auth_time: null }))],
  ["no sub", bearer(secretToken("kim", { sub: undefined }))],
  ["an empty sub", bearer(secretToken("kim", { sub: "" }))],
  ["a sub that is a list", bearer(secretToken("kim", { sub: ["kim"] }))],
  ["a sub that is an object", bearer(secretToken("kim", { sub: { toString: "kim" } }))],
  ...["sid", "jti"].flatMap((claim) =>
    NO_IDS.map((id) => /** @type {[string, Record<string, string>]} */ ([`a ${claim} of ${JSON.stringify(id).slice(0, 9)}`, bearer(secretToken("kim", { [claim]: id }))])),
  ),
  ["a wrong service token", bearer(`${SERVICE_TOKEN}x`)],
  ["the beginning of the service token", bearer(SERVICE_TOKEN.slice(0, -1))],
  ["the service token in capitals", bearer(SERVICE_TOKEN.toUpperCase())],
  ["the service token as a cookie", { Cookie: `session=${SERVICE_TOKEN}` }],
  ["a valid cookie behind a wrong bearer", { ...bearer("x"), Cookie: `session=${kim}` }],
  ["a token in another cookie", { Cookie: `sessions=${kim}; xsession=${kim}` }],
  ["a user's name in headers", { "X-User-Id": "kim", "Cf-Access-Authenticated-User-Email": "kim" }],
  ["an access in headers", { "CF-Access": '{"kind":"trusted"}', "MF-CF-Blob": smuggled() }],
];

for (const [what, headers] of strangers) {
  test(`${what}: 401`, async () => {
    for (const action of /** @type {const} */ (["connect", "state", "clear", "push"])) {
      const answer = await ask(server, action, "kim", headers);
      assertStatus(answer, 401, "unauthorized");
      assert.equal(answer.headers["www-authenticate"], "Bearer");
    }
  });
}

/** @type {Record<string, string>} */
const NO_HEADERS = {};

/**
 * @typedef {object} Row
 * @property {string} what
 * @property {"connect" | "state" | "clear" | "push"} action
 * @property {Record<string, string>} [headers]
 * @property {string} [more]
 * @property {string} [userId]
 * @property {number} status
 */

/** @type {Row[]} */
const rows = [
  { what: "a valid bearer", action: "connect", headers: bearer(kim), status: 101 },
  { what: "a valid bearer", action: "state", headers: bearer(kim), status: 200 },
  { what: "a valid bearer", action: "clear", headers: bearer(kim), status: 200 },
  { what: "a user's push", action: "push", headers: bearer(kim), status: 403 },
  { what: "a cookie", action: "connect", headers: { Cookie: `a=b; session=${kim}` }, status: 101 },
  { what: "a quoted cookie", action: "state", headers: { Cookie: `session="${kim}"` }, status: 200 },
  { what: "the named header", action: "state", headers: { "X-Token": kim }, status: 200 },
  { what: "a lower-case scheme", action: "state", headers: { authorization: `bearer ${kim}` }, status: 200 },
  { what: "a token without an end", action: "state", headers: bearer(secretToken("kim", { exp: undefined })), status: 200 },
  { what: "the longest ids", action: "state", headers: bearer(secretToken("kim", { sid: "é".repeat(128), jti: "x".repeat(256) })), status: 200 },
  { what: "another user's token", action: "connect", headers: bearer(secretToken("lee")), status: 403 },
  { what: "another user's token", action: "state", headers: bearer(secretToken("lee")), status: 403 },
  { what: "another user's token", action: "clear", headers: bearer(secretToken("lee")), status: 403 },
  { what: "another user's token", action: "push", headers: bearer(secretToken("lee")), status: 403 },
  { what: "a look-alike sub", action: "state", headers: bearer(secretToken("\u043aim")), status: 403 },
  { what: "a sub in another normal form", action: "state", userId: "\u00e9", headers: bearer(secretToken("e\u0301")), status: 403 },
  { what: "a sub with a zero byte", action: "state", headers: bearer(secretToken("kim\0")), status: 403 },
  { what: "a sub with a space", action: "state", headers: bearer(secretToken("kim ")), status: 403 },
  { what: "a sub in capitals", action: "state", headers: bearer(secretToken("Kim")), status: 403 },
  { what: "a sub of 10 kB", action: "state", headers: bearer(secretToken("k".repeat(10_000))), status: 403 },
  { what: "a userId of 10 kB", action: "state", userId: "k".repeat(10_000), headers: bearer(kim), status: 400 },
  { what: "a user of that strange name", action: "state", userId: "__proto__", headers: bearer(secretToken("__proto__")), status: 200 },
  { what: "a token in the query", action: "connect", more: `&token=${kim}&access_token=${kim}`, status: 401 },
  { what: "a bearer in the query", action: "state", more: `&bearer=${kim}&Authorization=Bearer+${kim}&session=${kim}`, status: 401 },
  { what: "userId twice", action: "state", more: "&userId=lee", headers: bearer(kim), status: 400 },
  { what: "userId twice, the same", action: "connect", more: "&userId=kim", headers: bearer(kim), status: 400 },
  { what: "userId twice, encoded", action: "state", more: "&user%49d=lee", headers: bearer(kim), status: 400 },
  { what: "the service token", action: "push", headers: bearer(SERVICE_TOKEN), status: 200 },
  { what: "the service token", action: "state", headers: bearer(SERVICE_TOKEN), status: 200 },
  { what: "the service token", action: "clear", headers: bearer(SERVICE_TOKEN), status: 200 },
  { what: "the service token", action: "connect", headers: bearer(SERVICE_TOKEN), status: 403 },
  { what: "a foreign page", action: "connect", headers: { ...bearer(kim), Origin: "https://evil.example" }, status: 403 },
  { what: "a foreign page", action: "clear", headers: { Cookie: `session=${kim}`, Origin: "https://evil.example" }, status: 403 },
  { what: "a foreign page", action: "push", headers: { ...bearer(SERVICE_TOKEN), Origin: "https://evil.example" }, status: 403 },
  { what: "a page of no origin", action: "connect", headers: { ...bearer(kim), Origin: "null" }, status: 403 },
  { what: "a listed page's look-alike", action: "connect", headers: { ...bearer(kim), Origin: `${LISTED}.evil.example` }, status: 403 },
  { what: "a listed page by http", action: "connect", headers: { ...bearer(kim), Origin: "http://app.example" }, status: 403 },
  { what: "a listed page with a port", action: "connect", headers: { ...bearer(kim), Origin: `${LISTED}:8443` }, status: 403 },
  { what: "two origins", action: "connect", headers: { ...bearer(kim), Origin: `${LISTED}, https://evil.example` }, status: 403 },
  { what: "a listed page", action: "connect", headers: { ...bearer(kim), Origin: LISTED }, status: 101 },
  { what: "a listed page", action: "clear", headers: { ...bearer(kim), Origin: LISTED }, status: 200 },
  { what: "a page listed with a slash", action: "clear", headers: { ...bearer(kim), Origin: "https://other.example" }, status: 200 },
  { what: "a cross-site request without an origin", action: "clear", headers: { ...bearer(kim), "Sec-Fetch-Site": "cross-site" }, status: 403 },
  { what: "a cross-site request without an origin", action: "connect", headers: { ...bearer(kim), "Sec-Fetch-Site": "cross-site" }, status: 403 },
  { what: "a same-origin request", action: "clear", headers: { ...bearer(kim), "Sec-Fetch-Site": "same-origin" }, status: 200 },
  { what: "a listed page without a credential", action: "connect", headers: { Origin: LISTED }, status: 401 },
];

for (const { what, action, headers = NO_HEADERS, more, userId = "kim", status } of rows) {
  test(`${what}, ${action}: ${status}`, async () => {
    assertStatus(await ask(server, action, userId, headers, more), status);
  });
}

test("whoever comes with an id that names nothing is told which claim it is", async () => {
  for (const claim of ["sid", "jti"]) {
    const { text } = await ask(server, "state", "kim", bearer(secretToken("kim", { [claim]: 5 })));
    assert.match(JSON.parse(text).error.message, new RegExp(`its ${claim} is missing or wrong`));
  }
});

test("a page of another origin is told which one was seen and which is the server's own", async () => {
  /** @param {string} Origin */
  const messageFor = async (Origin) => {
    const { text } = await ask(server, "clear", "kim", { ...bearer(kim), Origin });
    return JSON.parse(text).error.message;
  };
  const foreign = "https://evil.example";
  const message = await messageFor(foreign);
  for (const part of [foreign, server.http, "ALLOWED_ORIGINS"]) assert.ok(message.includes(part), message);
  assert.ok((await messageFor(`https://${"x".repeat(5_000)}.example`)).length < 300);
});

test("the page's own origin may connect and clear", async () => {
  const headers = { ...bearer(kim), Origin: server.http };
  assert.equal((await ask(server, "connect", "kim", headers)).status, 101);
  assert.equal((await ask(server, "clear", "kim", headers)).status, 200);
});

test("a path that is written strangely reaches nothing else", async () => {
  const paths = [
    "/__user-session/..%2fstate",
    "/__user-session/%2e%2e/state",
    "/__user-session//state",
    "/__user-session/state/",
    "/__user-session/state%00",
    "/__user-session%2fstate",
    "/state",
    "/",
    "//__user-session/state",
  ];
  for (const path of paths) {
    const answer = await requestAsWritten(server, `${path}?userId=kim`, { headers: bearer(kim) });
    assert.equal(answer.status, 404, path);
  }
});

test("a subprotocol carries the token and is not echoed", async () => {
  const protocols = ["user-session.v1", `bearer.${kim}`];
  const device = new Device(`${server.ws}${PREFIX}?userId=kim`, { protocols });
  assert.equal((await device.next()).type, "initial_state");
  assert.equal(device.socket.protocol, "user-session.v1");
  await device.close();
});

test("two tokens as subprotocols are nobody's", async () => {
  const offered = `user-session.v1, bearer.${kim}, bearer.${secretToken("lee")}`;
  const headers = { "Sec-WebSocket-Protocol": offered };
  assertStatus(await ask(server, "connect", "kim", headers), 401);
});

test("every answer carries the headers of a JSON API, and none but a listed page's CORS", async () => {
  for (const action of /** @type {const} */ (["state", "clear", "push"])) {
    for (const headers of [{}, bearer(kim), bearer(SERVICE_TOKEN)]) {
      const answer = await ask(server, action, "kim", headers);
      assert.equal(answer.headers["cache-control"], "no-store");
      assert.equal(answer.headers["x-content-type-options"], "nosniff");
      assert.equal(answer.headers["referrer-policy"], "no-referrer");
      assert.equal(answer.headers["x-frame-options"], "DENY");
      assert.match(String(answer.headers["content-security-policy"]), /frame-ancestors 'none'/);
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
      assert.equal(answer.headers.vary, "Origin");
    }
  }
  const foreign = await ask(server, "state", "kim", { ...bearer(kim), Origin: "https://evil.example" });
  assert.equal(foreign.headers["access-control-allow-origin"], undefined);
  const listed = await ask(server, "state", "kim", { Origin: LISTED });
  assert.equal(listed.status, 401);
  assert.equal(listed.headers["access-control-allow-origin"], LISTED);
  assert.equal(listed.headers["access-control-allow-credentials"], "true");
});

test("a listed page's preflight is answered, another's is not", async () => {
  /** @param {string} Origin @param {string} path */
  const preflight = (Origin, path) => {
    const headers = { Origin, "Access-Control-Request-Method": "POST" };
    return requestAsWritten(server, `${PREFIX}${path}?userId=kim`, { method: "OPTIONS", headers });
  };
  const answer = await preflight(LISTED, "/clear");
  assert.equal(answer.status, 204);
  assert.equal(answer.headers["access-control-allow-origin"], LISTED);
  assert.equal(answer.headers["access-control-allow-methods"], "POST");
  assert.match(String(answer.headers["access-control-allow-headers"]), /Authorization/);
  const foreign = await preflight("https://evil.example", "/clear");
  assert.equal(foreign.status, 405);
  assert.equal(foreign.headers["access-control-allow-origin"], undefined);
  assert.equal((await preflight(LISTED, "/nothing")).status, 404);
});

test("an issuer's tokens are verified with its keys", async () => {
  const rsa = await issuer.token("kim", "rsa", "RS256", OURS);
  const ec = await issuer.token("kim", "ec", "ES256", OURS);
  const nameless = await issuer.token("kim", "ec", "ES256", OURS, {});
  for (const token of [rsa, ec, nameless]) {
    assertStatus(await ask(keyed, "state", "kim", bearer(token)), 200);
  }
});

test("a nameless token is tried with each of the issuer's keys", async () => {
  const second = await issuer.addKey("ec-2", "ES256", false);
  const token = await issuer.token("kim", "ec-2", "ES256", OURS, {});
  assertStatus(await ask(keyed, "state", "kim", bearer(token)), 401);
  assert.equal(second.kid, "ec-2");
});

test("no public key passes for a secret, and no other claim for ours", async () => {
  const [rsa, ec] = issuer.published;
  const claims = { sub: "kim", iat: seconds(), exp: seconds() + 60, ...OURS };
  const publicKeys = [JSON.stringify(rsa), String(rsa.n), JSON.stringify(issuer.published)];
  const tokens = [
    ...publicKeys.map((key) => hmacToken({ alg: "HS256", kid: "rsa" }, claims, key)),
    hmacToken({ alg: "HS256", jwk: ec }, claims, SECRET),
    hmacToken({ alg: "none" }, claims, null),
    hmacToken({ alg: "RS256", kid: "rsa" }, claims, String(rsa.n)),
    hmacToken({ alg: "RS256", kid: ["rsa"] }, claims, String(rsa.n)),
    await issuer.token("kim", "rsa", "RS256", { ...OURS, iss: "https://evil.example/" }),
    await issuer.token("kim", "rsa", "RS256", { ...OURS, aud: "others" }),
    await issuer.token("kim", "rsa", "RS256", { iss: ISSUER }),
    await issuer.token("kim", "rsa", "RS256", OURS, { kid: "ec" }),
    await issuer.token("kim", "rsa", "RS256", OURS, { kid: "nobody" }),
  ];
  for (const token of tokens) {
    assertStatus(await ask(keyed, "state", "kim", bearer(token)), 401, "unauthorized");
  }
});

test("forged key names do not make us flood the issuer", async () => {
  const before = issuer.asked;
  const token = await issuer.token("kim", "rsa", "RS256", OURS, { kid: "nobody" });
  await Promise.all(Array.from({ length: 20 }, () => ask(keyed, "state", "kim", bearer(token))));
  assert.ok(issuer.asked - before <= 1, `${issuer.asked - before} fetches`);
});

test("no token, cookie or secret is in the log", () => {
  const logged = server.logs().join("\n") + keyed.logs().join("\n");
  assert.ok(!logged.includes(kim.split(".")[2]));
  assert.ok(!logged.includes(SECRET));
  assert.ok(!logged.includes(SERVICE_TOKEN));
  assert.ok(!logged.includes("eyJ"));
});

// One of each kind: auth-settings.test.mjs has them all.
for (const [what, vars, names] of /** @type {[string, Record<string, string>, RegExp][]} */ ([
  ["no mode", {}, /AUTH_MODE/],
  ["a short secret", { AUTH_MODE: "jwt", AUTH_JWT_SECRET: "short" }, /AUTH_JWT_SECRET/],
  ["keys without an audience", { AUTH_MODE: "jwt", AUTH_JWKS_URL: "https://issuer.example/" }, /AUTH_JWT_AUDIENCE/],
  ["a service token that is no text", numeric({ AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET }), /SERVICE_TOKEN/],
  ["a session without TLS", { AUTH_MODE: "session", AUTH_SESSION_URL: "http://app.example/" }, /AUTH_SESSION_URL/],
])) {
  test(`${what}: nobody is let in, and the answer and the log say what to set`, async (t) => {
    const closed = await startServer(undefined, vars);
    t.after(() => closed.close());
    const sent = { ...bearer(kim), Cookie: `session=${kim}` };
    for (const action of /** @type {const} */ (["connect", "state", "clear", "push"])) {
      const answer = await ask(closed, action, "kim", sent);
      assertStatus(answer, 503, "not_configured");
      assert.match(JSON.parse(answer.text).error.message, names);
    }
    if (!vars.AUTH_MODE) {
      assertStatus(await requestAsWritten(closed, `${PREFIX}/nothing`), 503);
      assertStatus(await requestAsWritten(closed, PREFIX, { headers: UPGRADE }), 503);
    }
    const logged = () => closed.logs().filter((line) => names.test(line));
    await eventually("the line", () => logged().length > 0);
    assert.equal(logged().length, 1, closed.logs().join("\n"));
    assert.ok(!closed.logs().join("\n").includes(SECRET));
  });
}

/**
 * Variables with a SERVICE_TOKEN that somebody has written as a number.
 * @param {Record<string, string>} vars
 * @returns {Record<string, string>}
 */
function numeric(vars) {
  return { ...vars, SERVICE_TOKEN: /** @type {any} */ (7) };
}

/**
 * @param {RawAnswer} answer
 * @param {number} status
 * @param {string} [code]
 */
function assertStatus(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  if (code) assert.equal(JSON.parse(answer.text).error.code, code);
}

/**
 * A token with another's payload.
 * @param {string} token
 * @param {string} other
 */
function swapped(token, other) {
  const [header, , signature] = token.split(".");
  return [header, other.split(".")[1], signature].join(".");
}

function smuggled() {
  const userSessionAccess = { kind: "trusted" };
  return JSON.stringify({ outlivesRestart: true, userSessionAccess, clientAcceptEncoding: "" });
}
