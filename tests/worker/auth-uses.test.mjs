/** The purpose of a token: one that its issuer has signed for something else opens no session. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Issuer, SECRET, ask, bearer, hmacToken, seconds, secretToken } from "../support/auth.mjs";
import { startServer } from "../support/server.mjs";

/** @import { Server } from "../support/server.mjs" */

const issuer = new Issuer();
/** Has neither an audience nor a type. @type {Server} */
let plain;
/** @type {Server} */
let named;
/** Takes an issuer's tokens for every service. @type {Server} */
let any;
before(async () => {
  await issuer.addKey("ec", "ES256");
  const secret = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
  const keys = { AUTH_MODE: "jwt", AUTH_JWKS_URL: await issuer.start() };
  plain = await startServer(undefined, secret);
  const uses = { AUTH_JWT_AUDIENCE: "sessions, https://app.example/", AUTH_JWT_TYP: "at+jwt, Session+JWT, logout+jwt" };
  named = await startServer(undefined, { ...secret, ...uses });
  any = await startServer(undefined, { ...keys, AUTH_JWT_AUDIENCE: "any" });
});
after(async () => {
  for (const server of [plain, named, any]) await server?.close();
  issuer.close();
});

/** @param {object} header @param {object} claims */
function token(header, claims) {
  const payload = { sub: "kim", iat: seconds(), exp: seconds() + 3_600, ...claims };
  return hmacToken({ alg: "HS256", ...header }, payload, SECRET);
}

/**
 * @param {Server} server @param {string} text @param {number} status
 * @param {RegExp} [message]
 */
async function assertAnswer(server, text, status, message) {
  const answer = await ask(server, "state", "kim", bearer(text));
  assert.equal(answer.status, status, answer.text);
  if (message) assert.match(JSON.parse(answer.text).error.message, message);
}

const FOR_OTHERS = [
  ...["mailer", "", "any", "SESSIONS", "sessions ", "sessions,https://app.example/", "https://app.example"],
  ...[[], ["mailer"], [""], ["mailer", "any"], [["sessions"]], ["sessions", 7], [null]],
  ...[null, 0, 7, true, {}, { sessions: "sessions" }, { 0: "sessions", length: 1 }],
];
for (const aud of FOR_OTHERS) {
  test(`a token for ${JSON.stringify(aud)} is no session of a server for another audience`, async () => {
    await assertAnswer(named, token({ typ: "at+jwt" }, { aud }), 401, /AUTH_JWT_AUDIENCE/);
  });
}

test("a token that names its audience is no session where the server has no name, whoever it is for", async () => {
  for (const aud of [...FOR_OTHERS, "sessions", ["sessions"], ["sessions", "mailer"]]) {
    await assertAnswer(plain, token({}, { aud }), 401, /AUTH_JWT_AUDIENCE/);
  }
  await assertAnswer(plain, token({}, {}), 200);
  assert.equal(plain.logs().filter((line) => line.includes("AUTH_JWT_AUDIENCE")).length, 1);
});

test("a token for this server is a session, if it is for others, too", async () => {
  for (const aud of ["sessions", "https://app.example/", ["mailer", "sessions"], ["sessions"]]) {
    await assertAnswer(named, token({ typ: "at+jwt" }, { aud }), 200);
  }
  await assertAnswer(named, token({ typ: "at+jwt" }, {}), 401, /AUTH_JWT_AUDIENCE/);
});

test("whoever takes an issuer's tokens for every service has said so, and takes no nonsense", async () => {
  const signed = (/** @type {Record<string, unknown>} */ claims) => issuer.token("kim", "ec", "ES256", claims);
  for (const aud of ["sessions", "mailer", ["a", "b"], undefined]) {
    await assertAnswer(any, await signed(aud === undefined ? {} : { aud }), 200);
  }
  for (const aud of [[], [7], 7, null, {}]) await assertAnswer(any, await signed({ aud }), 401);
});

const OTHER_TYPES = [
  ...["password-reset+jwt", "dpop+jwt", "secevent+jwt", "JWTx", "", " JWT", "JOSE", "at"],
  ...["application/password-reset+jwt", "text/jwt", "application/", 7, null, ["JWT"], { typ: "JWT" }],
];
test("a token of another type than a session's is none where no type is set", async () => {
  for (const typ of OTHER_TYPES) await assertAnswer(plain, token({ typ }, {}), 401, /AUTH_JWT_TYP/);
  for (const typ of ["JWT", "jwt", "application/JWT", "at+jwt", "AT+JWT", "application/at+jwt", undefined]) {
    await assertAnswer(plain, token({ typ }, {}), 200);
  }
  await assertAnswer(plain, token({ typ: "password-reset+jwt" }, { aud: "mailer" }), 401);
  assert.equal(plain.logs().filter((line) => line.includes("AUTH_JWT_TYP")).length, 1);
});

test("where types are set, a token of any other is no session, nor one without", async () => {
  const aud = "sessions";
  for (const typ of [...OTHER_TYPES, "JWT", undefined]) {
    await assertAnswer(named, token({ typ }, { aud }), 401, /AUTH_JWT_TYP/);
  }
  for (const typ of ["at+jwt", "session+jwt", "application/Session+jwt", "APPLICATION/AT+JWT"]) {
    await assertAnswer(named, token({ typ }, { aud }), 200);
  }
});

const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const FOR_A_LOGOUT = [
  ...["logout+jwt", "Logout+JWT", "application/logout+jwt", "APPLICATION/LOGOUT+JWT"].map((typ) => ({ typ, claims: {} })),
  ...[{}, { a: 1 }, null, "", 0].flatMap((value) =>
    ["JWT", "at+jwt", "session+jwt", "logout+jwt", undefined].map((typ) => ({ typ, claims: { events: { [EVENT]: value, other: {} } } })),
  ),
];
test("a token that asks for a logout is no session, whatever it says else and whatever type is set", async () => {
  const odd = [[EVENT], EVENT, [{ [EVENT]: {} }]].map((events) => ({ typ: "JWT", claims: { events } }));
  for (const { typ, claims } of [...FOR_A_LOGOUT, ...odd]) {
    for (const [server, aud] of /** @type {const} */ ([[plain, undefined], [named, "sessions"]])) {
      const text = token({ typ }, { sid: "s", jti: "j", aud, ...claims });
      await assertAnswer(server, text, 401, /^the token is for a logout, so it is no session/);
      assert.equal((await ask(server, "connect", "kim", bearer(text))).status, 401);
      assert.equal((await ask(server, "connect", "kim", { Cookie: `session=${text}` })).status, 401);
    }
    const signed = await issuer.token("kim", "ec", "ES256", claims, { kid: "ec", ...(typ && { typ }) });
    await assertAnswer(any, signed, 401, /^the token is for a logout/);
  }
});

test("events of other kinds make no logout of a session's token", async () => {
  for (const events of [{}, { "http://schemas.openid.net/event/other": {} }, [], "", null, 7]) {
    await assertAnswer(plain, token({}, { events }), 200);
  }
});

const now = seconds();
/** @type {[string, unknown[]][]} */
const NO_TIMES = [
  ["exp", ["", "9999999999", null, true, [now + 60], {}, -1, -0.5, 1e300, now * 1_000 + 60_000]],
  ["iat", ["", String(now), null, true, [now], {}, -1, -0.5, 1e300, now * 1_000]],
  ["auth_time", ["", String(now), null, true, [now], {}, -1, -0.5, 1e300, now * 1_000]],
  ["nbf", ["", String(now), null, true, [now], {}, 1e300, now * 1_000, now + 100_000]],
];
for (const [claim, values] of NO_TIMES) {
  test(`a token whose ${claim} is no time in seconds is not taken for one that has none`, async () => {
    for (const value of values) {
      await assertAnswer(plain, secretToken("kim", { [claim]: value }), 401, new RegExp(claim));
    }
  });
}

test("a token whose times are odd but right is good", async () => {
  const last = 253_402_300_799;
  for (const claims of [{ exp: now + 3_600.5 }, { exp: last }, { iat: now - 0.5 }, { iat: 0 }, { nbf: -1 }, { nbf: now - 30.5 }]) {
    await assertAnswer(plain, secretToken("kim", claims), 200);
  }
});

test("a token that is not valid is told which check it has failed", async () => {
  const [head, , signature] = token({}, {}).split(".");
  const [, payload] = token({}, { sub: "lee" }).split(".");
  /** @type {[Server, string, string][]} */
  const failed = [
    [plain, secretToken("kim", {}, "another secret of more than 32 bytes"), "its signature is by another key than AUTH_JWT_SECRET"],
    [plain, [head, payload, signature].join("."), "its signature is"],
    [plain, hmacToken({ alg: "none" }, {}, null), "its alg is none that is taken"],
    [plain, token({ alg: "RS256" }, {}), "its alg is"],
    [plain, token({ crit: ["x"], x: 1 }, {}), "it is no signed JWT"],
    [plain, "kim", "it is no signed JWT"],
    [plain, token({}, { pad: "x".repeat(13_000) }), "it is too long"],
    [plain, token({}, { sub: ["kim"] }), "its sub is"],
    [plain, token({}, { sub: "kim \ud83d" }), "its sub is"],
    [any, await issuer.token("kim", "ec", "ES256", {}, { kid: "nobody" }), "its kid and alg fit no key of AUTH_JWKS_URL"],
  ];
  for (const [server, text, check] of failed) {
    await assertAnswer(server, text, 401, new RegExp(`^the token is not valid, ${check}.*: sign in again for a new one$`));
  }
});
