/** Tabs that share a socket, while there is none: what one of them finds out is of use to all, and what hinders one hinders no other. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, initialState } from "./support/fake-socket.mjs";
import { connectAll, connectInDocument, leadAlone, listen, pass, quiet, tabs, until, untilIs } from "./support/tabs.mjs";

/** @import { TestContext } from "node:test" */

/** A tab that leads, and one that it serves, without a connection for so long that they wait half a minute. @param {TestContext} t */
async function longOutage(t) {
  const given = tabs(t, 1);
  await connectAll(given);
  const tab = given.another();
  const page = connectInDocument(tab);
  await untilIs(tab, "connected");
  given.newest().fail(1013, "down");
  for (let tries = 0; tries < 10; tries++) {
    await pass(t, 8_000);
    if (given.newest().readyState === 0) given.newest().fail(1006);
  }
  await untilIs(tab, "lost");
  return { ...given, tab, page };
}

test("a tab that somebody looks at has the one that leads try at once, however long both would wait", async (t) => {
  const { sockets, tab, page, newest } = await longOutage(t);
  const before = sockets.length;
  page.dispatchEvent(new Event("visibilitychange"));
  await until("the next socket", () => sockets.length === before + 1);
  accept(newest());
  await untilIs(tab, "connected");
});

test("a tab that waits before it tries again hears of a logout at once", async (t) => {
  const { sockets, tab, newest, client } = await longOutage(t);
  let logouts = 0;
  tab.on("loggedOut", () => logouts++);
  const before = sockets.length;
  client.reconnect();
  await until("the next socket", () => sockets.length === before + 1);
  newest().open();
  newest().fail(1000, "Logged out from all devices");
  await untilIs(tab, "logged_out");
  assert.equal(logouts, 1);
});

test("a tab that waits before it tries again does not believe one that leads no more when that says that the session is over", async (t) => {
  const { tab, name } = await longOutage(t);
  const { say } = listen(t, name);
  say({ kind: "ended", to: null, ending: "logged_out", reason: "" }, "an earlier leader");
  await quiet();
  assert.equal(tab.getSnapshot().connectionStatus, "lost");
});

test("a problem of the tab that leads, which it can't mend, ends with it, or when it is mended, for the others too", async (t) => {
  const problem = { code: "invalid_token", message: "token: expected letters", retryable: false };
  for (const end of ["it connects", "it goes"]) {
    const given = tabs(t, 1);
    const alone = leadAlone(t, given.name);
    given.client.connect();
    await alone.welcome([initialState()]);
    await untilIs(given.client, "connected");
    alone.say({ kind: "dropped", stream: "first" });
    await until("its wish", () => alone.heardOf("join").length > 0);
    alone.say({ kind: "problem", to: null, problem });
    await until("the problem", () => given.client.getSnapshot().problem);
    await pass(t, 60_000);
    assert.equal(given.sockets.length, 0);
    if (end === "it connects") {
      alone.heard.length = 0;
      alone.say({ kind: "live", stream: "second" });
      await alone.welcome([initialState()], "second");
    } else {
      await alone.leave();
      await until("its own socket", () => given.sockets.length === 1);
      accept(given.newest());
    }
    await untilIs(given.client, "connected");
    given.client.close();
    await alone.leave();
    t.mock.reset();
  }
});

/** Locks of which none can be taken away from another. @param {TestContext} t */
function refuseToSteal(t) {
  const request = navigator.locks.request.bind(navigator.locks);
  const refusing = (/** @type {string} */ name, /** @type {LockOptions} */ options, /** @type {() => unknown} */ granted) =>
    options.steal ? Promise.reject(new DOMException("no", "SecurityError")) : request(name, options, granted);
  t.mock.method(navigator.locks, "request", refusing);
}

test("a tab that is left to itself repeats nothing that another has sent or may have: an event is unknown, a join asked anew", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState()]);
  await untilIs(given.client, "connected");
  refuseToSteal(t);
  const outcomes = [given.client.publish("passed on", 1), given.client.publish("sent", 2), given.client.joinGame("go")];
  await until("it to ask", () => alone.heardOf("ask").length === 3);
  for (const { key } of alone.heardOf("ask").slice(1)) alone.say({ kind: "sent", key, id: `${"l".repeat(20)}.${key.at(-1)}` });
  await pass(t, 12_000);
  await until("its own socket", () => given.sockets.length === 1);
  accept(given.newest());
  await quiet();
  assert.deepEqual(given.newest().requests.map(({ type, again }) => [type, again]), [["join_game", undefined]]);
  given.newest().receive({ type: "ack", id: given.newest().requests[0].id });
  const [passedOn, sent, joined] = await Promise.all(outcomes);
  assert.deepEqual([passedOn, sent].map((outcome) => outcome && !outcome.ok && outcome.code), ["unknown", "unknown"]);
  assert.equal(joined?.ok, true);
  await alone.leave();
});
