import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { SECRET, secretToken } from "../support/auth.mjs";
import { checkTypes, makeConsumer, objectFetch, rpc, runTool } from "../support/consumer.mjs";
import { Device } from "../support/device.mjs";
import { assertLoggedOut, assertPromptLogout, passiveDevices, promptTest, stateOf } from "../support/logout.mjs";
import { V2Device } from "../support/v2-device.mjs";
import { OPEN, ROOT, startServer } from "../support/server.mjs";

/** @type {import("../support/consumer.mjs").Consumer} */
let consumer;
/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  consumer = await makeConsumer("tests/worker/fixtures-consumer");
  server = await startServer(join(consumer.folder, "wrangler.jsonc"));
});
after(async () => {
  await server?.close();
  await consumer?.remove();
});

/**
 * A device that comes through the consumer and has read its first frame.
 * @param {string} userId
 */
async function connectedDevice(userId) {
  const device = await Device.connect(server, userId, "phone");
  assert.equal((await device.next()).type, "initial_state");
  return device;
}

test("a consumer in the oldest and the newest TypeScript is told the types of what it calls", async () => {
  await runTool(consumer.folder, "wrangler", ["types"]);
  await checkTypes(consumer.folder);
});

/**
 * Holds what a server was given against the members of its type: each is of its kind, none is unknown,
 * and those that may be missing have been seen.
 * @param {string} what
 * @param {Record<string, string>} members
 * @param {Record<string, unknown>[]} given
 */
function assertMembers(what, members, given) {
  const seen = new Set();
  for (const value of given) {
    for (const [name, member] of Object.entries(value)) {
      const kind = Array.isArray(member) ? "array" : typeof member;
      assert.equal(kind, members[name]?.replace("?", ""), `${what}: ${name}`);
      seen.add(name);
    }
    const always = Object.keys(members).filter((name) => !members[name].endsWith("?"));
    assert.deepEqual(always.filter((name) => !(name in value)), [], `${what} without`);
  }
  assert.deepEqual([...seen].sort(), Object.keys(members).sort(), `${what}, all together`);
}

test("the types name every member that a server is given by any call, and no other", async (t) => {
  const vars = { ...OPEN, AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
  const signedIn = await startServer(join(consumer.folder, "wrangler.jsonc"), vars);
  t.after(() => signedIn.close());
  const { answers, parts, presences, pushOptions } = await rpc(signedIn, "members", "members");
  /** @param {string} method @param {unknown[]} given */
  const call = async (method, ...given) => {
    const init = { method: "POST", body: JSON.stringify(given) };
    return (await fetch(`${signedIn.http}/raw/members/${method}`, init)).json();
  };
  /** @param {string} deviceId @param {string} jti */
  const connect = (deviceId, jti) =>
    V2Device.open(signedIn, "members", deviceId, { token: secretToken("members", { jti }) });
  const devices = [await connect("desk", "one"), await connect("phone", "one"), await connect("tablet", "two")];
  await devices[0].request({ type: "join_game", gameId: "go" });
  /** @type {Record<string, any[]>} */
  const given = {};
  const note = async (/** @type {string} */ method, /** @type {unknown[]} */ ...args) =>
    (given[method] ??= []).push(await call(method, ...args));
  for (const options of [...Object.values(pushOptions), pushOptions.pushId]) await note("push", { type: "news" }, options);
  for (const method of ["joinGame", "leaveGame"]) await note(method, "chess");
  for (const method of ["getState", "getDevices", "getMetrics", "export"]) await note(method);
  await note("setValue", "plan", { name: "pro" });
  const conflicts = [await call("setValue", "plan", "free", { ifVersion: 1 }), await call("deleteValue", "none", { ifVersion: 1 })];
  const otherwise = await call("setValue", "plan");
  await note("getValues");
  await note("deleteValue", "plan");
  await note("logoutDevice", "tablet");
  for (const method of ["logoutCredential", "logoutOthers"]) await note(method, "one");
  for (const method of ["clear", "logoutAll"]) await note(method);
  assert.deepEqual(Object.keys(given).sort(), Object.keys(answers).sort());
  const isLogout = (/** @type {string} */ method) => method.startsWith("logout");
  for (const [method, values] of Object.entries(given)) if (!isLogout(method)) assertMembers(method, answers[method], values);
  const logouts = Object.keys(given).filter(isLogout).flatMap((method) => given[method]);
  assertMembers("a logout", answers.logoutAll, logouts);
  assertMembers("what has ended", parts.ended, logouts.map(({ ended }) => ended));
  const [all] = given.export;
  assertMembers("devices", parts.devices, all.devices);
  assertMembers("a value", parts.value, [given.getValues[0].values.plan]);
  assertMembers("a refused change", parts.conflict, [...conflicts, otherwise].map(({ error }) => error));
  assertMembers("inbox", parts.inbox, [all.inbox]);
  assertMembers("messages", parts.messages, all.inbox.messages);
  assertMembers("devices", parts.devices, given.getDevices[0].devices);
  const refused = await call("push", { type: "news" }, { ...pushOptions.keep, within: 7 });
  assertMembers("a refusal", parts.refusal, [refused]);
  assertMembers("its error", parts.error, [refused.error]);
  const names = /expected (.*), and not within$/.exec(refused.error.message)?.[1].split(", ");
  assert.deepEqual(names?.sort(), Object.keys(pushOptions).sort());
  const { components } = JSON.parse(readFileSync(join(ROOT, "docs/asyncapi.json"), "utf8"));
  assert.deepEqual(Object.keys(presences), components.schemas.presence.enum);
  for (const device of devices) await device.close();
});

test("a consumer keeps its own pages and its own 404s", async () => {
  const page = await fetch(`${server.http}/prices`);
  assert.equal(await page.text(), "the consumer's own page");
  const lookalike = await fetch(`${server.http}/__user-sessions`);
  assert.equal(await lookalike.text(), "the consumer's own page");
  const below = await fetch(`${server.http}/__user-session/nothing?userId=kim`);
  assert.equal(below.status, 404);
  assert.equal((await below.json()).error.code, "not_found");
});

test("games joined and left by RPC reach a device, and its own reach RPC", async () => {
  const device = await connectedDevice("games");
  assert.deepEqual(await rpc(server, "games", "joinGame", "chess"), { activeGames: ["chess"] });
  assert.deepEqual(await device.next(), {
    type: "game_joined",
    gameId: "chess",
    activeGames: ["chess"],
  });
  await device.ask({ type: "join_game", gameId: "go" });
  const state = await rpc(server, "games", "getState");
  assert.deepEqual([state.activeGames, state.presence], [["chess", "go"], "online"]);
  assert.deepEqual([state.userId, state.connectedDevices], ["games", 1]);
  assert.deepEqual(await rpc(server, "games", "leaveGame", "chess"), { activeGames: ["go"] });
  assert.deepEqual(await device.next(), { type: "game_left", gameId: "chess", activeGames: ["go"] });
  await device.close();
});

test("a push by RPC arrives, an object as JSON and a text to the letter", async () => {
  const device = await connectedDevice("pushes");
  const text = '{ "type":"news", "n":1.0 }';
  assert.deepEqual(await rpc(server, "pushes", "push", { type: "news", n: 1 }), { delivered: 1 });
  assert.deepEqual(await rpc(server, "pushes", "push", text), { delivered: 1 });
  assert.equal(await device.nextText(), '{"type":"news","n":1}');
  assert.equal(await device.nextText(), text);
  await device.close();
});

test("what a server is told of a user, and of one device that it ends", async () => {
  const device = await connectedDevice("told");
  // One that has said nothing would hear of its close late.
  assert.equal((await device.ask({ type: "ping" })).type, "pong");
  assert.deepEqual(await rpc(server, "told", "getDevices"), [{ deviceId: "phone", tabs: 1 }]);
  assert.deepEqual(await rpc(server, "told", "export"), { epoch: 0, devices: 1, messages: [] });
  assert.equal((await rpc(server, "told", "getMetrics")).connects, 1);
  const closing = device.closed();
  const ended = { sockets: 1, credentials: 0 };
  assert.deepEqual(await rpc(server, "told", "logoutDevice", "phone"), { success: true, ended });
  assert.equal((await closing).code, 1000);
  assert.equal((await rpc(server, "told", "logoutDevice", "phone")).error.code, "invalid_message");
});

test("a clear by RPC erases the games and tells the device", async () => {
  const device = await connectedDevice("clear");
  await device.ask({ type: "join_game", gameId: "chess" });
  assert.deepEqual(await rpc(server, "clear", "clear"), { success: true });
  const state = await device.next();
  assert.deepEqual([state.type, state.activeGames], ["state", []]);
  assert.deepEqual((await rpc(server, "clear", "getState")).activeGames, []);
  await device.close();
});

test("an RPC that is refused returns why instead of throwing, and does nothing", async () => {
  const device = await connectedDevice("refused");
  const refused = [
    await rpc(server, "refused", "joinGame", ""),
    await rpc(server, "refused", "joinGame", "x".repeat(129)),
    await rpc(server, "refused", "leaveGame", ""),
    await rpc(server, "refused", "push", "no JSON"),
    await rpc(server, "refused", "push", { kind: "no type" }),
    await rpc(server, "refused", "push", { type: "large", text: "x".repeat(65_536) }),
  ];
  for (const answer of refused) {
    assert.deepEqual(Object.keys(answer), ["error"]);
    assert.deepEqual(Object.keys(answer.error).sort(), ["code", "message"]);
    assert.equal(typeof answer.error.message, "string");
  }
  assert.deepEqual(
    refused.map(({ error }) => error.code),
    [
      "invalid_message",
      "limit_reached",
      "invalid_message",
      "invalid_json",
      "invalid_message",
      "too_large",
    ],
  );
  assert.equal((await device.ask({ type: "sync_state" })).type, "state");
  assert.deepEqual((await rpc(server, "refused", "getState")).activeGames, []);
  await device.close();
});

promptTest("a logout by RPC reaches devices that only ever listened at once", async (t, userId) => {
  const devices = await passiveDevices(server, userId, 5);
  await rpc(server, userId, "joinGame", "chess");
  await server.hibernate(userId);
  await assertPromptLogout(t, devices, () => rpc(server, userId, "logoutAll"));
  const state = await stateOf(server, userId);
  assert.deepEqual([state.presence, state.connectedDevices], ["offline", 0]);
  assert.deepEqual(state.activeGames, ["chess"]);
});

test("calls in the moment of a logout are answered, and what they did stays", async () => {
  for (let round = 0; round < 3; round++) {
    const userId = `rpc-moment-${round}`;
    const devices = await passiveDevices(server, userId, 5);
    devices[0].send({ type: "logout_all" });
    /** @type {Promise<{activeGames: string[]}>[]} */
    const joins = [];
    for (let at = 0; at < 20; at++) {
      joins.push(rpc(server, userId, "joinGame", `game-${at}`));
      await delay(3);
    }
    for (const [at, { activeGames }] of (await Promise.all(joins)).entries()) {
      assert.ok(activeGames.includes(`game-${at}`));
    }
    assert.equal((await stateOf(server, userId)).activeGames.length, joins.length);
    // Calls can't be let wait, so they put off when the devices notice.
    for (const { socket } of devices) socket.terminate();
  }
});

test("one helper serves every call, also those after the object has restarted for a logout", async () => {
  const userId = "helped";
  const calls = new Device(`${server.ws}/calls/${userId}`);
  await once(calls.socket, "open");
  for (let round = 0; round < 2; round++) {
    // A logout of devices that have said nothing restarts the object, which is when they notice.
    const devices = await passiveDevices(server, userId, 2);
    const ended = { sockets: devices.length, credentials: 0 };
    assert.deepEqual(await calls.ask({ method: "logoutAll" }), { success: true, ended });
    for (const device of devices) assertLoggedOut(await device.closed());
    assert.deepEqual(await calls.ask({ method: "joinGame", argument: "chess" }), { activeGames: ["chess"] });
    const push = await calls.ask({ method: "push", argument: { type: "news" }, options: { pushId: "p" } });
    assert.equal(push.error ?? push.thrown, undefined);
    assert.deepEqual((await calls.ask({ method: "getState" })).activeGames, ["chess"]);
    assert.deepEqual(await calls.ask({ method: "getDevices" }), []);
    assert.equal((await calls.ask({ method: "export" })).devices, 0);
    assert.ok((await calls.ask({ method: "getMetrics" })).connects >= 0);
    assert.equal((await calls.ask({ method: "logoutDevice", argument: "none" })).error.code, "invalid_message");
    assert.deepEqual(await calls.ask({ method: "leaveGame", argument: "chess" }), { activeGames: [] });
    assert.deepEqual(await calls.ask({ method: "clear" }), { success: true });
  }
  await calls.close();
});

test("a logout by RPC of a user with no device is answered", async () => {
  const ended = { sockets: 0, credentials: 0 };
  assert.deepEqual(await rpc(server, "nobody", "logoutAll"), { success: true, ended });
  assert.equal((await rpc(server, "nobody", "getState")).presence, "offline");
});

test("the object answers the bare paths, with the user's id in the query or without", async () => {
  const state = await objectFetch(server, "bare", "/state");
  assert.equal(state.status, 200);
  assert.equal(state.body.userId, "bare");
  assert.equal((await objectFetch(server, "bare", "/state?userId=bare")).status, 200);
  assert.equal((await objectFetch(server, "bare", "/state?userId=other")).status, 400);
  const cleared = await objectFetch(server, "bare", "/clear", { method: "POST" });
  assert.deepEqual(cleared, { status: 200, body: { success: true } });
  const wrongMethod = await objectFetch(server, "bare", "/clear");
  assert.deepEqual([wrongMethod.status, wrongMethod.body.error.code], [405, "method_not_allowed"]);
  assert.equal((await objectFetch(server, "bare", "/nothing")).status, 404);
});

test("a socket and a push by the object's bare path work like those by the Worker's", async () => {
  const device = new Device(`${server.ws}/object/socket/?deviceId=tablet`);
  const first = await device.next();
  assert.deepEqual([first.userId, first.deviceId], ["socket", "tablet"]);
  const push = { method: "POST", body: '{"type":"news"}' };
  const pushed = await objectFetch(server, "socket", "/", push);
  assert.deepEqual(pushed, { status: 200, body: { delivered: 1 } });
  assert.equal(await device.nextText(), '{"type":"news"}');
  assert.equal((await objectFetch(server, "socket", "/")).status, 426);
  const protocols = ["user-session.v2"];
  const newer = new Device(`${server.ws}/object/socket/?deviceId=watch`, { protocols });
  assert.ok("epoch" in (await newer.next()));
  assert.equal(newer.socket.protocol, "user-session.v2");
  await newer.close();
  await device.close();
});

promptTest("a Worker that declares the class by migrations works the same", async (t, userId) => {
  const migrated = await startServer(join(consumer.folder, "wrangler.migrations.jsonc"));
  t.after(() => migrated.close());
  const devices = await passiveDevices(migrated, userId, 2);
  assert.deepEqual(await rpc(migrated, userId, "joinGame", "chess"), { activeGames: ["chess"] });
  await migrated.hibernate(userId);
  assert.deepEqual((await stateOf(migrated, userId)).activeGames, ["chess"]);
  await assertPromptLogout(t, devices, () => rpc(migrated, userId, "logoutAll"));
});
