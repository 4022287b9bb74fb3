/**
 * A backup that is put back undoes what devices have seen: nobody may be resumed on a history that is not
 * theirs, and no message may be missed. And an attachment that can't be read harms its own device alone.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { leave } from "../support/leaving.mjs";
import { stateOf } from "../support/logout.mjs";
import { V2Device, lasting, pushed, restOf } from "../support/v2-device.mjs";
import { startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Stored } from "../support/watched.js" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/**
 * Puts a backup of a user's rows in the place of what is stored.
 * @param {string} userId
 * @param {Record<string, Stored>} backup
 */
async function restore(userId, backup) {
  const now = Object.keys(await server.stored(userId));
  await server.plant(userId, { ...Object.fromEntries(now.map((key) => [key, null])), ...backup });
  await server.restart(userId);
  assert.deepEqual(await server.stored(userId), backup);
}

/**
 * A visit of a device in which it says something a few times.
 * @param {V2Device} device
 * @param {string} userId
 * @param {number} events
 */
async function visit(device, userId, events) {
  const back = device.epoch === 0 ? device : await device.again();
  for (let at = 0; at < events; at++) await back.request({ type: "broadcast", event: "e", data: at });
  await restOf(back);
  await leave(server, back, userId, 0);
  return back;
}

test("places of a history that was undone are a reset, whatever numbers the new one has given", async () => {
  const user = "undone";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  await restOf(desk);
  await leave(server, phone, user, 1);
  await leave(server, desk, user, 0);
  const kept = await visit(desk, user, 3);
  const backup = await server.stored(user);
  const undone = await visit(kept, user, 4);
  assert.ok(undone.seq > kept.seq);
  await restore(user, backup);
  const anew = await visit(kept, user, 8);
  assert.ok(anew.seq > undone.seq, "the numbers are given again");
  const back = await undone.again();
  assert.equal(back.initial.reset, true);
  assert.deepEqual(lasting(await restOf(back)), []);
  const older = await kept.again();
  assert.equal(older.initial.reset, undefined, "the history of the backup goes on");
  assert.equal(lasting(await restOf(older)).length, 8);
  await Promise.all([back.close(), older.close()]);
});

test("a place of an epoch that the backup does not know is a reset also while that is its newest", async () => {
  const user = "at once";
  const desk = await V2Device.open(server, user, "desk");
  await leave(server, desk, user, 0);
  const backup = await server.stored(user);
  const undone = await visit(desk, user, 2);
  await restore(user, backup);
  const back = await undone.again();
  assert.equal(back.initial.reset, true);
  await leave(server, back, user, 0);
  const again = await back.again();
  assert.equal(again.initial.reset, undefined, "once is enough");
  await again.close();
});

test("after a restore no message is missed, and numbers go on", async () => {
  const user = "messages";
  const keep = async (/** @type {number} */ n) =>
    (await server.call(user, "push", { type: "news", n }, { keep: 600 })).result.inbox;
  const desk = await V2Device.open(server, user, "desk");
  const first = await keep(1);
  await leave(server, desk, user, 0);
  const backup = await server.stored(user);
  const undone = await keep(2);
  const seen = await desk.again();
  assert.deepEqual([pushed(await restOf(seen)), seen.inbox], [[2], undone]);
  await leave(server, seen, user, 0);
  await restore(user, backup);
  const back = await seen.again();
  // Its number is of a history that there is none of.
  assert.deepEqual([back.initial.inbox.last, pushed(await restOf(back))], [first, [1]]);
  assert.equal(back.inbox, first);
  const again = await keep(3);
  assert.ok(again > undone, "no number is given twice while the clock goes on");
  assert.deepEqual(pushed(await restOf(back)), [3]);
  await back.close();
});

test("a request of the history that was undone is not acknowledged for ever", async () => {
  const user = "requests";
  const desk = await V2Device.open(server, user, "desk");
  await desk.request({ type: "join_game", gameId: "go" });
  await leave(server, desk, user, 0);
  const backup = await server.stored(user);
  const back = await desk.again();
  const joined = await back.request({ type: "join_game", gameId: "chess" });
  await leave(server, back, user, 0);
  await restore(user, backup);
  const after = await back.again();
  const answer = await after.repeat(joined.id, { type: "join_game", gameId: "chess" });
  assert.deepEqual(answer, { type: "ack", id: joined.id }, "it is done anew, since it is undone");
  assert.deepEqual((await stateOf(server, user)).activeGames, ["go", "chess"]);
  await after.close();
});

test("an attachment that can't be read costs its own device a new connection, and nobody anything else", async () => {
  const user = "unreadable";
  const desk = await V2Device.open(server, user, "desk");
  const tablet = await V2Device.open(server, user, "tablet");
  await desk.request({ type: "join_game", gameId: "go" });
  await server.damage("torn-phone");
  const phone = await V2Device.open(server, user, "torn-phone");
  await desk.request({ type: "broadcast", event: "e", data: 1 });
  for (const device of [desk, phone, tablet]) await restOf(device);
  await server.hibernate(user);
  const closing = phone.closed();
  const said = await desk.request({ type: "broadcast", event: "e", data: 2 });
  assert.equal((await closing).code, 1013);
  assert.deepEqual([desk.ending, tablet.ending], [null, null]);
  const heard = lasting(await restOf(tablet)).map(({ data }) => data);
  assert.deepEqual(heard, [2]);
  assert.equal((await desk.repeat(said.id, { type: "sync_state" })).repeated, true, "requests are known");
  const back = await phone.again();
  assert.equal(back.initial.reset, undefined, "it resumes");
  assert.deepEqual(lasting(await restOf(back)).map(({ data }) => data), [2]);
  await leave(server, tablet, user, 2);
  const other = await tablet.again();
  assert.equal(other.initial.reset, undefined);
  await Promise.all([desk, back, other].map((device) => device.close()));
});
