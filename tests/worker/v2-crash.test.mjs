/**
 * What version 2 promises over a crash of the whole server: what was lost is not passed over in silence, no
 * request is done twice, and no message is lost or shown twice.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { leave } from "../support/leaving.mjs";
import { stateOf } from "../support/logout.mjs";
import { V2Device, lasting, pushed, restOf } from "../support/v2-device.mjs";
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

test("a crash is a reset for whoever was there, once, and the state is what was stored", async () => {
  const user = "reset";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  for (const gameId of ["go", "chess", "zoo"]) await desk.request({ type: "join_game", gameId });
  await desk.request({ type: "leave_game", gameId: "go" });
  await restOf(phone);
  await crash(desk, phone);
  for (const device of [desk, phone]) {
    const back = await device.again(server);
    assert.equal(back.initial.reset, true);
    assert.notEqual(back.epoch, device.epoch);
    assert.deepEqual(back.initial.activeGames, ["chess", "zoo"]);
    assert.deepEqual(typesOf(lasting(await restOf(back))), []);
    await leave(server, back, user, 0);
    const again = await back.again();
    assert.equal(again.initial.reset, undefined);
    await leave(server, again, user, 0);
  }
});

test("a crash while nobody is there loses nothing, and resets nobody", async () => {
  const user = "nobody";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  await restOf(desk);
  await leave(server, phone, user, 1);
  await desk.request({ type: "join_game", gameId: "go" });
  await desk.request({ type: "broadcast", event: "e", data: 1 });
  await leave(server, desk, user, 0);
  await push(user, { type: "news" });
  await crash();
  const back = await phone.again(server);
  assert.equal(back.initial.reset, undefined);
  assert.deepEqual(typesOf(lasting(await restOf(back))), ["game_joined", "event", "push"]);
  await back.close();
});

test("events of the moment before a crash lead to a reset for whoever had not seen them", async () => {
  const user = "moment";
  const desk = await V2Device.open(server, user, "desk");
  const { since } = desk;
  await desk.request({ type: "broadcast", event: "e" });
  await crash(desk);
  const back = await V2Device.open(server, user, "desk", { since });
  assert.equal(back.initial.reset, true);
  assert.notEqual(back.epoch, desk.epoch);
  assert.deepEqual(lasting(await restOf(back)), []);
  await back.close();
});

test("a request is never done again after a crash: it is known as done, or nobody knows", async () => {
  const user = "requests";
  const desk = await V2Device.open(server, user, "desk");
  const go = { type: "join_game", gameId: "go" };
  const first = await desk.request({ type: "sync_state" });
  const joined = await desk.request(go);
  const left = await desk.request({ ...go, type: "leave_game" });
  const said = await desk.request({ type: "broadcast", event: "e" });
  await crash(desk);
  const back = await desk.again(server);
  // The row of the last game has all until then. The event is in none.
  for (const { id } of [first, joined, left]) assert.equal((await back.repeat(id, go)).repeated, true);
  assert.equal((await back.repeat(said.id, { type: "broadcast", event: "e" })).code, "too_old");
  assert.deepEqual(lasting(await restOf(back)), []);
  assert.deepEqual((await stateOf(server, user)).activeGames, []);
  const next = await back.request(go);
  assert.deepEqual(next, { type: "ack", id: `${desk.run}.5` });
  await back.close();
});

test("requests in flight at a crash are done once or nobody knows, and asking anew completes them", async () => {
  const user = "unanswered";
  const desk = await V2Device.open(server, user, "desk");
  const names = Array.from({ length: 40 }, (_, at) => `g${at}`);
  const ids = names.map((gameId) => desk.sendRequest({ type: "join_game", gameId }));
  await desk.next();
  await crash(desk);
  const acked = desk.frames.map((text) => JSON.parse(text)).filter(({ type }) => type === "ack");
  const back = await desk.again(server);
  const stored = back.initial.activeGames;
  assert.ok(stored.length >= acked.length, "whatever was acknowledged is there");
  for (const [at, gameId] of names.entries()) {
    const answer = await back.repeat(ids[at], { type: "join_game", gameId });
    const isDone = answer.type === "ack";
    assert.ok(isDone || answer.code === "too_old", JSON.stringify(answer));
    if (isDone) assert.ok(stored.includes(gameId));
    else await back.request({ type: "join_game", gameId });
  }
  assert.deepEqual((await stateOf(server, user)).activeGames, names);
  const joined = back.frames.map((text) => JSON.parse(text)).filter(({ type }) => type === "game_joined");
  assert.deepEqual(joined.map(({ gameId }) => gameId), names.slice(stored.length), "none twice");
  await back.close();
});

test("a message survives a crash and comes to each page once, and its id is still known", async () => {
  const user = "kept";
  const desk = await V2Device.open(server, user, "desk", { tabId: "t" });
  const tab = await V2Device.open(server, user, "desk", { tabId: "u" });
  await leave(server, tab, user, 1);
  await leave(server, desk, user, 0);
  const { inbox, ...told } = await push(user, { type: "news", n: 1 }, { keep: "600", pushId: "p" });
  assert.deepEqual(told, { delivered: 0, kept: 1, dropped: 0 });
  await crash();
  const repeated = await push(user, { type: "news", n: 1 }, { keep: "600", pushId: "p" });
  assert.deepEqual(repeated, { delivered: 0, repeated: true });
  for (const page of [desk, tab]) {
    const back = await page.again(server);
    assert.deepEqual([pushed(await restOf(back)), back.inbox], [[1], inbox]);
    await crash(back);
    const again = await back.again(server);
    assert.deepEqual(pushed(await restOf(again)), [], "once");
    await leave(server, again, user, 0);
  }
  const fresh = await V2Device.open(server, user, "desk");
  assert.deepEqual(pushed(await restOf(fresh)), [1], "it is not read yet");
  await fresh.request({ type: "mark_read", inbox });
  await crash(fresh);
  const last = await V2Device.open(server, user, "desk");
  assert.deepEqual(pushed(await restOf(last)), []);
  await last.close();
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
