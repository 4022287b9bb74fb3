/**
 * The token of OpenID Connect Back-Channel Logout 1.0 (with its first errata), point by point: each test names the
 * section whose requirement it holds the server to.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Issuer, SECRET, ask, bearer, hmacToken, seconds, secretToken } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { Backchannel, LOGOUT_EVENT, NAMES, VARS, assertDone, assertLoggedOut, assertRefused, logoutClaims, postForm } from "../support/logout-tokens.mjs";
import { PREFIX } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";

/** @import { Server } from "../support/server.mjs" */

/** Takes an issuer's tokens. */
const backchannel = new Backchannel();
/** Takes tokens that are signed with a secret. @type {Server} */
let secretServer;
before(async () => {
  await backchannel.start();
  secretServer = await startServer(undefined, { ...VARS, AUTH_JWT_SECRET: SECRET });
});
after(async () => {
  await backchannel.close();
  await secretServer?.close();
});

// The claims and the header, sections 2.4 and 2.6

/**
 * Claims, or a function that makes those that depend on the time of the test.
 * @typedef {Record<string, unknown> | (() => Record<string, unknown>)} Claims
 */

/** @param {Claims} claims */
const made = (claims) => (typeof claims === "function" ? claims() : claims);

/** @type {[name: string, claims: Claims, description: RegExp][]} */
const WRONG_CLAIMS = [
  ["2.4: iss is required", { iss: undefined }, /^iss is missing or wrong$/],
  ["2.6 step 4: iss is the issuer, to the letter", { iss: "https://issuer.example" }, /^iss is missing or wrong$/],
  ["2.4: aud is required", { aud: undefined }, /^aud is missing or wrong$/],
  ["2.6 step 4: aud names us", { aud: "other" }, /^aud is not what AUTH_JWT_AUDIENCE/],
  ["2.6 step 4: aud names us, among strings", { aud: ["app", 1] }, /^aud is not what AUTH_JWT_AUDIENCE/],
  ["2.4: iat is required", { iat: undefined }, /^iat is missing or wrong$/],
  ["2.6 step 4: iat is a number", { iat: "1" }, /^iat is missing or wrong$/],
  ["2.6 step 4: iat is not long ago", () => ({ iat: seconds() - 700 }), /^iat: .* older than 600 seconds$/],
  ["2.6 step 4: iat is not in the future", () => ({ iat: seconds() + 300 }), /^iat: expected .* not in the future$/],
  ["2.6 step 4: exp has not passed", () => ({ exp: seconds() - 300 }), /^exp: .*expired$/],
  ["2.6 step 4: exp is a number", { exp: "never" }, /^exp is missing or wrong$/],
  ["2.4: jti is required", { jti: undefined }, /^jti is missing or wrong$/],
  ["2.4: jti is a string", { jti: 7 }, /^jti: expected a string/],
  ["2.4: events is required", { events: undefined }, /^events is missing or wrong$/],
  ["2.4, 2.6 step 6: events is an object", { events: [LOGOUT_EVENT] }, /^events: expected an object/],
  ["2.4, 2.6 step 6: events is no text", { events: LOGOUT_EVENT }, /^events: expected an object/],
  ["2.4, 2.6 step 6: events is not null", { events: null }, /^events: expected an object/],
  ["2.4, 2.6 step 6: events has the logout's member", { events: { "http://other.example": {} } }, /^events: expected/],
  ["2.4, 2.6 step 6: the logout's member is an object", { events: { [LOGOUT_EVENT]: true } }, /^events: expected/],
  ["2.4, 2.6 step 6: the logout's member is no list", { events: { [LOGOUT_EVENT]: [] } }, /^events: expected/],
  ["2.4, 2.6 step 7: nonce is prohibited", { nonce: "n" }, /^nonce: expected none/],
  ["2.4, 2.6 step 7: nonce is prohibited, empty or null", { nonce: null }, /^nonce: expected none/],
  ["2.4: sid is a string", { sid: 7 }, /^sid: expected a string/],
  ["2.4: sid is not empty", { sid: "" }, /^sid: expected a string of 1 to 256 bytes$/],
  ["2.4: sid is not null", { sid: null }, /^sid: expected a string of 1 to 256 bytes$/],
  ["2.4: sid can name a session", { sid: "x".repeat(257) }, /^sid: expected a string of 1 to 256 bytes$/],
  ["2.4: sid can name a session, in bytes", { sid: "é".repeat(129) }, /^sid: expected a string of 1 to 256 bytes$/],
  ["2.4, 2.6 step 5: sub or sid is there", { sub: undefined }, /^sub is missing/],
  ["2.6 step 5: sid alone finds no user here, and the answer says so", { sub: undefined, sid: "session" }, /^sub is missing: .*sid alone is not enough$/],
  ["2.4: sub is a string", { sub: 7 }, /^sub: expected the id of a user/],
  ["2.4: sub is not empty", { sub: "" }, /^sub: expected the id of a user/],
  ["2.4: sub is no longer than a user's id", { sub: "u".repeat(1_025) }, /^sub: expected the id of a user/],
];

for (const [name, claims, description] of WRONG_CLAIMS) {
  test(`${name}: or 400, and nothing ends`, async () => {
    const answer = await backchannel.endsNothing(async (userId) => {
      return postForm(backchannel.server, { logout_token: await backchannel.logoutToken(userId, made(claims)) });
    });
    assertRefused(answer, description);
  });
}

/** @type {[name: string, claims: Claims][]} */
const RIGHT_CLAIMS = [
  ["2.4: other claims are ignored", { trace_id: "t", "https://other.example": {}, auth_time: "never" }],
  ["2.4: other events are ignored, and so is what the logout's holds", { events: { [LOGOUT_EVENT]: { a: 1 }, "http://other.example": 1 } }],
  ["2.4: aud may name others, too", { aud: ["other", NAMES.aud] }],
  ["2.6 step 4: a token of a version before exp was required is taken", { exp: undefined }],
  ["2.6 step 4: iat may be some minutes old", () => ({ iat: seconds() - 300, exp: undefined, sid: "session" })],
  ["2.6 step 4: the issuer's clock may be a little ahead", () => ({ iat: seconds() + 5 })],
];

for (const [name, claims] of RIGHT_CLAIMS) {
  test(name, async () => {
    const userId = backchannel.newUser();
    const { device } = await backchannel.connected(userId, "session");
    assertDone(await postForm(backchannel.server, { logout_token: await backchannel.logoutToken(userId, made(claims)) }));
    await assertLoggedOut(device);
  });
}

for (const typ of [undefined, "JWT", "logout+jwt", "application/LOGOUT+JWT"]) {
  test(`2.4: a token whose typ is ${typ} is taken`, async () => {
    const userId = backchannel.newUser();
    const { device } = await backchannel.connected(userId, "session");
    const header = { kid: "ec", ...(typ ? { typ } : {}) };
    assertDone(await postForm(backchannel.server, { logout_token: await backchannel.logoutToken(userId, {}, header) }));
    await assertLoggedOut(device);
  });
}

for (const typ of ["at+jwt", "secevent+jwt", "dpop+jwt", "", 7]) {
  test(`4.1: a token whose typ is ${JSON.stringify(typ)} is for something else: 400, and nothing ends`, async () => {
    const answer = await backchannel.endsNothing(async (userId) => {
      return postForm(backchannel.server, { logout_token: await backchannel.logoutToken(userId, {}, { kid: "ec", typ }) });
    });
    assertRefused(answer, /^typ: expected none, JWT or logout\+jwt$/);
  });
}

test("4.1: an ID token, or an access token, is no logout token", async () => {
  for (const header of [{ kid: "ec" }, { kid: "ec", typ: "at+jwt" }]) {
    const answer = await backchannel.endsNothing(async (userId) => {
      const token = await backchannel.sessionToken(userId, { sid: "session", jti: "j" }, header);
      return postForm(backchannel.server, { logout_token: token });
    });
    assertRefused(answer, /^events is missing or wrong$/);
  }
});

test("4.1: a logout token that says what it is opens no session", async () => {
  const userId = backchannel.newUser();
  const { status } = await ask(backchannel.server, "state", userId, bearer(await backchannel.logoutToken(userId)));
  assert.equal(status, 401);
});

// The signature, section 2.6, steps 1 to 3

test("2.6 step 2: each key of the issuer is taken, also by a token that does not name it", async () => {
  for (const [kid, alg, header] of /** @type {const} */ ([["rsa", "RS256", { kid: "rsa" }], ["ec", "ES256", {}]])) {
    const userId = backchannel.newUser();
    const { device } = await backchannel.connected(userId, "session");
    const token = await backchannel.issuer.token(userId, kid, alg, logoutClaims(), header);
    assertDone(await postForm(backchannel.server, { logout_token: token }));
    await assertLoggedOut(device);
  }
});

test("2.6 step 2: a token that was changed, or is signed by a stranger, is 400, and nothing ends", async () => {
  const stranger = new Issuer();
  await stranger.addKey("ec", "ES256");
  const forged = async (/** @type {string} */ userId) => {
    const [head, , signature] = (await backchannel.logoutToken("somebody")).split(".");
    const claims = JSON.stringify({ ...logoutClaims(), sub: userId, iat: seconds() });
    return [head, Buffer.from(claims).toString("base64url"), signature].join(".");
  };
  const foreign = (/** @type {string} */ userId) => stranger.token(userId, "ec", "ES256", logoutClaims());
  for (const token of [forged, foreign]) {
    const answer = await backchannel.endsNothing(async (userId) => postForm(backchannel.server, { logout_token: await token(userId) }));
    assertRefused(answer, /^its signature is by another key/);
  }
});

test("2.6 step 3: alg none is never taken, nor a secret's alg with the issuer's public key", async () => {
  const secrets = [null, JSON.stringify(backchannel.issuer.published[0]), String(backchannel.issuer.published[0].x)];
  for (const secret of secrets) {
    for (const where of [backchannel.server, secretServer]) {
      if (where === secretServer && secret !== null) continue;
      const alg = secret === null ? "none" : "HS256";
      const answer = await backchannel.endsNothing((userId) => {
        const claims = { ...logoutClaims(), sub: userId, iat: seconds() };
        return postForm(where, { logout_token: hmacToken({ alg, kid: "ec" }, claims, secret) });
      });
      assertRefused(answer, /^its alg is none that is taken/);
    }
  }
});

test("2.6 step 1: an encrypted token, and what is no token at all, is 400", async () => {
  const encrypted = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d";
  for (const token of [encrypted, "x", "a.b", "..", "a.b.c", "é"]) {
    assertRefused(await backchannel.endsNothing(() => postForm(backchannel.server, { logout_token: token })), /^it is no signed JWT$/);
  }
});

test("2.6 step 2: a secret's tokens are verified by the secret", async () => {
  const userId = backchannel.newUser();
  const token = secretToken(userId, { ...NAMES, sid: "session" });
  const device = new Device(`${secretServer.ws}${PREFIX}?userId=${userId}`, { headers: bearer(token) });
  assert.equal((await device.next()).type, "initial_state");
  const claims = { ...logoutClaims(), sid: "session" };
  const foreign = secretToken(userId, claims, "another secret, of more than 32 bytes");
  assertRefused(await postForm(secretServer, { logout_token: foreign }), /^its signature is by another key/);
  assert.equal((await device.ask({ type: "sync_state" })).type, "state");
  assertDone(await postForm(secretServer, { logout_token: secretToken(userId, claims) }));
  await assertLoggedOut(device);
});
