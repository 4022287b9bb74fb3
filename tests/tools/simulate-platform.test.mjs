/**
 * The simulator's model of the platform is held to workerd: the same scripts run on both, and what each socket
 * sees must be the same.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ModelProbe } from "../../tools/simulate/probe.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { ROOT, startServer } from "../support/server.mjs";

/** @import { Server } from "../support/server.mjs" */

/** Bytes of an attachment: the last of each pair is too large. */
const TEXTS = [16_379, 16_380];
const BYTES = [16_370, 16_373, 16_374, 16_376];

/**
 * One step of a script. After it the run waits until each named socket has seen so many things.
 * @typedef {{connect?: string, send?: [string, string], close?: [string, number | undefined, string], cut?: string,
 *   evict?: "hibernate" | "close", seen: Record<string, number>}} Step
 */

/** @type {Record<string, Step[]>} */
const SCRIPTS = {
  "messages reach the object in order, and its answers come back in order": [
    { connect: "a", seen: { a: 1 } },
    { connect: "b", seen: { b: 1 } },
    { send: ["a", "echo one"], seen: { a: 2 } },
    { send: ["a", "tell two"], seen: { b: 2 } },
    { send: ["b", "about"], seen: { b: 3 } },
  ],
  "a device's close is answered by the handler, with the same code or another": [
    { connect: "a", seen: { a: 1 } },
    { connect: "b", seen: { b: 1 } },
    { send: ["b", "echo here"], seen: { b: 2 } },
    { connect: "c", seen: { c: 1 } },
    { close: ["a", 4005, "same"], seen: { a: 2, b: 3, c: 2 } },
    { close: ["b", undefined, ""], seen: { b: 4, c: 3 } },
  ],
  "a close that the handler does not answer stays without an answer": [
    { connect: "a", seen: { a: 1 } },
    { connect: "b", seen: { b: 1 } },
    { close: ["a", 4006, "no answer"], seen: { b: 2 } },
    { send: ["b", "echo still here"], seen: { a: 1, b: 3 } },
  ],
  "the object closes, and hears of the device's answer": [
    { connect: "a", seen: { a: 1 } },
    { connect: "b", seen: { b: 1 } },
    { send: ["a", "close 4007 enough"], seen: { a: 2, b: 2 } },
    { send: ["b", "about"], seen: { b: 3 } },
  ],
  "a second close does nothing, and sending after the first throws": [
    { connect: "a", seen: { a: 1 } },
    { connect: "b", seen: { b: 1 } },
    { send: ["a", "close-twice"], seen: { a: 2, b: 3 } },
  ],
  "the codes and reasons that a close refuses": [
    { connect: "a", seen: { a: 1 } },
    { send: ["a", "closes"], seen: { a: 2 } },
  ],
  "a connection that breaks is told as 1006": [
    { connect: "a", seen: { a: 1 } },
    { connect: "b", seen: { b: 1 } },
    { send: ["a", "echo x"], seen: { a: 2 } },
    { cut: "a", seen: { b: 2 } },
    { send: ["b", "about"], seen: { b: 3 } },
  ],
  "an object that hibernates forgets its memory and keeps sockets and attachments": [
    { connect: "a", seen: { a: 1 } },
    { connect: "b", seen: { b: 1 } },
    { send: ["a", "attach mine"], seen: { a: 2 } },
    { send: ["a", "about"], seen: { a: 3 } },
    { evict: "hibernate", seen: {} },
    { send: ["a", "about"], seen: { a: 4 } },
    { send: ["b", "about"], seen: { b: 2 } },
    { evict: "hibernate", seen: {} },
    { close: ["a", 4008, "same"], seen: { a: 5, b: 3 } },
  ],
  "an eviction that closes cuts all sockets without a close frame": [
    { connect: "a", seen: { a: 1 } },
    { send: ["a", "put kept"], seen: { a: 2 } },
    { evict: "close", seen: { a: 3 } },
    { connect: "b", seen: { b: 1 } },
    { send: ["b", "get kept"], seen: { b: 2 } },
    { send: ["b", "about"], seen: { b: 3 } },
  ],
  "an abort cuts all sockets, and what was stored before stays": [
    { connect: "a", seen: { a: 1 } },
    { send: ["a", "put kept"], seen: { a: 2 } },
    { send: ["a", "abort"], seen: { a: 3 } },
    { connect: "b", seen: { b: 1 } },
    { send: ["b", "get kept"], seen: { b: 2 } },
  ],
  "the platform answers pings by itself, and the object stays asleep": [
    { connect: "a", seen: { a: 1 } },
    { send: ["a", "about"], seen: { a: 2 } },
    { evict: "hibernate", seen: {} },
    { send: ["a", "ping"], seen: { a: 3 } },
    { send: ["a", "about"], seen: { a: 4 } },
    { send: ["a", "Ping"], seen: { a: 5 } },
  ],
  "an attachment that is too large is refused": [
    { connect: "a", seen: { a: 1 } },
    ...TEXTS.map((size, at) => ({ send: /** @type {[string, string]} */ (["a", `attach-text ${size}`]), seen: { a: at + 2 } })),
    ...BYTES.map((size, at) => ({ send: /** @type {[string, string]} */ (["a", `attach-bytes ${size}`]), seen: { a: at + 4 } })),
  ],
  "a transaction that throws is taken back, a write before another throw is not": [
    { connect: "a", seen: { a: 1 } },
    { send: ["a", "put first"], seen: { a: 2 } },
    { send: ["a", "transaction-that-throws second"], seen: { a: 3 } },
    { send: ["a", "get second"], seen: { a: 4 } },
    { send: ["a", "put-and-throw third"], seen: {} },
    { send: ["a", "get third"], seen: { a: 5 } },
    { send: ["a", "get nowhere"], seen: { a: 6 } },
    { send: ["a", "delete first"], seen: { a: 7 } },
    { send: ["a", "delete first"], seen: { a: 8 } },
    { send: ["a", "put-function x"], seen: { a: 9 } },
    { send: ["a", "put-view view"], seen: { a: 10 } },
  ],
  "keys are listed in the order of their bytes": [
    { connect: "a", seen: { a: 1 } },
    ...["b", "a", "é", "\u{1F600}", "\uFF5E", "B", "ab", "a.c"].map((key, at) => ({
      send: /** @type {[string, string]} */ (["a", `put ${key}`]),
      seen: { a: at + 2 },
    })),
    ...['{}', '{"start":"a.","end":"c"}', '{"prefix":"a"}', '{"reverse":true,"limit":3}', '{"startAfter":"b"}'].map(
      (options, at) => ({ send: /** @type {[string, string]} */ (["a", `list ${options}`]), seen: { a: at + 10 } }),
    ),
  ],
};

/** What each socket has seen, in order. @typedef {Record<string, string[]>} Sights */

/** @type {Server} */
let server;
before(async () => {
  server = await startServer(`${ROOT}tests/tools/fixtures/probe.wrangler.jsonc`);
});
after(() => server.close());

for (const [what, script] of Object.entries(SCRIPTS)) {
  test(`on the model as on workerd: ${what}`, async () => {
    const onModel = await ModelProbe.run(`${ROOT}tests/tools/fixtures/probe.js`, what, script);
    assert.deepEqual(onModel, await runOnWorkerd(what, script));
  });
}

/**
 * @param {string} name
 * @param {Step[]} script
 * @returns {Promise<Sights>}
 */
async function runOnWorkerd(name, script) {
  /** @type {Map<string, Device>} */
  const devices = new Map();
  const sightsOf = (/** @type {string} */ id) => {
    const { frames, ending } = /** @type {Device} */ (devices.get(id));
    return [...frames, ...(ending ? [`close ${ending.code} ${ending.reason}`] : [])];
  };
  for (const { connect, send, close, cut, evict, seen } of script) {
    if (connect) devices.set(connect, new Device(`${server.ws}/?${new URLSearchParams({ name })}`));
    if (send) devices.get(send[0])?.send(send[1]);
    if (close) devices.get(close[0])?.socket.close(close[1], close[2]);
    if (cut) devices.get(cut)?.socket.terminate();
    if (evict === "hibernate") await server.hibernate(name);
    if (evict === "close") await server.restart(name);
    for (const [id, count] of Object.entries(seen)) {
      await eventually(`what ${id} sees`, () => sightsOf(id).length >= count);
    }
  }
  const sights = Object.fromEntries([...devices.keys()].map((id) => [id, sightsOf(id)]));
  for (const { socket } of devices.values()) socket.terminate();
  return withoutCut(sights, script);
}

/** A connection that was cut here tells its own end as it likes. @param {Sights} sights @param {Step[]} script */
function withoutCut(sights, script) {
  const cut = script.flatMap((step) => step.cut ?? []);
  return Object.fromEntries(Object.entries(sights).filter(([id]) => !cut.includes(id)));
}
