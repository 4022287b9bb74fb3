/** A logout leaves nothing of the user, in no tab of the browser, since the next who signs in may be somebody else. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { initialState } from "./support/fake-socket.mjs";
import { Storage, bring, connect, keepIn, newClient, state } from "./support/inbox.mjs";
import { connectAll, tabs, until, untilIs } from "./support/tabs.mjs";

/** @import { UserSessionClient } from "user-session-worker/client" */

const LOGOUT = { type: "logged_out", scope: "all" };
const DEVICES = [{ deviceId: "desk", name: "", firstSeen: 1, lastActive: 1, presence: "online", tabs: 1, current: true }];
const KNOWN = { activeGames: ["go"], devices: DEVICES, values: { theme: { value: "dark", version: 5 } } };

/** All that a client shows of a user. @param {UserSessionClient} client */
function shownOf(client) {
  const { state, devices, values, messages, unread, pendingRequests } = client.getSnapshot();
  return { state, devices, values: { ...values }, messages, unread, pendingRequests };
}

const NOTHING = { state: null, devices: [], values: {}, messages: [], unread: 0, pendingRequests: 0 };

test("nothing is shown of the user, and nothing that was asked or kept for a late listener is left", async (t) => {
  const fake = newClient(t);
  const { client, changes, stops, newest } = fake;
  for (const stop of stops) stop();
  connect(fake, state(0, 0, 0, KNOWN));
  bring(newest(), 5);
  newest().receive({ type: "event", event: "move", data: 1, from: "tv", seq: 11 });
  const outcomes = [client.values.set("theme", "blue"), client.joinGame("chess")];
  /** @type {object[]} */
  const atLogout = [];
  client.on("loggedOut", () => atLogout.push(shownOf(client)));
  assert.deepEqual([client.getSnapshot().messages.length, client.getSnapshot().pendingRequests], [1, 2]);
  newest().receive(LOGOUT);
  assert.deepEqual([shownOf(client), atLogout], [NOTHING, [NOTHING]]);
  for (const outcome of await Promise.all(outcomes)) assert.equal(!outcome.ok && outcome.code, "ended");
  client.on("event", (change) => changes.push(change));
  client.on("reset", (change) => changes.push(change));
  await Promise.resolve();
  assert.deepEqual(changes, []);
});

test("what the browser has stored of the user is gone, and the device keeps its id", (t) => {
  const storage = new Storage();
  keepIn(t, storage);
  storage.setItem("other", "1");
  const fake = newClient(t, { storage });
  connect(fake, state(0, 0, 0));
  bring(fake.newest(), 5);
  assert.equal(storage.items.get(fake.key), "5");
  fake.newest().receive(LOGOUT);
  assert.deepEqual([...storage.items.keys()], ["other"]);
});

test("who begins again after it is told what is unread, and of nothing that was there before", (t) => {
  const fake = newClient(t);
  connect(fake, state(0, 0, 0, KNOWN));
  bring(fake.newest(), 5);
  fake.newest().receive(LOGOUT);
  fake.changes.length = 0;
  fake.client.reconnect();
  assert.deepEqual(["since", "inbox"].map((name) => fake.newest().url.searchParams.get(name)), [null, null]);
  fake.newest().open();
  fake.newest().receive(initialState(state(5, 0, 1, { values: {} })));
  bring(fake.newest(), 5);
  assert.deepEqual(fake.changes.map(({ type, event }) => [type, event?.inbox]), [["event", 5]]);
  assert.deepEqual([shownOf(fake.client).values, fake.client.getSnapshot().messages.map(({ inbox }) => inbox)], [{}, [5]]);
});

test("a refusal alone takes nothing away, since another credential may go on where this one has ended", (t) => {
  const fake = newClient(t);
  connect(fake, state(0, 0, 0, KNOWN));
  fake.newest().fail(4401, "expired");
  fake.newest().fail(4401, "expired");
  assert.equal(fake.client.getSnapshot().connectionStatus, "unauthorized");
  assert.deepEqual(shownOf(fake.client).values["theme"]?.value, "dark");
});

test("so it is in all tabs that share a socket", async (t) => {
  const given = tabs(t, 3);
  await connectAll(given);
  given.newest().receive({ type: "value_changed", key: "theme", value: "dark", version: 5, from: null, seq: 11 });
  await until("the value", () => given.clients.every((client) => client.values.get("theme").value === "dark"));
  given.newest().receive(LOGOUT);
  for (const client of given.clients) await untilIs(client, "logged_out");
  assert.deepEqual(given.clients.map(shownOf), [NOTHING, NOTHING, NOTHING]);
});
