/** Complaints about what a sleeping object forgets, changes or keeps awake, and about logouts that say too much. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SECRET, ask, bearer, secretToken } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { leave } from "../support/leaving.mjs";
import { assertLoggedOut } from "../support/logout.mjs";
import { PREFIX, push } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
/** @type {Server} */
let byCookie;
before(async () => {
  server = await startWatchedServer();
  byCookie = await startServer(undefined, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET });
});
after(async () => {
  await server?.close();
  await byCookie?.close();
});

/** JSON that a parser may change when it is written again. */
const DATA = [
  "-0",
  "9007199254740993",
  "1e400",
  "[1.0,1E2,0.1e-7]",
  '{"__proto__":{"x":1},"constructor":2,"toString":null}',
  '{"a":1,"a":2,"\\u0061":3}',
  '"\\ud800 and \\udc00\\ud83d"',
  '"\\u0000\\u001f\\u007f\\u2028\\u2029"',
  '{ "spaced" : [ 1 , 2 ] }',
  '"\\/\\u00e9é"',
];

/** Names in scripts that something may fold, reorder, cut or count wrongly. */
const NAMES = [
  "שלום مرحبا \u202eabc\u202c",
  "e\u0301 é Å Å ﬁ",
  "👨‍👩‍👧‍👦🏳️‍🌈👩🏽‍🚀",
  "नमस्ते ไทย ქართული 漢字 かな 한글 ᠮᠣᠩᠭᠣᠯ",
  "zero\u200bwidth\ufeff\u00ad",
  "__proto__",
  "\u0000\u0001\u007f",
  "ß İ ı ſ K",
];

/** The data of an event's frame, as it is written. @param {string} text */
function eventData(text) {
  const { type, ...more } = JSON.parse(text);
  if (type !== "event") return null;
  const start = text.indexOf('"data":') + '"data":'.length;
  // What follows the data are members of the envelope, in whichever order.
  const rest = Object.keys(more).slice(Object.keys(more).indexOf("data") + 1);
  const end = rest.length > 0 ? text.lastIndexOf(`,"${rest[0]}":`) : text.length - 1;
  return text.slice(start, end);
}

/** @param {string} userId @param {number} times */
async function sleepOften(userId, times = 3) {
  for (let at = 0; at < times; at++) {
    const { instances } = await server.counts(userId);
    await server.hibernate(userId);
    await server.call(userId, "getState");
    assert.equal((await server.counts(userId)).instances, instances + 1, "it has slept");
  }
}

test("an event's data arrives to the byte, at once, and when it is brought after three sleeps to who was away", async () => {
  const user = "data";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  await restOf(desk);
  // More frames are kept for a device that is known to have gone.
  await leave(server, phone, user, 1);
  for (const data of DATA) {
    desk.send(`{"type":"broadcast","event":"e","data":${data},"id":"${desk.nextId()}"}`);
    await restOf(desk);
  }
  /** @param {Device} device */
  const dataOf = ({ frames }) => frames.flatMap((text) => eventData(text) ?? []);
  assert.deepEqual(dataOf(desk), DATA);
  await sleepOften(user);
  const late = await phone.again();
  await restOf(late);
  assert.deepEqual(dataOf(late), DATA);
  await Promise.all([desk, late].map((device) => device.close()));
});

test("a push's body arrives to the byte, to both versions, at once and from the inbox after three sleeps", async () => {
  const user = "pushes";
  const desk = await V2Device.open(server, user, "desk");
  const hook = await Device.connect(server, user, "hook");
  const bodies = DATA.map((data) => `{"type":"news","data":${data}}`);
  for (const body of bodies) {
    const { status } = await fetch(`${server.http}${PREFIX}?userId=${user}&keep=600`, { method: "POST", body });
    assert.equal(status, 200);
    await sleepOften(user, 1);
  }
  /** @param {Device} device */
  const bodiesOf = ({ frames }) => frames.flatMap((text) => /"body":(\{"type":"news".*\})\}$/s.exec(text)?.[1] ?? []);
  await restOf(desk);
  await restOf(hook);
  assert.deepEqual(bodiesOf(desk), bodies);
  assert.deepEqual(hook.frames.filter((text) => text.startsWith('{"type":"news"')), bodies);
  await sleepOften(user);
  const late = await V2Device.open(server, user, "late");
  await restOf(late);
  assert.deepEqual(bodiesOf(late), bodies);
  await Promise.all([desk, hook, late].map((device) => device.close()));
});

test("games, devices' names, their ids and events' names keep every script and character through three sleeps", async () => {
  const user = "names";
  const desk = await V2Device.open(server, user, "desk");
  for (const [at, name] of NAMES.entries()) {
    assert.equal((await desk.request({ type: "join_game", gameId: name })).type, "ack", name);
    const other = await V2Device.open(server, user, `id ${at} ${name}`);
    assert.equal((await other.request({ type: "set_device", name })).type, "ack", name);
    await desk.request({ type: "broadcast", event: name });
    await restOf(other);
    await other.close();
  }
  await sleepOften(user);
  const late = await V2Device.open(server, user, "late", { since: `${desk.initial.epoch}.${desk.initial.seq}` });
  assert.deepEqual(late.initial.activeGames, NAMES);
  /** @type {{name: string, deviceId: string}[]} */
  const devices = late.initial.devices;
  for (const [at, name] of NAMES.entries()) {
    assert.equal(devices.find(({ deviceId }) => deviceId === `id ${at} ${name}`)?.name, name);
  }
  const events = (await restOf(late)).filter(({ type }) => type === "event").map(({ event }) => event);
  assert.deepEqual(events, NAMES);
  await Promise.all([desk, late].map((device) => device.close()));
});

/** Each opens two sockets in one turn. @type {[what: string, open: (user: string) => Promise<Device>[]][]} */
const PAIRS = [
  ["different devices", (user) => [V2Device.open(server, user, "a"), V2Device.open(server, user, "b")]],
  ["two tabs of one device", (user) => [V2Device.open(server, user, "a"), V2Device.open(server, user, "a")]],
  ["a device of each version", (user) => [V2Device.open(server, user, "a"), Device.connect(server, user, "b")]],
];
for (const [what, open] of PAIRS) {
  test(`${what} that connect in the same turn, three times, don't keep the object awake, and both live on`, async () => {
    const user = `turn ${what}`;
    /** @type {Device[]} */
    const devices = [];
    for (let round = 0; round < 3; round++) {
      devices.push(...(await Promise.all(open(user))));
      await sleepOften(user, 1);
    }
    await sleepOften(user);
    await push(server, user, '{"type":"news"}');
    for (const device of devices) {
      await restOf(device);
      assert.equal(device.frames.filter((text) => text.includes('"news"')).length, 1);
    }
    await Promise.all(devices.map((device) => device.close()));
  });
}

/** When everybody signed in: what is issued after a logout is another credential. */
const SIGNED_IN = Math.floor(Date.now() / 1_000);

/** @param {string} userId @param {string} jti */
const tokenOf = (userId, jti) => secretToken(userId, { jti, iat: SIGNED_IN });

/** @param {string} userId @param {string} jti */
const cookie = (userId, jti) => ({ Cookie: `session=${tokenOf(userId, jti)}` });

/** Connects a device that has sent something, so that it hears at once of its close.
 * @param {string} userId @param {string} deviceId @param {Record<string, string>} headers
 */
async function signedIn(userId, deviceId, headers) {
  const device = await V2Device.open(byCookie, userId, deviceId, { headers });
  await restOf(device);
  return device;
}

for (const name of ["logout_all", "logout_others"]) {
  test(`${name} is done on a socket that was let in, though the app has cleared its cookie since`, async () => {
    const user = `cleared ${name}`;
    const others = await signedIn(user, "phone", cookie(user, "phone"));
    const desk = await signedIn(user, "desk", cookie(user, "desk"));
    const { status } = await ask(byCookie, "connect", user, {});
    assert.equal(status, 401, "without the cookie nobody is let in");
    desk.sendRequest({ type: name });
    assertLoggedOut(await others.closed());
    assert.equal((await ask(byCookie, "connect", user, cookie(user, "phone"))).status, 401);
    await desk.close();
  });
}

test("of two devices by one credential a logout of one ends its sockets alone, and says that it may come back", async () => {
  const user = "shared";
  const headers = bearer(tokenOf(user, "one"));
  const desk = await signedIn(user, "desk", headers);
  const phone = await signedIn(user, "phone", headers);
  const told = await desk.request({ type: "logout_device", deviceId: "phone" });
  assert.deepEqual([told.type, told.credentialShared, told.ended], ["ack", true, { sockets: 1, credentials: 0 }]);
  assertLoggedOut(await phone.closed());
  await restOf(desk);
  assert.equal(desk.ending, null);
  const back = await phone.again();
  await restOf(back);
  assert.equal(back.initial.type, "initial_state", "the credential is the sender's, and valid");
  const byOther = await signedIn(user, "tablet", bearer(tokenOf(user, "two")));
  const ended = await byOther.request({ type: "logout_device", deviceId: "desk" });
  assert.deepEqual([ended.credentialShared ?? false, ended.ended.credentials], [false, 1]);
  for (const device of [desk, back]) assertLoggedOut(await device.closed());
  assert.equal((await ask(byCookie, "connect", user, headers)).status, 401);
  await byOther.close();
});
