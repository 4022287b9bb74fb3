/** The message about an unmet requirement names the one cause that applies, and what to do. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { LEAST } from "../../worker/common/requirements.js";
import { buildBundle } from "../support/bundle.mjs";
import { PREFIX, UPGRADE, requestAsWritten } from "../support/requests.mjs";
import { startWorkerd } from "../support/workerd.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Workerd, WorkerDescription } from "../support/workerd.mjs" */

const STATE = `${PREFIX}/state?userId=kim`;

/**
 * @param {TestContext} t
 * @param {WorkerDescription} description
 */
async function started(t, description) {
  const { modules } = await buildBundle("tests/worker/fixtures/platform.wrangler.jsonc");
  const server = await startWorkerd({ modules, ...description });
  t.after(() => server.stop());
  return server;
}

/**
 * @param {Workerd} server
 * @param {string} path
 */
async function answerOf(server, path) {
  const response = await fetch(server.http + path);
  return { status: response.status, text: await response.text() };
}

/**
 * Asserts that whoever asks is told what to do, and so is the log, once.
 * @param {Workerd} server
 * @param {RegExp} message
 */
async function assertNotConfigured(server, message) {
  for (let again = 0; again < 2; again++) {
    const { status, text } = await answerOf(server, STATE);
    assert.equal(status, 503, text);
    assert.equal(JSON.parse(text).error.code, "not_configured");
    assert.match(JSON.parse(text).error.message, message);
  }
  const socket = await requestAsWritten(server, `${PREFIX}?userId=kim`, { headers: UPGRADE });
  assert.equal(socket.status, 503, socket.text);
  assert.equal(server.logs().filter((line) => message.test(line)).length, 1, server.logs().join("\n"));
}

test("an object that was found in another way than by its name is not taken for an old runtime's", async (t) => {
  const server = await started(t, {});
  const { status, text } = await answerOf(server, "/unique-id-fetch");
  assert.deepEqual([status, JSON.parse(text).error.code], [503, "not_configured"]);
  const called = await answerOf(server, "/unique-id");
  for (const message of [JSON.parse(text).error.message, called.text]) {
    assert.match(message, /found by newUniqueId or idFromString, find it by userSession\(env, userId\) or idFromName/);
    assert.match(message, /found by idFromName, update wrangler/);
  }
  assert.equal((await answerOf(server, STATE)).status, 200);
  assert.equal((await answerOf(server, "/helper")).text, "done");
});

test("a runtime that tells objects no names is told to be too old, and the app is not blamed", async (t) => {
  const classes = [{ name: "NamelessDO", binding: "USER_SESSION_DO" }];
  const server = await started(t, { classes });
  const update = new RegExp(`too old to tell an object its name: update wrangler to ${LEAST.wrangler}`);
  await assertNotConfigured(server, update);
  const { text } = await answerOf(server, "/helper");
  assert.match(text, update);
  assert.doesNotMatch(text, /newUniqueId/);
});

test("a class without SQLite is told how to be declared", async (t) => {
  const classes = [{ name: "UserSessionDO", binding: "USER_SESSION_DO", isSqlite: false }];
  const server = await started(t, { classes });
  await assertNotConfigured(server, /no SQLite storage: declare it .* by new_sqlite_classes/);
  assert.match((await answerOf(server, "/helper")).text, /new_sqlite_classes/);
});

test("methods that can't be called are a matter of the compatibility date", async (t) => {
  const server = await started(t, { compatibilityDate: "2024-04-02", flags: [] });
  const { text } = await answerOf(server, "/helper");
  assert.match(text, new RegExp(`compatibility_date in wrangler.jsonc to ${LEAST.compatibilityDate}`));
  assert.equal((await answerOf(server, STATE)).status, 200, "pages are served all the same");
});

test("the least compatibility date serves sockets, requests and calls", async (t) => {
  const server = await started(t, { compatibilityDate: LEAST.compatibilityDate, flags: [] });
  assert.equal((await answerOf(server, STATE)).status, 200);
  assert.equal((await answerOf(server, "/helper")).text, "done");
  assert.equal((await requestAsWritten(server, `${PREFIX}?userId=kim`, { headers: UPGRADE })).status, 101);
});

test("a Worker without the binding, or with another of its name, says which one it needs", async (t) => {
  const server = await started(t, { classes: [{ name: "UserSessionDO", binding: "SESSIONS" }] });
  await assertNotConfigured(server, /USER_SESSION_DO: expected the binding to the class UserSessionDO/);
});
