/**
 * Writes that fail, more of them than `rows.test.mjs` has: what could not be stored or attached is
 * told to nobody and not half done, and what is in memory afterwards is what is stored.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { assertLoggedOut, stateOf } from "../support/logout.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { PREFIX, requestAsWritten, UPGRADE } from "../support/requests.mjs";
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

const OWNER_CONFIG = `${ROOT}tests/worker/fixtures/owner.wrangler.jsonc`;

/** What is attached is brought up to date with the first frame after this time. */
const ATTACHMENT_LAG_MS = 1_000;

const THROWN = { thrown: "the session could not do it: nothing was done" };

/**
 * Connects two devices of a user who has a game and is away, all frames read. Their ids are the
 * user's with `-a` and `-b`.
 * @param {string} userId
 */
async function pair(userId) {
  const a = await Device.connect(server, userId, `${userId}-a`);
  const b = await Device.connect(server, userId, `${userId}-b`);
  for (const device of [a, b]) await device.next();
  await a.ask({ type: "join_game", gameId: "go" });
  await a.ask({ type: "update_presence", presence: "away" });
  for (let frame = 0; frame < 2; frame++) await b.next();
  return { a, b };
}

/**
 * Asserts that work which fails leaves storage and state as they were and is told to nobody, now and
 * after a sleep.
 * @param {string} userId
 * @param {Device[]} devices Two of them.
 * @param {() => Promise<void>} work
 */
async function assertNothingDone(userId, devices, work) {
  const stored = await server.stored(userId);
  await work();
  for (const isAsleep of [false, true]) {
    if (isAsleep) await server.hibernate(userId);
    for (const device of devices) {
      const { type, activeGames, presence } = await device.ask({ type: "sync_state" });
      assert.deepEqual([type, activeGames, presence], ["state", ["go"], "away"]);
    }
    const { activeGames, connectedDevices } = await stateOf(server, userId);
    assert.deepEqual([activeGames, connectedDevices], [["go"], 2]);
    assert.deepEqual(await server.stored(userId), stored);
  }
}

/** @param {Device} device @param {object} frame */
async function assertInternal(device, frame) {
  const { type, code } = await device.ask(frame);
  assert.deepEqual({ type, code }, { type: "error", code: "internal" });
}

test("a request of version 2 that could not be stored is answered by its id, after a sleep too", async () => {
  const user = "ids";
  const newer = await V2Device.open(server, user, "newer");
  const older = await Device.connect(server, user, "older");
  await older.next();
  for (const isAsleep of [false, true]) {
    if (isAsleep) await server.hibernate(user);
    const frame = { type: "join_game", gameId: "go" };
    await server.failNext(user, "put");
    const id = newer.nextId();
    newer.send({ ...frame, id });
    const refused = (await restOf(newer)).find(({ type }) => type === "error");
    assert.deepEqual([refused?.code, refused?.id], ["internal", id]);
    await server.failNext(user, "put");
    assert.deepEqual(Object.keys(await older.ask({ ...frame, id })), ["type", "code", "message"]);
  }
  assert.equal((await newer.request({ type: "join_game", gameId: "go" })).type, "ack");
  await Promise.all([newer.close(), older.close()]);
});

for (const spared of [0, 1]) {
  test(`a logout whose row ${spared + 1} can't be stored closes nobody and ends no right`, async () => {
    const user = `logout${spared}`;
    const { a, b } = await pair(user);
    await assertNothingDone(user, [a, b], async () => {
      await server.failNext(user, "put", { spared });
      await assertInternal(a, { type: "logout_all" });
      await server.failNext(user, "put", { spared });
      assert.deepEqual(await server.call(user, "logoutAll"), THROWN);
    });
    a.send({ type: "logout_all" });
    for (const device of [a, b]) assertLoggedOut(await device.closed());
    assert.deepEqual(Object.keys(await server.stored(user)), ["session", "session.logout"]);
  });
}

test("many failing writes in a row are as many refusals, and the next one is stored", async () => {
  const user = "many";
  const { a, b } = await pair(user);
  await assertNothingDone(user, [a, b], async () => {
    await server.failNext(user, "put", { times: 10 });
    for (let count = 0; count < 10; count++) {
      await assertInternal(a, { type: count % 2 ? "join_game" : "leave_game", gameId: count % 2 ? "lost" : "go" });
    }
  });
  assert.equal((await a.ask({ type: "join_game", gameId: "chess" })).type, "game_joined");
  assert.deepEqual((await b.next()).activeGames, ["go", "chess"]);
  await Promise.all([a.close(), b.close()]);
});

test("calls whose change can't be stored throw, and nobody is told of it", async () => {
  const user = "calls";
  const { a, b } = await pair(user);
  for (const [method, ...args] of [["joinGame", "lost"], ["leaveGame", "go"], ["clear"]]) {
    await assertNothingDone(user, [a, b], async () => {
      await server.failNext(user, method === "clear" ? "delete" : "put");
      assert.deepEqual(await server.call(user, method, ...args), THROWN);
    });
  }
  const { result } = await server.call(user, "joinGame", "chess");
  assert.deepEqual(result, { activeGames: ["go", "chess"] });
  await Promise.all([a.close(), b.close()]);
});

test("a join that is stored but can't be attached is not stored either", async () => {
  const user = "attach-join";
  const { a, b } = await pair(user);
  for (const frame of [
    { type: "join_game", gameId: "lost" },
    { type: "leave_game", gameId: "go" },
  ]) {
    await assertNothingDone(user, [a, b], async () => {
      await delay(ATTACHMENT_LAG_MS);
      await server.failNext(`${user}-a`, "attach");
      await assertInternal(a, frame);
    });
  }
  await Promise.all([a.close(), b.close()]);
});

test("a presence that can't be attached is told to nobody", async () => {
  const user = "attach-presence";
  const { a, b } = await pair(user);
  await assertNothingDone(user, [a, b], async () => {
    await server.failNext(`${user}-a`, "attach");
    await assertInternal(a, { type: "update_presence", presence: "online" });
  });
  await Promise.all([a.close(), b.close()]);
});

test("a device that nothing can be attached to is not let in, and counts for nothing", async () => {
  const user = "attach-connect";
  const { a, b } = await pair(user);
  await assertNothingDone(user, [a, b], async () => {
    await server.failNext(`${user}-c`, "attach");
    const query = new URLSearchParams({ userId: user, deviceId: `${user}-c` });
    const { status } = await requestAsWritten(server, `${PREFIX}?${query}`, { headers: UPGRADE });
    assert.equal(status, 500);
  });
  assert.ok(!server.logs().some((line) => line.includes(user) && line.includes("is damaged")));
  await Promise.all([a.close(), b.close()]);
});

test("what only a leaving device carried is carried on, though that fails at first", async () => {
  const user = "attach-leave";
  const { a, b } = await pair(user);
  await server.failNext(`${user}-b`, "attach");
  assert.equal((await a.close(4000)).code, 4000);
  for (const isAsleep of [false, true]) {
    if (isAsleep) await server.hibernate(user);
    await eventually("the device to be forgotten", async () => {
      const { connectedDevices } = await stateOf(server, user);
      return connectedDevices === 1;
    });
    assert.equal((await b.ask({ type: "sync_state" })).presence, "away");
  }
  await b.close();
});

test("the last device leaves, though its row fails twice; a row that fails once is stored after all", async () => {
  for (const times of [1, 2]) {
    const user = `last${times}`;
    const device = await Device.connect(server, user, "d");
    const { lastActive } = await device.next();
    await server.failNext(user, "put", { times });
    await device.close();
    await eventually("the device to be forgotten", async () => {
      const state = await stateOf(server, user);
      return state.presence === "offline" && state.connectedDevices === 0;
    });
    await server.hibernate(user);
    assert.equal((await stateOf(server, user)).lastActive, times === 1 ? lastActive : 0);
  }
});

test("unreadable bytes that can't be put aside stay where they are, until they can", async () => {
  for (const method of /** @type {const} */ (["put", "delete"])) {
    const user = `aside ${method}`;
    const planted = { session: { bytes: [1, 2, 3, 250] } };
    await server.plant(user, planted);
    await server.failNext(user, method, { times: 2 });
    for (let count = 0; count < 2; count++) {
      const response = await fetch(`${server.http}${PREFIX}/state?userId=${user}`);
      assert.equal(response.status, 503);
      assert.deepEqual(await server.stored(user), planted);
    }
    assert.deepEqual((await stateOf(server, user)).activeGames, []);
    const [[key, value], ...more] = Object.entries(await server.stored(user));
    assert.match(key, /^session\.unreadable\.\d+$/);
    assert.deepEqual([value, more], [planted.session, []]);
  }
});

test("a logout is done and told even if its alarm can't be set, and the operator hears of it", async () => {
  const owner = await startServer(OWNER_CONFIG);
  try {
    for (const how of ["at once", "later"]) {
      const user = `alarm ${how}`;
      const headers = { "X-Identity": JSON.stringify({ userId: user, issuedAt: Math.floor(Date.now() / 1_000) }) };
      const query = new URLSearchParams({ userId: user, deviceId: "d" });
      const device = new Device(`${owner.ws}${PREFIX}?${query}`, { headers });
      await device.next();
      await fetch(`${owner.http}/test/fail-alarm?${new URLSearchParams({ userId: user, how })}`);
      device.send({ type: "logout_all" });
      assertLoggedOut(await device.closed());
      const again = await fetch(`${owner.http}${PREFIX}/state?${query}`, { headers });
      assert.equal(again.status, 401);
    }
    const reports = () => owner.logs().filter((line) => line.includes("onLogout could not be scheduled"));
    await eventually("the reports", async () => reports().length === 2);
  } finally {
    await owner.close();
  }
});
