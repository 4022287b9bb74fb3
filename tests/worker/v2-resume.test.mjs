/**
 * A device that was away for a moment must learn all that was sent to all meanwhile, in order and
 * once, or be told that it can't; a request that it repeats must not be done twice.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { eventually } from "../support/eventually.mjs";
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
 * Closes a device and waits until the server has forgotten it.
 * @param {V2Device} device
 * @param {string} userId
 * @param {number} left
 */
async function leave(device, userId, left) {
  await device.close();
  await eventually("the device to be forgotten", async () => {
    return (await stateOf(server, userId)).connectedDevices === left;
  });
}

/**
 * Everything that can be missed, caused by one device.
 * @param {V2Device} device
 * @param {string} userId
 * @param {string} name Of the games.
 */
async function happen(device, userId, name) {
  await device.request({ type: "join_game", gameId: `${name} go`, id: `${name} 1` });
  await device.request({ type: "broadcast", event: "e", data: { name, more: [1.50] }, id: `${name} 2` });
  await device.request({ type: "join_game", gameId: `${name} chess`, id: `${name} 3` });
  await device.request({ type: "update_presence", presence: "away", id: `${name} 4` });
  await device.request({ type: "leave_game", gameId: `${name} go`, id: `${name} 5` });
  await push(server, userId, `{ "type":"news", "of":"${name}" }`);
  await device.request({ type: "update_presence", presence: "online", id: `${name} 6` });
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
    return frame.type !== "ack" && frame.epoch === undefined && frame.seq > seq && lasting([frame]).length > 0;
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
  assert.equal(back.initial.epoch, other.epoch);
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
    await leave(phone, user, 1);
    await sleep(user);
    await happen(desk, user, "missed");
    await sleep(user);
    const back = await phone.again();
    await assertCaughtUp(back, desk, seq);
    assert.deepEqual(back.initial.activeGames, ["seen chess", "missed chess"]);
    await leave(back, user, 1);
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
    await phone.request({ type: "broadcast", event: "from", id: `${round}` });
  }
  await restOf(desk);
  await restOf(phone);
  const numbers = (/** @type {V2Device} */ device) =>
    device.frames
      .map((text) => JSON.parse(text))
      .filter(({ type, seq }) => type !== "ack" && type !== "initial_state" && seq !== undefined)
      .map(({ seq }) => seq);
  const seen = numbers(desk);
  assert.deepEqual(seen, seen.map((_, at) => seen[0] + at));
  assert.deepEqual(numbers(phone), seen.filter((seq) => seq > phone.initial.seq));
  await Promise.all([desk.close(), phone.close()]);
});

test("when nobody is left the count goes on, and the first to come back is brought the end", async () => {
  const user = "everybody";
  const { desk, phone } = await pair(user);
  await leave(phone, user, 1);
  await happen(desk, user, "missed");
  await leave(desk, user, 0);
  await server.restart(user);
  // A server may change games while nobody is there.
  await server.call(user, "joinGame", "served");
  const back = await phone.again();
  assert.equal(back.initial.reset, undefined);
  assert.equal(back.initial.epoch, phone.epoch);
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
  for (const [what, since] of [
    ["another epoch", `${epoch - 1}.1`],
    ["a number that is yet to come", `${epoch}.999`],
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
    await leave(phone, user, 1);
    for (let at = 0; at < 300; at++) desk.send({ type: "broadcast", event: "e", data: at });
    await restOf(desk);
    const back = await phone.again();
    assert.equal(back.initial.reset, true);
    assert.deepEqual(lasting(await restOf(back)), []);
    await leave(back, user, 1);
  });
  await t.test("more bytes than survive a sleep", async () => {
    const before = await phone.again();
    await leave(before, user, 1);
    for (let at = 0; at < 5; at++) desk.send({ type: "broadcast", event: "e", data: "x".repeat(4_000) });
    await restOf(desk);
    await server.hibernate(user);
    const back = await before.again();
    assert.equal(back.initial.reset, true);
    assert.equal(back.initial.epoch, epoch);
    await leave(back, user, 1);
  });
  await t.test("an erased user's frames", async () => {
    const before = await phone.again();
    await leave(before, user, 1);
    await clear(server, user);
    const told = (await restOf(desk)).findLast(({ type }) => type === "state");
    assert.ok(told.epoch > epoch);
    const back = await before.again();
    assert.deepEqual([back.initial.reset, back.initial.epoch], [true, told.epoch]);
    await back.close();
  });
  await desk.close();
});

test("a request is done once, however often it is sent, also after a reconnect and a sleep", async () => {
  const user = "requests";
  const { desk, phone } = await pair(user);
  const joined = await phone.request({ type: "join_game", gameId: "go", id: "a" });
  const said = await phone.request({ type: "broadcast", event: "e", data: 1, id: "b" });
  assert.deepEqual([joined.type, said.type, said.seq], ["ack", "ack", joined.seq + 1]);
  await phone.request({ type: "leave_game", gameId: "go", id: "c" });
  await restOf(desk);
  /** @param {V2Device} device */
  const repeat = async (device) => {
    assert.deepEqual(await device.request({ type: "join_game", gameId: "go", id: "a" }), joined);
    assert.deepEqual(await device.request({ type: "broadcast", event: "e", data: 1, id: "b" }), said);
    assert.deepEqual(lasting(await restOf(desk)), []);
    assert.deepEqual((await stateOf(server, user)).activeGames, []);
  };
  await repeat(phone);
  await server.hibernate(user);
  await repeat(phone);
  await leave(phone, user, 1);
  await server.hibernate(user);
  const back = await phone.again();
  await repeat(back);
  await leave(back, user, 1);
  await leave(desk, user, 0);
  await server.restart(user);
  const alone = await back.again();
  assert.deepEqual(await alone.request({ type: "broadcast", event: "e", data: 1, id: "b" }), said);
  assert.deepEqual(lasting(await restOf(alone)), []);
  await alone.close();
});

test("a refused request carries its id, and may be tried again", async () => {
  const user = "refused";
  const device = await V2Device.open(server, user);
  const refused = await device.request({ type: "join_game", gameId: "", id: "a" });
  assert.deepEqual([refused.type, refused.code, refused.id], ["error", "invalid_message", "a"]);
  assert.equal((await device.request({ type: "join_game", gameId: "go", id: "a" })).type, "ack");
  await server.failNext(user, "put");
  const failed = await device.ask({ type: "join_game", gameId: "lost", id: "b" });
  assert.deepEqual([failed.type, failed.code], ["error", "internal"]);
  assert.equal((await device.request({ type: "join_game", gameId: "lost", id: "b" })).type, "ack");
  assert.deepEqual((await stateOf(server, user)).activeGames, ["go", "lost"]);
  for (const id of ["", "x".repeat(37), 7, "é"]) {
    const { type, code, id: told } = await device.ask({ type: "sync_state", id });
    assert.deepEqual([type, code, told], ["error", "invalid_message", undefined]);
  }
  await device.close();
});

test("a real sleep of more than ten seconds loses neither frames nor requests nor names", async (t) => {
  const user = "really";
  const { desk, phone } = await pair(user);
  await desk.request({ type: "set_device", name: "Desk", id: "name" });
  await restOf(phone);
  const { seq } = phone;
  await leave(phone, user, 1);
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
  const repeated = await desk.request({ type: "broadcast", event: "e", data: 1, id: "missed 2" });
  assert.deepEqual([repeated.type, lasting(await restOf(back))], ["ack", []]);
  const [first] = back.initial.devices;
  assert.deepEqual([first.deviceId, first.name, first.tabs], ["desk", "Desk", 1]);
  const closing = back.closed();
  const again = await back.again();
  assert.equal((await closing).code, 4409);
  assert.equal(again.initial.reset, undefined);
  await Promise.all([again.close(), desk.close()]);
});
