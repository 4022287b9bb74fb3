/** Up to where a client says that it has seen all: one number too many, and something is missed in silence. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */

/** A connected client at the place 7.10. @param {TestContext} t */
function connected(t) {
  const fake = fakeClient(t);
  fake.client.connect();
  accept(fake.newest());
  const { newest, page } = fake;
  return {
    ...fake,
    /** Breaks the connection. @returns The place that the next one says. */
    placeAfterBreak: () => {
      newest().fail();
      page.dispatchEvent(new Event("online"));
      return newest().url.searchParams.get("since");
    },
    event: (/** @type {number} */ seq, more = {}) => newest().receive({ type: "event", event: "e", data: seq, from: "x", seq, ...more }),
  };
}

/** @param {any[]} changes */
const told = (changes) => changes.map(({ type, event }) => event?.data ?? type);

test("who is resumed in another epoch keeps its own number until a frame raises it: the frames between are still to come", (t) => {
  const { newest, changes, event, placeAfterBreak } = connected(t);
  assert.equal(placeAfterBreak(), "7.10");
  accept(newest(), { epoch: 8, seq: 13 });
  assert.equal(placeAfterBreak(), "8.10");
  accept(newest(), { epoch: 9, seq: 13 });
  event(11);
  assert.equal(placeAfterBreak(), "9.11");
  accept(newest(), { epoch: 9, seq: 13 });
  event(12);
  event(13);
  assert.deepEqual(told(changes), [11, 12, 13]);
});

test("a reset takes both, epoch and number: what it leaves out is not coming any more", (t) => {
  const { newest, changes, event, placeAfterBreak } = connected(t);
  placeAfterBreak();
  accept(newest(), { epoch: 8, seq: 3, reset: true });
  event(3);
  event(4);
  assert.deepEqual(told(changes), ["reset", 4]);
  assert.equal(placeAfterBreak(), "8.4");
});

test("the first frame of an epoch takes the client along, or its next place would be one that nobody knows", (t) => {
  const { client, newest, changes, event, placeAfterBreak } = connected(t);
  event(11, { epoch: 8 });
  event(11);
  assert.equal(placeAfterBreak(), "8.11");
  accept(newest(), { epoch: 8, seq: 11 });
  newest().receive({ type: "game_joined", gameId: "go", activeGames: ["go"], epoch: 9, seq: 12 });
  newest().receive({ type: "device_disconnected", deviceId: "x", epoch: 10, seq: 13 });
  newest().receive({ type: "inbox_read", inbox: 1, unread: 0, epoch: 11, seq: 14 });
  newest().receive({ type: "push", body: { type: "news" }, epoch: 12, seq: 15 });
  newest().receive({ type: "presence_updated", presence: "away", epoch: 13, seq: 16 });
  assert.deepEqual(changes.map(({ type }) => type), ["event", "gameJoined", "event", "presenceChanged"]);
  assert.deepEqual(client.getSnapshot().state?.activeGames, ["go"]);
  assert.equal(placeAfterBreak(), "13.16");
});

test("after the user's data was erased all is as the server says, and no place from before is said again", (t) => {
  const { client, newest, changes, event, placeAfterBreak } = connected(t);
  const device = { deviceId: "desk", name: "", firstSeen: 1, lastActive: 1, presence: "online", tabs: 1, current: true };
  newest().receive({ type: "device_connected", device: { ...device, deviceId: "phone" }, seq: 11 });
  newest().receive({ type: "push", inbox: 5, expiresAt: 2_000_000, body: { type: "news" } });
  assert.deepEqual([client.getSnapshot().devices.length, client.getSnapshot().unread], [1, 1]);
  changes.length = 0;
  newest().receive({
    ...{ type: "state", userId: "kim", activeGames: [], presence: "online", lastActive: 2, devices: [device] },
    ...{ epoch: 8, seq: 1, inbox: { last: 5, read: 5, unread: 0 } },
  });
  event(1);
  event(2);
  assert.deepEqual(told(changes), [2], "it has missed nothing, so there is no reset");
  assert.deepEqual([client.getSnapshot().devices, client.getSnapshot().unread], [[device], 0]);
  assert.equal(placeAfterBreak(), "8.2");
  assert.equal(newest().url.searchParams.get("inbox"), "5");
});

test("what comes after numbers that went back is news: the state follows it", (t) => {
  const { client, newest, changes, event } = connected(t);
  newest().receive({ type: "game_joined", gameId: "go", activeGames: ["go"], epoch: 8, seq: 2 });
  newest().receive({ type: "presence_updated", presence: "away", seq: 3 });
  event(4);
  const { activeGames, presence } = client.getSnapshot().state ?? {};
  assert.deepEqual([activeGames, presence], [["go"], "away"]);
  assert.deepEqual(told(changes), ["gameJoined", "presenceChanged", 4]);
});
