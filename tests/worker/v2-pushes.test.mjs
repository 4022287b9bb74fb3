/** Events and pushes for some devices, and pushes with options: nobody else may get them, and nobody twice. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { V2Device, pushed, restOf } from "../support/v2-device.mjs";
import { PREFIX, assertRefusal } from "../support/requests.mjs";
import { startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/**
 * Two devices of version 2 and one of version 1, all frames read.
 * @param {string} userId
 */
async function three(userId) {
  const desk = await V2Device.open(server, userId, "desk");
  const phone = await V2Device.open(server, userId, "phone, /2");
  const hook = await Device.connect(server, userId, "hook");
  for (const device of [desk, phone, hook]) await restOf(device);
  return [desk, phone, hook];
}

/**
 * Pushes by HTTP.
 * @param {string} userId
 * @param {string} query What follows the user.
 * @param {string} body
 */
function pushTo(userId, query, body) {
  const user = new URLSearchParams({ userId });
  return fetch(`${server.http}${PREFIX}?${user}${query}`, { method: "POST", body });
}

/** @type {[audience: object, receivers: string[]][]} */
const AUDIENCES = [
  [{ to: ["phone, /2"] }, ["phone, /2"]],
  [{ to: ["phone, /2", "hook", "nobody"] }, ["phone, /2", "hook"]],
  [{ to: ["self"] }, ["desk"]],
  [{ except: ["self"] }, ["phone, /2", "hook"]],
  [{ except: ["hook"] }, ["desk", "phone, /2"]],
  [{ to: ["self", "hook"], except: ["hook"] }, ["desk"]],
  [{ to: ["nobody"] }, []],
  [{ except: ["nobody"] }, ["desk", "phone, /2", "hook"]],
];

test("an event goes to those it names and to nobody else, and its sender is told it was done once", async () => {
  const user = "aimed";
  const devices = await three(user);
  const [desk] = /** @type {V2Device[]} */ (devices);
  const names = ["desk", "phone, /2", "hook"];
  for (const [at, [audience, receivers]] of AUDIENCES.entries()) {
    const id = desk.nextId();
    const message = { type: "broadcast", event: "e", data: at, ...audience, id };
    for (let time = 0; time < 2; time++) {
      if (time === 1) await server.hibernate(user);
      desk.send(time === 0 ? message : { ...message, again: true });
      const own = await restOf(desk);
      const ack = own.pop();
      const got = [own, ...(await Promise.all(devices.slice(1).map(restOf)))];
      assert.deepEqual(ack, { type: "ack", id, ...(time === 1 && { repeated: true }) });
      const event = { type: "event", event: "e", data: at, from: "desk" };
      const expected = names.map((name) => (time === 0 && receivers.includes(name) ? [event] : []));
      assert.deepEqual(got, expected, JSON.stringify(audience));
    }
  }
  for (const to of [[], "hook", [7], [["hook"]], Array.from({ length: 65 }, () => "hook")]) {
    const { code } = await desk.ask({ type: "broadcast", event: "e", to });
    assert.equal(code, "invalid_message");
  }
  await Promise.all(devices.map((device) => device.close()));
});

test("a push goes to those it names, by HTTP and by a call, to the letter", async () => {
  const user = "named";
  const devices = await three(user);
  const body = '{ "type":"news",  "n":1.50 }';
  /** @type {[query: string, options: object, receivers: number[]][]} */
  const pushes = [
    ["&to=hook", { to: ["hook"] }, [2]],
    ["&to=hook&to=phone%2C%20%2F2", { to: ["hook", "phone, /2"] }, [1, 2]],
    ["&except=desk&except=hook", { except: ["desk", "hook"] }, [1]],
    ["&to=desk&to=hook&except=hook", { to: ["desk", "hook"], except: ["hook"] }, [0]],
    ["&to=nobody", { to: ["nobody"] }, []],
  ];
  for (const [query, options, receivers] of pushes) {
    const delivered = { delivered: receivers.length };
    const byHttp = async () => (await pushTo(user, query, body)).json();
    const byCall = async () => (await server.call(user, "push", body, options)).result;
    for (const push of [byHttp, byCall]) {
      assert.deepEqual(await push(), delivered);
      const counts = [];
      for (const device of devices) {
        const before = device.frames.length;
        counts.push((await restOf(device)).length);
        const frame = device === devices[2] ? body : `{"type":"push","body":${body}}`;
        if (counts.at(-1)) assert.ok(device.frames.slice(before - 1).includes(frame));
      }
      assert.deepEqual(counts, [0, 1, 2].map((at) => (receivers.includes(at) ? 1 : 0)));
    }
  }
  await Promise.all(devices.map((device) => device.close()));
});

test("a push that is repeated by its id is delivered once, kept or not, whatever its body", async () => {
  const user = "repeated";
  const desk = await V2Device.open(server, user, "desk");
  /** @type {Record<string, string>} */
  const first = { p: "&keep=600", q: "" };
  for (const [pushId, query] of Object.entries(first)) {
    const answer = await pushTo(user, `${query}&pushId=${pushId}`, '{"type":"news","n":1}');
    assert.equal((await answer.json()).delivered, 1);
    await server.hibernate(user);
    for (const repeated of [query, "&keep=60", "&to=desk"]) {
      const again = await pushTo(user, `${repeated}&pushId=${pushId}`, '{"type":"news","n":3}');
      assert.deepEqual(await again.json(), { delivered: 0, repeated: true });
    }
  }
  // Two ids that a hash of 64 bits, FNV-1a, takes for one.
  for (const pushId of ["77kepQFQ8Kl/invoice-1", "!0IC=VloaY/invoice-1"]) {
    const { result } = await server.call(user, "push", { type: "news", n: 2 }, { pushId });
    assert.deepEqual(result, { delivered: 1 });
  }
  assert.deepEqual(pushed(await restOf(desk)), [1, 1, 2, 2]);
  await desk.close();
});

test("a push that nobody is there for waits if it is kept, for version 2, and else it does not", async () => {
  const user = "nobody";
  for (const [n, query] of ["&keep=600", ""].entries()) {
    const answer = await pushTo(user, query, JSON.stringify({ type: "news", n }));
    assert.equal((await answer.json()).delivered, 0);
  }
  await server.restart(user);
  const hook = await Device.connect(server, user, "hook");
  assert.deepEqual((await restOf(hook)).map(({ type }) => type), ["initial_state"]);
  const desk = await V2Device.open(server, user, "desk");
  assert.deepEqual(pushed(await restOf(desk)), [0]);
  await Promise.all([desk.close(), hook.close()]);
});

test("a push whose options can't be taken is refused by name, and delivered to nobody", async () => {
  const user = "refused";
  const desk = await V2Device.open(server, user, "desk");
  const many = Array.from({ length: 65 }, (_, at) => `d${at}`);
  /** @type {[query: string, options: object, name: RegExp][]} */
  const wrong = [
    ["&keep=-1", { keep: -1 }, /keep/],
    ["&keep=1.5", { keep: 1.5 }, /keep/],
    ["&keep=soon", { keep: "soon" }, /keep/],
    ["&keep=2592001", { keep: 2_592_001 }, /^keep .* 1 to 2592000 seconds/],
    ["&keep=0", { keep: 0 }, /^keep .* 1 to 2592000 seconds/],
    ["&keep=0x10", { keep: "0x10" }, /keep/],
    ["&keep=", { keep: "" }, /keep/],
    ["&keep=+1", { keep: null }, /keep/],
    ["&keep=1e3", { keep: 1e300 }, /keep/],
    ["&keep=9007199254740993", { keep: 9_007_199_254_740_992 }, /keep/],
    ["&keep=NaN", { keep: Number.NaN }, /keep/],
    [`&pushId=${"x".repeat(129)}`, { pushId: "x".repeat(129) }, /pushId/],
    [`&pushId=${"%F0%9F%8E%B2".repeat(33)}`, { pushId: "🎲".repeat(33) }, /^pushId: .* 128 bytes/],
    ["&pushId=", { pushId: "" }, /pushId/],
    [many.map((id) => `&to=${id}`).join(""), { to: many }, /to and except/],
    ["&to=", { to: [] }, /to and except/],
    ["&to=desk&to=", { to: ["desk", ""] }, /to and except/],
    ["&except=", { except: [] }, /to and except/],
    ["&keep=60&to=desk", { keep: 60, to: ["desk"] }, /keep/],
  ];
  for (const [query, options, name] of wrong) {
    const answer = await pushTo(user, query, '{"type":"news"}');
    assert.equal(answer.status, 400, query);
    const code = query.startsWith("&keep=60") ? "invalid_message" : "invalid_request";
    assertRefusal(await answer.text(), code, name);
    const { result, thrown } = await server.call(user, "push", { type: "news" }, options);
    assert.match(result?.error.message ?? thrown, name);
  }
  for (const options of [{ to: "desk" }, { to: null }, { to: [7] }, { except: "desk" }, { pushId: 7 }]) {
    const { result } = await server.call(user, "push", { type: "news" }, options);
    assert.match(result.error.message, /^(to and except|pushId): expected/);
  }
  for (const options of [60, "60", true]) {
    const { result } = await server.call(user, "push", { type: "news" }, options);
    assert.match(result.error.message, /^options: expected an object/, "nobody's time is dropped in silence");
  }
  for (const name of ["keep", "pushId"]) {
    const answer = await pushTo(user, `&${name}=1&${name}=2`, '{"type":"news"}');
    assert.equal(answer.status, 400);
    assertRefusal(await answer.text(), "invalid_request", new RegExp(`^${name} is there twice`));
  }
  assert.deepEqual(await restOf(desk), []);
  await desk.close();
});

test("a message that is no JSON is refused as a value, and no options are none", async () => {
  const user = "values";
  const desk = await V2Device.open(server, user, "desk");
  for (const options of [null, undefined, {}]) {
    const { result } = await server.call(user, "push", { type: "news" }, options);
    assert.deepEqual(result, { delivered: 1 });
  }
  // What JSON has no words for is made where the call is made.
  for (const what of ["a BigInt", "a cycle"]) {
    const { result } = await server.call(user, "push", { make: what });
    assert.equal(result?.error.code, "invalid_json", what);
  }
  assert.equal((await restOf(desk)).length, 3);
  await desk.close();
});
