/** Names and bodies at their limits: what must be taken as it comes, and what must be refused. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { stateOf } from "../support/logout.mjs";
import { assertRefusal, PREFIX, push, requestAsWritten, UPGRADE } from "../support/requests.mjs";
import { NO_WRITES, startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

const DEVICE_ID_BYTES_MAX = 1_024;

const NAMES = [
  "x",
  "0",
  "🎲👩‍👩‍👧‍👦é\u0301",
  "\u0000",
  "a\u0000b",
  "\u0001\u001f\u007f\t\r\n",
  "..",
  "../../etc/passwd",
  `"'\\\`</script>{}[],:`,
  "__proto__",
  " spaces in and around ",
  "a&userId=mallory#%00?",
  "\ufeff\u2028\u202e",
  "null",
];

test("whatever a device calls itself survives a hibernation unharmed", async () => {
  const ids = [...NAMES, "d".repeat(DEVICE_ID_BYTES_MAX), "é".repeat(512)];
  const devices = [];
  for (const id of ids) {
    const device = await Device.connect(server, "named-devices", id);
    assert.equal((await device.next()).deviceId, id);
    devices.push(device);
  }
  await server.hibernate("named-devices");
  for (const device of devices) device.send({ type: "broadcast", event: "here" });
  // Each device gets the events of all, in the order in which they were sent.
  for (const device of devices) {
    const heard = [];
    while (heard.length < ids.length) heard.push((await device.next()).from);
    assert.deepEqual(heard.toSorted(), ids.toSorted());
  }
  assert.equal((await stateOf(server, "named-devices")).connectedDevices, ids.length);
  await Promise.all(devices.map((device) => device.close()));
});

test("bytes that are no UTF-8 in a device id are replaced, and survive so", async () => {
  const device = new Device(`${server.ws}${PREFIX}?userId=bytes&deviceId=a%ff%ed%a0%80b`);
  const { deviceId } = await device.next();
  assert.match(deviceId, /^a\ufffd+b$/);
  await server.hibernate("bytes");
  assert.equal((await device.ask({ type: "broadcast", event: "e" })).from, deviceId);
  await device.close();
});

test("a device id over 1,024 bytes is refused, with the limit, and leaves no device behind", async () => {
  const user = "too-long";
  const neighbour = await Device.connect(server, user, "neighbour");
  await neighbour.next();
  for (const id of ["d".repeat(DEVICE_ID_BYTES_MAX + 1), `${"é".repeat(512)}x`]) {
    const path = `${PREFIX}?${new URLSearchParams({ userId: user, deviceId: id })}`;
    const answer = await requestAsWritten(server, path, { headers: UPGRADE });
    assert.equal(answer.status, 400);
    assertRefusal(answer.text, "limit_reached", /^deviceId .*1024/);
  }
  assert.equal((await stateOf(server, user)).connectedDevices, 1);
  await server.hibernate(user);
  assert.equal((await neighbour.ask({ type: "sync_state" })).type, "state");
  assert.equal((await stateOf(server, user)).connectedDevices, 1);
  await neighbour.close();
});

test("whatever a user is called has a session of its own", async () => {
  const users = [...NAMES, "a/b", "a%2Fb", "%", "+", "a b", "a+b", "u".repeat(1_024), "é".repeat(512)];
  for (const [at, userId] of users.entries()) {
    const device = await Device.connect(server, userId, "d");
    const first = await device.next();
    assert.deepEqual([first.userId, first.activeGames], [userId, []]);
    await device.ask({ type: "join_game", gameId: `game-${at}` });
    await device.close();
  }
  for (const [at, userId] of users.entries()) {
    await server.hibernate(userId);
    const state = await stateOf(server, userId);
    assert.deepEqual([state.userId, state.activeGames], [userId, [`game-${at}`]]);
  }
});

test("a user id over 1,024 bytes is refused everywhere, with the limit", async () => {
  for (const userId of ["u".repeat(1_025), "é".repeat(513), "u".repeat(10_000)]) {
    for (const [path, method, headers] of /** @type {const} */ ([
      ["", "GET", UPGRADE],
      ["", "POST", {}],
      ["/state", "GET", {}],
      ["/clear", "POST", {}],
    ])) {
      const url = `${PREFIX}${path}?${new URLSearchParams({ userId })}`;
      const answer = await requestAsWritten(server, url, { method, headers });
      assert.equal(answer.status, 400);
      assertRefusal(answer.text, "limit_reached", /^userId .*1024/);
    }
  }
});

const KIB_64 = 65_536;

/** @param {number} bytes */
function sizedPush(bytes) {
  const head = '{"type":"news","text":"';
  return `${head}${"x".repeat(bytes - head.length - 2)}"}`;
}

/** @param {string} text */
const bytesOf = (text) => new TextEncoder().encode(text);

/** @type {[name: string, body: string | Uint8Array<ArrayBuffer>, status: number, code: string, message: RegExp][]} */
const REFUSED_BODIES = [
  ["nothing", "", 400, "invalid_json", /./],
  ["no JSON", "hello", 400, "invalid_json", /./],
  ["half an object", '{"type":"x"', 400, "invalid_json", /./],
  ["two objects", '{"type":"x"}{"type":"x"}', 400, "invalid_json", /./],
  ["an array", '[{"type":"x"}]', 400, "invalid_json", /object/],
  ["a string", '"x"', 400, "invalid_json", /object/],
  ["a NUL behind the object", '{"type":"x"}\u0000', 400, "invalid_json", /./],
  ["a byte order mark", '\ufeff{"type":"x"}', 400, "invalid_json", /./],
  ["no UTF-8", new Uint8Array([...bytesOf('{"type":"x'), 0xff, ...bytesOf('"}')]), 400, "invalid_json", /UTF-8/],
  ["UTF-8 in more bytes than it takes", new Uint8Array([...bytesOf('{"type":"'), 0xc0, 0xaf, ...bytesOf('"}')]), 400, "invalid_json", /./],
  ["a surrogate in UTF-8", new Uint8Array([...bytesOf('{"type":"'), 0xed, 0xa0, 0x80, ...bytesOf('"}')]), 400, "invalid_json", /./],
  ["UTF-16", new Uint8Array(Buffer.from('{"type":"x"}', "utf16le")), 400, "invalid_json", /./],
  ["nesting of 33", `{"type":"x","y":${"[".repeat(32)}${"]".repeat(32)}}`, 400, "invalid_json", /32/],
  ["nesting of 30,000", `{"type":"x","y":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, 400, "invalid_json", /32/],
  ["no type", "{}", 400, "invalid_message", /^type /],
  ["a type that is no string", '{"type":1}', 400, "invalid_message", /^type /],
  ["a type inside __proto__", '{"__proto__":{"type":"x"}}', 400, "invalid_message", /^type /],
  ["a type overwritten", '{"type":"x","type":null}', 400, "invalid_message", /^type /],
  ["64 KiB and a byte", sizedPush(KIB_64 + 1), 413, "too_large", /65536/],
  ["100 kB", sizedPush(100_000), 413, "too_large", /65536/],
];

test("a refused push reaches no device and stores nothing", async (t) => {
  const device = await Device.connect(server, "push", "d");
  await device.next();
  for (const [name, body, status, code, message] of REFUSED_BODIES) {
    await t.test(name, async () => {
      const writes = await server.writesDuring("push", async () => {
        const answer = await push(server, "push", body);
        assert.equal(answer.status, status);
        assertRefusal(await answer.text(), code, message);
        // A marker: the next frame is this one.
        const { delivered } = await (await push(server, "push", '{"type":"marker"}')).json();
        assert.equal(delivered, 1);
        assert.deepEqual(await device.next(), { type: "marker" });
      });
      assert.deepEqual(writes, NO_WRITES);
    });
  }
  await device.close();
});

test("a push whose length nobody announced is measured all the same", async () => {
  const device = await Device.connect(server, "chunked", "d");
  await device.next();
  const path = `${PREFIX}?userId=chunked`;
  for (const [bytes, status] of [
    [KIB_64, 200],
    [KIB_64 + 1, 413],
    [100_000, 413],
    [100, 200],
  ]) {
    const body = Buffer.from(sizedPush(bytes));
    const chunks = [];
    for (let at = 0; at < body.length; at += 10_007) chunks.push(body.subarray(at, at + 10_007));
    const answer = await requestAsWritten(server, path, { method: "POST", chunks });
    assert.deepEqual([bytes, answer.status], [bytes, status]);
    if (status === 413) assertRefusal(answer.text, "too_large", /65536/);
    else assert.equal(await device.nextText(), String(body));
  }
  await device.close();
});

test("characters cut in two by the network arrive whole", async () => {
  const device = await Device.connect(server, "cut", "d");
  await device.next();
  const body = Buffer.from('{"type":"é🎲"}');
  const chunks = [...body].map((byte) => Buffer.of(byte));
  const answer = await requestAsWritten(server, `${PREFIX}?userId=cut`, { method: "POST", chunks });
  assert.deepEqual([answer.status, answer.text], [200, '{"delivered":1}']);
  assert.equal(await device.nextText(), String(body));
  await device.close();
});

test("a push of megabytes reaches nobody, whether or not its sender waits for the answer", async () => {
  const device = await Device.connect(server, "megabytes", "d");
  await device.next();
  // The connection is cut when nobody reads so much, and the 413 may go down with it: wrangler's proxy then says
  // nothing, or 500 in words of its own.
  await push(server, "megabytes", sizedPush(3_000_000)).then(
    async (response) => assert.ok(response.status === 413 || !(await response.text()).includes('"error"')),
    () => {},
  );
  await push(server, "megabytes", '{"type":"marker"}');
  assert.deepEqual(await device.next(), { type: "marker" });
  await device.close();
});

test("a push whose sender gives up half-way reaches nobody", async () => {
  const device = await Device.connect(server, "given-up", "d");
  await device.next();
  const path = `${PREFIX}?userId=given-up`;
  const headers = { "Content-Length": "1000" };
  const half = requestAsWritten(server, path, {
    method: "POST",
    headers,
    chunks: ['{"type":"half"}'],
    cutAfterChunks: true,
  });
  await assert.rejects(half);
  await push(server, "given-up", '{"type":"whole"}');
  assert.deepEqual(await device.next(), { type: "whole" });
  await device.close();
});
