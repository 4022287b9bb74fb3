import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { Device } from "../support/device.mjs";
import {
  assertLoggedOut,
  assertPromptLogout,
  passiveDevices,
  promptTest,
  stateOf,
} from "../support/logout.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { PREFIX, clear, push } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";

/** @import { TestContext } from "node:test" */

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const LOGOUT = { type: "logout_all" };

/** A logout can keep the object busy with itself for this long. */
const WINDOW_MS = 150;

/**
 * Starts something again and again from now to the end of the window.
 * @template T
 * @param {number} count
 * @param {(at: number) => Promise<T>} action
 */
function throughout(count, action) {
  return Promise.all(
    Array.from({ length: count }, async (_, at) => {
      await delay((at * WINDOW_MS) / count);
      return action(at);
    }),
  );
}

/**
 * Logs a user's silent devices out while something else happens.
 * @template T
 * @param {TestContext} t
 * @param {string} userId
 * @param {() => Promise<T>} meanwhile
 */
async function logOutWhile(t, userId, meanwhile) {
  const devices = await passiveDevices(server, userId, 5);
  /** @type {Promise<T> | undefined} */
  let happening;
  const logout = assertPromptLogout(t, devices, () => {
    devices[0].send(LOGOUT);
    happening = meanwhile();
  });
  // Whatever fails, nothing goes on behind the test's back.
  await Promise.allSettled([logout, happening]);
  await logout;
  return /** @type {Promise<T>} */ (happening);
}

/**
 * A newcomer is served: it stays connected, or it came before the logout and is logged out properly.
 * @param {Device} newcomer Has had its first frame.
 * @returns {Promise<boolean>} Whether it stayed.
 */
async function isServed(newcomer) {
  const first = await newcomer.next();
  assert.equal(first.type, "initial_state");
  if (newcomer.ending === null) newcomer.send({ type: "sync_state" });
  // An ended one has no answer, and a served one no end.
  const outcome = await newcomer.next().then(
    ({ type }) => type,
    () => newcomer.closed(),
  );
  if (typeof outcome === "string") {
    assert.equal(outcome, "state");
    assert.equal(newcomer.ending, null);
    return true;
  }
  assertLoggedOut(outcome);
  return false;
}

for (const withMute of [false, true]) {
  const whom = withMute ? "a mute one among the old devices" : "all old devices answering";
  promptTest(`twenty who connect in the moment of a logout are served, ${whom}`, async (t, userId) => {
    const mute = withMute ? await RawDevice.connect(server, userId) : null;
    const newcomers = await logOutWhile(t, userId, () =>
      throughout(20, (at) => Device.connect(server, userId, `newcomer-${at}`)),
    );
    const stayed = await Promise.all(newcomers.map(isServed));
    const count = stayed.filter(Boolean).length;
    t.diagnostic(`${count} of ${newcomers.length} newcomers stayed`);
    assert.ok(count > 0);
    const { connectedDevices, presence } = await stateOf(server, userId);
    assert.deepEqual([connectedDevices, presence], [count, "online"]);
    mute?.destroy();
    await Promise.all(newcomers.map((newcomer) => newcomer.close()));
  });
}

promptTest("a state read in the moment of a logout is answered", async (t, userId) => {
  await logOutWhile(t, userId, () => throughout(20, () => stateOf(server, userId)));
});

promptTest("a clear in the moment of a logout is done", async (t, userId) => {
  const answers = await logOutWhile(t, userId, () =>
    throughout(20, () => clear(server, userId)),
  );
  for (const answer of answers) assert.equal(await answer.text(), '{"success":true}');
});

promptTest("a push in the moment of a logout is answered", async (t, userId) => {
  const answers = await logOutWhile(t, userId, () =>
    throughout(20, () => push(server, userId, '{"type":"news"}')),
  );
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
});

promptTest("a push whose body comes slowly holds up no logout, and arrives", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 5);
  const url = `${server.http}${PREFIX}?userId=${userId}`;
  const slow = request(url, { method: "POST" });
  const answered = once(slow, "response");
  slow.write('{"type":');
  await assertPromptLogout(t, devices, () => devices[0].send(LOGOUT));
  slow.end('"news"}');
  const [response] = await answered;
  response.resume();
  assert.equal(response.statusCode, 200);
});

promptTest("newcomers, reads and pushes at once are served and delay no logout", async (t, userId) => {
  const [newcomers, , pushes] = await logOutWhile(t, userId, () =>
    Promise.all([
      throughout(8, (at) => Device.connect(server, userId, `newcomer-${at}`)),
      throughout(8, () => stateOf(server, userId)),
      throughout(8, () => push(server, userId, '{"type":"news"}')),
    ]),
  );
  assert.deepEqual(new Set(pushes.map(({ status }) => status)), new Set([200]));
  for (const newcomer of newcomers) {
    if (newcomer.ending) assertLoggedOut(newcomer.ending);
  }
  await Promise.all(newcomers.map((newcomer) => newcomer.close()));
});
