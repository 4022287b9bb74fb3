/**
 * Devices of both versions side by side: the hook in production must see the very same bytes whether
 * or not an app of version 2 is signed in beside it.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { stateOf } from "../support/logout.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { clear, push } from "../support/requests.mjs";
import { startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/**
 * What plays beside the hook. A device of version 2 does everything that a device of version 1 does,
 * and more.
 * @typedef {object} Companion
 * @property {Device} device
 * @property {(message: Record<string, unknown>) => void} send
 * @property {(more: () => Promise<void>) => Promise<void>} also Does what only version 2 can.
 */

/**
 * @param {string} userId
 * @param {boolean} isV2
 * @returns {Promise<Companion>}
 */
async function companionOf(userId, isV2) {
  if (!isV2) {
    const device = await Device.connect(server, userId, "beside");
    await device.next();
    return { device, send: (message) => device.send(message), also: async () => {} };
  }
  const device = await V2Device.open(server, userId, "beside", { tabId: "one" });
  return {
    device,
    send: (message) => void device.sendRequest(message),
    also: (more) => more(),
  };
}

/**
 * What a hook sees of a day, to the letter, but for times and the user's name.
 * @param {string} userId
 * @param {boolean} isV2 What the device beside it speaks.
 * @param {boolean} sleeps Whether the object sleeps again and again.
 */
async function dayOf(userId, isV2, sleeps) {
  const hook = await Device.connect(server, userId, "Mozilla/5.0 (X11; Li-1795383198465");
  await hook.next();
  const { device, send, also } = await companionOf(userId, isV2);
  /** @param {() => unknown} step */
  const then = async (step) => {
    if (sleeps) await server.hibernate(userId);
    await step();
    await restOf(device);
    await restOf(hook);
  };
  await then(() => hook.send({ type: "join_game", gameId: "go" }));
  await then(() => send({ type: "join_game", gameId: "chess" }));
  await then(() => send({ type: "join_game", gameId: "chess" }));
  await then(() => hook.send({ type: "leave_game", gameId: "go" }));
  await then(() => hook.send({ type: "leave_game", gameId: "go" }));
  await then(() => hook.send({ type: "update_presence", presence: "away" }));
  await then(() => send({ type: "update_presence", presence: "online" }));
  await then(() => also(() => aside(userId, /** @type {V2Device} */ (device))));
  await then(() => send({ type: "broadcast", event: "e", data: { "a ": [1.50, "\u00e9"] } }));
  await then(() => hook.send('{"type":"broadcast","event":"f","data": { "b":1e2 },"to":["beside"],"id":7}'));
  await then(() => hook.send({ type: "set_device", name: "n" }));
  await then(() => hook.send({ type: "sync_state" }));
  await then(() => hook.ask('{"type":"ping"}'));
  await then(() => hook.send("nonsense"));
  await then(() => push(server, userId, '{ "type" : "news", "seq": 99 }'));
  await then(() => clear(server, userId));
  await then(() => send({ type: "join_game", gameId: "last" }));
  send({ type: "logout_all" });
  const { code, reason } = await hook.closed();
  const frames = hook.frames.map((text) =>
    text.replaceAll(JSON.stringify(userId), '"U"').replace(/"lastActive":\d+/, '"lastActive":T'),
  );
  return { frames, code, reason };
}

/**
 * What only devices of version 2 do and see.
 * @param {string} userId
 * @param {V2Device} device
 */
async function aside(userId, device) {
  await device.request({ type: "set_device", name: "Desk" });
  const tab = await V2Device.open(server, userId, "beside", { tabId: "two" });
  await (await tab.again()).close();
  const other = await V2Device.open(server, userId, "third");
  await other.request({ type: "broadcast", event: "e", to: ["self", "beside"] });
  const closing = other.closed();
  await device.request({ type: "logout_device", deviceId: "third" });
  assert.equal((await closing).code, 1000);
  await fetch(`${server.http}/__user-session?userId=${userId}&to=beside`, {
    method: "POST",
    body: '{"type":"aimed"}',
  });
}

for (const sleeps of [false, true]) {
  test(`the hook sees the same bytes beside either version${sleeps ? ", through sleeps" : ""}`, async () => {
    const older = await dayOf(`older ${sleeps}`, false, sleeps);
    const newer = await dayOf(`newer ${sleeps}`, true, sleeps);
    assert.deepEqual(newer, older);
    assert.ok(older.frames.length > 20);
    assert.deepEqual([older.code, older.reason], [1000, "Logged out from all devices"]);
  });
}

test("a frame that only version 2 has never reaches the hook, whoever causes it", async () => {
  const user = "strictly";
  const hook = await Device.connect(server, user, "hook");
  const desk = await V2Device.open(server, user, "desk");
  await aside(user, desk);
  await desk.close();
  const types = (await restOf(hook)).map(({ type }) => type);
  assert.deepEqual(types, ["initial_state"]);
  await hook.close();
});

test("the hook counts as a device to version 2, and both read one state", async () => {
  const user = "counted";
  const desk = await V2Device.open(server, user, "desk");
  const hook = await Device.connect(server, user, "hook");
  const { type, device, seq, epoch } = await desk.next();
  assert.deepEqual([type, device.deviceId, device.tabs], ["device_connected", "hook", 1]);
  assert.deepEqual([seq, typeof epoch], [1, "number"], "the first frame of an epoch has its name");
  await hook.next();
  await hook.ask({ type: "join_game", gameId: "go" });
  const joined = { type: "game_joined", gameId: "go", activeGames: ["go"] };
  assert.deepEqual(await desk.next(), { ...joined, seq: 2 });
  assert.equal((await stateOf(server, user)).connectedDevices, 2);
  await hook.close();
  const { deviceId, type: left } = await desk.next();
  assert.deepEqual([left, deviceId], ["device_disconnected", "hook"]);
  assert.deepEqual((await stateOf(server, user)).activeGames, ["go"]);
  await desk.close();
});
