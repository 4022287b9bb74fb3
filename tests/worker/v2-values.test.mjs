/**
 * Values: the user's own state, the same on all devices to the letter, whoever changes it and by whatever way; a change
 * is one row, and what is refused changes nothing.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { leave } from "../support/leaving.mjs";
import { PREFIX } from "../support/requests.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { NO_WRITES, startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** The most that a change writes beside the value. */
const BESIDE_BYTES_MAX = 1_024;

/** Texts that must not be read as numbers, objects or UTF-16 on the way. */
const TEXTS = [
  ...["-0", "9007199254740993", "1e400", '{"__proto__": 1,"a":1 ,"a":2}', '"\\ud83d"', '"\\u0000"', '"日本 👋🏽 ﷽"', "[ ]"],
  ...[`"${"ä".repeat(8_191)}"`, "null", '""', " 1 ".trim()],
];

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/** @param {string} userId @returns {Promise<Record<string, {value: unknown, version: number}>>} */
async function valuesOf(userId) {
  return (await server.call(userId, "getValues")).result.values;
}

/**
 * @param {string} userId
 * @param {string} query
 * @param {RequestInit} [how]
 */
async function byHttp(userId, query, how) {
  const response = await fetch(`${server.http}${PREFIX}/values?userId=${userId}${query}`, how);
  return { status: response.status, text: await response.text() };
}

/** The frames of a device as they were written. @param {V2Device} device */
function textsOf(device) {
  /** @type {string[]} */
  const texts = [];
  device.socket.on("message", (data) => texts.push(String(data)));
  return texts;
}

test("a value is told and kept to the letter, through sleeps, and costs one row of little more than itself", async () => {
  const user = "letters";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  const hook = await Device.connect(server, user, "hook");
  await restOf(hook);
  await restOf(phone);
  const told = textsOf(phone);
  for (const [at, text] of TEXTS.entries()) {
    const writes = await server.writesDuring(user, async () => {
      desk.socket.send(`{"type":"set_value","key":"k${at}","value":${text},"id":"${desk.nextId()}"}`);
      await restOf(desk);
    });
    assert.deepEqual(writes, { ...NO_WRITES, puts: 1 }, text.slice(0, 40));
  }
  await restOf(phone);
  const changed = told.filter((frame) => frame.startsWith('{"type":"value_changed"'));
  assert.deepEqual(changed.map((frame) => /"value":(.*),"version"/s.exec(frame)?.[1]), TEXTS);
  assert.deepEqual(await restOf(hook), [], "version 1 hears nothing");
  await server.hibernate(user);
  const { text } = await byHttp(user, "");
  for (const [at, value] of TEXTS.entries()) assert.ok(text.includes(`"k${at}":{"value":${value},"version":`), value.slice(0, 40));
  const rows = Object.entries(await server.stored(user)).filter(([key]) => key.startsWith("session.data."));
  assert.deepEqual(rows.map(([key]) => key).sort(), TEXTS.map((_, at) => `session.data.${at}`).sort());
  for (const [key, row] of rows) {
    const size = Buffer.byteLength(TEXTS[Number(key.split(".")[2])]);
    const bytes = /** @type {any} */ (row).bytes.length;
    assert.ok(bytes > size && bytes <= size + BESIDE_BYTES_MAX, `${key}: ${bytes} bytes for ${size}`);
  }
  const late = await V2Device.open(server, user, "late");
  assert.equal(Object.keys(late.initial.values).length, TEXTS.length);
  await Promise.all([desk, phone, hook, late].map((device) => device.close()));
});

test("a device that was away gets the newest of each, however often they changed, and starts over for nothing", async () => {
  const user = "away";
  const desk = await V2Device.open(server, user, "desk");
  let phone = await V2Device.open(server, user, "phone");
  await desk.request({ type: "set_value", key: "gone", value: 1 });
  await restOf(phone);
  await leave(server, phone, user, 1);
  for (let value = 0; value < 600; value++) desk.send({ type: "set_value", key: "slider", value });
  await desk.request({ type: "delete_value", key: "gone" });
  await desk.request({ type: "broadcast", event: "e" });
  await desk.request({ type: "set_value", key: "last", value: true });
  await server.hibernate(user);
  phone = await phone.again();
  assert.deepEqual([phone.initial.reset, phone.initial.values], [undefined, undefined]);
  const frames = (await restOf(phone)).filter(({ type }) => !type.startsWith("device_"));
  assert.deepEqual(frames.map(({ type, key, value }) => [type, key, value]), [
    ["value_changed", "slider", 599],
    ["value_deleted", "gone", undefined],
    ["event", undefined, undefined],
    ["value_changed", "last", true],
  ]);
  assert.deepEqual(frames.map(({ seq }) => seq), frames.map(({ seq }) => seq).sort((a, b) => a - b));
  await Promise.all([desk.close(), phone.close()]);
});

test("two devices that each add one lose none, whichever of them is refused", async () => {
  const user = "adding";
  const devices = await Promise.all(["desk", "phone"].map((id) => V2Device.open(server, user, id)));
  await Promise.all(
    devices.map(async (device) => {
      let [value, ifVersion] = [0, 0];
      for (;;) {
        const answer = await device.request({ type: "set_value", key: "n", value: value + 1, ifVersion });
        if (answer.type === "ack") return;
        assert.equal(answer.code, "conflict");
        ({ value, version: ifVersion } = answer);
      }
    }),
  );
  assert.equal((await valuesOf(user))["n"].value, 2);
  await Promise.all(devices.map((device) => device.close()));
});

test("servers set, read and delete by RPC and by HTTP, and are told what a conflict found", async () => {
  const user = "servers";
  const phone = await V2Device.open(server, user, "phone");
  const { result: set } = await server.call(user, "setValue", "plan", { name: "pro" });
  const put = await byHttp(user, "&key=seats&ifVersion=0", { method: "PUT", body: ' {"n": 5}\n' });
  assert.equal(put.status, 200);
  const { version } = JSON.parse(put.text);
  assert.deepEqual(await byHttp(user, "&key=seats"), { status: 200, text: `{"values":{"seats":{"value":{"n": 5},"version":${version}}}}` });
  assert.deepEqual(await byHttp(user, "&key=none"), { status: 200, text: '{"values":{}}' });
  const conflict = await byHttp(user, "&key=plan&ifVersion=7", { method: "DELETE" });
  assert.equal(conflict.status, 409);
  const { message, ...error } = JSON.parse(conflict.text).error;
  assert.deepEqual(error, { code: "conflict", key: "plan", version: set.version, value: { name: "pro" } });
  assert.match(message, /^ifVersion/);
  assert.deepEqual((await server.call(user, "setValue", "plan", 1, { ifVersion: 1 })).result.error.code, "conflict");
  assert.deepEqual((await server.call(user, "deleteValue", "plan", { ifVersion: set.version })).result, { version: 0 });
  assert.deepEqual((await byHttp(user, "&key=seats", { method: "DELETE" })).text, '{"version":0}');
  assert.deepEqual(await valuesOf(user), {});
  const told = (await restOf(phone)).map(({ type, key, value, from }) => [type, key, value, from]);
  assert.deepEqual(told, [
    ["value_changed", "plan", { name: "pro" }, null],
    ["value_changed", "seats", { n: 5 }, null],
    ["value_deleted", "plan", undefined, null],
    ["value_deleted", "seats", undefined, null],
  ]);
  await phone.close();
});

test("what can't be a change is refused with its reason, and nothing is stored or told", async () => {
  const user = "refused";
  const phone = await V2Device.open(server, user, "phone");
  /** @type {[query: string, how: RequestInit, status: number, reason: RegExp][]} */
  const requests = [
    ["", { method: "PUT", body: "1" }, 400, /expected one key, not empty/],
    ["&key=", { method: "DELETE" }, 400, /expected one key, not empty/],
    ["&key=a&key=b", { method: "PUT", body: "1" }, 400, /expected one key/],
    ["&key=a&key=b", {}, 400, /at most one key/],
    ["&ifVersion=1", {}, 400, /no ifVersion/],
    ["&key=a&ifVersion=1&ifVersion=2", { method: "PUT", body: "1" }, 400, /at most one ifVersion/],
    ["&key=a&ifversion=0", { method: "PUT", body: "1" }, 400, /at most one ifVersion, and nothing else/],
    ["&key=a&if-version=0", { method: "DELETE" }, 400, /at most one ifVersion, and nothing else/],
    ["&key=a&ifVersion=x", { method: "PUT", body: "1" }, 400, /ifVersion: expected a version/],
    ["&key=a&ifVersion=", { method: "PUT", body: "1" }, 400, /ifVersion: expected a version/],
    ["&key=a&ifVersion=9007199254740992", { method: "PUT", body: "1" }, 400, /ifVersion: expected a version/],
    ["&key=a", { method: "PUT", body: "" }, 400, /the body must be the value/],
    ["&key=a", { method: "PUT", body: "undefined" }, 400, /the body must be the value/],
    ["&key=a", { method: "PUT", body: '1,"key":"b"' }, 400, /the body must be the value/],
    ["&key=a", { method: "PUT", body: '1}{"type":"clear"' }, 400, /the body must be the value/],
    ["&key=a", { method: "PUT", body: Buffer.from([0x22, 0xff, 0x22]) }, 400, /the body must be the value/],
    ["&key=a", { method: "PUT", body: `${"[".repeat(40)}${"]".repeat(40)}` }, 400, /nested at most 32 levels/],
    ["&key=a", { method: "PUT", body: `"${"x".repeat(16_384)}"` }, 400, /value is too large: expected at most 16384 bytes/],
    ["&key=a", { method: "PUT", body: `"${"x".repeat(65_536)}"` }, 413, /expected at most 65536 bytes/],
    [`&key=${"k".repeat(129)}`, { method: "PUT", body: "1" }, 400, /key is too long/],
    ["&key=a", { method: "POST", body: "1" }, 405, /expected GET, PUT, DELETE/],
  ];
  const writes = await server.writesDuring(user, async () => {
    for (const [query, how, status, reason] of requests) {
      const answer = await byHttp(user, query, how);
      assert.equal(answer.status, status, `${query} ${how.method}: ${answer.text}`);
      assert.match(JSON.parse(answer.text).error.message, reason);
    }
    /** @type {[args: unknown[], reason: RegExp][]} */
    const calls = [
      [["setValue", "", 1], /key: expected a string/],
      [["setValue", 7, 1], /key: expected a string/],
      [["setValue", "a"], /value: expected what JSON can express/],
      [["setValue", "a", 1, { ifversion: 1 }], /options: expected an object with ifVersion/],
      [["setValue", "a", 1, { ifVersion: -1 }], /ifVersion: expected a version/],
      [["deleteValue", "a", { ifVersion: "1" }], /ifVersion: expected a version/],
      [["deleteValue", "a", 5], /options: expected an object/],
    ];
    for (const [[method, ...args], reason] of calls) {
      const { result } = await server.call(user, String(method), ...args);
      assert.match(result?.error?.message ?? "done", reason);
    }
  });
  assert.deepEqual(writes, NO_WRITES);
  assert.deepEqual([await valuesOf(user), await restOf(phone)], [{}, []]);
  await phone.close();
});

test("an event of which only the newest counts has no number, costs no row and is not brought later, and version 1 hears it", async () => {
  const user = "newest";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  const hook = await Device.connect(server, user, "hook");
  await restOf(hook);
  await restOf(phone);
  await leave(server, phone, user, 2);
  await restOf(desk);
  await restOf(hook);
  const frame = { type: "broadcast", event: "cursor", latest: true };
  const writes = await server.writesDuring(user, async () => {
    for (let data = 0; data < 60; data++) desk.send({ ...frame, data });
    const told = Array.from({ length: 60 }, (_, data) => ({ type: "event", event: "cursor", data, from: "desk" }));
    for (const device of [desk, hook]) assert.deepEqual(await restOf(device), told);
  });
  assert.deepEqual(writes, NO_WRITES);
  for (const latest of [false, null, 1, "true"]) {
    assert.match((await desk.request({ ...frame, latest })).message, /^latest must be true, or left out$/);
  }
  const back = await phone.again();
  const missed = (await restOf(back)).map(({ type }) => type);
  assert.deepEqual([back.initial.reset, missed.includes("event")], [undefined, false]);
  await Promise.all([desk, back, hook].map((device) => device.close()));
});

/** Where the row of a value with a key of one byte, which a server has set, says what epoch is open. */
const OPEN_EPOCH_AT = 53;

/**
 * Ways in which a row can be damaged, each with the row's key and the keys of the values that are left then.
 * @type {[what: string, damaged: string, damage: (bytes: number[]) => void, left: string[], isReadable?: boolean][]}
 */
const DAMAGES = [
  ["the snapshot, of which a value's row is sound", "session", (bytes) => bytes.splice(-40), ["a", "b"]],
  ["the row of a value", "session.data.1", (bytes) => void bytes.pop(), ["a"]],
  ["what it says of the frames", "session.data.1", (bytes) => bytes.fill(0xff, OPEN_EPOCH_AT, OPEN_EPOCH_AT + 8), ["a", "b"], true],
];
for (const [what, damaged, damage, left, isReadable = false] of DAMAGES) {
  test(`damaged: ${what}: who was away starts over, once, and what can't be read is kept aside`, async () => {
    const user = `damaged: ${what}`;
    const desk = await V2Device.open(server, user, "desk");
    await desk.request({ type: "broadcast", event: "e" });
    await leave(server, desk, user, 0);
    await server.call(user, "setValue", "a", 1);
    await server.call(user, "setValue", "b", 2);
    const phone = await V2Device.open(server, user, "phone");
    await leave(server, phone, user, 0);
    await server.call(user, "push", { type: "missed" });
    await server.call(user, "setValue", "b", 3);
    await server.hibernate(user);
    const { [damaged]: row, ...sound } = await server.stored(user);
    damage(/** @type {any} */ (row).bytes);
    // The key of a row of the app's own, which is no slot, leaves the row of that slot alone.
    await server.plant(user, { [damaged]: row, "session.data.": { value: "the app's" } });
    assert.deepEqual(Object.keys(await valuesOf(user)), left);
    const aside = Object.entries(await server.stored(user)).filter(([key]) => key.startsWith("session.unreadable."));
    assert.deepEqual(aside.map(([, kept]) => kept), isReadable ? [] : [row]);
    for (const key of Object.keys(sound)) assert.ok(key === "session" || (await server.stored(user))[key], key);
    await server.hibernate(user);
    const back = await phone.again();
    assert.deepEqual([back.initial.reset, Object.keys(back.initial.values)], [true, left]);
    await restOf(back);
    await server.hibernate(user);
    back.send({ type: "broadcast", event: "e" });
    assert.deepEqual((await restOf(back)).map(({ type }) => type), ["event"], "nobody is told again");
    await leave(server, back, user, 0);
    const again = await back.again();
    assert.deepEqual([again.initial.reset, (await restOf(again)).length], [undefined, 0]);
    await again.close();
    const lines = server.logs().filter((line) => line.includes(`"${user}"`) && line.includes("damaged") && /start/.test(line));
    assert.equal(lines.length, 1);
  });
}

test("a write that fails leaves the value as it was, for everybody", async () => {
  const user = "failing";
  const phone = await V2Device.open(server, user, "phone");
  await phone.request({ type: "set_value", key: "a", value: "before" });
  await server.failNext(user, "put");
  const id = phone.sendRequest({ type: "set_value", key: "a", value: "lost" });
  const answers = await restOf(phone);
  assert.deepEqual(answers.map(({ type, code }) => [type, code]), [["error", "internal"]]);
  assert.equal((await valuesOf(user))["a"].value, "before");
  for (const [method, ...change] of [["setValue", "a", "lost"], ["deleteValue", "a"]]) {
    await server.failNext(user, "put");
    assert.match((await server.call(user, method, ...change)).thrown ?? "", /nothing was done/);
    assert.equal((await valuesOf(user))["a"].value, "before");
  }
  const frame = '{"type":"set_value","key":"a","value":"lost"}';
  assert.ok(server.logs().some((line) => line.includes(`"event":"ValueChangeRequested","message":null,"bytes":${frame.length},`)));
  const again = await phone.repeat(id, { type: "set_value", key: "a", value: "now" });
  assert.deepEqual([again.type, (await valuesOf(user))["a"].value], ["ack", "now"]);
  await phone.close();
});
