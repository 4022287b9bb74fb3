/**
 * What version 2 promises over a crash of the whole server: changes of games and kept pushes come
 * once, a request that changed a game is not done again, and what was lost is not passed over in
 * silence.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { stateOf } from "../support/logout.mjs";
import { V2Device, lasting, restOf } from "../support/v2-device.mjs";
import { PREFIX } from "../support/requests.mjs";
import { startWorkerd } from "../support/workerd.mjs";

/** @import { Workerd } from "../support/workerd.mjs" */

/** @type {Workerd} */
let server;
/** @type {string} */
let storage;
before(async () => {
  storage = await mkdtemp(join(tmpdir(), "crash-"));
  server = await startWorkerd({ storage });
});
after(async () => {
  await server?.stop();
  await rm(storage, { recursive: true, force: true });
});

/**
 * Ends the server as a crash does and starts another on what it has stored.
 * @param {V2Device[]} devices Those that are connected; each sees its connection end.
 */
async function crash(...devices) {
  const endings = devices.map((device) => device.closed());
  await server.kill();
  for (const ending of endings) assert.equal((await ending).code, 1006);
  await server.stop();
  server = await startWorkerd({ storage });
}

/**
 * @param {string} userId
 * @param {object} message
 * @param {Record<string, string>} [options]
 */
async function push(userId, message, options = {}) {
  const query = new URLSearchParams({ userId, ...options });
  const answer = await fetch(`${server.http}${PREFIX}?${query}`, {
    method: "POST",
    body: JSON.stringify(message),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}

/** @param {any[]} frames */
function typesOf(frames) {
  return frames.map(({ type }) => type);
}

test("changes of games that a device has not seen come once after a crash, and none twice", async () => {
  const user = "games";
  const desk = await V2Device.open(server, user, "desk");
  await desk.request({ type: "join_game", gameId: "go" });
  const { since } = desk;
  for (const [at, gameId] of ["chess", "zoo"].entries()) {
    await desk.request({ type: "join_game", gameId });
  }
  await desk.request({ type: "leave_game", gameId: "go" });
  const seen = lasting(await restOf(desk));
  assert.deepEqual(seen, []);
  await crash(desk);
  const missed = desk.frames.map((text) => JSON.parse(text)).filter(({ type, seq }) => type.startsWith("game_") && seq > 1);
  const late = await V2Device.open(server, user, "desk", { since });
  assert.equal(late.initial.reset, undefined);
  assert.deepEqual(late.initial.activeGames, ["chess", "zoo"]);
  assert.deepEqual(lasting(await restOf(late)), missed);
  assert.equal(missed.length, 3);
  await crash(late);
  const back = await desk.again(server);
  assert.equal(back.initial.reset, undefined);
  assert.deepEqual(lasting(await restOf(back)), []);
  await back.request({ type: "join_game", gameId: "next" });
  assert.equal(back.epoch, desk.epoch);
  assert.ok(back.seq > desk.seq);
  await back.close();
});

test("with more devices and events a crash may cost the frames, but never in silence", async () => {
  const user = "events";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  for (let at = 0; at < 5; at++) {
    await desk.request({ type: "broadcast", event: "e", data: at });
    await desk.request({ type: "join_game", gameId: `g${at}` });
  }
  await restOf(phone);
  await crash(desk, phone);
  for (const device of [desk, phone]) {
    const back = await device.again(server);
    assert.deepEqual(back.initial.activeGames, ["g0", "g1", "g2", "g3", "g4"]);
    if (back.initial.reset) assert.ok(back.epoch > device.epoch, "no number is used twice");
    else assert.deepEqual(typesOf(lasting(await restOf(back))), []);
    await back.close();
  }
  const another = await V2Device.open(server, user, "desk", { since: `${desk.epoch}.1` });
  const isWhole = lasting(await restOf(another)).length === 10;
  assert.ok(isWhole || another.initial.reset === true);
  await another.close();
});

test("events of the moment before a crash lead to a reset for whoever had not seen them", async () => {
  const user = "moment";
  const desk = await V2Device.open(server, user, "desk");
  const { since } = desk;
  await desk.request({ type: "broadcast", event: "e" });
  await crash(desk);
  const back = await V2Device.open(server, user, "desk", { since });
  assert.equal(back.initial.reset, true);
  assert.ok(back.epoch > desk.epoch);
  assert.deepEqual(lasting(await restOf(back)), []);
  await back.close();
});

test("a request that changed the games is not done again after a crash", async () => {
  const user = "requests";
  const desk = await V2Device.open(server, user, "desk");
  const joined = await desk.request({ type: "join_game", gameId: "go" });
  const left = await desk.request({ type: "leave_game", gameId: "go" });
  await crash(desk);
  const back = await desk.again(server);
  assert.deepEqual(await back.request({ type: "join_game", gameId: "go" }), joined);
  assert.deepEqual(await back.request({ type: "leave_game", gameId: "go" }), left);
  assert.deepEqual(lasting(await restOf(back)), []);
  assert.deepEqual((await stateOf(server, user)).activeGames, []);
  await back.close();
});

test("a request that was answered and one that was not come to the same after a crash", async () => {
  const user = "unanswered";
  const desk = await V2Device.open(server, user, "desk");
  const { since } = desk;
  const names = Array.from({ length: 40 }, (_, at) => `g${at}`);
  for (const name of names) desk.send({ type: "join_game", gameId: name, id: name });
  await desk.next();
  await crash(desk);
  const told = desk.frames.map((text) => JSON.parse(text)).filter(({ type }) => type === "game_joined");
  const back = await V2Device.open(server, user, "desk", { since });
  const { activeGames } = back.initial;
  assert.ok(activeGames.length >= told.length);
  assert.deepEqual(lasting(await restOf(back)).map(({ gameId }) => gameId), activeGames);
  for (const name of names) await back.request({ type: "join_game", gameId: name });
  assert.deepEqual((await stateOf(server, user)).activeGames, names);
  const joined = back.frames.map((text) => JSON.parse(text)).filter(({ type }) => type === "game_joined");
  assert.deepEqual(joined.map(({ gameId }) => gameId), names);
  await back.close();
});

test("a kept push survives a crash, comes to each device once, and its id is still known", async () => {
  const user = "kept";
  const news = { type: "news", n: 1 };
  const desk = await V2Device.open(server, user, "desk");
  assert.deepEqual(await push(user, news, { keep: "600", pushId: "p" }), { delivered: 1, kept: 1, dropped: 0 });
  const pushed = await desk.next();
  assert.deepEqual(pushed, { type: "push", seq: desk.seq, body: news });
  await crash(desk);
  assert.deepEqual(await push(user, news, { keep: "600", pushId: "p" }), { delivered: 0, repeated: true });
  const back = await desk.again(server);
  assert.deepEqual(await restOf(back), []);
  const phone = await V2Device.open(server, user, "phone");
  assert.deepEqual(await restOf(phone), [{ type: "push", kept: true, body: news }]);
  await crash(back, phone);
  const phoneBack = await phone.again(server);
  assert.deepEqual(lasting(await restOf(phoneBack)), []);
  assert.ok(!phoneBack.frames.some((text) => text.includes("news")));
  const stranger = await V2Device.open(server, user, "phone");
  assert.ok(!(await restOf(stranger)).some(({ type }) => type === "push"), "it has been given once");
  await Promise.all([phoneBack.close(), stranger.close()]);
});

test("a name and the time of the first visit survive a crash, the open sockets do not", async () => {
  const user = "names";
  const desk = await V2Device.open(server, user, "desk");
  await desk.request({ type: "set_device", name: "Desk" });
  const [before] = desk.initial.devices;
  await crash(desk);
  const phone = await V2Device.open(server, user, "phone");
  const [remembered] = phone.initial.devices;
  assert.deepEqual(
    [remembered.deviceId, remembered.name, remembered.firstSeen, remembered.presence, remembered.tabs],
    ["desk", "Desk", before.firstSeen, "offline", 0],
  );
  assert.equal((await stateOf(server, user)).connectedDevices, 1);
  await phone.close();
});
