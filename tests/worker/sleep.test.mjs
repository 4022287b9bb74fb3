/** What must survive an object that sleeps with its sockets open, and what must not wake it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { stateOf } from "../support/logout.mjs";
import { push } from "../support/requests.mjs";
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
const PONG = '{"type":"pong"}';

// The platform puts an object to sleep after 10 s without an event.
const IDLE_MS = 10_500;
const IDLE_TRIES = 4;
const PING_INTERVAL_MS = 2_000;

/**
 * Connects some devices of a user at once, all past their first frame.
 * @param {string} userId
 * @param {string[]} ids
 */
async function connectAll(userId, ...ids) {
  const devices = await Promise.all(ids.map((id) => Device.connect(server, userId, id)));
  for (const device of devices) await device.next();
  return devices;
}

/** @param {Device[]} devices */
function closeAll(...devices) {
  return Promise.all(devices.map((device) => device.close()));
}

/**
 * Puts a user's object to sleep and asserts that `work` wakes it.
 * @param {string} userId
 * @param {() => Promise<void>} work
 */
async function afterSleep(userId, work) {
  const { instances } = await server.counts(userId);
  await server.hibernate(userId);
  await work();
  assert.equal((await server.counts(userId)).instances, instances + 1);
}

test("user, games in their order, presence and who is who survive a sleep", async () => {
  const [a, b] = await connectAll("survives", "a", "b");
  for (const gameId of ["zoo", "ant", "mid", "bee"]) await a.ask({ type: "join_game", gameId });
  await a.ask({ type: "leave_game", gameId: "ant" });
  await a.ask({ type: "update_presence", presence: "away" });
  const before = await a.ask({ type: "sync_state" });
  await afterSleep("survives", async () => {
    const { lastActive, ...state } = await a.ask({ type: "sync_state" });
    const { lastActive: lastActiveBefore, ...stateBefore } = before;
    assert.deepEqual(state, stateBefore);
    assert.deepEqual(state.activeGames, ["zoo", "mid", "bee"]);
    assert.ok(lastActive >= lastActiveBefore);
  });
  while ((await b.next()).type !== "presence_updated");
  await afterSleep("survives", async () => {
    for (const [device, from] of /** @type {[Device, string][]} */ ([[a, "a"], [b, "b"]])) {
      device.send({ type: "broadcast", event: "who" });
      for (const each of [a, b]) assert.equal((await each.next()).from, from);
    }
  });
  await afterSleep("survives", async () => {
    const answer = await push(server, "survives", '{"type":"news"}');
    assert.deepEqual(await answer.json(), { delivered: 2 });
    for (const each of [a, b]) assert.deepEqual(await each.next(), { type: "news" });
  });
  await closeAll(a, b);
});

test("a change right after waking is told to all, and a second one is not told twice", async () => {
  const [a, b] = await connectAll("changes", "a", "b");
  await a.ask({ type: "join_game", gameId: "go" });
  await b.next();
  await afterSleep("changes", async () => {
    b.send({ type: "join_game", gameId: "go" });
    b.send({ type: "join_game", gameId: "chess" });
    for (const each of [a, b]) assert.deepEqual((await each.next()).activeGames, ["go", "chess"]);
  });
  await closeAll(a, b);
});

test("the last word on presence stands after a sleep, even when its speaker has left", async () => {
  for (const leaves of ["before", "during"]) {
    const user = `spoken ${leaves}`;
    const [speaker, listener] = await connectAll(user, "speaker", "listener");
    await speaker.ask({ type: "update_presence", presence: "away" });
    assert.equal((await listener.next()).presence, "away");
    if (leaves === "during") await server.hibernate(user);
    await speaker.close();
    await eventually("the speaker to be forgotten", async () => {
      const { connectedDevices } = await stateOf(server, user);
      return connectedDevices === 1;
    });
    await afterSleep(user, async () => {
      assert.equal((await listener.ask({ type: "sync_state" })).presence, "away");
    });
    const [newcomer] = await connectAll(user, "newcomer");
    await afterSleep(user, async () => {
      assert.equal((await newcomer.ask({ type: "sync_state" })).presence, "away");
      assert.equal((await stateOf(server, user)).presence, "away");
    });
    await closeAll(listener, newcomer);
  }
});

test("a user whose last device leaves during a sleep is offline, and online with the next", async () => {
  const [only] = await connectAll("leaver", "only");
  const { lastActive } = await only.ask({ type: "sync_state" });
  await afterSleep("leaver", async () => {
    await only.close();
    await eventually("the device to be forgotten", async () => {
      const { isHibernating } = await stateOf(server, "leaver");
      return isHibernating;
    });
  });
  await afterSleep("leaver", async () => {
    const state = await stateOf(server, "leaver");
    assert.deepEqual([state.presence, state.connectedDevices], ["offline", 0]);
    assert.ok(state.lastActive >= lastActive);
  });
  const next = await Device.connect(server, "leaver", "next");
  assert.equal((await next.next()).presence, "online");
  await next.close();
});

test("lastActive never goes back over a sleep, whoever was told it", async () => {
  const user = "times";
  const [a, b] = await connectAll(user, "a", "b");
  /** @type {[name: string, tell: () => Promise<{lastActive: number}>][]} */
  const tellers = [
    ["sync_state", () => a.ask({ type: "sync_state" })],
    ["GET state", () => stateOf(server, user)],
    ["a push's device", () => b.ask({ type: "sync_state" })],
    [
      "a newcomer",
      async () => {
        const newcomer = await Device.connect(server, user, "newcomer");
        const first = await newcomer.next();
        await newcomer.close();
        return first;
      },
    ],
  ];
  let told = 0;
  for (const [name, tell] of [...tellers, ...tellers]) {
    // Touches the time and tells nobody.
    a.send({ type: "update_presence", presence: "online" });
    const before = await tell();
    assert.ok(before.lastActive >= told, `${name} goes back`);
    await server.hibernate(user);
    const { lastActive } = await stateOf(server, user);
    assert.ok(lastActive >= before.lastActive, `${name} told ${before.lastActive}, then ${lastActive}`);
    told = lastActive;
  }
  await closeAll(a, b);
});

test("a heartbeat in its exact bytes is answered without waking the object", async () => {
  const [a, b] = await connectAll("pings", "a", "b");
  const before = await server.counts("pings");
  for (const asleep of [false, true]) {
    if (asleep) await server.hibernate("pings");
    for (const device of [a, b, a]) {
      device.send(PING);
      assert.equal(await device.nextText(), PONG);
    }
    assert.deepEqual(await server.counts("pings"), before);
  }
  assert.equal((await a.ask({ type: "sync_state" })).type, "state");
  const { instances } = await server.counts("pings");
  assert.equal(instances, before.instances + 1);
  await closeAll(a, b);
});

test("a heartbeat in other bytes is answered all the same", async () => {
  const [a] = await connectAll("other-pings", "a");
  for (const ping of ['{"type": "ping"}', '{"type":"ping"} ', '{"type":"ping","x":1}']) {
    const { messages } = await server.counts("other-pings");
    a.send(ping);
    assert.equal(await a.nextText(), PONG);
    assert.equal((await server.counts("other-pings")).messages, messages + 1);
  }
  await a.close();
});

test("a heartbeat that woke nobody counts as the user's last activity, and reading does not", async () => {
  const user = "heartbeat";
  const [a, b] = await connectAll(user, "a", "b");
  for (const asleep of [false, true]) {
    const { lastActive } = await stateOf(server, user);
    await eventually("the clock to go on", async () => Date.now() > lastActive + 1);
    assert.equal((await stateOf(server, user)).lastActive, lastActive);
    if (asleep) await server.hibernate(user);
    // The time that is told may lag by less than a second, so heartbeats go on until this one is told.
    const pingedAt = Date.now();
    let state = { lastActive };
    await eventually("the heartbeat to be told", async () => {
      const latest = Date.now();
      b.send(PING);
      assert.equal(await b.nextText(), PONG);
      state = await stateOf(server, user);
      assert.ok(state.lastActive > latest - 1_000 && state.lastActive <= Date.now());
      return state.lastActive >= pingedAt;
    });
    await server.hibernate(user);
    assert.ok((await stateOf(server, user)).lastActive >= state.lastActive);
  }
  // The one that sent the heartbeat leaves, and takes nothing along.
  const { lastActive } = await stateOf(server, user);
  await b.close();
  await server.hibernate(user);
  assert.ok((await stateOf(server, user)).lastActive >= lastActive);
  await a.close();
});

test("a real sleep of more than ten seconds loses nothing, and heartbeats don't end it", async (t) => {
  const [a, b] = await connectAll("really-two", "a", "b");
  await a.ask({ type: "join_game", gameId: "zoo" });
  await a.ask({ type: "join_game", gameId: "ant" });
  await a.ask({ type: "update_presence", presence: "away" });
  for (let frame = 0; frame < 3; frame++) await b.next();
  for (let visit = 0; visit < 20; visit++) {
    const [device] = await connectAll("really-churned", `visit-${visit}`);
    if (visit === 7) await device.ask({ type: "join_game", gameId: "go" });
    device.socket.close();
  }
  const [only] = await connectAll("really-churned", "stays");
  await eventually("the others to be forgotten", async () => {
    const { connectedDevices } = await stateOf(server, "really-churned");
    return connectedDevices === 1;
  });
  const told = {
    two: await stateOf(server, "really-two"),
    churned: await stateOf(server, "really-churned"),
  };
  const pingedAt = await sleepReally(t, [a, b, only], async () => {
    assert.equal((await b.ask({ type: "sync_state" })).presence, "away");
    assert.deepEqual((await only.ask({ type: "sync_state" })).activeGames, ["go"]);
  });
  for (const [user, before] of Object.entries({
    "really-two": told.two,
    "really-churned": told.churned,
  })) {
    const { lastActive, ...state } = await stateOf(server, user);
    const { lastActive: lastActiveBefore, ...stateBefore } = before;
    assert.deepEqual(state, stateBefore);
    assert.ok(lastActive >= pingedAt && pingedAt > lastActiveBefore);
  }
  a.send({ type: "broadcast", event: "who" });
  for (const each of [a, b]) assert.equal((await each.next()).from, "a");
  only.send({ type: "broadcast", event: "who" });
  assert.equal((await only.next()).from, "stays");
  const { code } = await a.close(4000, "own");
  assert.equal(code, 4000);
  assert.equal((await b.ask({ type: "sync_state" })).presence, "away");
  await closeAll(b, only);
});

/**
 * Waits until the objects of `really-two` and `really-churned` sleep by themselves. That can't be
 * seen without waking them, so it is tried again when the wait was too short.
 * @param {import("node:test").TestContext} t
 * @param {Device[]} devices They send heartbeats meanwhile.
 * @param {() => Promise<void>} wake
 * @returns {Promise<number>} When the last heartbeat was sent.
 */
async function sleepReally(t, devices, wake) {
  const users = ["really-two", "really-churned"];
  const counts = () => Promise.all(users.map((user) => server.counts(user)));
  let pingedAt = 0;
  for (let attempt = 1; attempt <= IDLE_TRIES; attempt++) {
    const before = await counts();
    const wakeAt = performance.now() + IDLE_MS;
    while (performance.now() < wakeAt) {
      await sleep(Math.min(PING_INTERVAL_MS, Math.max(0, wakeAt - performance.now())));
      pingedAt = Date.now();
      for (const device of devices) {
        device.send(PING);
        assert.equal(await device.nextText(), PONG);
      }
    }
    assert.deepEqual(await counts(), before);
    await wake();
    const now = await counts();
    t.diagnostic(`attempt ${attempt}: instances ${now.map(({ instances }) => instances)}`);
    if (now.every(({ instances }, at) => instances === before[at].instances + 1)) return pingedAt;
  }
  throw new Error(`the objects did not sleep in ${IDLE_TRIES} times ${IDLE_MS} ms`);
}
