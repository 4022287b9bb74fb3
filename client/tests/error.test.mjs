/** The text of an error goes away when its cause does. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, olderState } from "./support/fake-socket.mjs";

test("the error of a refused request goes when a later one succeeds, and not for one that was asked before", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const before = client.publish("before");
  const refused = client.joinGame("");
  const [first, second] = newest().requests;
  newest().receive({ type: "error", id: second.id, code: "invalid_message", message: "gameId is empty" });
  await refused;
  newest().receive({ type: "ack", id: first.id });
  await before;
  assert.deepEqual([client.getSnapshot().error, client.getSnapshot().problem], ["gameId is empty", null]);
  const later = client.joinGame("go");
  newest().receive({ type: "ack", id: newest().requests[2].id });
  await later;
  assert.equal(client.getSnapshot().error, null);
});

test("an older server's refusal goes with the next success, too", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  newest().fail();
  newest().open("");
  newest().receive(olderState());
  void client.publish("");
  newest().receive({ type: "error", code: "invalid_message", message: "event is empty" });
  assert.equal(client.getSnapshot().error, "event is empty");
  await client.publish("e");
  assert.equal(client.getSnapshot().error, null);
});
