/** What happens when the process has no room for one more instance of the module. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { stateOf } from "../support/logout.mjs";
import { PREFIX, UPGRADE, assertRefusal, push, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";

const CONFIG = `${ROOT}tests/worker/fixtures/scarce.wrangler.jsonc`;

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startServer(CONFIG);
});
after(() => server?.close());

/** @param {number} [room] For how many more instances; no limit if it is left out. */
async function leaveRoom(room) {
  const query = room === undefined ? "" : `?room=${room}`;
  await fetch(`${server.http}/test/instances${query}`, { method: "POST" });
}

/** @param {string} userId */
async function connected(userId) {
  const device = await Device.connect(server, userId);
  await device.next();
  return device;
}

test("a user for whom there is no room is told to come back, and the others are served", async () => {
  const lucky = await connected("lucky");
  await leaveRoom(0);
  const refused = [
    await requestAsWritten(server, `${PREFIX}?userId=late`, { headers: UPGRADE }),
    await requestAsWritten(server, `${PREFIX}/state?userId=late`),
    await requestAsWritten(server, `${PREFIX}/clear?userId=late`, { method: "POST" }),
    await requestAsWritten(server, `${PREFIX}?userId=late`, { method: "POST", chunks: ["{}"] }),
  ];
  for (const { status, headers, text } of refused) {
    assert.equal(status, 503);
    assert.equal(headers["retry-after"], "5");
    assertRefusal(text, "unavailable", /try again/);
  }
  assert.equal((await lucky.ask({ type: "sync_state" })).type, "state");
  assert.equal((await stateOf(server, "lucky")).connectedDevices, 1);
  assert.equal((await push(server, "lucky", '{"type":"news"}')).status, 200);
  assert.equal((await lucky.next()).type, "news");
  await leaveRoom(1);
  const late = await connected("late");
  await Promise.all([lucky.close(), late.close()]);
  await leaveRoom();
});

test("a frame of a sleeping user's device is refused, nothing is lost, and the next is served", async () => {
  const [first, second] = [await connected("asleep"), await connected("asleep")];
  const awake = await connected("awake");
  await first.ask({ type: "join_game", gameId: "go" });
  await second.next();
  await server.hibernate("asleep");
  await leaveRoom(0);
  const refused = await first.ask({ type: "join_game", gameId: "chess" });
  assert.equal(refused.type, "error");
  assert.equal(refused.code, "internal");
  assert.equal((await awake.ask({ type: "sync_state" })).type, "state");
  await leaveRoom(1);
  assert.deepEqual((await first.ask({ type: "sync_state" })).activeGames, ["go"]);
  first.send({ type: "join_game", gameId: "chess" });
  for (const each of [first, second]) assert.deepEqual((await each.next()).activeGames, ["go", "chess"]);
  await Promise.all([first, second, awake].map((device) => device.close()));
  await leaveRoom();
});

test("a device of a sleeping user can leave without room, and is known to have left", async () => {
  const [leaver, stayer] = [await connected("leaving"), await connected("leaving")];
  await server.hibernate("leaving");
  await leaveRoom(0);
  assert.equal((await leaver.close(4000, "bye")).code, 4000);
  await leaveRoom();
  assert.equal((await stateOf(server, "leaving")).connectedDevices, 1);
  assert.equal((await stayer.ask({ type: "sync_state" })).presence, "online");
  await server.hibernate("leaving");
  await leaveRoom(0);
  await stayer.close();
  await leaveRoom();
  const { connectedDevices, presence } = await stateOf(server, "leaving");
  assert.deepEqual({ connectedDevices, presence }, { connectedDevices: 0, presence: "offline" });
});
