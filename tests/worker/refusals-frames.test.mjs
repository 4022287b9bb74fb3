/** Frames that must be refused: to their sender alone, without a trace, and the socket goes on. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { stateOf } from "../support/logout.mjs";
import { RawDevice } from "../support/raw-device.mjs";
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
 * Connects two devices of a user, both past their first frame, with one game joined: the first
 * write of a user is behind them.
 * @param {string} userId
 */
async function pair(userId) {
  const a = await Device.connect(server, userId, "a");
  const b = await Device.connect(server, userId, "b");
  await a.next();
  await b.next();
  await a.ask({ type: "join_game", gameId: "go" });
  await b.next();
  return { a, b };
}

/**
 * Asserts that a device's next frame is the state that `pair` has left, so that nothing else was
 * sent to it and nothing has changed.
 * @param {Device} device
 * @param {string[]} [games]
 */
async function assertUndisturbed(device, games = ["go"]) {
  const { type, activeGames, presence } = await device.ask({ type: "sync_state" });
  assert.deepEqual({ type, activeGames, presence }, { type: "state", activeGames: games, presence: "online" });
}

/**
 * @param {string} text
 * @param {string} code
 * @param {RegExp} message
 */
function assertError(text, code, message) {
  const frame = JSON.parse(text);
  assert.deepEqual(Object.keys(frame), ["type", "code", "message"]);
  assert.deepEqual([frame.type, frame.code], ["error", code]);
  assert.match(frame.message, message);
}

const LONG = "x".repeat(129);
const LONG_IN_BYTES = "é".repeat(65);
const KIB_64 = 65_536;

/** @param {number} bytes @param {string} [filling] */
function sized(bytes, filling = "x") {
  const head = '{"type":"broadcast","event":"e","data":"';
  const count = (bytes - head.length - 2) / Buffer.byteLength(filling);
  return `${head}${filling.repeat(Math.ceil(count))}"}`;
}

const NOT_JSON = /./;

/** @type {[name: string, frame: string | Uint8Array, code: string, message: RegExp][]} */
const REFUSED = [
  ["an empty frame", "", "invalid_json", NOT_JSON],
  ["blanks", " \n", "invalid_json", NOT_JSON],
  ["no JSON", "hello", "invalid_json", NOT_JSON],
  ["half an object", '{"type":"join_game","gameId":"x"', "invalid_json", NOT_JSON],
  ["half a string", '{"type":"join_game","gameId":"x', "invalid_json", NOT_JSON],
  ["more behind the object", '{"type":"ping"}{"type":"ping"}', "invalid_json", NOT_JSON],
  ["a comma too many", '{"type":"ping",}', "invalid_json", NOT_JSON],
  ["single quotes", "{'type':'ping'}", "invalid_json", NOT_JSON],
  ["a comment", '{"type":"ping"/**/}', "invalid_json", NOT_JSON],
  ["NaN", '{"type":"ping","x":NaN}', "invalid_json", NOT_JSON],
  ["a number with a leading zero", '{"type":"ping","x":01}', "invalid_json", NOT_JSON],
  ["a raw control character", '{"type":"join_game","gameId":"a\u0001"}', "invalid_json", NOT_JSON],
  ["a NUL behind the object", '{"type":"sync_state"}\u0000', "invalid_json", NOT_JSON],
  ["more behind a NUL", '{"type":"sync_state"}\u0000]', "invalid_json", NOT_JSON],
  ["a byte order mark", '\ufeff{"type":"ping"}', "invalid_json", NOT_JSON],
  ["an array", '[{"type":"ping"}]', "invalid_json", /object/],
  ["a string", '"ping"', "invalid_json", /object/],
  ["null", "null", "invalid_json", /object/],
  ["nesting of 33", `{"type":"broadcast","event":"e","data":${nested(32)}}`, "invalid_json", /32/],
  ["nesting of 30,000", `{"type":"ping","x":${nested(30_000)}}`, "invalid_json", /32/],
  ["nesting that never ends", "[".repeat(65_000), "invalid_json", NOT_JSON],
  ["objects that never end", '{"a":'.repeat(13_000), "invalid_json", NOT_JSON],
  ["nesting of 100,000", `{"type":"ping","x":${nested(100_000)}}`, "too_large", /65536/],
  ["a binary frame", Buffer.from('{"type":"sync_state"}'), "invalid_json", /binary/],
  ["a binary heartbeat", Buffer.from('{"type":"ping"}'), "invalid_json", /binary/],
  ["an empty binary frame", Buffer.alloc(0), "invalid_json", /binary/],
  ["a large binary frame", Buffer.alloc(KIB_64 + 1), "invalid_json", /binary/],

  ["no type", "{}", "invalid_message", /^type /],
  ["a type inside __proto__", '{"__proto__":{"type":"ping"}}', "invalid_message", /^type /],
  ["a type inside", '{"x":{"type":"ping"}}', "invalid_message", /^type /],
  ["a type of another type", '{"type":["ping"]}', "invalid_message", /^type /],
  ["a type overwritten by null", '{"type":"ping","type":null}', "invalid_message", /^type /],
  ["an unknown type", '{"type":"join"}', "unknown_type", /^type /],
  ["an empty type", '{"type":""}', "unknown_type", /^type /],
  ["__proto__ as the type", '{"type":"__proto__"}', "unknown_type", /^type /],
  ["constructor as the type", '{"type":"constructor"}', "unknown_type", /^type /],
  ["a type in capitals", '{"type":"PING"}', "unknown_type", /^type /],
  ["a type of the server's", '{"type":"game_joined","gameId":"x"}', "unknown_type", /^type /],
  ["a type with a NUL", '{"type":"ping\\u0000"}', "unknown_type", /^type /],

  ...["join_game", "leave_game"].flatMap((type) => names(type, "gameId")),
  ...names("broadcast", "event"),
  ["no presence", '{"type":"update_presence"}', "invalid_message", /presence/],
  ["an unknown presence", '{"type":"update_presence","presence":"busy"}', "invalid_message", /presence/],
  ["a presence that is no string", '{"type":"update_presence","presence":1}', "invalid_message", /presence/],
  ["a presence in capitals", '{"type":"update_presence","presence":"Away"}', "invalid_message", /presence/],

  ["64 KiB and a byte", sized(KIB_64 + 1), "too_large", /65536/],
  ["64 KiB of characters of two bytes", sized(KIB_64 + 2, "é"), "too_large", /65536/],
  ["64 KiB of characters of four bytes", sized(KIB_64 + 4, "🎲"), "too_large", /65536/],
  ["1 MiB", sized(1_048_576), "too_large", /65536/],
  ["1 MiB of characters of two bytes", sized(1_048_574, "é"), "too_large", /65536/],
];

/** @param {number} depth */
function nested(depth) {
  return "[".repeat(depth) + "]".repeat(depth);
}

/**
 * What is refused of a field that is a name.
 * @param {string} type
 * @param {string} field
 * @returns {[name: string, frame: string, code: string, message: RegExp][]}
 */
function names(type, field) {
  const named = new RegExp(`^${field} `);
  const frame = (/** @type {string} */ value) => `{"type":"${type}","${field}":${value}}`;
  return [
    [`${type} without ${field}`, `{"type":"${type}"}`, "invalid_message", named],
    [`${type}: empty ${field}`, frame('""'), "invalid_message", named],
    [`${type}: ${field} is a number`, frame("7"), "invalid_message", named],
    [`${type}: ${field} is out of any range`, frame("-1e999"), "invalid_message", named],
    [`${type}: ${field} is null`, frame("null"), "invalid_message", named],
    [`${type}: ${field} is an object`, frame(`{"${field}":"x"}`), "invalid_message", named],
    [`${type}: ${field} is an array`, frame('["x"]'), "invalid_message", named],
    [`${type}: ${field} of 129 bytes`, frame(`"${LONG}"`), "limit_reached", /^\w+ .*128/],
    [`${type}: ${field} of 130 bytes`, frame(`"${LONG_IN_BYTES}"`), "limit_reached", named],
  ];
}

test("a refused frame leaves no trace, disturbs nobody, and the socket goes on", async (t) => {
  const { a, b } = await pair("refused");
  for (const [name, frame, code, message] of REFUSED) {
    await t.test(name, async () => {
      const writes = await server.writesDuring("refused", async () => {
        a.send(frame);
        assertError(await a.nextText(), code, message);
        await assertUndisturbed(a);
        await assertUndisturbed(b);
      });
      assert.deepEqual(writes, NO_WRITES);
    });
  }
  await a.close();
  await b.close();
});

test("a frame over 1 MiB ends its own socket with 1009 and no other", async (t) => {
  for (const [name, frame] of /** @type {[string, string | Uint8Array][]} */ ([
    ["one byte", sized(1_048_577)],
    ["characters of two bytes", sized(1_048_578, "é")],
    ["binary", Buffer.alloc(1_048_577)],
    ["much more", sized(20_000_000)],
  ])) {
    await t.test(name, async () => {
      const { a, b } = await pair(`huge ${name}`);
      a.send(frame);
      assert.equal((await a.closed()).code, 1009);
      assert.deepEqual(a.unread(), []);
      await assertUndisturbed(b);
      assert.equal((await stateOf(server, `huge ${name}`)).connectedDevices, 1);
      await b.close();
    });
  }
});

test("of more than 256 games the last is refused, and there is room again after a leave", async () => {
  const { a, b } = await pair("crowded");
  const games = ["go", ...Array.from({ length: 255 }, (_, at) => `game-${at}`)];
  for (const gameId of games.slice(1)) a.send({ type: "join_game", gameId });
  for (const gameId of games.slice(1)) {
    assert.equal((await a.next()).gameId, gameId);
    assert.equal((await b.next()).gameId, gameId);
  }
  a.send({ type: "join_game", gameId: "one-too-many" });
  assertError(await a.nextText(), "limit_reached", /256/);
  await assertUndisturbed(a, games);
  await assertUndisturbed(b, games);
  // A game that is there needs no room.
  a.send({ type: "join_game", gameId: "go" });
  await assertUndisturbed(a, games);
  assert.equal((await a.ask({ type: "leave_game", gameId: "game-7" })).type, "game_left");
  assert.equal((await a.ask({ type: "join_game", gameId: "one-more" })).type, "game_joined");
  const expected = [...games.filter((game) => game !== "game-7"), "one-more"];
  assert.deepEqual((await stateOf(server, "crowded")).activeGames, expected);
  await a.close();
  await b.close();
});

test("256 games of the longest ids are all there after the object has slept", async () => {
  const device = await Device.connect(server, "full", "a");
  await device.next();
  const games = Array.from({ length: 256 }, (_, at) => `${String(at).padStart(3, "0")}-${"🎲".repeat(31)}`);
  for (const gameId of games) device.send({ type: "join_game", gameId });
  for (const gameId of games) assert.equal((await device.next()).gameId, gameId);
  await server.hibernate("full");
  assert.deepEqual((await device.ask({ type: "sync_state" })).activeGames, games);
  await device.close();
});

test("a frame that is under way when the server closes its socket does nothing", async () => {
  const { a, b } = await pair("under-way");
  const raw = await RawDevice.connect(server, "under-way");
  // Who has spoken is closed without a restart of the object, so that what comes afterwards arrives.
  await assertUndisturbed(b);
  raw.send({ type: "sync_state" });
  await raw.until(() => raw.texts.length === 2);
  const { messages, instances } = await server.counts("under-way");
  a.send({ type: "logout_all" });
  a.send({ type: "join_game", gameId: "too-late" });
  // This one has seen the close and goes on all the same, as nothing of ours would.
  await raw.until(() => raw.closeFrame !== null);
  for (const gameId of ["much-too-late", "later"]) raw.send({ type: "join_game", gameId });
  const arrived = async () => (await server.counts("under-way")).messages === messages + 4;
  await eventually("the late frames to reach the object", arrived);
  await a.closed();
  await b.closed();
  const c = await Device.connect(server, "under-way", "c");
  assert.deepEqual((await c.next()).activeGames, ["go"]);
  await assertUndisturbed(c);
  assert.deepEqual([a.unread(), b.unread(), raw.texts.length], [[], [], 2]);
  assert.equal((await server.counts("under-way")).instances, instances);
  raw.destroy();
  await c.close();
});
