/**
 * Each device of version 2 must know the others as they are, or a user signs out the wrong one; and a
 * tab that comes back must take its own place, not one more.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { stateOf } from "../support/logout.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { PREFIX } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

const PING = '{"type":"ping"}';

/**
 * What a list of devices says but times.
 * @param {any[]} devices
 */
function rowsOf(devices) {
  return devices.map(({ deviceId, name, presence, tabs }) => [deviceId, name, presence, tabs]);
}

/** @param {any[]} frames */
function changesOf(frames) {
  return frames.map(({ type, device, deviceId }) => {
    return device ? [type, ...rowsOf([device])[0]] : [type, deviceId].filter(Boolean);
  });
}

/**
 * The devices as a server that holds the binding is told them.
 * @param {string} userId
 */
async function devicesOf(userId) {
  return (await server.call(userId, "getDevices")).result.devices;
}

test("every device is told who is there, who comes, who changes and who goes", async () => {
  const user = "everybody";
  const before = Date.now();
  const desk = await V2Device.open(server, user, "desk", { tabId: "1" });
  const [self] = desk.initial.devices;
  assert.deepEqual(rowsOf(desk.initial.devices), [["desk", "", "online", 1]]);
  assert.equal(self.current, true);
  assert.ok(self.firstSeen >= before && self.lastActive >= self.firstSeen && self.lastActive <= Date.now());
  const phone = await V2Device.open(server, user, "phone", { tabId: "1" });
  assert.deepEqual(rowsOf(phone.initial.devices), [
    ["desk", "", "online", 1],
    ["phone", "", "online", 1],
  ]);
  assert.deepEqual(phone.initial.devices.map((/** @type {any} */ { current }) => current), [false, true]);
  const second = await V2Device.open(server, user, "desk", { tabId: "2" });
  const name = "K\u00fcche \"1\" \u{1f3b2}";
  await desk.request({ type: "set_device", name });
  await phone.request({ type: "update_presence", presence: "away" });
  await second.close();
  await eventually("the tab to be gone", async () => (await devicesOf(user))[0].tabs === 1);
  await phone.close();
  await eventually("the phone to be gone", async () => (await devicesOf(user))[1].tabs === 0);
  const all = [
    ["device_connected", "phone", "", "online", 1],
    ["device_updated", "desk", "", "online", 2],
    ["device_updated", "desk", name, "online", 2],
    ["presence_updated"],
    ["device_updated", "phone", "", "away", 1],
    ["device_updated", "desk", name, "online", 1],
    ["device_disconnected", "phone"],
  ];
  await restOf(desk);
  const answers = ["initial_state", "ack", "pong"];
  const told = desk.frames.map((text) => JSON.parse(text)).filter(({ type }) => !answers.includes(type));
  assert.deepEqual(changesOf(told), all);
  assert.deepEqual(told.map(({ seq }) => seq), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(rowsOf(await devicesOf(user)), [
    ["desk", name, "online", 1],
    ["phone", "", "offline", 0],
  ]);
  await desk.close();
});

test("names, first visits and who is away survive sleeps and a restart", async () => {
  const user = "remembered";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  await desk.request({ type: "set_device", name: "Desk" });
  await phone.request({ type: "set_device", name: "Phone" });
  await phone.request({ type: "update_presence", presence: "away" });
  const before = await devicesOf(user);
  await server.hibernate(user);
  assert.deepEqual(await devicesOf(user), before);
  await Promise.all([desk.close(), phone.close()]);
  await eventually("both to be gone", async () => (await stateOf(server, user)).connectedDevices === 0);
  await server.restart(user);
  const gone = await devicesOf(user);
  assert.deepEqual(rowsOf(gone), [
    ["desk", "Desk", "offline", 0],
    ["phone", "Phone", "offline", 0],
  ]);
  for (const [at, { firstSeen, lastActive }] of gone.entries()) {
    assert.equal(firstSeen, before[at].firstSeen);
    assert.ok(lastActive >= before[at].lastActive);
  }
  const back = await desk.again();
  assert.deepEqual(rowsOf(back.initial.devices)[0], ["desk", "Desk", "online", 1]);
  for (const name of ["", 7, undefined]) {
    assert.equal((await back.ask({ type: "set_device", name })).code, "invalid_message");
  }
  assert.equal((await back.ask({ type: "set_device", name: "x".repeat(129) })).code, "limit_reached");
  await back.close();
});

test("a device's presence is its own, and the user's is the last word said", async () => {
  const user = "presences";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  const hook = await Device.connect(server, user, "hook");
  await phone.request({ type: "update_presence", presence: "away" });
  assert.deepEqual(rowsOf(await devicesOf(user)), [
    ["desk", "", "online", 1],
    ["phone", "", "away", 1],
    ["hook", "", "online", 1],
  ]);
  assert.equal((await stateOf(server, user)).presence, "away");
  await server.hibernate(user);
  assert.deepEqual(rowsOf(await devicesOf(user))[1], ["phone", "", "away", 1]);
  await Promise.all([desk.close(), phone.close(), hook.close()]);
  await eventually("all to be gone", async () => (await stateOf(server, user)).connectedDevices === 0);
  // Who has taken a new id at every page load is nobody to remember.
  assert.deepEqual(rowsOf(await devicesOf(user)), [
    ["desk", "", "offline", 0],
    ["phone", "", "offline", 0],
  ]);
});

for (const sleeps of [false, true]) {
  test(`a tab that comes back takes its own place, unseen by others${sleeps ? ", also when it wakes the object" : ""}`, async () => {
    const user = `replaced ${sleeps}`;
    const watcher = await V2Device.open(server, user, "watcher");
    const first = await V2Device.open(server, user, "desk", { tabId: "1" });
    const other = await V2Device.open(server, user, "desk", { tabId: "2" });
    await restOf(watcher);
    await restOf(first);
    if (sleeps) await server.hibernate(user);
    const closing = first.closed();
    const second = await first.again();
    const { code, reason } = await closing;
    assert.deepEqual([code, reason], [4409, "replaced by a newer connection"]);
    assert.deepEqual(first.unread(), [{ type: "replaced" }]);
    // The answer to the close reaches the object, and is no leaving either.
    await eventually("the close to arrive", async () => (await server.counts(user)).closes > 0);
    assert.deepEqual(await restOf(watcher), []);
    assert.deepEqual(rowsOf(await devicesOf(user)), [
      ["watcher", "", "online", 1],
      ["desk", "", "online", 2],
    ]);
    second.send({ type: "broadcast", event: "e" });
    assert.equal((await watcher.next()).from, "desk");
    await Promise.all([watcher, second, other].map((device) => device.close()));
  });
}

test("without a tab, or with another device's, nothing is replaced", async () => {
  const user = "beside";
  const devices = [];
  for (const [id, tabId] of [["desk"], ["desk"], ["desk", "1"], ["phone", "1"]]) {
    devices.push(await V2Device.open(server, user, id, tabId ? { tabId } : {}));
  }
  const hook = await Device.connect(server, user, "desk");
  assert.equal((await stateOf(server, user)).connectedDevices, 5);
  assert.deepEqual(rowsOf(await devicesOf(user)), [
    ["desk", "", "online", 4],
    ["phone", "", "online", 1],
  ]);
  for (const device of devices) assert.equal(device.ending, null);
  await Promise.all([...devices, hook].map((device) => device.close()));
});

/**
 * A server whose time can be set ahead.
 * @param {import("node:test").TestContext} t
 */
async function startAhead(t) {
  const ahead = await startServer(`${ROOT}tests/worker/fixtures/ahead.wrangler.jsonc`);
  t.after(() => ahead.close());
  const setAhead = (/** @type {number} */ ms) => fetch(`${ahead.http}/test/ahead?ms=${ms}`);
  return { ahead, setAhead };
}

test("a device that cannot be reached any more is shown as gone, one that never sent heartbeats is not", async (t) => {
  const { ahead, setAhead } = await startAhead(t);
  for (const sleeps of [false, true]) {
    const user = `vanished ${sleeps}`;
    const silent = await V2Device.open(ahead, user, "silent");
    const beating = await V2Device.open(ahead, user, "beating");
    beating.send(PING);
    assert.equal(await beating.nextText(), '{"type":"pong"}');
    if (sleeps) await ahead.hibernate(user);
    await setAhead(95_000);
    assert.equal((await stateOf(ahead, user)).connectedDevices, 2);
    if (sleeps) await ahead.hibernate(user);
    await setAhead(40_000);
    const { connectedDevices, presence } = await stateOf(ahead, user);
    assert.deepEqual([connectedDevices, presence], [1, "online"]);
    const frames = await restOf(silent);
    assert.deepEqual(changesOf(frames).at(-1), ["device_disconnected", "beating"]);
    const { code, reason } = await beating.closed();
    assert.deepEqual([code, reason], [1013, "no heartbeat for 130 s"]);
    const back = await beating.again();
    assert.equal(back.initial.reset, undefined);
    await Promise.all([silent.close(), back.close()]);
  }
});

test("a device that has paused its heartbeats and then says something is alive", async (t) => {
  const { ahead, setAhead } = await startAhead(t);
  for (const sleeps of [false, true]) {
    const user = `paused ${sleeps}`;
    const paused = await V2Device.open(ahead, user, "paused");
    const other = await V2Device.open(ahead, user, "other");
    for (const device of [paused, other]) {
      device.send(PING);
      while ((await device.next()).type !== "pong");
    }
    if (sleeps) await ahead.hibernate(user);
    await setAhead(140_000);
    const ack = await paused.request({ type: "join_game", gameId: "go" });
    assert.equal(ack.type, "ack");
    assert.equal((await other.closed()).code, 1013, "it has said nothing");
    assert.equal((await stateOf(ahead, user)).connectedDevices, 1);
    await paused.close();
  }
});

test("a device that has vanished has not got what a server sends", async (t) => {
  const { ahead, setAhead } = await startAhead(t);
  const user = "unreached";
  const device = await V2Device.open(ahead, user, "phone");
  device.send(PING);
  assert.equal((await device.next()).type, "pong");
  await setAhead(140_000);
  const query = new URLSearchParams({ userId: user, keep: "600" });
  const answer = await fetch(`${ahead.http}${PREFIX}?${query}`, { method: "POST", body: '{"type":"news"}' });
  const { inbox, ...told } = await answer.json();
  assert.deepEqual(told, { delivered: 0, kept: 1, dropped: 0 });
  assert.equal((await device.closed()).code, 1013);
  const back = await device.again();
  assert.deepEqual((await restOf(back)).map(({ body, inbox: number }) => [body?.type, number]), [["news", inbox]]);
  await back.close();
});
