/**
 * The request, the actions and the answer of OpenID Connect Back-Channel Logout 1.0 (with its first errata), point by
 * point: each test names the section whose requirement it holds the server to.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";

import { Issuer, SECRET, ask, bearer, seconds, secretToken } from "../support/auth.mjs";
import { eventually } from "../support/eventually.mjs";
import { BACKCHANNEL, Backchannel, FORM, NAMES, VARS, assertDone, assertLoggedOut, assertRefused, logoutClaims, postForm } from "../support/logout-tokens.mjs";
import { assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { OPEN, ROOT, startServer } from "../support/server.mjs";

/** @import { RawAnswer } from "../support/requests.mjs" */

const TOKEN_LENGTH_MAX = 16_384;

const backchannel = new Backchannel();
before(() => backchannel.start());
after(() => backchannel.close());

// The request, section 2.5

test("2.5: other parameters beside logout_token are ignored, and so is the form's charset", async () => {
  const userId = backchannel.newUser();
  const { device } = await backchannel.connected(userId, "session");
  const form = { state: "s", logout_token: await backchannel.logoutToken(userId), userId: "somebody" };
  assertDone(await postForm(backchannel.server, form, { "Content-Type": "Application/X-WWW-Form-URLEncoded; charset=UTF-8" }));
  await assertLoggedOut(device);
});

test("2.5: a form without logout_token, with two, or of another type is 400, and nothing ends", async () => {
  const refused = async (/** @type {(token: string) => Promise<RawAnswer>} */ post, /** @type {RegExp} */ description) => {
    assertRefused(await backchannel.endsNothing(async (userId) => post(await backchannel.logoutToken(userId))), description);
  };
  await refused((token) => postForm(backchannel.server, { token }), /^logout_token is missing/);
  await refused(() => postForm(backchannel.server, ""), /^logout_token is missing/);
  await refused(() => postForm(backchannel.server, { logout_token: "" }), /^logout_token is missing/);
  await refused((token) => postForm(backchannel.server, `logout_token=${token}&logout_token=${token}`), /^logout_token is there twice/);
  const json = { "Content-Type": "application/json" };
  await refused((token) => postForm(backchannel.server, JSON.stringify({ logout_token: token }), json), /^expected a form of the type/);
  for (const type of ["", "text/plain", "multipart/form-data; boundary=b", `${FORM}-not`]) {
    await refused((token) => postForm(backchannel.server, { logout_token: token }, { "Content-Type": type }), /^expected a form/);
  }
});

test("a form that never ends is refused, so that no stranger holds a request open", async () => {
  const slow = request(backchannel.server.http + BACKCHANNEL, { method: "POST", headers: { "Content-Type": FORM } });
  slow.write("logout_token=");
  const [answer] = /** @type {[import("node:http").IncomingMessage]} */ (await once(slow, "response"));
  assert.equal(answer.statusCode, 400);
  assert.match(await text(answer), /the form has not arrived in 5 s/);
  slow.destroy();
});

test("2.5: the token is in the form and nowhere else, and only a POST brings it", async () => {
  const answer = await backchannel.endsNothing(async (userId) => {
    const query = `?logout_token=${await backchannel.logoutToken(userId)}`;
    const got = await requestAsWritten(backchannel.server, BACKCHANNEL + query);
    assert.equal(got.status, 405);
    assert.equal(got.headers.allow, "POST");
    return requestAsWritten(backchannel.server, BACKCHANNEL + query, { method: "POST", headers: { "Content-Type": FORM } });
  });
  assertRefused(answer, /^logout_token is missing/);
});

test("2.5: a token and a form that are too long are 400, and one that is just not is read", async () => {
  const padded = async (/** @type {string} */ userId, /** @type {number} */ length) => {
    const short = (await backchannel.logoutToken(userId, { pad: "" })).length;
    // Three bytes are four characters.
    const token = await backchannel.logoutToken(userId, { pad: "p".repeat(Math.floor(((length - short) * 3) / 4)) });
    assert.ok(token.length <= length && token.length > length - 8, `${token.length}`);
    return token;
  };
  const userId = backchannel.newUser();
  const { device } = await backchannel.connected(userId, "session");
  const tooLong = await padded(userId, TOKEN_LENGTH_MAX + 16);
  assertRefused(await postForm(backchannel.server, { logout_token: tooLong }), /^the form is too long/);
  const flood = { logout_token: await backchannel.logoutToken(userId), more: "m".repeat(2 * TOKEN_LENGTH_MAX) };
  assertRefused(await postForm(backchannel.server, flood), /^the form is too long/);
  assert.equal((await device.ask({ type: "sync_state" })).type, "state");
  assertDone(await postForm(backchannel.server, { logout_token: await padded(userId, TOKEN_LENGTH_MAX) }));
  await assertLoggedOut(device);
});

test("2.5: a page of another origin may post it: without the token it gets nothing", async () => {
  const headers = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site", Cookie: "session=x" };
  const answer = await backchannel.endsNothing(() => postForm(backchannel.server, { logout_token: "x" }, headers));
  assertRefused(answer, /^it is no signed JWT$/);
  assert.equal(answer.headers["access-control-allow-origin"], undefined);
});

// The actions, section 2.7

test("2.7: with sid that session ends, its renewals too, and the user's others stay", async () => {
  const userId = backchannel.newUser();
  const [ended, renewed, other] = [await backchannel.connected(userId, "s1"), await backchannel.connected(userId, "s1", { jti: "j" }), await backchannel.connected(userId, "s2")];
  await other.device.ask({ type: "join_game", gameId: "chess" });
  assertDone(await postForm(backchannel.server, { logout_token: await backchannel.logoutToken(userId, { sid: "s1" }) }));
  await assertLoggedOut(ended.device);
  await assertLoggedOut(renewed.device);
  const state = await other.device.ask({ type: "sync_state" });
  assert.deepEqual(state.activeGames, ["chess"]);
  assert.equal((await ask(backchannel.server, "state", userId, bearer(ended.token))).status, 401);
  const later = await backchannel.sessionToken(userId, { sid: "s1", iat: seconds() + 5 });
  assert.equal((await ask(backchannel.server, "state", userId, bearer(later))).status, 401);
  assert.equal((await ask(backchannel.server, "state", userId, bearer(other.token))).status, 200);
  await other.device.close();
});

test("2.7: without sid all sessions of the user end that were issued until then, and no other user's", async () => {
  const [userId, otherUser] = [backchannel.newUser(), backchannel.newUser()];
  const devices = [await backchannel.connected(userId, "s1"), await backchannel.connected(userId, "s2"), await backchannel.connected(userId)];
  const { device: other } = await backchannel.connected(otherUser, "s1");
  const iat = seconds();
  assertDone(await postForm(backchannel.server, { logout_token: await backchannel.logoutToken(userId, { iat }) }));
  for (const { device, token } of devices) {
    await assertLoggedOut(device);
    assert.equal((await ask(backchannel.server, "state", userId, bearer(token))).status, 401);
  }
  const later = await backchannel.sessionToken(userId, { sid: "s1", iat: iat + 1 });
  assert.equal((await ask(backchannel.server, "state", userId, bearer(later))).status, 200);
  assert.equal((await other.ask({ type: "sync_state" })).type, "state");
  await other.close();
});

test("2.7: with a sid that was never seen all ends that was issued until the token's iat, and nothing later", async () => {
  const userId = backchannel.newUser();
  const iat = seconds() - 60;
  const [before, later] = [await backchannel.connected(userId, "s1", { iat: iat - 1 }), await backchannel.connected(userId, "s2", { iat: iat + 1 })];
  assertDone(await postForm(backchannel.server, { logout_token: await backchannel.logoutToken(userId, { sid: "unknown", iat }) }));
  await assertLoggedOut(before.device);
  assert.equal((await later.device.ask({ type: "sync_state" })).type, "state");
  await later.device.close();
});

test("2.7: a user who is not here, or was logged out before, is logged out with success", async () => {
  const userId = backchannel.newUser();
  const token = await backchannel.logoutToken(userId, { sid: "s1" });
  assertDone(await postForm(backchannel.server, { logout_token: token }));
  assertDone(await postForm(backchannel.server, { logout_token: token }));
});

test("2.7: a token that comes again ends nothing that it has not ended the first time", async () => {
  const userId = backchannel.newUser();
  const [ended, other] = [await backchannel.connected(userId, "s1"), await backchannel.connected(userId, "s2")];
  const token = await backchannel.logoutToken(userId, { sid: "s1" });
  assertDone(await postForm(backchannel.server, { logout_token: token }));
  await assertLoggedOut(ended.device);
  assertDone(await postForm(backchannel.server, { logout_token: token }));
  await backchannel.server.hibernate(userId);
  assertDone(await postForm(backchannel.server, { logout_token: token }));
  assert.equal((await other.device.ask({ type: "sync_state" })).type, "state");
  assert.equal((await ask(backchannel.server, "state", userId, bearer(other.token))).status, 200);
  await other.device.close();
});

test("2.7: the logout outlives the sleep and the restart of the user's object", async () => {
  const userId = backchannel.newUser();
  const { device, token } = await backchannel.connected(userId, "s1");
  assertDone(await postForm(backchannel.server, { logout_token: await backchannel.logoutToken(userId, { sid: "s1" }) }));
  await assertLoggedOut(device);
  await backchannel.server.hibernate(userId);
  assert.equal((await ask(backchannel.server, "state", userId, bearer(token))).status, 401);
});

// The answer, section 2.8, and who may ask at all

test("2.8: while the keys can't be fetched it is 503, nothing ends, and the issuer may come again", async (t) => {
  const other = new Issuer();
  await other.addKey("ec", "ES256");
  const early = await startServer(undefined, { ...VARS, AUTH_JWKS_URL: await other.start() });
  t.after(() => early.close().then(() => other.close()));
  other.status = 500;
  const token = await other.token(backchannel.newUser(), "ec", "ES256", logoutClaims());
  const answer = await postForm(early, { logout_token: token });
  assert.equal(answer.status, 503);
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.ok(answer.headers["retry-after"]);
  assertRefusal(answer.text, "unavailable", /can't be checked now/);
  other.status = 200;
  await eventually("the keys", async () => (await postForm(early, { logout_token: token })).status === 200);
});

test("2.8: what is refused is in the log, without the token", async () => {
  const token = await backchannel.logoutToken(backchannel.newUser(), { nonce: "n" });
  assertRefused(await postForm(backchannel.server, { logout_token: token }), /^nonce/);
  const line = "user-session: refused a logout token with 400: nonce: expected none, since a logout token must not pass for an ID token";
  await eventually(line, () => backchannel.server.logs().includes(line));
  assert.ok(!backchannel.server.logs().join("\n").includes(token.split(".")[1]));
});

test("a server that does not know its issuer takes no logout token, and says what to set", async (t) => {
  const nameless = await startServer(undefined, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, AUTH_JWT_AUDIENCE: NAMES.aud });
  t.after(() => nameless.close());
  const token = secretToken("kim", logoutClaims());
  const { status, text } = await postForm(nameless, { logout_token: token });
  assert.equal(status, 503);
  assertRefusal(text, "not_configured", /^AUTH_JWT_ISSUER is not set: a logout token needs it/);
  assert.equal((await ask(nameless, "state", "kim", bearer(secretToken("kim", NAMES)))).status, 200);
});

test("a server that knows its users otherwise has no such route, and says which mode has", async (t) => {
  const open = await startServer(undefined, OPEN);
  t.after(() => open.close());
  const { status, text } = await postForm(open, { logout_token: "x" });
  assert.equal(status, 404);
  assertRefusal(text, "not_found", /with AUTH_MODE jwt only/);
});

test("the object itself takes a token for its own user alone, and none that only says it was checked", async (t) => {
  const owner = new Backchannel();
  await owner.start(`${ROOT}tests/worker/fixtures/owner.wrangler.jsonc`);
  t.after(() => owner.close());
  const { device } = await owner.connected("kim", "s1", {}, "&raw");
  const toKim = (/** @type {string} */ path) => `${path}?userId=kim&raw`;
  const checked = { kind: "issuer", sessionId: "", endedAt: seconds() };
  const smuggled = { "MF-CF-Blob": JSON.stringify({ userSessionAccess: checked }), "CF-Access": JSON.stringify(checked) };
  for (const path of [toKim(BACKCHANNEL), toKim("/backchannel-logout")]) {
    const ofLee = await postForm(owner.server, { logout_token: await owner.logoutToken("lee") }, {}, path);
    assertRefused(ofLee, /^sub is not the user of this object$/);
    assert.equal((await postForm(owner.server, {}, smuggled, path)).status, 400);
  }
  // The owner's own check takes the place of AUTH_MODE.
  const { status } = await postForm(owner.server, { logout_token: await owner.logoutToken("kim") });
  assert.equal(status, 404);
  assert.equal((await device.ask({ type: "sync_state" })).type, "state");
  const token = await owner.logoutToken("kim", { sid: "s1" });
  assertDone(await postForm(owner.server, { logout_token: token }, {}, toKim(BACKCHANNEL)));
  await assertLoggedOut(device);
});
