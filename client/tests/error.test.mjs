/** The error of a refused request goes away with its cause, and the request is not repeated. */
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

test("a frame that the server takes for too large is not sent again and again, and others are", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const large = client.publish("large", "x".repeat(1_000));
  const small = client.publish("small");
  newest().fail(1009, "Message is too large");
  assert.equal(/** @type {any} */ (await large).code, "too_large");
  t.mock.timers.tick(1_000);
  accept(newest());
  assert.deepEqual(newest().requests.map(({ event }) => event), ["small"]);
  newest().receive({ type: "ack", id: newest().requests[0].id });
  assert.equal((await small).ok, true);
});
