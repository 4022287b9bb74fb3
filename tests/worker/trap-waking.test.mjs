/**
 * A module that traps while it wakes on what is stored: the user can't be served, but whoever asks is
 * told so at once, the operator too, and nothing that is stored is touched. It says nothing about the
 * stored bytes, so a build that can read them serves the user as if nothing had been.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { FAULTS, startFaultyServer } from "../support/faulty.mjs";
import { stateOf } from "../support/logout.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { assertRefusal, clear, PREFIX, push, requestAsWritten, UPGRADE } from "../support/requests.mjs";

/** @import { Stored } from "../support/watched.js" */
/** @import { Watching } from "../support/watched.mjs" */
/** @import { Workerd } from "../support/workerd.mjs" */

/** @type {Workerd & Watching} */
let server;
before(async () => {
  server = await startFaultyServer();
});
after(() => server.stop());

/**
 * A snapshot of the third version, with these games.
 * @param {string[]} games
 * @returns {Stored}
 */
function snapshot(...games) {
  const head = Buffer.alloc(13);
  head.writeUInt8(3);
  head.writeBigInt64LE(1_700_000_000_123n, 1);
  head.writeUInt32LE(games.length, 9);
  const texts = games.flatMap((game) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(game));
    return [length, Buffer.from(game)];
  });
  return { bytes: [...Buffer.concat([head, ...texts, Buffer.alloc(4)])] };
}

for (const [word, what] of Object.entries(FAULTS)) {
  test(`${what}, at the waking: 503 for all, and nothing is touched`, async () => {
    const user = `waking ${what}`;
    const planted = { session: snapshot("go", word), other: { value: 1 } };
    await server.plant(user, planted);
    const query = new URLSearchParams({ userId: user });
    for (const ask of [
      () => requestAsWritten(server, `${PREFIX}/state?${query}`),
      () => requestAsWritten(server, `${PREFIX}?${query}`, { headers: UPGRADE }),
    ]) {
      const answer = await ask();
      assert.equal(answer.status, 503);
      assert.equal(answer.headers["retry-after"], "5");
      assertRefusal(answer.text, "unavailable", /try again/);
    }
    assert.equal((await clear(server, user)).status, 503);
    assert.equal((await push(server, user, '{"type":"news"}')).status, 503);
    assert.deepEqual(await server.call(user, "joinGame", "chess"), {
      thrown: "the session can't be served now: try again later",
    });
    assert.deepEqual(await server.stored(user), planted);
    const reports = () => server.logs().filter((line) => line.includes(JSON.stringify(user)));
    await eventually("five reports", async () => reports().length === 5);
    for (const line of reports()) assert.match(line, /"event":"Woken".*"snapshotBytes":\d\d/);
    // What a build without the fault would find.
    await server.plant(user, { session: snapshot("go", "chess") });
    const { activeGames, lastActive } = await stateOf(server, user);
    assert.deepEqual({ activeGames, lastActive }, { activeGames: ["go", "chess"], lastActive: 1_700_000_000_123 });
  });
}

test("devices that are connected when it begins are told at each frame, and served again afterwards", async () => {
  const user = "waking connected";
  const a = await Device.connect(server, user, "a");
  const b = await Device.connect(server, user, "b");
  for (const device of [a, b]) await device.next();
  await a.ask({ type: "join_game", gameId: "go" });
  await a.ask({ type: "update_presence", presence: "away" });
  for (let frame = 0; frame < 2; frame++) await b.next();
  const good = await server.stored(user);
  await server.plant(user, { session: snapshot("__trap_before__") });
  // The next instance wakes on what was planted.
  for (let count = 0; count < 3; count++) {
    for (const device of [a, b]) {
      assert.equal((await device.ask({ type: "join_game", gameId: "__trap_before__" })).code, "internal");
    }
  }
  await server.plant(user, good);
  for (const [device, deviceId] of /** @type {const} */ ([[a, "a"], [b, "b"]])) {
    const { activeGames, presence } = await device.ask({ type: "sync_state" });
    assert.deepEqual({ activeGames, presence }, { activeGames: ["go"], presence: "away" });
    device.send({ type: "broadcast", event: "who" });
    for (const each of [a, b]) assert.equal((await each.next()).from, deviceId);
  }
  assert.equal((await a.close(4000)).code, 4000);
  await b.close();
});

test("a device may leave while nothing can be served: its close is answered", async () => {
  const user = "waking leaving";
  const a = await Device.connect(server, user, "a");
  const b = await Device.connect(server, user, "b");
  for (const device of [a, b]) await device.next();
  await a.ask({ type: "join_game", gameId: "go" });
  const good = await server.stored(user);
  await server.plant(user, { session: snapshot("__trap_before__") });
  assert.equal((await b.next()).type, "game_joined");
  for (let count = 0; count < 2; count++) {
    assert.equal((await b.ask({ type: "__trap_before__" })).code, "internal");
  }
  assert.equal((await a.close(4000, "own")).code, 4000);
  await server.plant(user, good);
  assert.equal((await stateOf(server, user)).connectedDevices, 1);
  assert.equal((await b.ask({ type: "sync_state" })).presence, "online");
  await b.close();
});

test("who stays is told of a leaving that nothing could be told of, as soon as the session can wake", async () => {
  const user = "waking lost";
  const a = await V2Device.open(server, user, "a");
  const b = await V2Device.open(server, user, "b");
  await a.request({ type: "join_game", gameId: "go" });
  await restOf(b);
  const good = await server.stored(user);
  await server.plant(user, { session: snapshot("__trap_before__") });
  assert.equal((await b.ask({ type: "__trap_before__" })).code, "internal");
  assert.equal((await a.close(4000)).code, 4000);
  const reports = () => server.logs().filter((line) => line.includes(JSON.stringify(user)) && line.includes('"Woken"'));
  await eventually("every waking to have failed", async () => reports().length >= 4);
  await server.plant(user, good);
  // Nobody asks for anything from here on.
  const state = await b.next();
  const isHere = state.devices.map((/** @type {any} */ { deviceId, tabs }) => [deviceId, tabs]);
  assert.deepEqual([state.type, isHere], ["state", [["a", 0], ["b", 1]]]);
  await b.close();
});

test("a socket that the server has closed stays closed when its answer comes while nothing can be served", async () => {
  const user = "waking replaced";
  const old = await V2Device.open(server, user, "a", { tabId: "one" });
  const b = await V2Device.open(server, user, "b");
  await b.request({ type: "join_game", gameId: "go" });
  // Without a frame before its answer to the close, workerd ends its connection late.
  await restOf(old);
  // It reads nothing any more, so it does not answer the close.
  old.socket.pause();
  const a = await V2Device.open(server, user, "a", { tabId: "one" });
  await restOf(b);
  const good = await server.stored(user);
  await server.plant(user, { session: snapshot("__trap_before__") });
  assert.equal((await b.ask({ type: "__trap_before__" })).code, "internal");
  const reports = () => server.logs().filter((line) => line.includes(JSON.stringify(user)) && line.includes('"Woken"'));
  old.socket.resume();
  assert.equal((await old.closed()).code, 4409);
  await eventually("the waking to have failed", async () => reports().length >= 1);
  await server.plant(user, good);
  assert.deepEqual(await restOf(b), [], "nobody has left, so nobody is told of it");
  await Promise.all([a.close(), b.close()]);
});
