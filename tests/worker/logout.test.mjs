import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import {
  assertLoggedOut,
  assertPromptLogout,
  passiveDevices,
  promptTest,
  stateOf,
} from "../support/logout.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { startServer } from "../support/server.mjs";

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const LOGOUT = { type: "logout_all" };

/**
 * Connects, reads the first frame and asks for something, which the object or the platform answers.
 * @param {string} userId
 * @param {object} question
 */
async function deviceThatAsked(userId, question) {
  const device = await Device.connect(server, userId, "active");
  await device.next();
  await device.ask(question);
  return device;
}

/**
 * The user has no device any more, and that is known at once.
 * @param {string} userId
 */
async function assertOffline(userId) {
  const { presence, connectedDevices, isHibernating } = await stateOf(server, userId);
  assert.deepEqual(
    { presence, connectedDevices, isHibernating },
    { presence: "offline", connectedDevices: 0, isHibernating: true },
  );
}

promptTest("devices that only ever listened notice a logout at once", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 4);
  await assertPromptLogout(t, devices, () => devices[0].send(LOGOUT));
  await assertOffline(userId);
});

promptTest("the only device, always silent, notices its own logout at once", async (t, userId) => {
  const [device] = await passiveDevices(server, userId, 1);
  await assertPromptLogout(t, [device], () => device.send(LOGOUT));
  await assertOffline(userId);
});

promptTest("a logout that wakes the object reaches devices that were always silent", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 4);
  await server.hibernate(userId);
  await assertPromptLogout(t, devices, () => devices[0].send(LOGOUT));
  await assertOffline(userId);
});

promptTest("a logout that wakes the object reaches who had spoken before it slept", async (t, userId) => {
  const asked = await deviceThatAsked(userId, { type: "sync_state" });
  const pinged = await deviceThatAsked(userId, { type: "ping" });
  const silent = await passiveDevices(server, userId, 2);
  await server.hibernate(userId);
  await assertPromptLogout(t, [asked, pinged, ...silent], () => silent[0].send(LOGOUT));
});

promptTest("devices that only sent heartbeats notice a logout at once", async (t, userId) => {
  const devices = await Promise.all(
    Array.from({ length: 3 }, () => deviceThatAsked(userId, { type: "ping" })),
  );
  await assertPromptLogout(t, devices, () => devices[0].send(LOGOUT));
});

promptTest("devices that only sent protocol pings notice a logout at once", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 3);
  for (const { socket } of devices) {
    const pong = new Promise((resolve) => void socket.once("pong", resolve));
    socket.ping();
    await pong;
  }
  await assertPromptLogout(t, devices, () => devices[0].send(LOGOUT));
});

promptTest("fifty silent devices notice a logout at once", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 50);
  await assertPromptLogout(t, devices, () => devices[0].send(LOGOUT));
  await assertOffline(userId);
});

promptTest("one mute device holds up the logout of no other", async (t, userId) => {
  const mute = await RawDevice.connect(server, userId);
  const devices = await passiveDevices(server, userId, 5);
  await assertPromptLogout(t, devices, () => devices[0].send(LOGOUT));
  await mute.until(() => mute.closeFrame !== null);
  assert.ok(mute.closeFrame);
  assertLoggedOut(mute.closeFrame);
  mute.destroy();
});

promptTest("a device that stopped reading holds up no other, and learns of it later", async (t, userId) => {
  const stopped = await Device.connect(server, userId);
  stopped.socket.pause();
  const devices = await passiveDevices(server, userId, 5);
  await server.hibernate(userId);
  await assertPromptLogout(t, devices, () => devices[0].send(LOGOUT));
  assert.equal(stopped.ending, null);
  stopped.socket.resume();
  assertLoggedOut(await stopped.closed());
});

promptTest("logging in and out ten times in a row is prompt every time", async (t, userId) => {
  for (let round = 0; round < 10; round++) {
    const devices = await passiveDevices(server, userId, 2);
    const first = await devices[0].next();
    assert.equal(first.presence, "online");
    await assertPromptLogout(t, devices, () => devices[1].send(LOGOUT));
  }
});

promptTest("a logout twice at the same moment is one logout", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 4);
  await assertPromptLogout(t, devices, () => {
    for (const device of devices) device.send(LOGOUT);
  });
  const newcomer = await Device.connect(server, userId);
  await newcomer.next();
  assert.equal((await newcomer.ask({ type: "sync_state" })).type, "state");
  assert.equal(newcomer.ending, null);
  await newcomer.close();
});

promptTest("the games outlive a logout, also one joined just before it", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 3);
  await assertPromptLogout(t, devices, () => {
    devices[0].send({ type: "join_game", gameId: "chess" });
    devices[0].send({ type: "join_game", gameId: "go" });
    devices[0].send(LOGOUT);
  });
  const { activeGames } = await stateOf(server, userId);
  assert.deepEqual(activeGames, ["chess", "go"]);
  await assertOffline(userId);
});

promptTest("lastActive does not go backwards over a logout", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 2);
  devices[0].send({ type: "join_game", gameId: "chess" });
  await devices[0].next();
  await devices[0].next();
  const before = await stateOf(server, userId);
  await assertPromptLogout(t, devices, () => devices[1].send(LOGOUT));
  const later = await stateOf(server, userId);
  assert.ok(before.lastActive > 0);
  assert.ok(later.lastActive >= before.lastActive, `${before.lastActive} became ${later.lastActive}`);
});

promptTest("frames that a device sent right behind its logout do nothing", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 2);
  await assertPromptLogout(t, devices, () => {
    devices[0].send(LOGOUT);
    devices[0].send({ type: "join_game", gameId: "behind-the-logout" });
    devices[0].send({ type: "update_presence", presence: "away" });
  });
  assert.deepEqual((await stateOf(server, userId)).activeGames, []);
  await assertOffline(userId);
});

for (const hasSlept of [false, true]) {
  const when = hasSlept ? "also after the object has slept" : "as long as it stays connected";
  promptTest(`frames of a device that ignores its logout do nothing, ${when}`, async (t, userId) => {
    const ignorant = await RawDevice.connect(server, userId);
    // Who has spoken does not make the object restart, which would cut this connection.
    ignorant.send({ type: "sync_state" });
    await ignorant.until(() => ignorant.texts.length === 2);
    const cause = await deviceThatAsked(userId, { type: "sync_state" });
    await assertPromptLogout(t, [cause], () => cause.send(LOGOUT));
    await ignorant.until(() => ignorant.closeFrame !== null);
    const newcomer = await Device.connect(server, userId);
    if (hasSlept) await server.hibernate(userId);
    ignorant.send({ type: "join_game", gameId: "after-the-close" });
    ignorant.send({ type: "update_presence", presence: "away" });
    ignorant.send(LOGOUT);
    await newcomer.next();
    for (let round = 0; round < 5; round++) {
      const { activeGames, presence } = await newcomer.ask({ type: "sync_state" });
      assert.deepEqual({ activeGames, presence }, { activeGames: [], presence: "online" });
    }
    assert.equal((await stateOf(server, userId)).connectedDevices, 1);
    assert.deepEqual([ignorant.texts.length, newcomer.ending], [2, null]);
    ignorant.destroy();
    await newcomer.close();
  });
}

test("a logout of one user leaves another user's devices alone", async () => {
  const devices = await passiveDevices(server, "neighbour", 2);
  const [other] = await passiveDevices(server, "unrelated", 1);
  devices[0].send(LOGOUT);
  await Promise.all(devices.map((device) => device.closed()));
  await other.next();
  assert.equal((await other.ask({ type: "sync_state" })).presence, "online");
  await other.close();
});
