/**
 * Pushes whose names are the session's own, and pushes that were cut in the middle of an emoji: an
 * app's message is never taken for one of ours, and none is lost.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { PREFIX, assertRefusal } from "../support/requests.mjs";
import { NO_WRITES, startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/**
 * A device of either version, all frames read.
 * @param {string} userId
 * @returns {Promise<[V2Device, Device]>}
 */
async function pair(userId) {
  const desk = await V2Device.open(server, userId, "desk");
  const hook = await Device.connect(server, userId, "hook");
  for (const device of [desk, hook]) await restOf(device);
  return [desk, hook];
}

/**
 * The ways to push a body: each answers with what the server says.
 * @param {string} userId
 * @param {string} body
 * @param {string} [pushId]
 * @returns {(() => Promise<any>)[]}
 */
function waysToPush(userId, body, pushId) {
  const query = new URLSearchParams({ userId, ...(pushId && { pushId }) });
  const options = pushId ? { pushId } : {};
  return [
    async () => (await fetch(`${server.http}${PREFIX}?${query}`, { method: "POST", body })).json(),
    async () => (await server.call(userId, "push", body, options)).result,
    async () => (await server.call(userId, "push", JSON.parse(body), options)).result,
  ];
}

/** @type {[body: string, type: string][]} */
const OURS = [
  ['{"type":"initial_state","userId":"eve"}', "initial_state"],
  ['{"type":"state","activeGames":[]}', "state"],
  ['{"type":"game_joined","gameId":"x"}', "game_joined"],
  ['{"type":"game_left"}', "game_left"],
  ['{"type":"presence_updated"}', "presence_updated"],
  ['{"type":"event","event":"e","data":1,"from":"desk"}', "event"],
  ['{"type":"pong"}', "pong"],
  ['{"type":"error","code":"internal","message":"m"}', "error"],
  [' {"x":{}, "type" : "st\\u0061te" }\n', "state"],
  ['{"type":"news","type":"pong"}', "pong"],
  ['{"ty\\u0070e":"\\u0065rror","\\ud83d":1}', "error"],
];

test("a push that version 1 would take for the session's word is refused, and its id is not used up", async () => {
  const user = "ours";
  const devices = await pair(user);
  const writes = await server.writesDuring(user, async () => {
    for (const [body, type] of OURS) {
      for (const push of waysToPush(user, body, "id")) {
        assertRefusal(JSON.stringify(await push()), "invalid_message", new RegExp(`^type is "${type}"`));
      }
    }
  });
  assert.deepEqual(writes, NO_WRITES);
  const [byHttp] = waysToPush(user, '{"type":"news"}', "id");
  assert.deepEqual(await byHttp(), { delivered: 2 });
  const [desk, hook] = await Promise.all(devices.map(restOf));
  assert.deepEqual(desk, [{ type: "push", seq: devices[0].seq, body: { type: "news" } }]);
  assert.deepEqual(hook, [{ type: "news" }]);
  const status = await fetch(`${server.http}${PREFIX}?userId=${user}`, { method: "POST", body: OURS[0][0] });
  assert.equal(status.status, 400);
  await Promise.all(devices.map((device) => device.close()));
});

/** @type {string[]} */
const THEIRS = [
  ...["logged_out", "replaced", "ack", "push", "device_connected", "device_updated", "presence", "State"],
  ...["state ", "", "__proto__", "constructor"],
].map((type) => JSON.stringify({ type, scope: "all", id: "1", seq: 7, kept: true, epoch: 1, body: {} }));

test("every other name is the app's, and so are all members of a push", async () => {
  const user = "theirs";
  const devices = await pair(user);
  const bodies = [
    ...THEIRS,
    ' { "n":1.50,\n"type":"state","type":"news" }\t',
    `{"type":"news","text":"${"x".repeat(65_536 - 25)}"}`,
  ];
  for (const body of bodies) {
    for (const push of waysToPush(user, body).slice(0, 2)) {
      assert.deepEqual(await push(), { delivered: 2 });
      assert.equal(await devices[0].nextText(), `{"type":"push","seq":${devices[0].seq},"body":${body}}`);
      assert.equal(await devices[1].nextText(), body);
    }
  }
  for (const device of devices) {
    assert.deepEqual(await restOf(device), []);
    await device.close();
  }
});

test("what was cut in the middle of an emoji arrives as it was written, also later", async () => {
  const user = "halves";
  const [desk, hook] = await pair(user);
  const phone = await V2Device.open(server, user, "phone");
  await phone.close();
  const body = '{"type":"note","text":"see you \\ud83d","\\ude00":["\\ud83d\\n"]}';
  for (const push of waysToPush(user, body)) assert.deepEqual((await push()).delivered, 2);
  const { text } = JSON.parse(body);
  hook.send(JSON.stringify({ type: "broadcast", event: text, data: text }));
  hook.send(JSON.stringify({ type: "join_game", gameId: text }));
  await restOf(hook);
  assert.equal(hook.frames.filter((frame) => frame === body).length, 3);
  assert.equal((await desk.request({ type: "set_device", name: text })).type, "ack");
  assert.equal((await server.call(user, "joinGame", "go\ud83d")).result.activeGames[1], "go\ufffd");
  await server.hibernate(user);
  const back = await phone.again();
  const brought = (await restOf(back)).filter(({ seq, type }) => seq && !type.startsWith("device"));
  const read = "see you \ufffd";
  assert.deepEqual(
    brought.map(({ type, body: pushed, event, data, gameId }) => pushed ?? { type, event, data, gameId }),
    [
      ...Array.from({ length: 3 }, () => JSON.parse(body)),
      { type: "event", event: read, data: text, gameId: undefined },
      { type: "game_joined", event: undefined, data: undefined, gameId: read },
      { type: "game_joined", event: undefined, data: undefined, gameId: "go\ufffd" },
    ],
  );
  const { devices } = back.initial;
  assert.equal(devices.find((/** @type {any} */ { deviceId }) => deviceId === "desk").name, read);
  await Promise.all([desk, hook, back].map((device) => device.close()));
});
