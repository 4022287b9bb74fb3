/** A logout that is asked for when its credential is gone already, as apps do that clear their cookie first. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, olderState } from "./support/fake-socket.mjs";
import { LOGOUT_REASON } from "../../tests/support/logout.mjs";

/** @import { TestContext } from "node:test" */
/** @import { RequestOutcome } from "user-session-worker/client" */

/** @param {TestContext} t @param {"v1" | "v2"} version */
function letIn(t, version = "v2") {
  const fake = fakeClient(t);
  fake.client.connect();
  if (version === "v2") accept(fake.newest());
  else {
    fake.newest().open("");
    fake.newest().receive(olderState());
  }
  return fake;
}

/** @param {RequestOutcome} outcome */
const told = (outcome) => (outcome.ok ? "ok" : outcome.code);

for (const version of /** @type {const} */ (["v1", "v2"])) {
  test(`a logout goes out on the socket that was let in, cookie or not, or nobody would be logged out (${version})`, async (t) => {
    const { client, sockets, newest, changes } = letIn(t, version);
    const outcome = client.logoutAllDevices();
    assert.deepEqual(newest().requests.map(({ type }) => type), ["logout_all"]);
    newest().fail(1000, LOGOUT_REASON);
    assert.equal(told(await outcome), "ok");
    t.mock.timers.tick(60_000);
    assert.deepEqual([changes.at(-1).type, sockets.length], ["loggedOut", 1]);
  });
}

test("a logout that finds no connection, and is refused one, has not been done, and does not say that it was", async (t) => {
  const { client, newest, changes } = letIn(t);
  newest().fail();
  const outcome = client.logoutAllDevices();
  t.mock.timers.tick(1_000);
  newest().open();
  newest().fail(4401, "no cookie");
  assert.equal(told(await outcome), "ended");
  const { connectionStatus, problem } = client.getSnapshot();
  assert.deepEqual([connectionStatus, problem?.message], ["unauthorized", "no cookie"]);
  assert.ok(!changes.some(({ type }) => type === "loggedOut"), "nobody was logged out by it");
});

test("a logout whose answer was lost with the connection says that it is over here, and not that all are logged out", async (t) => {
  const { client, newest } = letIn(t);
  const outcome = client.logoutAllDevices();
  assert.equal(newest().requests.length, 1);
  newest().fail();
  t.mock.timers.tick(1_000);
  newest().open();
  newest().fail(4401, "the session was ended");
  assert.equal(told(await outcome), "ended");
});

test("a logout whose answer was lost and that the server has done says so when the cookie is still good", async (t) => {
  const { client, newest } = letIn(t);
  const outcome = client.logoutAllDevices();
  newest().fail();
  t.mock.timers.tick(1_000);
  accept(newest());
  const [{ id, again }] = newest().requests;
  assert.equal(again, true);
  newest().receive({ type: "ack", id, repeated: true });
  assert.deepEqual(await outcome, { ok: true, credentialShared: null });
});

test("a logout after the session is over says so at once, and is not kept for whoever signs in next", async (t) => {
  const { client, newest } = letIn(t);
  newest().fail();
  t.mock.timers.tick(1_000);
  newest().open();
  newest().fail(4401, "no cookie");
  assert.equal(told(await client.logoutAllDevices()), "ended");
  client.reconnect();
  accept(newest());
  assert.deepEqual(newest().requests, []);
});
