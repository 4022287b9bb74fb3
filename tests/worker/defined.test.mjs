/**
 * An app that has defined its messages, on the real runtime with Zod, Valibot and ArkType: what does not fit costs no row,
 * reaches nobody and is explained to whoever sent it, by every way in; and all else is as without a definition.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX, assertRefusal } from "../support/requests.mjs";
import { OPEN, ROOT, startServer } from "../support/server.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { NO_WRITES, watching } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

const CONFIG = `${ROOT}tests/worker/fixtures/defined.wrangler.jsonc`;

/** @type {Server & Watching} */
let server;
before(async () => {
  const started = await startServer(CONFIG);
  server = { ...started, ...watching(started) };
});
after(() => server?.close());

/**
 * A device of each version, all frames read.
 * @param {string} userId
 * @returns {Promise<[V2Device, Device]>}
 */
async function pair(userId) {
  const desk = await V2Device.open(server, userId, "desk");
  const hook = await Device.connect(server, userId, "hook");
  for (const device of [desk, hook]) await restOf(device);
  return [desk, hook];
}

/** @param {string} release */
async function deploy(release) {
  await fetch(`${server.http}/test/deploy?release=${release}`);
}

for (const [library, event] of /** @type {const} */ ([["Zod", "move"], ["Valibot", "step"], ["ArkType", "jump"]])) {
  test(`an event that a schema of ${library} does not take is refused, in both versions, and the next one is delivered`, async () => {
    const user = `event-${library}`;
    const devices = await pair(user);
    const [desk, hook] = devices;
    const wrong = { type: "broadcast", event, data: { from: "e2", pieces: [{ name: "king" }, { name: 7 }] } };
    const writes = await server.writesDuring(user, async () => {
      const answer = await desk.request(wrong);
      assert.deepEqual([answer.type, answer.code], ["error", "invalid_message"]);
      assert.match(answer.message, /^data\.pieces\[1\]\.name: ./);
      const refused = await hook.ask(wrong);
      assert.deepEqual(refused, { type: "error", code: "invalid_message", message: answer.message });
      for (const device of devices) assert.deepEqual(await restOf(device), []);
    });
    assert.deepEqual(writes, NO_WRITES);
    const data = { from: "e2", more: 1 };
    for (const [sender, from] of /** @type {[Device, string][]} */ ([[desk, "desk"], [hook, "hook"]])) {
      sender.send({ type: "broadcast", event, data, ...(sender === desk && { id: desk.nextId() }) });
      const told = { type: "event", event, data, from };
      assert.deepEqual(await hook.next(), told, "as it was written, whatever the schema makes of it");
      assert.deepEqual(await desk.next(), { ...told, seq: desk.seq });
      if (sender === desk) assert.equal((await desk.next()).type, "ack");
    }
    await Promise.all(devices.map((device) => device.close()));
  });
}

test("an event without data is one with null, and a name that is not defined is not checked", async () => {
  const devices = await pair("unchecked");
  const [desk, hook] = devices;
  for (const [event, data] of /** @type {[string, unknown][]} */ ([["wave", undefined], ["other", 7], ["theme", 7], ["anything", "x"]])) {
    assert.equal((await desk.request({ type: "broadcast", event, data })).type, "ack");
    assert.deepEqual(await hook.next(), { type: "event", event, data: data ?? null, from: "desk" });
  }
  assert.match((await desk.request({ type: "broadcast", event: "wave", data: 1 })).message, /^data: ./);
  assert.match((await desk.request({ type: "broadcast", event: "move" })).message, /^data: ./);
  await Promise.all(devices.map((device) => device.close()));
});

/**
 * The ways to push, each with what it was answered.
 * @param {string} userId
 * @param {{type: string}} message
 * @param {object} [options]
 * @returns {(() => Promise<any>)[]}
 */
function waysToPush(userId, message, options = {}) {
  const query = new URLSearchParams({ userId, .../** @type {any} */ (options) });
  const body = JSON.stringify(message);
  const { type, ...data } = message;
  const byName = (/** @type {unknown[]} */ args) => ({ method: "POST", body: JSON.stringify(args) });
  return [
    async () => (await fetch(`${server.http}${PREFIX}?${query}`, { method: "POST", body })).json(),
    async () => (await server.call(userId, "push", message, options)).result,
    async () => (await server.call(userId, "push", body, options)).result,
    async () => (await fetch(`${server.http}/test/push?userId=${userId}`, byName([type, data, options]))).json(),
    async () => (await fetch(`${server.http}/test/push?userId=${userId}`, byName([message, options]))).json(),
  ];
}

test("a push that does not fit is refused by HTTP and by RPC, and its id is not used up", async () => {
  const user = "pushes";
  const devices = await pair(user);
  const writes = await server.writesDuring(user, async () => {
    for (const push of waysToPush(user, { type: "invitation", ...{ from: 7 } }, { pushId: "p" })) {
      assertRefusal(JSON.stringify(await push()), "invalid_message", /^body\.from: ./);
    }
    for (const push of waysToPush(user, { type: "note" })) assertRefusal(JSON.stringify(await push()), "invalid_message", /^body\.text: ./);
    for (const device of devices) assert.deepEqual(await restOf(device), []);
  });
  assert.deepEqual(writes, NO_WRITES);
  const status = await fetch(`${server.http}${PREFIX}?userId=${user}`, { method: "POST", body: '{"type":"invitation"}' });
  assert.equal(status.status, 400);
  const invitation = { type: "invitation", from: "kim", more: 1 };
  for (const push of waysToPush(user, invitation)) {
    assert.deepEqual(await push(), { delivered: 2 });
    assert.equal(await devices[1].nextText(), JSON.stringify(invitation));
    assert.deepEqual((await devices[0].next()).body, invitation);
  }
  const [byHttp, byRpc] = waysToPush(user, { type: "news", ...{ from: 7 } });
  for (const push of [byHttp, byRpc]) assert.deepEqual(await push(), { delivered: 2 });
  await Promise.all(devices.map((device) => device.close()));
});

test("a value that does not fit is refused to a device, by RPC and by HTTP, and one that fits is kept as it was written", async () => {
  const user = "values";
  const devices = await pair(user);
  const [desk, hook] = devices;
  /** @param {string} key @param {string} body */
  const put = async (key, body) =>
    (await fetch(`${server.http}${PREFIX}/values?userId=${user}&key=${key}`, { method: "PUT", body })).json();
  /** @param {string} frame */
  const sent = async (frame) => {
    desk.socket.send(frame);
    return { error: (await restOf(desk))[0] };
  };
  const writes = await server.writesDuring(user, async () => {
    const ways = [
      () => sent('{"type":"set_value","key":"theme","value":"pink"}'),
      () => sent('{"value":"dark","k\\u0065y":"th\\u0065me","value":"pink","type":"set\\u005fvalue"}'),
      () => sent('{"type":"set_value","key":"theme","value":"pink","ifVersion":7}'),
      () => put("theme", '"pink"'),
      () => put("%74heme&ifVersion=7", ' "pink" '),
      async () => (await server.call(user, "setValue", "theme", "pink")).result,
      async () => (await server.call(user, "setValue", "theme", "pink", { ifVersion: 7 })).result,
    ];
    for (const way of ways) {
      const { code, message } = (await way()).error;
      assert.equal(code, "invalid_message");
      assert.match(message, /^value: ./);
    }
    for (const device of devices) assert.deepEqual(await restOf(device), []);
  });
  assert.deepEqual(writes, NO_WRITES);
  await put("theme", ' "d\\u0061rk"\n');
  for (const key of ["Theme", "toString", "__proto__"]) await put(key, "7");
  const text = await (await fetch(`${server.http}${PREFIX}/values?userId=${user}`)).text();
  assert.match(text, /^\{"values":\{"theme":\{"value":"d\\u0061rk",.*"Theme":\{"value":7,.*"toString":\{"value":7,.*"__proto__":\{"value":7,/);
  assert.deepEqual(await restOf(hook), []);
  await Promise.all(devices.map((device) => device.close()));
});

test("a member of the data can't take the place of the name", async () => {
  const [desk, hook] = await pair("named");
  const args = ["invitation", { type: "news", from: "kim" }];
  const pushed = await fetch(`${server.http}/test/push?userId=named`, { method: "POST", body: JSON.stringify(args) });
  assert.deepEqual(await pushed.json(), { delivered: 2 });
  assert.equal(await hook.nextText(), '{"type":"invitation","from":"kim"}');
  await Promise.all([desk, hook].map((device) => device.close()));
});

test("a request that is known as done stays done, although the next release of the app would refuse it", async (t) => {
  t.after(() => deploy("same"));
  const user = "released";
  const [desk, hook] = await pair(user);
  const message = { type: "broadcast", event: "move", data: { from: "e2" } };
  const id = desk.sendRequest(message);
  assert.equal((await desk.next()).type, "event");
  assert.equal((await desk.next()).id, id);
  await restOf(hook);
  await deploy("stricter");
  await server.hibernate(user);
  assert.deepEqual(await desk.repeat(id, message), { type: "ack", id, repeated: true });
  const refused = desk.sendRequest(message);
  const answer = await desk.next();
  assert.deepEqual([answer.id, answer.code], [refused, "invalid_message"]);
  assert.match(answer.message, /^data\.to: ./);
  await deploy("same");
  await server.hibernate(user);
  assert.equal((await desk.repeat(refused, message)).type, "ack");
  const told = (await restOf(hook)).map(({ type, event, code }) => type === "event" ? event : code);
  assert.deepEqual(told, ["move"], "the first of them is not told again");
  await Promise.all([desk, hook].map((device) => device.close()));
});

test("whoever sends nothing but what does not fit is limited, and closed when it goes on", async (t) => {
  const limited = await startServer(CONFIG, { ...OPEN, FRAMES_PER_SECOND: "1", FRAME_BURST: "3" });
  t.after(() => limited.close());
  const device = await Device.connect(limited, "flood");
  await device.next();
  const codes = new Set();
  device.socket.on("message", (data) => codes.add(JSON.parse(String(data)).code));
  while (!device.ending && device.socket.readyState === device.socket.OPEN) {
    for (let sent = 0; sent < 50; sent++) device.send('{"type":"broadcast","event":"move"}');
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await device.closed()).code, 1008);
  assert.deepEqual([...codes].sort(), ["invalid_message", "rate_limited"]);
});

test("a schema that fails lets nothing through, costs no other message, and the log says which it was", async () => {
  const user = "failing";
  const [desk, hook] = await pair(user);
  for (const event of ["late", "broken", "snapped"]) {
    const answer = await desk.request({ type: "broadcast", event, data: "my-private-text" });
    assert.deepEqual([answer.type, answer.code], ["error", "invalid_message"]);
    assert.match(answer.message, /^data: its schema (?:is asynchronous, or )?has thrown an error/);
  }
  assert.equal((await desk.request({ type: "broadcast", event: "wave" })).type, "ack");
  assert.deepEqual((await restOf(hook)).map(({ event }) => event), ["wave"]);
  const lines = () => server.logs().filter((line) => line.startsWith('user-session: user "failing": a message was refused, events "'));
  await eventually("the log", async () => lines().length === 3);
  assert.match(lines()[2], /^[^:]*: user "failing": a message was refused, events "snapped": its schema has thrown an error: Error: another mistake/);
  for (const line of lines()) assert.doesNotMatch(line, /my-private/);
  assert.deepEqual(server.logs().filter((line) => /Uncaught|unhandled/i.test(line)), []);
  await Promise.all([desk, hook].map((device) => device.close()));
});

test("what is no definition is named in the log, and serves nobody", async (t) => {
  t.after(() => deploy("same"));
  await deploy("mistaken");
  const response = await fetch(`${server.http}${PREFIX}/state?userId=mistaken`);
  assert.equal(response.status, 503);
  await eventually("the log", async () => server.logs().some((line) => line.includes("static session: expected what defineSession")));
});
