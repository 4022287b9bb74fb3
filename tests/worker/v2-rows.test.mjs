/** What version 2 writes, which is what a deployment pays for it: rows counted at the real storage. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { leave } from "../support/leaving.mjs";
import { stateOf } from "../support/logout.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { PREFIX, push } from "../support/requests.mjs";
import { NO_WRITES, startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/**
 * Asserts how many rows some work costs, whose effects it must wait for.
 * @param {string} userId
 * @param {number} rows
 * @param {string} what
 * @param {() => unknown} work
 */
async function assertRows(userId, rows, what, work) {
  const writes = await server.writesDuring(userId, work);
  assert.deepEqual(writes, { ...NO_WRITES, puts: rows }, what);
}

for (const sleeps of [false, true]) {
  test(`a visit costs a row when it begins, and one when it ends${sleeps ? ", also through sleeps" : ""}`, async () => {
    const user = `visit ${sleeps}`;
    /** @type {any} */
    let desk = null;
    /** @param {number} rows @param {string} what @param {() => unknown} work */
    const costs = async (rows, what, work) => {
      if (sleeps && desk) await server.hibernate(user);
      await assertRows(user, rows, what, work);
    };
    await costs(1, "a device's first connect", async () => {
      desk = await V2Device.open(server, user, "desk", { tabId: "t" });
    });
    /** @param {object} message */
    const say = (message) => () => (desk.send(message), restOf(desk));
    /** @param {object} message */
    const ask = (message) => () => desk.request(message);
    await costs(1, "a join", say({ type: "join_game", gameId: "go" }));
    await costs(0, "the same again", ask({ type: "join_game", gameId: "go" }));
    for (let at = 0; at < 5; at++) {
      await costs(0, "an event", ask({ type: "broadcast", event: "e" }));
    }
    await costs(0, "a repeated request", () => desk.repeat(`${desk.run}.2`, { type: "broadcast", event: "e" }));
    await costs(0, "an aimed event", say({ type: "broadcast", event: "e", to: ["self"] }));
    await costs(0, "a presence", say({ type: "update_presence", presence: "away" }));
    await costs(1, "a leave", say({ type: "leave_game", gameId: "go" }));
    await costs(1, "a name", say({ type: "set_device", name: "Desk" }));
    await costs(0, "the same name", say({ type: "set_device", name: "Desk" }));
    await costs(0, "a refused frame", say({ type: "join_game", gameId: "" }));
    await costs(0, "a read", () => stateOf(server, user));
    await costs(0, "a push", () => push(server, user, '{"type":"news"}'));
    await costs(0, "the tab again", async () => {
      desk = await desk.again();
    });
    await costs(0, "a tab more, and its leaving", async () => {
      await leave(server, await V2Device.open(server, user, "desk", { tabId: "2" }), user, 1);
    });
    await costs(1, "the last leave", () => leave(server, desk, user, 0));
    await costs(0, "a reconnect", async () => {
      desk = await desk.again();
    });
    await costs(0, "a leave after nothing was sent", () => leave(server, desk, user, 0));
  });
}

test("a second device costs the row of its name and no other, and no row when it comes back", async () => {
  const user = "second";
  const desk = await V2Device.open(server, user, "desk");
  /** @type {any} */
  let phone;
  await assertRows(user, 1, "the first connect", async () => {
    phone = await V2Device.open(server, user, "phone");
  });
  for (let round = 0; round < 3; round++) {
    await assertRows(user, 0, "a leave and a reconnect", async () => {
      await leave(server, phone, user, 1);
      phone = await phone.again();
    });
  }
  await assertRows(user, 0, "an event", () => (desk.send({ type: "broadcast", event: "e" }), restOf(desk)));
  await assertRows(user, 0, "the first to leave", () => leave(server, desk, user, 1));
  await assertRows(user, 1, "the last to leave", () => leave(server, phone, user, 0));
});

test("a hundred reconnects of a tab in a row cost no row but those of its visit", async () => {
  const user = "churn";
  let device = await V2Device.open(server, user, "desk", { tabId: "t" });
  await assertRows(user, 0, "replacing", async () => {
    for (let visit = 0; visit < 100; visit++) device = await device.again();
  });
  await leave(server, device, user, 0);
  await assertRows(user, 0, "coming and going", async () => {
    for (let visit = 0; visit < 100; visit++) {
      device = await device.again();
      await device.close();
    }
    await eventually("the last to be gone", async () => (await stateOf(server, user)).connectedDevices === 0);
  });
});

test("a message costs one row, its getting none, and reading it one", async () => {
  const user = "kept";
  const desk = await V2Device.open(server, user, "desk");
  await desk.request({ type: "broadcast", event: "e" });
  const query = new URLSearchParams({ userId: user, keep: "600", pushId: "p" });
  const send = () =>
    fetch(`${server.http}${PREFIX}?${query}`, { method: "POST", body: '{"type":"news"}' });
  await assertRows(user, 1, "the push", send);
  await assertRows(user, 0, "the same again", send);
  await assertRows(user, 1, "a newcomer, who is remembered", async () => {
    await restOf(await V2Device.open(server, user, "phone"));
  });
  await assertRows(user, 0, "the same again, who gets it once more", async () => {
    await restOf(await V2Device.open(server, user, "phone"));
  });
  await restOf(desk);
  await assertRows(user, 1, "reading", () => desk.request({ type: "mark_read", inbox: desk.inbox }));
  await assertRows(user, 0, "reading the same", () => desk.request({ type: "mark_read", inbox: desk.inbox }));
  query.delete("keep");
  query.set("pushId", "q");
  await assertRows(user, 1, "an id without a message", send);
});

test("signing one device out costs a row, and all of them two", async () => {
  const user = "logout";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  await restOf(phone);
  await desk.request({ type: "broadcast", event: "e" });
  // Those let in by the open door have no credential that could be ended.
  await assertRows(user, 0, "one without a credential", async () => {
    await desk.request({ type: "logout_device", deviceId: "phone" });
    await phone.closed();
  });
  await assertRows(user, 2, "all", async () => {
    desk.send({ type: "logout_all" });
    await desk.closed();
  });
});

test("version 1 beside none of version 2 writes what it always wrote", async () => {
  const user = "older";
  const hook = await Device.connect(server, user, "hook");
  await assertRows(user, 0, "events", async () => {
    for (let at = 0; at < 5; at++) hook.send({ type: "broadcast", event: "e", data: at });
    await restOf(hook);
  });
  await assertRows(user, 1, "the last leave", () => leave(server, hook, user, 0));
  const { session } = await server.stored(user);
  assert.ok("bytes" in session);
  // Version 3 of the snapshot, with no more than the time, no games, and nothing behind them.
  assert.equal(session.bytes.length, 1 + 8 + 4 + 4);
});

test("metrics count what version 2 does, and the rows that were written", async () => {
  const user = "metrics";
  const before = await server.counts(user);
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  const { id } = await desk.request({ type: "join_game", gameId: "go" });
  await desk.repeat(id, { type: "join_game", gameId: "go" });
  await desk.request({ type: "sync_state" });
  await desk.request({ type: "broadcast", event: "e" });
  await server.hibernate(user);
  await phone.request({ type: "broadcast", event: "e" });
  const { result } = await server.call(user, "getMetrics");
  const { puts } = await server.counts(user);
  assert.equal(result.rowsWritten, puts - before.puts);
  const { connects, join_game: joins, broadcast, sync_state: syncs } = result;
  assert.deepEqual({ connects, joins, broadcast, syncs }, { connects: 2, joins: 1, broadcast: 2, syncs: 1 });
  await Promise.all([desk.close(), phone.close()]);
});
