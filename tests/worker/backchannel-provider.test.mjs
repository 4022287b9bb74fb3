/**
 * Back-channel logout with somebody else's issuer on the other side: npm's oidc-provider, which is certified for it,
 * signs users in, publishes its keys, and posts its logout tokens to the real server.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import Provider from "oidc-provider";

import { ask, bearer, serve } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { BACKCHANNEL, assertLoggedOut } from "../support/logout-tokens.mjs";
import { PREFIX } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";

/** @import { RequestListener } from "node:http" */
/** @import { Context } from "oidc-provider" */
/** @import { Server } from "../support/server.mjs" */

const REDIRECT_URI = "https://app.example/signed-in";
const CLIENTS = /** @type {const} */ ({ withSid: "app", withoutSid: "app-without-sid" });

/** @type {Server} */
let server;
/** @type {Awaited<ReturnType<typeof serve>>} */
let issuer;
/** The outcomes of the logout tokens that the issuer has posted. @type {string[]} */
const posted = [];

before(async () => {
  /** @type {RequestListener} */
  let listener = () => {};
  issuer = await serve((request, response) => listener(request, response));
  server = await startServer(undefined, {
    AUTH_MODE: "jwt",
    AUTH_JWKS_URL: `${issuer.url}/jwks`,
    AUTH_JWT_ISSUER: issuer.url,
    AUTH_JWT_AUDIENCE: Object.values(CLIENTS).join(),
  });
  listener = listenerOf(issuer.url, server.http + BACKCHANNEL);
});
after(async () => {
  await server?.close();
  issuer?.close();
});

/**
 * Makes the issuer. Whoever comes to its sign-in page is signed in as the `login_hint` says.
 * @param {string} url
 * @param {string} logoutUri
 * @returns {RequestListener}
 */
function listenerOf(url, logoutUri) {
  const client = (/** @type {string} */ id, /** @type {boolean} */ isSidRequired) => ({
    client_id: id,
    token_endpoint_auth_method: "none",
    redirect_uris: [REDIRECT_URI],
    backchannel_logout_uri: logoutUri,
    backchannel_logout_session_required: isSidRequired,
  });
  const provider = new Provider(url, {
    clients: [client(CLIENTS.withSid, true), client(CLIENTS.withoutSid, false)],
    cookies: { keys: [randomBytes(16).toString("hex")] },
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: false } },
    interactions: { url: (/** @type {unknown} */ _, /** @type {any} */ { params }) => `/sign-in?user=${params.login_hint}` },
    findAccount: (/** @type {unknown} */ _, /** @type {string} */ id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    // The user has agreed to everything that this app asks for.
    loadExistingGrant: async (/** @type {Context} */ { oidc }) => {
      const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid");
      await grant.save();
      return grant;
    },
    // Without this it posts to no loopback address.
    fetch: (/** @type {string} */ to, /** @type {any} */ options) => fetch(to, { ...options, dispatcher: undefined }),
  });
  provider.on("backchannel.success", () => posted.push("success"));
  provider.on("backchannel.error", (_, error) => posted.push(String(error)));
  const answer = provider.callback();
  return (request, response) => {
    const { pathname, searchParams } = new URL(String(request.url), url);
    if (pathname !== "/sign-in") return answer(request, response);
    return provider.interactionFinished(request, response, { login: { accountId: searchParams.get("user") } });
  };
}

/** A browser with its cookies: each is a session of its own at the issuer. */
class Browser {
  /** @type {Map<string, string>} */
  #cookies = new Map();

  /**
   * Goes to a page of the issuer.
   * @param {string} url
   * @param {Record<string, string>} [form] Sent by POST.
   */
  async go(url, form) {
    const response = await fetch(new URL(url, issuer.url), {
      headers: { Cookie: [...this.#cookies].map((pair) => pair.join("=")).join("; ") },
      redirect: "manual",
      ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /** @type {RegExpExecArray} */ (/^([^=]+)=([^;]*)/.exec(line));
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  /**
   * Signs a user in to the app.
   * @param {string} userId
   * @param {string} clientId
   * @returns {Promise<string>} The ID token.
   */
  async signIn(userId, clientId) {
    const verifier = randomBytes(32).toString("base64url");
    const query = new URLSearchParams({
      ...{ client_id: clientId, redirect_uri: REDIRECT_URI, response_type: "code", scope: "openid", login_hint: userId },
      ...{ code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256" },
    });
    let next = `/auth?${query}`;
    while (!next.startsWith(REDIRECT_URI)) {
      const { headers, status } = await this.go(next);
      assert.equal(status, 303, next);
      next = String(headers.get("Location"));
    }
    const code = String(new URL(next).searchParams.get("code"));
    const form = { grant_type: "authorization_code", client_id: clientId, redirect_uri: REDIRECT_URI };
    const response = await this.go("/token", { ...form, code, code_verifier: verifier });
    return (await response.json()).id_token;
  }

  /** Signs the user out at the issuer, who is asked whether they mean it. */
  async signOut() {
    const page = await (await this.go("/session/end")).text();
    const [, xsrf] = /** @type {RegExpExecArray} */ (/name="xsrf" value="([^"]+)"/.exec(page));
    await this.go("/session/end/confirm", { xsrf, logout: "yes" });
  }
}

/**
 * Signs a user in by a browser of its own, and connects a device by what it gets.
 * @param {string} userId
 * @param {string} clientId
 */
async function signedIn(userId, clientId) {
  const browser = new Browser();
  const token = await browser.signIn(userId, clientId);
  const device = new Device(`${server.ws}${PREFIX}?userId=${userId}`, { headers: bearer(token) });
  assert.equal((await device.next()).type, "initial_state");
  // Node's client notices a close late if it has never sent a frame and another socket stays open.
  await device.ask({ type: "sync_state" });
  return { browser, device, token };
}

/** @param {string} token */
function claimsOf(token) {
  return JSON.parse(String(Buffer.from(token.split(".")[1], "base64url")));
}

test("a logout at the issuer closes the sockets of exactly that session, and its ID token is refused", async () => {
  const [ended, other] = [await signedIn("kim", CLIENTS.withSid), await signedIn("kim", CLIENTS.withSid)];
  const stranger = await signedIn("lee", CLIENTS.withSid);
  assert.notEqual(claimsOf(ended.token).sid, claimsOf(other.token).sid);
  posted.length = 0;
  await ended.browser.signOut();
  assert.deepEqual(posted, ["success"]);
  await assertLoggedOut(ended.device);
  assert.equal((await ask(server, "state", "kim", bearer(ended.token))).status, 401);
  for (const [userId, { device, token }] of /** @type {const} */ ([["kim", other], ["lee", stranger]])) {
    assert.equal((await device.ask({ type: "sync_state" })).type, "state");
    assert.equal((await ask(server, "state", userId, bearer(token))).status, 200);
    await device.close();
  }
});

test("a user who has signed out at the issuer and in again has a new session, which is let in", async () => {
  const { browser, device } = await signedIn("max", CLIENTS.withSid);
  await browser.signOut();
  await assertLoggedOut(device);
  const token = await browser.signIn("max", CLIENTS.withSid);
  assert.equal((await ask(server, "state", "max", bearer(token))).status, 200);
});

test("an issuer that names no session ends all that it has issued to that user until then", async () => {
  const [ended, other] = [await signedIn("ann", CLIENTS.withoutSid), await signedIn("ann", CLIENTS.withSid)];
  assert.equal(claimsOf(ended.token).sid, undefined);
  posted.length = 0;
  await ended.browser.signOut();
  assert.deepEqual(posted, ["success"]);
  for (const { device, token } of [ended, other]) {
    await assertLoggedOut(device);
    assert.equal((await ask(server, "state", "ann", bearer(token))).status, 401);
  }
});
