/**
 * A server whose issuer ends sessions by logout tokens (OpenID Connect Back-Channel Logout 1.0), and what such a server
 * may answer.
 */
import assert from "node:assert/strict";

import { Issuer, bearer, seconds } from "./auth.mjs";
import { Device } from "./device.mjs";
import { LOGOUT_CODE, LOGOUT_REASON } from "./logout.mjs";
import { PREFIX, requestAsWritten } from "./requests.mjs";
import { startServer } from "./server.mjs";

/** @import { RawAnswer } from "./requests.mjs" */
/** @import { Server } from "./server.mjs" */

export const BACKCHANNEL = `${PREFIX}/backchannel-logout`;

export const FORM = "application/x-www-form-urlencoded";

export const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** The names of the issuer and of its tokens' audience. */
export const NAMES = { iss: "https://issuer.example/", aud: "app" };

/** The variables that tell a server these names. */
export const VARS = { AUTH_MODE: "jwt", AUTH_JWT_ISSUER: NAMES.iss, AUTH_JWT_AUDIENCE: NAMES.aud };

/** The claims of a logout token, but for the user's and the session's. */
export function logoutClaims() {
  return { ...NAMES, jti: crypto.randomUUID(), exp: seconds() + 120, events: { [LOGOUT_EVENT]: {} } };
}

/**
 * Posts a form as an issuer does.
 * @param {Pick<Server, "http">} server
 * @param {string | Record<string, string>} form Its parameters, or the body as it is.
 * @param {Record<string, string>} [headers]
 * @param {string} [path]
 * @returns {Promise<RawAnswer>}
 */
export function postForm(server, form, headers = {}, path = BACKCHANNEL) {
  const chunks = [typeof form === "string" ? form : String(new URLSearchParams(form))];
  return requestAsWritten(server, path, { method: "POST", headers: { "Content-Type": FORM, ...headers }, chunks });
}

/** @param {RawAnswer} answer */
export function assertDone({ status, text, headers }) {
  assert.equal(text, "");
  assert.equal(status, 200);
  assert.equal(headers["cache-control"], "no-store");
}

/**
 * @param {RawAnswer} answer
 * @param {RegExp} description
 */
export function assertRefused({ status, text, headers }, description) {
  assert.equal(status, 400, text);
  assert.equal(headers["cache-control"], "no-store");
  const body = JSON.parse(text);
  assert.deepEqual(Object.keys(body), ["error", "error_description"]);
  assert.equal(body.error, "invalid_request");
  assert.match(body.error_description, description);
  // RFC 6749, 5.2, names the characters of a description.
  assert.match(body.error_description, /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
}

/** @param {Device} device */
export async function assertLoggedOut(device) {
  const { code, reason } = await device.closed();
  assert.deepEqual({ code, reason }, { code: LOGOUT_CODE, reason: LOGOUT_REASON });
}

/** An issuer with two keys, and a server that takes its tokens. */
export class Backchannel {
  issuer = new Issuer();
  #users = 0;
  /** @type {Server | null} */
  #server = null;

  /** @param {string} [configPath] */
  async start(configPath) {
    await this.issuer.addKey("ec", "ES256");
    await this.issuer.addKey("rsa", "RS256");
    this.#server = await startServer(configPath, { ...VARS, AUTH_JWKS_URL: await this.issuer.start() });
  }

  async close() {
    await this.#server?.close();
    this.issuer.close();
  }

  get server() {
    if (!this.#server) throw new Error("not started");
    return this.#server;
  }

  /** Makes up a user whom no other test knows. */
  newUser() {
    return `backchannel-${this.#users++}`;
  }

  /**
   * Signs a logout token, for all sessions of the user if its claims name none.
   * @param {string} userId
   * @param {Record<string, unknown>} [claims]
   * @param {object} [header]
   */
  logoutToken(userId, claims = {}, header = { kid: "ec", typ: "logout+jwt" }) {
    return this.issuer.token(userId, "ec", "ES256", { ...logoutClaims(), ...claims }, header);
  }

  /**
   * Signs a token by which a user is let in.
   * @param {string} userId
   * @param {Record<string, unknown>} [claims]
   * @param {object} [header]
   */
  sessionToken(userId, claims = {}, header = { kid: "ec" }) {
    return this.issuer.token(userId, "ec", "ES256", { ...NAMES, ...claims }, header);
  }

  /**
   * Connects a device by a token of a session. It sends a frame, since Node's client notices a close late if it has
   * never sent one and another socket stays open.
   * @param {string} userId
   * @param {string} [sid] A token without it is of no session.
   * @param {Record<string, unknown>} [claims]
   * @param {string} [more] More of the query.
   */
  async connected(userId, sid, claims = {}, more = "") {
    const token = await this.sessionToken(userId, { sid, ...claims });
    const device = new Device(`${this.server.ws}${PREFIX}?userId=${userId}${more}`, { headers: bearer(token) });
    assert.equal((await device.next()).type, "initial_state");
    await device.ask({ type: "sync_state" });
    return { device, token };
  }

  /**
   * Makes a user with a device, which must stay whatever is posted.
   * @param {(userId: string) => Promise<RawAnswer>} post
   */
  async endsNothing(post) {
    const userId = this.newUser();
    const { device } = await this.connected(userId, "session");
    const answer = await post(userId);
    assert.equal((await device.ask({ type: "sync_state" })).type, "state");
    await device.close();
    return answer;
  }
}
