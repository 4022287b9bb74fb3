/**
 * The ways in which users are known, each with a real server, and one user of them who is tried in the name of several
 * credentials.
 */
import assert from "node:assert/strict";

import { SECRET, SERVICE_TOKEN, ask, bearer, seconds, secretToken, serve } from "./auth.mjs";
import { ROOT, startServer } from "./server.mjs";
import { PROTOCOL, V2Device, restOf } from "./v2-device.mjs";

/** @import { Server } from "./server.mjs" */

/** As fast as a test asks. */
const UNLIMITED = { FRAMES_PER_SECOND: "0", CONNECTS_PER_MINUTE: "0", SERVICE_TOKEN };
const OWNER = `${ROOT}tests/worker/fixtures/owner.wrangler.jsonc`;

/** When those signed in who are there before a logout. */
export const EARLIER = seconds() - 30;

/** Whoever signs in after a logout does so in a later second than that, by a clock that may be ahead. */
export const later = () => seconds() + 2;

/**
 * A way in which users are known.
 * @typedef {object} Mode
 * @property {Server} server
 * @property {(userId: string, name: string, at?: number) => Record<string, string>} headers Those of a credential: its
 *   name and the second of its sign-in.
 * @property {boolean} hasSessions Whether what is renewed from a sign-in is known by its name.
 */

/** @type {Record<string, Mode>} */
export const modes = {};
/** @type {Server[]} */
const servers = [];
/** @type {Awaited<ReturnType<typeof serve>>} */
let app;
/** Starts the servers of all modes. */
export async function startModes() {
  app = await serve((request, response) => {
    const [, text = ""] = /app=([\w-]+)/.exec(request.headers.cookie ?? "") ?? [];
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(Buffer.from(text, "base64url"));
  });
  const byToken = await startServer(undefined, { ...UNLIMITED, AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET });
  const bySession = await startServer(undefined, { ...UNLIMITED, AUTH_MODE: "session", AUTH_SESSION_URL: `${app.url}/session` });
  const byOwner = await startServer(OWNER, UNLIMITED);
  servers.push(byToken, bySession, byOwner);
  /** @param {(name: string, at: number) => object} claims @returns {Mode["headers"]} */
  const tokens = (claims) => (userId, name, at = EARLIER) => bearer(secretToken(userId, { iat: at, ...claims(name, at) }));
  modes["tokens with sid"] = { server: byToken, headers: tokens((sid) => ({ sid })), hasSessions: true };
  modes["tokens with jti alone"] = { server: byToken, headers: tokens((jti) => ({ jti })), hasSessions: false };
  modes["a session service"] = { server: bySession, headers: cookie, hasSessions: true };
  modes["authenticate"] = { server: byOwner, headers: identity, hasSessions: true };
}

/** Closes them. */
export async function closeModes() {
  for (const server of servers) await server.close();
  app?.close();
}

/** @type {Mode["headers"]} */
function cookie(userId, name, at = EARLIER) {
  const session = { id: name, createdAt: at * 1_000, expiresAt: Date.now() + 3_600_000 };
  const answer = JSON.stringify({ user: { id: userId }, session });
  return { Cookie: `app=${Buffer.from(answer).toString("base64url")}` };
}

/** @type {Mode["headers"]} */
function identity(userId, name, at = EARLIER) {
  return { "X-Identity": JSON.stringify({ userId, issuedAt: at, credentialId: name }) };
}

/** Every right that a credential gives. */
const RIGHTS = /** @type {const} */ (["state", "export", "ticket", "clear", "logout"]);

/** The user of one case, with what it asks in the name of either of the two. */
export class Case {
  /** @param {string} modeName @param {string} userId */
  constructor(modeName, userId) {
    this.mode = /** @type {Mode} */ (modes[modeName]);
    this.userId = `${userId}-${Object.keys(modes).indexOf(modeName)}`;
  }

  get server() {
    return this.mode.server;
  }

  /** @param {string} name @param {number} [at] */
  headers(name, at) {
    return this.mode.headers(this.userId, name, at);
  }

  /**
   * Connects a device of version 2, all its frames read.
   * @param {string} deviceId
   * @param {string} name Of its credential.
   * @param {number} [at]
   */
  async open(deviceId, name, at) {
    const device = await V2Device.open(this.server, this.userId, deviceId, { headers: this.headers(name, at) });
    await restOf(device);
    return device;
  }

  /** @param {Parameters<typeof ask>[1]} action @param {string} name @param {string} [more] @param {number} [at] */
  ask(action, name, more, at) {
    return ask(this.server, action, this.userId, this.headers(name, at), more);
  }

  /** @param {string} name @param {string} deviceId @param {number} [at] */
  async connects(name, deviceId, at) {
    const query = `&deviceId=${encodeURIComponent(deviceId)}`;
    /** @type {number[]} */
    const statuses = [];
    for (const protocol of ["user-session.v1", PROTOCOL]) {
      const headers = { ...this.headers(name, at), "Sec-WebSocket-Protocol": protocol };
      statuses.push((await ask(this.server, "connect", this.userId, headers, query)).status);
    }
    return statuses;
  }

  /** Nothing of what the thief has opens anything, by any name. @param {string} name @param {number} [at] */
  async assertOut(name, at) {
    for (const deviceId of ["desk", "new"]) {
      assert.deepEqual(await this.connects(name, deviceId, at), [401, 401], `${name} connects as ${deviceId}`);
    }
    for (const right of RIGHTS) assert.equal((await this.ask(right, name, "", at)).status, 401, `${name}: ${right}`);
  }

  /** @param {string} name @param {number} [at] */
  async assertIn(name, at) {
    assert.deepEqual(await this.connects(name, "desk", at), [101, 101], `${name} connects`);
    for (const right of /** @type {const} */ (["state", "export", "ticket"])) {
      assert.equal((await this.ask(right, name, "", at)).status, 200, `${name}: ${right}`);
    }
  }

  /**
   * Whoever was ended stays out and whoever was spared stays in, whatever the object has lost since. Every right is tried
   * at first and a few again after each loss.
   * @param {{out: [string, number?][], spared: [string, number?]}} names Of credentials, with the second of the sign-in.
   */
  async assertForGood({ out, spared }) {
    for (const [name, at] of out) await this.assertOut(name, at);
    await this.assertIn(...spared);
    const losses = [
      () => this.server.hibernate(this.userId),
      async () => assert.equal((await this.ask("clear", spared[0], "", spared[1])).status, 200),
      () => this.server.restart(this.userId),
    ];
    for (const loss of losses) {
      await loss();
      for (const [name, at] of out) {
        assert.deepEqual(await this.connects(name, "desk", at), [401, 401], `${name} comes back`);
        assert.equal((await this.ask("state", name, "", at)).status, 401, name);
      }
      assert.equal((await this.ask("state", spared[0], "", spared[1])).status, 200);
    }
  }
}
