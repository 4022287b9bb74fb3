/**
 * What a device asks for is done once, and it is told which: whatever was sent twice, whatever others asked
 * meanwhile, whatever the server has forgotten.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { leave } from "../support/leaving.mjs";
import { stateOf } from "../support/logout.mjs";
import { V2Device, lasting, newRun, restOf } from "../support/v2-device.mjs";
import { startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/** How far back a run is known. */
const WINDOW = 64;
/** How many runs are remembered of programs that are away. */
const AWAY_RUNS = 32;

const GO = { type: "join_game", gameId: "go" };
const SAID = { type: "broadcast", event: "e", data: 1 };

/** @param {any} frame */
function codeOf({ type, code }) {
  return [type, code];
}

test("a request is done once, however often it is repeated, also after a reconnect and a sleep", async () => {
  const user = "once";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  const joined = await phone.request(GO);
  const said = await phone.request(SAID);
  assert.deepEqual(joined, { type: "ack", id: `${phone.run}.1` });
  assert.deepEqual(said, { type: "ack", id: `${phone.run}.2` });
  await phone.request({ ...GO, type: "leave_game" });
  await restOf(desk);
  /** @param {V2Device} device */
  const repeat = async (device) => {
    assert.deepEqual(await device.repeat(joined.id, GO), { ...joined, repeated: true });
    assert.deepEqual(await device.repeat(said.id, SAID), { ...said, repeated: true });
    assert.deepEqual(lasting(await restOf(desk)), []);
    assert.deepEqual((await stateOf(server, user)).activeGames, []);
  };
  await repeat(phone);
  await server.hibernate(user);
  await repeat(phone);
  await leave(server, phone, user, 1);
  await server.hibernate(user);
  const back = await phone.again();
  await repeat(back);
  await leave(server, back, user, 1);
  await leave(server, desk, user, 0);
  await server.restart(user);
  const alone = await back.again();
  assert.deepEqual(await alone.repeat(said.id, SAID), { ...said, repeated: true });
  assert.deepEqual(lasting(await restOf(alone)), []);
  await alone.close();
});

test("seventy requests of another tab do not make the server forget this one's", async () => {
  const user = "other tab";
  const watcher = await V2Device.open(server, user, "watcher");
  const tab = await V2Device.open(server, user, "desk", { tabId: "a" });
  const other = await V2Device.open(server, user, "desk", { tabId: "b" });
  // Its answers do not reach it, so it repeats them.
  const published = tab.sendRequest(SAID);
  const joined = tab.sendRequest(GO);
  await restOf(tab);
  await other.request({ ...GO, type: "leave_game" });
  for (let at = 0; at < 70; at++) await other.request({ type: "broadcast", event: "other", data: at });
  await leave(server, tab, user, 2);
  const back = await tab.again();
  assert.equal((await back.repeat(published, SAID)).repeated, true);
  assert.equal((await back.repeat(joined, GO)).repeated, true);
  const frames = await restOf(watcher);
  assert.equal(frames.filter(({ event }) => event === "e").length, 1, "heard once");
  const games = frames.filter(({ type }) => type.startsWith("game_")).map(({ type }) => type);
  assert.deepEqual(games, ["game_joined", "game_left"]);
  await Promise.all([watcher, back, other].map((device) => device.close()));
});

test("a number that was used names nothing else: it is refused and never acknowledged", async () => {
  const user = "used";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  const named = await phone.request({ type: "set_device", name: "Phone" });
  for (const sleeps of [false, true]) {
    if (sleeps) await server.hibernate(user);
    phone.send({ type: "logout_all", id: named.id });
    const frames = (await restOf(phone)).filter(({ id }) => id !== undefined);
    assert.deepEqual(frames.map((frame) => [...codeOf(frame), frame.id]), [["error", "invalid_message", named.id]]);
    assert.deepEqual([desk.ending, phone.ending], [null, null], "nobody is logged out");
  }
  const skipped = `${phone.run}.9`;
  phone.send({ ...GO, id: skipped });
  await restOf(phone);
  const lower = await phone.ask({ ...GO, gameId: "late", id: `${phone.run}.8` });
  assert.deepEqual(codeOf(lower), ["error", "invalid_message"], "numbers count up");
  const others = await phone.ask({ ...GO, gameId: "late", id: `${desk.run}.1` });
  assert.deepEqual(codeOf(others), ["error", "invalid_message"], "another's run without again");
  assert.deepEqual((await stateOf(server, user)).activeGames, ["go"]);
  await Promise.all([desk.close(), phone.close()]);
});

test("what is not known to be done or not is too old, and is not done", async (t) => {
  const user = "too old";
  const desk = await V2Device.open(server, user, "desk");
  const tooOld = ["error", "too_old"];
  await t.test("a number far below the newest", async () => {
    const first = await desk.request(SAID);
    for (let at = 0; at < WINDOW; at++) await desk.request({ type: "sync_state" });
    assert.equal((await desk.repeat(first.id, SAID)).repeated, true, "the window's last");
    await desk.request({ type: "sync_state" });
    assert.deepEqual(codeOf(await desk.repeat(first.id, SAID)), tooOld);
  });
  await t.test("a run that nobody has heard of", async () => {
    assert.deepEqual(codeOf(await desk.repeat(`${newRun()}.1`, SAID)), tooOld);
  });
  await t.test("a run that was forgotten for newer ones", async () => {
    const phones = [];
    for (let at = 0; at <= AWAY_RUNS; at++) {
      const phone = await V2Device.open(server, user, "phone");
      phones.push(await phone.request({ type: "sync_state" }));
      await leave(server, phone, user, 1);
    }
    const newcomer = await V2Device.open(server, user, "phone");
    await newcomer.request({ type: "sync_state" });
    await restOf(desk);
    assert.deepEqual(codeOf(await desk.repeat(phones[0].id, SAID)), tooOld);
    assert.equal((await desk.repeat(phones[AWAY_RUNS].id, SAID)).repeated, true);
    await newcomer.close();
  });
  assert.deepEqual(lasting(await restOf(desk)), [], "nothing of it was done");
  await desk.close();
});

test("what was refused was not done, and what failed is done when it is repeated", async () => {
  const user = "refused";
  const device = await V2Device.open(server, user);
  const refused = await device.request({ ...GO, gameId: "" });
  assert.deepEqual([...codeOf(refused), refused.id], ["error", "invalid_message", `${device.run}.1`]);
  assert.equal((await device.request(GO)).type, "ack");
  await server.failNext(user, "put");
  const lost = { ...GO, gameId: "lost" };
  const failed = await device.request(lost);
  assert.deepEqual(codeOf(failed), ["error", "internal"]);
  assert.deepEqual(await device.repeat(failed.id, lost), { type: "ack", id: failed.id });
  assert.deepEqual((await stateOf(server, user)).activeGames, ["go", "lost"]);
  await device.close();
});

test("an id that names no request is refused, and its frame does nothing", async () => {
  const user = "no id";
  const device = await V2Device.open(server, user);
  const { run } = device;
  for (const id of ["", "1", run, `${run}.`, `${run}.0`, `${run}.01`, `${run}.1.1`, `${run}.-1`, "short.1", `${run}é.1`, 7]) {
    const { type, code, id: told } = await device.ask({ ...GO, id });
    assert.deepEqual([type, code, told], ["error", "invalid_message", undefined], String(id));
  }
  for (const again of [false, "true", 1, null]) {
    assert.equal((await device.ask({ ...GO, id: `${run}.1`, again })).code, "invalid_message");
  }
  assert.equal((await device.ask({ ...GO, again: true })).code, "invalid_message", "again of nothing");
  assert.deepEqual((await stateOf(server, user)).activeGames, []);
  await device.close();
});

test("a tab that takes over repeats what the tab before it asked, under that one's run", async () => {
  const user = "leader";
  const watcher = await V2Device.open(server, user, "watcher");
  const leader = await V2Device.open(server, user, "desk", { tabId: "a" });
  const said = leader.sendRequest(SAID);
  await restOf(leader);
  await leave(server, leader, user, 1);
  const next = await V2Device.open(server, user, "desk", { tabId: "b" });
  assert.equal((await next.repeat(said, SAID)).repeated, true);
  // This one the leader could not send any more.
  const unsent = { ...SAID, data: 2 };
  assert.deepEqual(await next.repeat(leader.nextId(), unsent), { type: "ack", id: `${leader.run}.2` });
  const events = (await restOf(watcher)).filter(({ type }) => type === "event").map(({ data }) => data);
  assert.deepEqual(events, [1, 2]);
  await Promise.all([watcher.close(), next.close()]);
});

test("a tab that repeats for one that is still there ends it before anything of it can be done", async () => {
  const user = "led";
  const leader = await V2Device.open(server, user, "desk", { tabId: "a" });
  const other = await V2Device.open(server, user, "desk", { tabId: "b" });
  const said = await leader.request(SAID);
  const closing = leader.closed();
  assert.equal((await other.repeat(said.id, SAID)).repeated, true);
  assert.equal((await closing).code, 4409);
  assert.equal((await stateOf(server, user)).connectedDevices, 1);
  await other.close();
});

test("the same program on a new socket replaces its old one, with a tab or without", async () => {
  const user = "run";
  const first = await V2Device.open(server, user, "desk");
  const beside = await V2Device.open(server, user, "desk");
  await first.request(GO);
  const closing = first.closed();
  const second = await first.again();
  const { code, reason } = await closing;
  assert.deepEqual([code, reason], [4409, "replaced by a newer connection"]);
  assert.equal((await stateOf(server, user)).connectedDevices, 2);
  assert.deepEqual(await second.request(GO), { type: "ack", id: `${first.run}.2` });
  assert.equal(beside.ending, null);
  await Promise.all([second.close(), beside.close()]);
});

test("a clear forgets what the user has, and not what was asked", async () => {
  const user = "cleared";
  const device = await V2Device.open(server, user);
  const joined = await device.request(GO);
  assert.deepEqual(await server.call(user, "clear"), { result: { success: true } });
  for (const restarts of [false, true]) {
    if (restarts) await leave(server, device, user, 0);
    if (restarts) await server.restart(user);
    const asking = restarts ? await device.again() : device;
    assert.equal((await asking.repeat(joined.id, GO)).repeated, true);
    assert.deepEqual((await stateOf(server, user)).activeGames, []);
    if (restarts) await asking.close();
  }
});
