/**
 * A module that traps, in the real runtime: what was under way has not happened, and everything else
 * goes on as if it had never been asked for.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { bearer, SECRET, seconds, secretToken } from "../support/auth.mjs";
import { buildBundle } from "../support/bundle.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { AT_CLOSING, FAULTS, startFaultyServer } from "../support/faulty.mjs";
import { leave } from "../support/leaving.mjs";
import { stateOf } from "../support/logout.mjs";
import { shortLived } from "../support/short-lived.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { clear, PREFIX, push, requestAsWritten, UPGRADE } from "../support/requests.mjs";
import { ROOT } from "../support/server.mjs";
import { NO_WRITES } from "../support/watched.mjs";

/** @import { Watching } from "../support/watched.mjs" */
/** @import { Workerd } from "../support/workerd.mjs" */

/** @type {Workerd & Watching} */
let server;
before(async () => {
  server = await startFaultyServer();
});
after(() => server.stop());

// More often than this in a row no socket's frames may fail: it is closed with this code.
const FAILURES_AT_ONCE = 20;
const TRY_AGAIN_CODE = 1013;

const BEFORE = "__trap_before__";

/**
 * Connects two devices of a user who has a game and is away, all frames read.
 * @param {string} userId
 * @param {string} [firstId]
 */
async function pair(userId, firstId = "a") {
  const a = await Device.connect(server, userId, firstId);
  const b = await Device.connect(server, userId, "b");
  await a.next();
  await b.next();
  await a.ask({ type: "join_game", gameId: "go" });
  await a.ask({ type: "update_presence", presence: "away" });
  await b.next();
  await b.next();
  return { a, b };
}

/**
 * Asserts that two devices of a user, and servers, see the state of `pair` and heard of nothing else.
 * @param {string} userId
 * @param {{a: Device, b: Device}} devices
 */
async function assertUnchanged(userId, devices) {
  for (const device of Object.values(devices)) {
    const { lastActive, ...state } = await device.ask({ type: "sync_state" });
    assert.deepEqual(state, { type: "state", userId, activeGames: ["go"], presence: "away" });
    assert.ok(lastActive > Date.now() - 10_000);
    assert.equal(device.ending, null);
  }
  const { activeGames, connectedDevices } = await stateOf(server, userId);
  assert.deepEqual({ activeGames, connectedDevices }, { activeGames: ["go"], connectedDevices: 2 });
}

/** @param {{a: Device, b: Device}} devices */
function closeBoth({ a, b }) {
  return Promise.all([a.close(), b.close()]);
}

describe("the module traps at a frame: its sender gets internal, and nothing of it was done", () => {
  for (const [word, what] of Object.entries(FAULTS)) {
    test(what, async () => {
      const user = `frame ${what}`;
      const devices = await pair(user);
      const { a, b } = devices;
      const bystander = await Device.connect(server, "bystander");
      await bystander.next();
      for (const frame of [
        { type: "join_game", gameId: word },
        { type: "leave_game", gameId: "go", word },
        { type: "update_presence", presence: "online", word },
        { type: "broadcast", event: word },
        { type: "logout_all", word },
        { type: word },
        word,
      ]) {
        const stored = await server.stored(user);
        const writes = await server.writesDuring(user, async () => {
          const { type, code } = await a.ask(frame);
          assert.deepEqual({ type, code }, { type: "error", code: "internal" });
          await assertUnchanged(user, devices);
        });
        assert.deepEqual(writes, NO_WRITES);
        assert.deepEqual(await server.stored(user), stored);
      }
      // Who is who is known to the instances that came after.
      a.send({ type: "broadcast", event: "who" });
      for (const device of [a, b]) assert.equal((await device.next()).from, "a");
      assert.equal((await server.counts(user)).instances, 1, "the object itself never restarts");
      assert.equal((await bystander.ask({ type: "sync_state" })).type, "state");
      await bystander.close();
      await closeBoth(devices);
    });
  }
});

test("a request of version 2 that traps is answered by its id, and only such a one", async () => {
  const user = "ids";
  const newer = await V2Device.open(server, user, "newer");
  const older = await Device.connect(server, user, "older");
  await older.next();
  const message = "the frame could not be handled: nothing was done";
  const refused = await newer.request({ type: BEFORE });
  const id = `${newer.run}.1`;
  assert.deepEqual(refused, { type: "error", code: "internal", message, id });
  const ids = [undefined, null, 7, "", newer.run, `${newer.run}.0`, `${newer.run}.1\n`, "\u00e9", [id]];
  for (const frame of [...ids.map((none) => ({ type: BEFORE, id: none })), BEFORE]) {
    assert.deepEqual(await newer.ask(frame), { type: "error", code: "internal", message });
  }
  assert.deepEqual(await older.ask({ type: BEFORE, id }), { type: "error", code: "internal", message });
  await closeBoth({ a: newer, b: older });
});

test("ten traps in a row on the same frame are ten refusals, and then all goes on", async (t) => {
  const devices = await pair("ten");
  const { a, b } = devices;
  /** @param {object} frame @param {number} times */
  const timePerFrame = async (frame, times) => {
    const start = performance.now();
    for (let count = 0; count < times; count++) await a.ask(frame);
    return (performance.now() - start) / times;
  };
  const trapMs = await timePerFrame({ type: "broadcast", event: BEFORE }, 10);
  const frameMs = await timePerFrame({ type: "sync_state" }, 10);
  t.diagnostic(`a frame that traps is answered in ${trapMs.toFixed(2)} ms, another in ${frameMs.toFixed(2)}`);
  await assertUnchanged("ten", devices);
  await a.ask({ type: "join_game", gameId: "chess" });
  assert.deepEqual((await b.next()).activeGames, ["go", "chess"]);
  await closeBoth(devices);
});

test("who goes on with frames that trap is closed and told to come back later, the others are not", async () => {
  const { a, b } = await pair("storm");
  for (let count = 0; count < 2 * FAILURES_AT_ONCE; count++) a.send({ type: BEFORE });
  const { code, reason } = await a.closed();
  assert.equal(code, TRY_AGAIN_CODE);
  assert.match(reason, /^our fault: .*later$/);
  const refusals = a.unread();
  assert.ok(refusals.every((refusal) => refusal.code === "internal"));
  assert.ok(refusals.length >= FAILURES_AT_ONCE && refusals.length <= FAILURES_AT_ONCE + 3);
  // What only the closed socket carried is carried on.
  assert.deepEqual((await b.ask({ type: "sync_state" })).presence, "away");
  assert.equal((await stateOf(server, "storm")).connectedDevices, 1);
  const again = await Device.connect(server, "storm", "a");
  assert.equal((await again.next()).presence, "away");
  await closeBoth({ a: again, b });
});

test("the module traps at a connect: 500, no device, and the next one is let in", async () => {
  const devices = await pair("connect");
  for (const word of Object.keys(FAULTS)) {
    const query = new URLSearchParams({ userId: "connect", deviceId: word });
    const answer = await requestAsWritten(server, `${PREFIX}?${query}`, { headers: UPGRADE });
    assert.equal(answer.status, 500);
    assert.equal(JSON.parse(answer.text).error.code, "internal");
    await assertUnchanged("connect", devices);
  }
  const next = await Device.connect(server, "connect", "next");
  assert.equal((await next.next()).presence, "away");
  await next.close();
  await closeBoth(devices);
});

test("the module traps at a push: 500, and no device gets it", async () => {
  const devices = await pair("push");
  for (const word of Object.keys(FAULTS)) {
    assert.equal((await push(server, "push", JSON.stringify({ type: word }))).status, 500);
    await assertUnchanged("push", devices);
  }
  await closeBoth(devices);
});

test("the module traps at a read, a clear and a call: refused, and nothing is erased", async () => {
  for (const word of Object.keys(FAULTS)) {
    // In this user's name everything traps that brings no text of its own.
    const user = `requests ${word}`;
    const { a, b } = await pair(user);
    const stored = await server.stored(user);
    const read = await fetch(`${server.http}${PREFIX}/state?userId=${user}`);
    assert.equal(read.status, 500);
    assert.equal((await clear(server, user)).status, 500);
    for (const [method, ...args] of [
      ["getState"],
      ["getMetrics"],
      ["clear"],
      ["logoutAll"],
      ["joinGame", word],
      ["leaveGame", word],
      ["push", { type: word }],
    ]) {
      const answer = await server.call(user, String(method), ...args);
      assert.deepEqual(answer, { thrown: "the session could not do it: nothing was done" });
    }
    assert.deepEqual(await server.stored(user), stored);
    for (const device of [a, b]) {
      assert.deepEqual((await device.ask({ type: "sync_state" })).activeGames, ["go"]);
    }
    assert.deepEqual(await server.call(user, "joinGame", "chess"), {
      result: { activeGames: ["go", "chess"] },
    });
    await closeBoth({ a, b });
  }
});

test("the module traps at a device's leaving: it has left all the same, with its own close code", async () => {
  const user = "closing";
  const { a, b } = await pair(user, `phone ${AT_CLOSING}`);
  const { code } = await a.close(4000, "own");
  assert.equal(code, 4000);
  await eventually("the device to be forgotten", async () => {
    const { connectedDevices } = await stateOf(server, user);
    return connectedDevices === 1;
  });
  assert.deepEqual((await b.ask({ type: "sync_state" })).activeGames, ["go"]);
  const reports = () => server.logs().filter((line) => line.includes('"event":"Disconnected"'));
  await eventually("both tries to be reported", async () => reports().length === 2);
  await b.close();
});

test("a leaving that is lost takes places along: whoever stays is told who is left, whoever comes starts over", async () => {
  const user = "lost-count";
  const leaving = await Device.connect(server, user, `phone ${AT_CLOSING}`);
  const newer = await V2Device.open(server, user, "laptop");
  const away = await V2Device.open(server, user, "tablet");
  await restOf(newer);
  await leave(server, away, user, 2);
  leaving.send({ type: "broadcast", event: "e", data: 1 });
  await leaving.close(4000);
  await eventually("the device to be forgotten", async () => {
    const { connectedDevices } = await stateOf(server, user);
    return connectedDevices === 1;
  });
  const [event, state] = (await restOf(newer)).slice(-2);
  assert.equal(event.data, 1);
  const isHere = state.devices.map((/** @type {any} */ { deviceId, tabs }) => [deviceId, tabs]);
  assert.deepEqual([state.type, isHere], ["state", [["laptop", 1], ["tablet", 0]]]);
  assert.equal(newer.ending, null);
  assert.notEqual(state.epoch, away.epoch, "it begins another epoch");
  await newer.request({ type: "broadcast", event: "e", data: 2 });
  const back = await away.again();
  assert.equal(back.initial.reset, true);
  const again = await newer.again();
  assert.equal(again.initial.reset, undefined);
  await Promise.all([back.close(), again.close()]);
});

test("credentials end as they would have without a trap, and a logout holds", async () => {
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
  const strict = await startFaultyServer(vars);
  try {
    const user = "credentials";
    /** @param {string} deviceId @param {Record<string, unknown>} claims */
    const connect = (deviceId, claims) => {
      const query = new URLSearchParams({ userId: user, deviceId });
      const headers = bearer(secretToken(user, claims));
      return new Device(`${strict.ws}${PREFIX}?${query}`, { headers });
    };
    const staying = connect("staying", {});
    await staying.next();
    const ending = await shortLived(async (lifeSeconds) => {
      const device = connect("ending", { exp: seconds() + lifeSeconds });
      await device.next();
      assert.equal((await staying.ask({ type: BEFORE })).code, "internal");
      assert.equal((await device.ask({ type: "sync_state" })).type, "state");
      return device;
    });
    await eventually("its credential to end", async () => {
      assert.equal((await staying.ask({ type: "sync_state", word: BEFORE })).code, "internal");
      assert.equal((await staying.ask({ type: "sync_state" })).type, "state");
      await delay(100);
      return ending.ending;
    });
    assert.equal((await ending.closed()).code, 4401);
    assert.equal((await staying.ask({ type: "logout_all", word: BEFORE })).code, "internal");
    staying.send({ type: "logout_all" });
    assert.equal((await staying.closed()).code, 1000);
    const late = connect("late", { iat: seconds() - 60 });
    assert.equal((await late.closed()).code, 1006, "refused at the door");
  } finally {
    await strict.stop();
  }
});

test("the shipped module has no such faults, nor a word of them", async () => {
  const shipped = readFileSync(`${ROOT}dist/session.wasm`, "latin1");
  for (const word of [...Object.keys(FAULTS), AT_CLOSING]) {
    assert.ok(!shipped.includes(word.slice(2, -2)), word);
  }
  const { modules } = await buildBundle();
  const deployed = modules.filter(({ type }) => type === "wasm").map(({ path }) => readFileSync(path, "latin1"));
  assert.deepEqual(deployed, [shipped]);
});
