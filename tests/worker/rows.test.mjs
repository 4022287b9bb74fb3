/** What is written, which is what a deployment pays for: rows counted at the real storage. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { leave } from "../support/leaving.mjs";
import { stateOf } from "../support/logout.mjs";
import { clear, push } from "../support/requests.mjs";
import { NO_WRITES, startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

const ONE_ROW = { ...NO_WRITES, puts: 1 };

/**
 * Connects two devices of a user, both past their first frame.
 * @param {string} userId
 */
async function pair(userId) {
  const a = await Device.connect(server, userId, "a");
  const b = await Device.connect(server, userId, "b");
  await a.next();
  await b.next();
  return { a, b };
}

// One after another by a device of one user: the rows that it may cost, and the answer.
const COSTS = [
  { rows: 1, send: { type: "join_game", gameId: "go" }, answer: "game_joined" },
  { rows: 0, send: { type: "join_game", gameId: "go" } },
  { rows: 1, send: { type: "join_game", gameId: "chess" }, answer: "game_joined" },
  { rows: 1, send: { type: "leave_game", gameId: "go" }, answer: "game_left" },
  { rows: 0, send: { type: "leave_game", gameId: "go" }, answer: "game_left" },
  { rows: 0, send: '{"type":"ping"}', answer: "pong" },
  { rows: 0, send: '{"type": "ping"}', answer: "pong" },
  { rows: 0, send: { type: "sync_state" }, answer: "state" },
  { rows: 0, send: { type: "update_presence", presence: "away" }, answer: "presence_updated" },
  { rows: 0, send: { type: "update_presence", presence: "away" } },
  { rows: 0, send: { type: "update_presence", presence: "online" }, answer: "presence_updated" },
  { rows: 0, send: { type: "broadcast", event: "e", data: 1 }, answer: "event" },
  { rows: 0, send: "not JSON", answer: "error" },
  { rows: 0, send: { type: "join_game", gameId: "" }, answer: "error" },
];

for (const asleep of [false, true]) {
  test(`a frame costs a row only when the games change${asleep ? ", also when it wakes the object" : ""}`, async (t) => {
    const user = `costs ${asleep}`;
    const { a, b } = await pair(user);
    for (const { rows, send, answer } of COSTS) {
      await t.test(`${rows} for ${JSON.stringify(send)}`, async () => {
        if (asleep) await server.hibernate(user);
        const writes = await server.writesDuring(user, async () => {
          a.send(send);
          if (answer) assert.equal((await a.next()).type, answer);
          assert.equal((await a.ask({ type: "sync_state" })).type, "state");
        });
        assert.deepEqual(writes, { ...NO_WRITES, puts: rows });
      });
    }
    await a.close();
    await b.close();
  });
}

test("connecting, reading and pushing cost nothing, and the first leave of the last device one row", async () => {
  const user = "visits";
  /** @type {Device[]} */
  const devices = [];
  const connecting = await server.writesDuring(user, async () => {
    for (const id of ["a", "b"]) {
      const device = await Device.connect(server, user, id);
      await device.next();
      devices.push(device);
    }
    await stateOf(server, user);
    await push(server, user, '{"type":"news"}');
    for (const device of devices) assert.equal((await device.next()).type, "news");
  });
  assert.deepEqual(connecting, NO_WRITES);
  assert.deepEqual(await server.writesDuring(user, () => leave(server, devices[0], user, 1)), NO_WRITES);
  assert.deepEqual(await server.writesDuring(user, () => leave(server, devices[1], user, 0)), ONE_ROW);
  const again = await Device.connect(server, user, "a");
  assert.deepEqual(await server.writesDuring(user, () => leave(server, again, user, 0)), NO_WRITES);
});

test("a hundred reconnects in a row, as the old hook makes them, cost at most one row", async () => {
  const user = "churn";
  const writes = await server.writesDuring(user, async () => {
    for (let visit = 0; visit < 100; visit++) {
      const device = await Device.connect(server, user, `visit-${visit}`);
      await device.close();
    }
    await eventually("the last to be forgotten", async () => {
      const { connectedDevices } = await stateOf(server, user);
      return connectedDevices === 0;
    });
  });
  assert.deepEqual(writes, ONE_ROW);
});

test("a logout costs the rows of its moment and of the last activity, and keeps the games", async () => {
  const { a, b } = await pair("logout");
  await a.ask({ type: "join_game", gameId: "go" });
  const writes = await server.writesDuring("logout", async () => {
    a.send({ type: "logout_all" });
    await a.closed();
    await b.closed();
  });
  assert.deepEqual(writes, { ...ONE_ROW, puts: 2 });
  assert.deepEqual((await stateOf(server, "logout")).activeGames, ["go"]);
});

test("clear leaves nothing stored, whatever was there", async () => {
  await server.plant("cleared", { activeGames: { value: ["go"] }, other: { value: 1 } });
  const { a, b } = await pair("cleared");
  await a.ask({ type: "join_game", gameId: "chess" });
  await b.next();
  await clear(server, "cleared");
  assert.deepEqual(await server.stored("cleared"), {});
  await server.hibernate("cleared");
  assert.deepEqual((await a.next()).activeGames, []);
  assert.deepEqual((await a.ask({ type: "sync_state" })).activeGames, []);
  await a.close();
  await b.close();
});

test("what the server before this one has stored is carried over once and then gone", async () => {
  const user = "legacy";
  await server.plant(user, {
    activeGames: { value: ["zoo", "ant", "é🎲"] },
    presence: { value: "away" },
    lastActive: { value: 1_700_000_000_123 },
  });
  assert.deepEqual(await stateOf(server, user), {
    userId: user,
    activeGames: ["zoo", "ant", "é🎲"],
    presence: "offline",
    lastActive: 1_700_000_000_123,
    connectedDevices: 0,
    isHibernating: true,
  });
  const keys = Object.keys(await server.stored(user));
  assert.deepEqual(keys, ["session"]);
  const writes = await server.writesDuring(user, async () => {
    await server.hibernate(user);
    const device = await Device.connect(server, user, "d");
    const { activeGames, presence } = await device.next();
    assert.deepEqual({ activeGames, presence }, { activeGames: ["zoo", "ant", "é🎲"], presence: "online" });
    assert.equal((await device.ask({ type: "leave_game", gameId: "ant" })).type, "game_left");
    await server.hibernate(user);
    const state = await device.ask({ type: "sync_state" });
    assert.deepEqual(state.activeGames, ["zoo", "é🎲"]);
    await device.close();
  });
  assert.deepEqual(writes, ONE_ROW);
});

test("what the server before this one has stored is never lost to a failing write", async () => {
  const user = "legacy-failing";
  const planted = { activeGames: { value: ["go"] }, lastActive: { value: 1_700_000_000_123 } };
  await server.plant(user, planted);
  await server.failNext(user, "put");
  const url = `${server.http}/__user-session/state?userId=${user}`;
  assert.equal((await fetch(url)).status, 503);
  const { activeGames, lastActive } = await stateOf(server, user);
  assert.deepEqual({ activeGames, lastActive }, { activeGames: ["go"], lastActive: 1_700_000_000_123 });
});

/** @type {[name: string, stored: import("../support/watched.js").Stored][]} */
const UNREADABLE = [
  ["garbage", { bytes: [1, 2, 3, 250, 251] }],
  ["nothing", { bytes: [] }],
  ["a future version", { bytes: [200, ...new Array(12).fill(0)] }],
  ["one byte too many", { bytes: [1, ...new Array(12).fill(0), 0] }],
  ["a count of games that is not there", { bytes: [1, ...new Array(8).fill(0), 255, 255, 255, 255] }],
  ["no bytes but an object", { value: { activeGames: ["go"] } }],
  ["no bytes but text", { value: "go" }],
  ["null", { value: null }],
];

test("stored bytes that can't be read are kept aside and reported, and the session goes on", async (t) => {
  for (const [name, stored] of UNREADABLE) {
    await t.test(name, async () => {
      const user = `unreadable ${name}`;
      const device = await Device.connect(server, user, "d");
      await device.next();
      await server.hibernate(user);
      await server.plant(user, { session: stored });
      // Asleep again, the object reads it at the next event.
      await server.hibernate(user);
      assert.equal((await device.ask({ type: "join_game", gameId: "new" })).type, "game_joined");
      const { session, ...aside } = await server.stored(user);
      assert.ok("bytes" in session);
      const [key, ...more] = Object.keys(aside);
      assert.match(key, /^session\.unreadable\.\d+$/);
      assert.deepEqual([aside[key], more], [stored, []]);
      const isReport = (/** @type {string} */ line) =>
        line.includes(JSON.stringify(user)) && /damaged or of an unknown version/.test(line);
      await eventually("the report", async () => server.logs().some(isReport));
      await server.hibernate(user);
      assert.deepEqual((await device.ask({ type: "sync_state" })).activeGames, ["new"]);
      assert.deepEqual(Object.keys(await server.stored(user)).length, 2);
      await device.close();
    });
  }
});

test("a change that can't be stored is told to nobody, and the next one is", async () => {
  const user = "failing";
  const { a, b } = await pair(user);
  await a.ask({ type: "join_game", gameId: "go" });
  await b.next();
  await a.ask({ type: "update_presence", presence: "away" });
  await b.next();
  const stored = await server.stored(user);
  for (const send of [
    { type: "join_game", gameId: "lost" },
    { type: "leave_game", gameId: "go" },
  ]) {
    await server.failNext(user, "put");
    const { type, code } = await a.ask(send);
    assert.deepEqual({ type, code }, { type: "error", code: "internal" });
    for (const device of [a, b]) {
      const { type: answer, activeGames, presence } = await device.ask({ type: "sync_state" });
      assert.deepEqual([answer, activeGames, presence], ["state", ["go"], "away"]);
    }
    assert.deepEqual(await server.stored(user), stored);
  }
  assert.equal((await a.ask({ type: "join_game", gameId: "chess" })).type, "game_joined");
  assert.deepEqual((await b.next()).activeGames, ["go", "chess"]);
  await server.hibernate(user);
  assert.deepEqual((await b.ask({ type: "sync_state" })).activeGames, ["go", "chess"]);
  await a.close();
  await b.close();
});

test("a clear that fails is answered as failed, and nobody is told of it", async () => {
  const user = "failing-clear";
  const { a, b } = await pair(user);
  await a.ask({ type: "join_game", gameId: "go" });
  await b.next();
  await server.failNext(user, "delete");
  const answer = await clear(server, user);
  assert.equal(answer.status, 500);
  assert.deepEqual(Object.keys((await answer.json()).error), ["code", "message"]);
  for (const device of [a, b]) {
    assert.deepEqual((await device.ask({ type: "sync_state" })).activeGames, ["go"]);
  }
  await leave(server, b, user, 1);
  assert.deepEqual((await stateOf(server, user)).activeGames, ["go"]);
  await a.close();
});

test("the last device is gone even when its leaving can't be stored", async () => {
  const user = "failing-leave";
  const device = await Device.connect(server, user, "d");
  await server.failNext(user, "put");
  await leave(server, device, user, 0);
  const { presence, connectedDevices } = await stateOf(server, user);
  assert.deepEqual({ presence, connectedDevices }, { presence: "offline", connectedDevices: 0 });
});
