/**
 * The plugin of better-auth: whatever ends sessions there, exactly those are ended in the session server. It is the
 * real better-auth that is asked over HTTP; tests/examples/existing-worker.test.mjs has the real session server.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { userSessionPlugin } from "../../worker/better-auth/plugin.js";
import { App, NEW_PASSWORD, PLACES, RELEASES, Storage, emailOf } from "../support/better-auth.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Session } from "../support/better-auth.mjs" */

/**
 * Two users: Kim with three sessions, who acts in the first, and an administrator.
 * @typedef {Record<"kim" | "phone" | "tablet" | "boss", Session>} Sessions
 */

/**
 * A way in which better-auth ends sessions, or does not.
 * @typedef {object} Way
 * @property {string} name
 * @property {(app: App, sessions: Sessions) => Promise<unknown>} act
 * @property {(keyof Sessions)[]} ends
 */

const OF_KIM = /** @type {const} */ (["kim", "phone", "tablet"]);

/** @type {Way[]} */
const WAYS = [
  { name: "sign-out", ends: ["kim"], act: (app, { kim }) => app.act(kim, "/sign-out") },
  {
    name: "revoke-session",
    ends: ["phone"],
    act: (app, { kim, phone }) => app.act(kim, "/revoke-session", { token: phone.token }),
  },
  { name: "revoke-sessions", ends: [...OF_KIM], act: (app, { kim }) => app.act(kim, "/revoke-sessions") },
  {
    name: "revoke-other-sessions",
    ends: ["phone", "tablet"],
    act: (app, { kim }) => app.act(kim, "/revoke-other-sessions"),
  },
  {
    name: "change-password that revokes the others, and gives this browser a new session",
    ends: [...OF_KIM],
    act: async (app, { kim }) => {
      const body = { ...NEW_PASSWORD, revokeOtherSessions: true };
      const renewed = await app.sessionIn((await app.act(kim, "/change-password", body)).response);
      assert.ok(await app.isAlive(renewed), "the new session");
    },
  },
  { name: "change-password that revokes none", ends: [], act: (app, { kim }) => app.act(kim, "/change-password", NEW_PASSWORD) },
  {
    name: "reset-password",
    ends: [...OF_KIM],
    act: async (app) => {
      await app.fetch("/request-password-reset", { email: emailOf("kim") });
      const [token] = app.resetTokens;
      const { newPassword } = NEW_PASSWORD;
      assert.equal((await app.fetch("/reset-password", { newPassword, token })).status, 200);
    },
  },
  { name: "delete-user", ends: [...OF_KIM], act: (app, { kim }) => app.act(kim, "/delete-user") },
  {
    name: "admin/ban-user",
    ends: [...OF_KIM],
    act: (app, { boss, kim }) => app.act(boss, "/admin/ban-user", { userId: kim.userId }),
  },
  {
    name: "admin/revoke-user-session",
    ends: ["tablet"],
    act: (app, { boss, tablet }) => app.act(boss, "/admin/revoke-user-session", { sessionToken: tablet.token }),
  },
  {
    name: "admin/revoke-user-sessions",
    ends: [...OF_KIM],
    act: (app, { boss, kim }) => app.act(boss, "/admin/revoke-user-sessions", { userId: kim.userId }),
  },
  {
    name: "multi-session/revoke",
    ends: ["kim"],
    act: (app, { kim }) => app.act(kim, "/multi-session/revoke", { sessionToken: kim.token }),
  },
  {
    name: "the app itself, by better-auth's adapter",
    ends: ["phone", "tablet"],
    act: async (app, { phone, tablet }) => {
      const { internalAdapter } = await app.auth.$context;
      await internalAdapter.deleteSessions([phone.token, tablet.token]);
    },
  },
  { name: "update-user", ends: [], act: (app, { kim }) => app.act(kim, "/update-user", { name: "Kim" }) },
  { name: "one more sign-in", ends: [], act: (app) => app.signIn("kim") },
];

/** @param {App} app @returns {Promise<Sessions>} */
async function enterAll(app) {
  const kim = await app.signUp("kim");
  const [phone, tablet] = [await app.signIn("kim"), await app.signIn("kim")];
  await app.makeAdmin(await app.signUp("boss"));
  return { kim, phone, tablet, boss: await app.signIn("boss") };
}

/** @param {Session} session As `ended` has it. */
const named = ({ userId, id }) => `${userId} ${id}`;

for (const release of Object.keys(RELEASES)) {
  for (const place of Object.keys(PLACES)) {
    describe(`${release} better-auth with its sessions in ${place}`, () => {
      for (const { name, act, ends } of WAYS) {
        test(`${name} ends ${ends.join(", ") || "nothing"}`, async () => {
          const app = await App.start(release, place);
          const sessions = await enterAll(app);
          assert.deepEqual(app.ended, []);
          await act(app, sessions);
          assert.deepEqual(app.ended.toSorted(), ends.map((one) => named(sessions[one])).sort());
          // better-auth itself says the same of each session.
          for (const [one, session] of Object.entries(sessions)) {
            assert.equal(await app.isAlive(session), !ends.some((ended) => ended === one), one);
          }
        });
      }

      test("a session that runs out ends by itself, and asks nothing of the session server", async (t) => {
        const app = await App.start(release, place, { session: { ...PLACES[place], expiresIn: 60 } });
        const kim = await app.signUp("kim");
        t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 61_000 });
        assert.equal(await app.isAlive(kim), false);
        // better-auth deletes it when it is read by a request that may.
        assert.equal(await (await app.fetch("/get-session", undefined, kim.cookie)).json(), null);
        assert.deepEqual(app.ended, []);
      });
    });
  }

  test(`${release} better-auth: of more sessions than it lists at once, all are ended`, async () => {
    const app = await App.start(release);
    await app.signUp("kim");
    const sessions = [];
    for (let count = 0; count < 120; count++) sessions.push(await app.signIn("kim"));
    const last = sessions[sessions.length - 1];
    await app.act(last, "/revoke-other-sessions");
    assert.equal(app.ended.length, 120);
    assert.ok(await app.isAlive(last));
    for (let count = 0; count < 120; count++) sessions.push(await app.signIn("kim"));
    // In a transaction, where the database has them.
    await app.act(last, "/change-password", { ...NEW_PASSWORD, revokeOtherSessions: true });
    assert.deepEqual([app.ended.length, new Set(app.ended).size], [241, 241]);
    for (const session of sessions) assert.equal(await app.isAlive(session), false);
  });
}

test("what is rolled back in the database has ended nothing", async () => {
  let isRefusing = false;
  const refuse = { session: { create: { before: async () => !isRefusing } } };
  const app = await App.start("newest", "the database", { databaseHooks: refuse });
  const { kim, phone } = await enterAll(app);
  isRefusing = true;
  const body = { ...NEW_PASSWORD, revokeOtherSessions: true };
  assert.equal((await app.fetch("/change-password", body, kim.cookie)).status, 500);
  assert.deepEqual([await app.isAlive(kim), await app.isAlive(phone), app.ended], [true, true, []]);
});

describe("a session server that can't be reached", () => {
  /** @type {Record<string, () => Promise<unknown>>} */
  const OUTAGES = {
    "rejects": async () => { throw new Error("Network connection lost."); },
    "throws at once": () => { throw new Error("no binding"); },
    "answers an error": async () => ({ error: { code: "internal", message: "it did not work" } }),
    "never answers": () => new Promise(() => {}),
  };
  for (const [what, answer] of Object.entries(OUTAGES)) {
    test(`${what}: the sign-out succeeds, and the log names the session`, async (t) => {
      const app = await App.start("newest");
      const { kim, phone } = await enterAll(app);
      app.answer = answer;
      const lines = logOf(t);
      await app.act(kim, "/sign-out");
      assert.deepEqual([await app.isAlive(kim), await app.isAlive(phone)], [false, true]);
      assert.equal(lines.length, 1);
      const [line] = lines;
      assert.ok(line.startsWith(`user-session: user "${kim.userId}": the session "${kim.id}" was ended by better-auth`), line);
      assert.ok(!line.includes(kim.token));
    });
  }

  test("many sessions that end wait for it no longer than one, and each end is tried and told", async (t) => {
    const app = await App.start("newest");
    const { kim } = await enterAll(app);
    for (let count = 0; count < 7; count++) await app.signIn("kim");
    app.answer = () => new Promise(() => {});
    const lines = logOf(t);
    const waits = waitsOf(t);
    await app.act(kim, "/revoke-sessions");
    assert.deepEqual([waits, app.ended.length, lines.length], [[1_000], 10, 10]);
  });

  test("another user's sign-out still waits for its own answer", async (t) => {
    const app = await App.start("newest");
    const { kim, boss } = await enterAll(app);
    app.answer = () => new Promise(() => {});
    const lines = logOf(t);
    const waits = waitsOf(t);
    await app.act(kim, "/sign-out");
    await app.act(boss, "/sign-out");
    assert.deepEqual([waits, lines.length], [[1_000, 1_000], 2]);
  });
});

test("where better-auth runs tasks in the background, no answer waits for the session server", async () => {
  /** @type {Promise<unknown>[]} */
  const tasks = [];
  const handler = (/** @type {Promise<unknown>} */ task) => void tasks.push(task);
  const app = await App.start("newest", "the database", { advanced: { backgroundTasks: { handler } } });
  const { kim } = await enterAll(app);
  tasks.length = 0;
  const { promise, release } = held();
  app.answer = () => promise;
  await app.act(kim, "/revoke-sessions");
  // All were asked for at once, none has been answered.
  assert.deepEqual([app.ended.length, tasks.length], [3, 3]);
  release();
  await Promise.all(tasks);
});

test("a session that the storage fails to delete goes on", async (t) => {
  const app = await App.start("newest", "a secondary storage");
  const { phone } = await enterAll(app);
  const { internalAdapter } = await app.auth.$context;
  t.mock.method(Storage.prototype, "delete", async () => { throw new Error("KV is away"); });
  await assert.rejects(internalAdapter.deleteSession(phone.token), /KV is away/);
  t.mock.restoreAll();
  assert.deepEqual([await app.isAlive(phone), app.ended], [true, []]);
});

test("a secondary storage that the plugin can't see is refused, with what to do", async () => {
  const unseen = App.start("newest", "a secondary storage", {}, { isWatched: false });
  await assert.rejects(unseen.then((app) => app.signUp("kim")), /secondaryStorage: expected what the plugin's watch\(storage\) returns/);
});

test("a storage that fails to read is still deleted from, and the log tells of it", async (t) => {
  const lines = logOf(t);
  const storage = new Storage();
  await storage.set("token", "{}");
  t.mock.method(storage, "get", async () => { throw new Error("KV is away"); });
  const remove = t.mock.method(storage, "delete");
  const plugin = userSessionPlugin(() => ({ logoutCredential: async () => {} }));
  await plugin.watch(storage).delete("token");
  assert.equal(remove.mock.callCount(), 1);
  assert.deepEqual(lines, ["user-session: a session that ends could not be read: Error: KV is away"]);
});

test("an entry of the storage that is no session may speak of one", async () => {
  /** @type {string[]} */
  const ended = [];
  const plugin = userSessionPlugin(() => ({ logoutCredential: async (id) => ended.push(id) }));
  const secondaryStorage = plugin.watch(new Storage());
  plugin.init({ options: { secondaryStorage }, runInBackgroundOrAwait: (/** @type {unknown} */ task) => task });
  const session = { id: "s1", token: "t1", userId: "kim", expiresAt: new Date(Date.now() + 60_000) };
  for (const key of ["cache-of-t1", "t1"]) {
    await secondaryStorage.set(key, JSON.stringify({ session }));
    await secondaryStorage.delete(key);
  }
  assert.deepEqual(ended, ["s1"]);
});

test("what is no function of the user's id is refused when the app starts", () => {
  assert.throws(() => userSessionPlugin(/** @type {any} */ ({})), /TypeError|expected a function/);
});

/** @param {TestContext} t @returns {string[]} The lines that are logged from now on. */
function logOf(t) {
  /** @type {string[]} */
  const lines = [];
  t.mock.method(console, "error", (/** @type {string} */ line) => lines.push(line));
  return lines;
}

/** @param {TestContext} t @returns {number[]} How long is waited for anything from now on; it takes no time here. */
function waitsOf(t) {
  /** @type {number[]} */
  const waits = [];
  const { setTimeout } = globalThis;
  t.mock.method(globalThis, "setTimeout", (/** @type {() => void} */ callback, /** @type {number} */ ms) => {
    if (ms > 0) waits.push(ms);
    return setTimeout(callback, 0);
  });
  return waits;
}

/** A promise and what keeps it. */
function held() {
  /** @type {(value?: unknown) => void} */
  let release = () => {};
  const promise = new Promise((resolve) => {
    release = resolve;
  });
  return { promise, release };
}
