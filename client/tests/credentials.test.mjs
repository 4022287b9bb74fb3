/**
 * Credentials that end while a page is connected, and are renewed or not: with the real server, which
 * ends them by the clock. Each connection's credential is told its end when it is checked, so no test
 * depends on how fast a connection is made.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { UserSessionClient } from "user-session-worker/client";

import { SECRET, secretToken, seconds, serve } from "../../tests/support/auth.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { startServer } from "../../tests/support/server.mjs";
import { shortLived } from "../../tests/support/short-lived.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Token, UserSessionClientOptions } from "user-session-worker/client" */
/** @import { Server } from "../../tests/support/server.mjs" */

const DONE = { ok: true, credentialShared: false };
const HOUR_MS = 3_600_000;

/** @type {Awaited<ReturnType<typeof serve>>} */
let signIn;
/** @type {Server} */
let sessions;
/** @type {Server} */
let tokens;
before(async () => {
  signIn = await serve((request, response) => {
    const credential = request.headers.cookie ?? request.headers.authorization?.replace("Bearer ", "") ?? "";
    response.end(JSON.stringify(sessionOf(credential)));
  });
  const limits = { FRAMES_PER_SECOND: "0", CONNECTS_PER_MINUTE: "0" };
  const bySession = { AUTH_MODE: "session", AUTH_SESSION_URL: `${signIn.url}/session`, ...limits };
  const byToken = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, ...limits };
  [sessions, tokens] = await Promise.all([startServer(undefined, bySession), startServer(undefined, byToken)]);
});
after(async () => {
  await sessions?.close();
  await tokens?.close();
  signIn?.close();
});

/** When each credential ends, by its text; it is set when the credential is first checked. @type {Map<string, number>} */
const ends = new Map();

/** @param {string} credential The user, a slash, and how many seconds it is good for, or something else. */
function sessionOf(credential) {
  const [user = "", life] = credential.split("/");
  if (life === undefined || life === "none") return null;
  const end = ends.get(credential) ?? Date.now() + (Number(life) * 1_000 || HOUR_MS);
  ends.set(credential, end);
  const times = { createdAt: new Date(0).toISOString(), expiresAt: new Date(end).toISOString() };
  return { user: { id: user }, session: { id: credential, ...times } };
}

/** The cookies that the pages of one browser share. @typedef {{cookie: string}} Jar */

/**
 * Sockets as a page's: they say where the page comes from, and carry its cookie.
 * @param {Jar} jar
 */
function pageSocket(jar) {
  return class extends WebSocket {
    /** @param {string} url @param {string[]} protocols */
    constructor(url, protocols) {
      const headers = { Origin: new URL(url).origin.replace("ws", "http"), ...(jar.cookie && { Cookie: jar.cookie }) };
      super(url, /** @type {any} */ ({ protocols, headers }));
    }
  };
}

/**
 * A kind of credential: the server that takes it, its first one with a short life, and its renewal.
 * @typedef {object} Kind
 * @property {string} name
 * @property {() => Server} server
 * @property {(userId: string, jar: Jar, lifeSeconds: number) => {token?: Token, endsAt: () => number}} first
 * @property {(userId: string, jar: Jar, client: UserSessionClient) => void} renew
 */

/** @param {string} userId @param {Jar} jar @param {number} lifeSeconds */
function firstCookie(userId, jar, lifeSeconds) {
  const cookie = `${userId}/${lifeSeconds}`;
  jar.cookie = cookie;
  return { endsAt: () => ends.get(cookie) ?? Infinity };
}

/** @type {Kind[]} */
const KINDS = [
  {
    name: "a cookie",
    server: () => sessions,
    first: firstCookie,
    renew: (userId, jar) => void (jar.cookie = `${userId}/long`),
  },
  {
    name: "a rolling session, whose cookie stays",
    server: () => sessions,
    first: firstCookie,
    renew: (_, { cookie }) => void ends.set(cookie, Date.now() + HOUR_MS),
  },
];

/** @type {Kind} */
const JWT = {
  name: "a JWT",
  server: () => tokens,
  first: (userId, _, lifeSeconds) => {
    const exp = seconds() + lifeSeconds;
    return { token: secretToken(userId, { exp }), endsAt: () => exp * 1_000 };
  },
  renew: (userId, _, client) => void (client.token = secretToken(userId, { jti: "renewed" })),
};

/**
 * Devices of a user: tabs with a credential of a short life, and a phone with one of its own.
 * @param {TestContext} t
 * @param {Kind} kind
 * @param {string} userId
 * @param {boolean} shareTabs
 */
async function devices(t, kind, userId, shareTabs) {
  const jar = { cookie: "" };
  const url = kind.server().http;
  // Each device that comes is an event, so the one whose credential is to end comes last.
  const own = kind === JWT ? { token: secretToken(userId, { jti: "phone" }) } : {};
  const phoneSocket = /** @type {any} */ (pageSocket({ cookie: `${userId}/phone` }));
  const phone = open(t, { userId, url, deviceId: "phone", WebSocket: phoneSocket, ...own });
  await isNow(phone, "connected");
  /** @type {string[]} */
  const joined = [];
  phone.on("gameJoined", ({ gameId }) => joined.push(gameId));
  const page = { userId, url, shareTabs, WebSocket: /** @type {any} */ (pageSocket(jar)) };
  const { client: desk, options, end } = await opened(t, (lifeSeconds) => {
    const { token, endsAt } = kind.first(userId, jar, lifeSeconds);
    return { options: { ...page, token }, endsAt };
  });
  const tab = shareTabs ? open(t, options) : desk;
  await isNow(tab, "connected");
  const expired = () => ended(end);
  return { jar, desk, tab, joined, expired };
}

/**
 * A client that connects.
 * @param {TestContext} t
 * @param {Omit<UserSessionClientOptions, "deviceId"> & {deviceId?: string}} options
 */
function open(t, options) {
  const client = new UserSessionClient({ deviceId: "desk", ...options });
  t.after(() => client.close());
  client.connect();
  return client;
}

/**
 * A client that was let in by a credential with a life as short as this machine has time for.
 * @param {TestContext} t
 * @param {(lifeSeconds: number) => {options: UserSessionClientOptions, endsAt: () => number}} credential
 */
function opened(t, credential) {
  return shortLived(async (lifeSeconds) => {
    const { options, endsAt } = credential(lifeSeconds);
    const client = open(t, options);
    const isDecided = () => ["connected", "unauthorized"].includes(client.getSnapshot().connectionStatus);
    await eventually("it to be let in or not", isDecided);
    if (client.getSnapshot().connectionStatus === "connected") return { client, options, end: endsAt() };
    client.close();
    throw new Error(`it was not let in by a credential of ${lifeSeconds} s`);
  });
}

/** @param {number} at A credential's end, in milliseconds since the epoch. */
function ended(at) {
  return eventually("the credential's end", () => Date.now() > at);
}

/** @param {UserSessionClient} client @param {string} status */
function isNow(client, status) {
  return eventually(`it to be ${status}`, () => client.getSnapshot().connectionStatus === status);
}

let users = 0;

describe("a credential that ends", { concurrency: true }, () => {
  for (const kind of [...KINDS, JWT]) {
    for (const shareTabs of [false, true]) {
      const how = `${kind.name}${shareTabs ? ", with shared tabs" : ""}`;
      for (const isBefore of [true, false]) {
        test(`${how}, renewed ${isBefore ? "before" : "after"} its end: the page stays signed in, and what it asks is done once`, async (t) => {
          const userId = `user${users++}`;
          const { jar, desk, tab, joined, expired } = await devices(t, kind, userId, shareTabs);
          if (isBefore) kind.renew(userId, jar, tab);
          await expired();
          if (!isBefore) kind.renew(userId, jar, tab);
          assert.deepEqual(await tab.joinGame("go"), DONE);
          await eventually("the phone to hear of it", () => joined.length > 0);
          assert.deepEqual(await tab.joinGame("chess"), DONE);
          await eventually("the phone to hear of it", () => joined.length > 1);
          assert.deepEqual(joined, ["go", "chess"]);
          const { connections, lastClose } = desk.getMetrics();
          assert.deepEqual([connections, lastClose?.code], [2, 4401]);
          const { problem, error, connectionStatus } = tab.getSnapshot();
          assert.deepEqual([problem, error, connectionStatus], [null, null, "connected"]);
        });
      }

      test(`${how}, and is not renewed: the session is over after one attempt, until another credential is there`, async (t) => {
        const userId = `user${users++}`;
        const { jar, desk, tab, joined, expired } = await devices(t, kind, userId, shareTabs);
        const before = desk.getMetrics().attempts;
        await expired();
        const outcome = tab.joinGame("go");
        await isNow(tab, "unauthorized");
        assert.equal(desk.getMetrics().attempts, before + 1);
        const { problem, error } = tab.getSnapshot();
        assert.deepEqual([problem?.code, problem?.retryable, error], ["unauthorized", false, problem?.message]);
        kind.renew(userId, jar, tab);
        // A token that is set connects by itself.
        if (kind !== JWT) tab.reconnect();
        await isNow(tab, "connected");
        const { ok } = await outcome;
        if (kind !== JWT) assert.equal(ok, false);
        await tab.joinGame("chess");
        await eventually("the phone to hear of it", () => joined.includes("chess"));
        assert.deepEqual(joined, ok ? ["go", "chess"] : ["chess"]);
        assert.equal(tab.getSnapshot().problem, null);
      });
    }
  }

  test("a process whose sockets show no reason asks by HTTP, and is over after one attempt, too", async (t) => {
    const { client, end } = await opened(t, (lifeSeconds) => {
      const exp = seconds() + lifeSeconds;
      return { options: { userId: "process", url: tokens.http, token: secretToken("process", { exp }) }, endsAt: () => exp * 1_000 };
    });
    const { attempts } = client.getMetrics();
    await ended(end);
    void client.joinGame("go");
    await isNow(client, "unauthorized");
    assert.deepEqual([client.getSnapshot().problem?.retryable, client.getMetrics().attempts], [false, attempts + 1]);
    client.token = secretToken("process", { jti: "renewed" });
    await isNow(client, "connected");
    const stranger = new UserSessionClient({ userId: "lee", deviceId: "d", url: tokens.http, token: secretToken("process") });
    t.after(() => stranger.close());
    stranger.connect();
    await isNow(stranger, "forbidden");
    assert.match(String(stranger.getSnapshot().problem?.message), /userId/);
  });
});
