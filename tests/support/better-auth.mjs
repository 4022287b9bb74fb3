/**
 * An app with the real better-auth and our plugin: its HTTP handler, its users, and a session server that only
 * notes which sessions it was told to end.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";

import * as newest from "better-auth";
import * as newestMigrations from "better-auth/db/migration";
import * as newestPlugins from "better-auth/plugins";
import * as oldest from "better-auth-oldest";
import * as oldestMigrations from "better-auth-oldest/db/migration";
import * as oldestPlugins from "better-auth-oldest/plugins";

import { userSessionPlugin } from "../../worker/better-auth/plugin.js";

const ORIGIN = "http://localhost:3000";
const SECRET = "a secret of better-auth in tests, of more than 32 bytes";
const PASSWORD = "correct horse battery staple";
const NOBODY = { session: null };

/** The oldest and the newest better-auth that are supported. @type {Record<string, any>} */
export const RELEASES = {
  oldest: { ...oldest, ...oldestMigrations, ...oldestPlugins },
  newest: { ...newest, ...newestMigrations, ...newestPlugins },
};

/** Where better-auth may keep its sessions. @type {Record<string, object | null>} */
export const PLACES = {
  "the database": null,
  "a secondary storage": {},
  "a secondary storage and the database": { storeSessionInDatabase: true },
  "a secondary storage, and a record in the database": {
    storeSessionInDatabase: true,
    preserveSessionInDatabase: true,
  },
};

/** A storage as an app may have one: a class with a private field. Nothing in it runs out. */
export class Storage {
  /** @type {Map<string, string>} */
  #entries = new Map();

  /** @param {string} key */
  async get(key) {
    return this.#entries.get(key) ?? null;
  }

  /** @param {string} key @param {string} value */
  async set(key, value) {
    this.#entries.set(key, value);
  }

  /** @param {string} key */
  async delete(key) {
    this.#entries.delete(key);
  }

  /** @param {string} key */
  async getAndDelete(key) {
    const value = await this.get(key);
    await this.delete(key);
    return value;
  }

  /** @param {string} key */
  async increment(key) {
    const count = Number(await this.get(key)) + 1;
    await this.set(key, String(count));
    return count;
  }
}

/**
 * A session of a user, as a browser has it.
 * @typedef {object} Session
 * @property {string} id
 * @property {string} token
 * @property {string} userId
 * @property {string} cookie
 */

export class App {
  /** Each session that the session server was told to end, as `<user's id> <session's id>`. @type {string[]} */
  ended = [];
  /** The answer of the session server. @type {(userId: string, id: string) => Promise<unknown>} */
  answer = async () => ({ success: true, ended: { sockets: 1, credentials: 1 } });
  /** The texts that were sent by mail to reset a password. @type {string[]} */
  resetTokens = [];
  /** @type {any} */
  auth;
  database = new DatabaseSync(":memory:");

  /**
   * @param {string} release
   * @param {string} [place]
   * @param {object} [more] Options of better-auth.
   * @param {{isWatched?: boolean}} [mistakes]
   */
  static async start(release, place = "the database", more = {}, { isWatched = true } = {}) {
    const app = new App();
    const { betterAuth, getMigrations, admin, multiSession } = RELEASES[release];
    const plugin = userSessionPlugin((userId) => ({
      logoutCredential: async (id) => {
        app.ended.push(`${userId} ${id}`);
        return app.answer(userId, id);
      },
    }));
    const storage = PLACES[place] && new Storage();
    const options = {
      baseURL: ORIGIN,
      secret: SECRET,
      database: app.database,
      emailAndPassword: {
        enabled: true,
        revokeSessionsOnPasswordReset: true,
        // Real hashes would take longer than all else.
        password: { hash: async (/** @type {string} */ text) => text, verify: isSame },
        sendResetPassword: async (/** @type {any} */ { token }) => void app.resetTokens.push(token),
      },
      user: { deleteUser: { enabled: true } },
      session: { ...PLACES[place] },
      ...(storage && { secondaryStorage: isWatched ? plugin.watch(storage) : storage }),
      // One stands before ours, which replaces the options, and one behind.
      plugins: [admin(), plugin, multiSession()],
      logger: { disabled: true },
      rateLimit: { enabled: false },
      telemetry: { enabled: false },
      ...more,
    };
    app.auth = betterAuth(options);
    await (await getMigrations(options)).runMigrations();
    return app;
  }

  /**
   * Asks better-auth over HTTP.
   * @param {string} path
   * @param {object | undefined} [body] Without one it is a GET.
   * @param {string} [cookie]
   * @returns {Promise<Response>}
   */
  fetch(path, body, cookie = "") {
    const headers = { "Content-Type": "application/json", Origin: ORIGIN, ...(cookie && { Cookie: cookie }) };
    const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
    return this.auth.handler(new Request(`${ORIGIN}/api/auth${path}`, init));
  }

  /**
   * Has a user act, which must succeed.
   * @param {Session} session
   * @param {string} path
   * @param {object} [body]
   */
  async act({ cookie }, path, body = {}) {
    const response = await this.fetch(path, body, cookie);
    const text = await response.text();
    assert.equal(response.status, 200, `${path}: ${text}`);
    return { response, body: JSON.parse(text) };
  }

  /** @param {string} name @returns {Promise<Session>} The first session of a new user. */
  signUp(name) {
    return this.#enter("sign-up", { name, email: emailOf(name), password: PASSWORD });
  }

  /** @param {string} name @param {string} [cookie] What the browser has. */
  signIn(name, cookie) {
    return this.#enter("sign-in", { email: emailOf(name), password: PASSWORD }, cookie);
  }

  /** @param {string} action @param {object} body @param {string} [cookie] */
  async #enter(action, body, cookie) {
    const response = await this.fetch(`/${action}/email`, body, cookie);
    assert.equal(response.status, 200, await response.clone().text());
    return this.sessionIn(response);
  }

  /** @param {Response} response @returns {Promise<Session>} The session that an answer brings. */
  async sessionIn(response) {
    const cookie = response.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
    const { id, token, userId } = (await this.sessionOf(cookie)).session;
    return { id, token, userId, cookie };
  }

  /** @param {string} cookie @returns {Promise<any>} What better-auth says of it: its `session` is null if it has ended. */
  async sessionOf(cookie) {
    const query = "?disableCookieCache=true&disableRefresh=true";
    const response = await this.fetch(`/get-session${query}`, undefined, cookie);
    return (await response.json()) ?? NOBODY;
  }

  /** @param {Session} session */
  async isAlive({ cookie }) {
    return (await this.sessionOf(cookie)).session !== null;
  }

  /** @param {Session} session */
  async makeAdmin({ userId }) {
    const { adapter } = await this.auth.$context;
    await adapter.update({ model: "user", where: [{ field: "id", value: userId }], update: { role: "admin" } });
  }
}

/** @param {{hash: string, password: string}} given */
async function isSame({ hash, password }) {
  return hash === password;
}

/** @param {string} name */
export function emailOf(name) {
  return `${name}@example.com`;
}

/** The content of a form that changes the password. */
export const NEW_PASSWORD = { currentPassword: PASSWORD, newPassword: `${PASSWORD} 2` };
