/**
 * A device that was away for a moment must learn all that was sent to all meanwhile, in order and
 * once, or be told that it can't; a request that it repeats must not be done twice.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { leave } from "../support/leaving.mjs";
import { stateOf } from "../support/logout.mjs";
import { V2Device, lasting, restOf } from "../support/v2-device.mjs";
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

// The platform puts an object to sleep after 10 s without an event.
const IDLE_MS = 10_500;
const IDLE_TRIES = 4;

/**
 * Two devices of a user, all frames read.
 * @param {string} userId
 */
async function pair(userId) {
  const desk = await V2Device.open(server, userId, "desk", { tabId: "t" });
  const phone = await V2Device.open(server, userId, "phone", { tabId: "t" });
  await restOf(desk);
  return { desk, phone };
}

/**
 * Everything that can be missed, caused by one device.
 * @param {V2Device} device
 * @param {string} userId
 * @param {string} name Of the games.
 */
async function happen(device, userId, name) {
  await device.request({ type: "join_game", gameId: `${name} go` });
  await device.request({ type: "broadcast", event: "e", data: { name, more: [1.50] } });
  await device.request({ type: "join_game", gameId: `${name} chess` });
  await device.request({ type: "update_presence", presence: "away" });
  await device.request({ type: "leave_game", gameId: `${name} go` });
  await push(server, userId, `{ "type":"news", "of":"${name}" }`);
  await device.request({ type: "update_presence", presence: "online" });
  await restOf(device);
}

/**
 * The lasting frames of a device above a number, to the letter.
 * @param {V2Device} device
 * @param {number} seq
 */
function textsAbove(device, seq) {
  return device.frames.filter((text) => {
    const frame = JSON.parse(text);
    return frame.type !== "initial_state" && frame.seq > seq && lasting([frame]).length > 0;
  });
}

/**
 * Asserts that a device that came back has got what the other has got meanwhile.
 * @param {V2Device} back
 * @param {V2Device} other It was there all the time.
 * @param {number} seq Up to where the first had seen all.
 */
async function assertCaughtUp(back, other, seq) {
  await restOf(back);
  await restOf(other);
  assert.equal(back.initial.reset, undefined);
  assert.equal(back.epoch, other.epoch);
  const missed = textsAbove(other, seq);
  assert.ok(missed.length >= 5, `${missed.length} frames`);
  assert.deepEqual(textsAbove(back, seq), missed);
}

for (const [name, sleep] of /** @type {[string, (user: string) => Promise<void>][]} */ ([
  ["while the object is awake", async () => {}],
  ["while the object sleeps", (user) => server.hibernate(user)],
])) {
  test(`what a device missed ${name} is brought once and in order`, async () => {
    const user = `missed ${name}`;
    const { desk, phone } = await pair(user);
    await happen(desk, user, "seen");
    await restOf(phone);
    const { seq } = phone;
    assert.equal(seq, desk.seq);
    await leave(server, phone, user, 1);
    await sleep(user);
    await happen(desk, user, "missed");
    await sleep(user);
    const back = await phone.again();
    await assertCaughtUp(back, desk, seq);
    assert.deepEqual(back.initial.activeGames, ["seen chess", "missed chess"]);
    await leave(server, back, user, 1);
    await sleep(user);
    const again = await back.again();
    assert.equal(again.initial.reset, undefined);
    assert.deepEqual(lasting(await restOf(again)), []);
    await Promise.all([again.close(), desk.close()]);
  });
}

test("a number follows the other, whatever sleeps between, and is the same for every device", async () => {
  const user = "numbers";
  const { desk, phone } = await pair(user);
  for (let round = 0; round < 5; round++) {
    await happen(desk, user, `${round}`);
    await server.hibernate(user);
    await phone.request({ type: "broadcast", event: "from" });
  }
  await restOf(desk);
  await restOf(phone);
  const numbers = (/** @type {V2Device} */ device) =>
    device.frames
      .map((text) => JSON.parse(text))
      .filter(({ type, seq }) => type !== "initial_state" && seq !== undefined)
      .map(({ seq }) => seq);
  const seen = numbers(desk);
  assert.deepEqual(seen, seen.map((_, at) => seen[0] + at));
  assert.deepEqual(numbers(phone), seen.filter((seq) => seq > phone.initial.seq));
  await Promise.all([desk.close(), phone.close()]);
});

test("when nobody is left the count goes on, and the first to come back is brought the end", async () => {
  const user = "everybody";
  const { desk, phone } = await pair(user);
  await leave(server, phone, user, 1);
  await happen(desk, user, "missed");
  await leave(server, desk, user, 0);
  await server.restart(user);
  // A server may change games while nobody is there.
  await server.call(user, "joinGame", "served");
  const back = await phone.again();
  assert.equal(back.initial.reset, undefined);
  assert.ok(back.initial.epoch > phone.epoch, "the frames of nobody are an epoch of their own");
  const frames = lasting(await restOf(back));
  assert.deepEqual(frames.map(({ type }) => type), [
    ...["game_joined", "event", "game_joined", "game_left", "push", "game_joined"],
  ]);
  assert.equal(frames[4].body.type, "news");
  assert.deepEqual(frames[5].activeGames, ["missed chess", "served"]);
  assert.deepEqual(frames.map(({ seq }) => seq), frames.map(({ seq }) => seq).toSorted((a, b) => a - b));
  await back.close();
});

test("what can't be brought is never skipped in silence", async (t) => {
  const user = "resets";
  const { desk, phone } = await pair(user);
  const { epoch } = desk;
  const unreadable = ["", "1", "1.", ".1", "1.2.3", "-1.2", "1.-2", "a.b", "1,2", "1.2e3", "01.2", `${epoch}.01`];
  for (const [what, since] of [
    ["another epoch", `${epoch - 1}.1`],
    ["a number that is yet to come", `${epoch}.999`],
    ...unreadable.map((since) => [`a place that can't be read, ${JSON.stringify(since)}`, since]),
    ["numbers beyond those that are exact", "9007199254740993.9007199254740993"],
  ]) {
    await t.test(what, async () => {
      const stranger = await V2Device.open(server, user, "stranger", { since });
      assert.equal(stranger.initial.reset, true);
      assert.equal(stranger.initial.epoch, epoch);
      assert.deepEqual(lasting(await restOf(stranger)), []);
      await stranger.close();
    });
  }
  await t.test("more frames than are kept", async () => {
    await leave(server, phone, user, 1);
    for (let at = 0; at < 300; at++) desk.send({ type: "broadcast", event: "e", data: at });
    await restOf(desk);
    const back = await phone.again();
    assert.equal(back.initial.reset, true);
    assert.deepEqual(lasting(await restOf(back)), []);
    await leave(server, back, user, 1);
  });
  await t.test("more bytes than survive a sleep", async () => {
    const before = await phone.again();
    await leave(server, before, user, 1);
    for (let at = 0; at < 5; at++) desk.send({ type: "broadcast", event: "e", data: "x".repeat(4_000) });
    await restOf(desk);
    await server.hibernate(user);
    const back = await before.again();
    assert.equal(back.initial.reset, true);
    assert.equal(back.initial.epoch, epoch);
    await leave(server, back, user, 1);
  });
  await t.test("an erased user's frames", async () => {
    const before = await phone.again();
    await leave(server, before, user, 1);
    await clear(server, user);
    const told = (await restOf(desk)).findLast(({ type }) => type === "state");
    assert.notEqual(told.epoch, epoch);
    const back = await before.again();
    assert.deepEqual([back.initial.reset, back.initial.epoch], [true, told.epoch]);
    await back.close();
  });
  await desk.close();
});

test("after a clear a device is told the whole state, and its place in the epoch that begins", async () => {
  const user = "cleared";
  const { desk, phone } = await pair(user);
  await desk.request({ type: "set_device", name: "Desk" });
  await happen(desk, user, "before");
  await push(server, user, '{"type":"news"}');
  await clear(server, user);
  const { lastActive, ...state } = (await restOf(phone)).findLast(({ type }) => type === "state");
  const { type, ...initial } = phone.initial;
  assert.deepEqual(Object.keys({ lastActive, ...state }).sort(), Object.keys({ type, ...initial }).sort());
  assert.deepEqual([state.activeGames, state.inbox], [[], { last: 0, read: 0, unread: 0 }]);
  const rows = state.devices.map((/** @type {any} */ { deviceId, name, current }) => [deviceId, name, current]);
  assert.deepEqual(rows, [["desk", "", false], ["phone", "", true]]);
  assert.deepEqual([state.epoch, state.seq], [phone.epoch, phone.seq]);
  await leave(server, phone, user, 1);
  await restOf(desk);
  await happen(desk, user, "after");
  const back = await phone.again();
  await assertCaughtUp(back, desk, phone.seq);
  await Promise.all([back.close(), desk.close()]);
});

test("a real sleep of more than ten seconds loses neither frames nor requests nor names", async (t) => {
  const user = "really";
  const { desk, phone } = await pair(user);
  await desk.request({ type: "set_device", name: "Desk" });
  await restOf(phone);
  const { seq } = phone;
  await leave(server, phone, user, 1);
  await happen(desk, user, "missed");
  const state = await stateOf(server, user);
  for (let attempt = 1; ; attempt++) {
    const { instances } = await server.counts(user);
    await delay(IDLE_MS);
    await restOf(desk);
    if ((await server.counts(user)).instances === instances + 1) break;
    t.diagnostic(`attempt ${attempt}: the object did not sleep`);
    assert.ok(attempt < IDLE_TRIES);
  }
  const back = await phone.again();
  await assertCaughtUp(back, desk, seq);
  assert.deepEqual((await stateOf(server, user)).activeGames, state.activeGames);
  const repeated = await desk.repeat(`${desk.run}.2`, { type: "broadcast", event: "e", data: 1 });
  assert.deepEqual([repeated.repeated, lasting(await restOf(back))], [true, []]);
  const [first] = back.initial.devices;
  assert.deepEqual([first.deviceId, first.name, first.tabs], ["desk", "Desk", 1]);
  const closing = back.closed();
  const again = await back.again();
  assert.equal((await closing).code, 4409);
  assert.equal(again.initial.reset, undefined);
  await Promise.all([again.close(), desk.close()]);
});
