/**
 * Strangers, who have no credential: they cost no object, no row and no socket that stays. What is behind an address is
 * counted in tests/worker/client-address.test.mjs.
 */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";

import { SECRET, bearer, secretToken } from "../support/auth.mjs";
import { buildBundle } from "../support/bundle.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { PREFIX, UPGRADE, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { V2Device } from "../support/v2-device.mjs";
import { startWorkerd } from "../support/workerd.mjs";
import { TRIES_MAX } from "../../worker/http/ticket-tries.js";
import { REFUSED_MAX, REFUSED_OF_NETWORK_MAX } from "../../worker/http/refused-sockets.js";

/** @import { Server } from "../support/server.mjs" */

const PROTOCOL = "user-session.v2";
const ADDRESS = "X-Forwarded-For";
const VARS = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, CLIENT_ADDRESS_HEADER: ADDRESS };

/** A Worker that gives `routeUserSession` no context, so that a refused socket stays until its client closes it. */
const CONFIG = "tests/worker/fixtures/raw.wrangler.jsonc";

/** Who checks a request: the Worker, or the object if the app's Worker hands the request on as it came. */
const CHECKED_BY = /** @type {const} */ ([
  ["the Worker", {}],
  ["the object", { "Hand-On": "1" }],
]);

/** @type {Server} */
let server;
before(async () => {
  server = await startServer(join(ROOT, CONFIG), VARS);
});
after(() => server.close());

/** The strangers of a test, who are cut at its end. @type {Set<RawDevice>} */
const knocking = new Set();

/**
 * Asks for a socket without a credential, as a page does, reads all that comes, and does not answer it.
 * @param {Pick<Server, "http">} where
 * @param {string} address
 * @param {Record<string, string>} [headers]
 * @param {string} [userId]
 */
async function knock(where, address, headers = {}, userId = "kim") {
  const asked = { Origin: where.http, "Sec-WebSocket-Protocol": PROTOCOL, [ADDRESS]: address, ...headers };
  const stranger = await RawDevice.open(where, `${PREFIX}?userId=${userId}&deviceId=d`, asked);
  knocking.add(stranger);
  await stranger.until(() => stranger.closeFrame !== null || ![0, 101].includes(stranger.status));
  return stranger;
}

/** How a stranger is refused: by a close code, or by the status alone. @param {RawDevice} stranger */
function refusalOf({ status, closeFrame }) {
  return closeFrame?.code ?? status;
}

/** @param {RawDevice[]} strangers */
function leave(...strangers) {
  for (const stranger of strangers) {
    stranger.destroy();
    knocking.delete(stranger);
  }
}

/**
 * Opens as many refused sockets as an address may have.
 * @param {string} address
 * @param {Record<string, string>} headers
 */
async function fill(address, headers) {
  const strangers = [];
  while (strangers.length < REFUSED_OF_NETWORK_MAX) strangers.push(await knock(server, address, headers));
  assert.deepEqual(strangers.map(refusalOf), Array(REFUSED_OF_NETWORK_MAX).fill(4401));
  return strangers;
}

/**
 * Waits until an address may have a refused socket again, and takes it.
 * @param {string} address
 * @param {Record<string, string>} headers
 * @param {Pick<Server, "http">} [where]
 */
function takeRoom(address, headers, where = server) {
  return eventually(`room for a refused socket of ${address}`, async () => {
    const stranger = await knock(where, address, headers);
    if (refusalOf(stranger) === 4401) return stranger;
    leave(stranger);
    return null;
  });
}

for (const [who, headers] of CHECKED_BY) {
  test(`${who} keeps eight refused sockets of an address open, and answers further ones by the status alone`, async (t) => {
    t.after(() => leave(...knocking));
    const address = `203.0.113.${CHECKED_BY.findIndex(([other]) => other === who) + 1}`;
    const [first, second, ...others] = await fill(address, headers);
    const further = await knock(server, address, headers);
    assert.equal(refusalOf(further), 401);
    const forged = { "CF-Connecting-IP": "198.51.100.7", "X-Real-IP": "198.51.100.7" };
    assert.equal(refusalOf(await knock(server, address, { ...headers, ...forged })), 401, "another header");
    assert.equal(refusalOf(await knock(server, `198.51.100.7, ${address}`, headers)), 401, "the client's own word");
    assert.equal(refusalOf(await knock(server, "198.51.100.7", headers)), 4401, "somebody else");

    const page = { Origin: server.http, [ADDRESS]: address, ...bearer(secretToken("kim")) };
    const device = new Device(`${server.ws}${PREFIX}?userId=kim&deviceId=d`, { protocols: [PROTOCOL], headers: { ...page, ...headers } });
    assert.equal((await device.next()).type, "initial_state", "who has a credential is let in all the same");
    await device.close();

    first.sendClose(4401);
    await takeRoom(address, headers);
    leave(second);
    await takeRoom(address, headers);
    assert.equal(refusalOf(await knock(server, address, headers)), 401);
    leave(...others);
    for (let left = others.length; left > 0; left--) await takeRoom(address, headers);
  });
}

test("sockets that the object has refused are counted while it sleeps, and none of their frames reaches the session", async (t) => {
  t.after(() => leave(...knocking));
  const [, headers] = CHECKED_BY[1];
  const address = "203.0.113.9";
  const device = await V2Device.open(server, "kim", "desk", { token: secretToken("kim") });
  const strangers = await fill(address, headers);
  await server.hibernate("kim");
  assert.equal(refusalOf(await knock(server, address, headers)), 401);
  for (const stranger of strangers) stranger.send({ type: "join_game", gameId: "stolen" });
  for (const stranger of strangers.slice(0, 4)) stranger.sendClose(4401);
  leave(...strangers.slice(4));
  for (let left = strangers.length; left > 0; left--) await takeRoom(address, headers);
  assert.equal(refusalOf(await knock(server, address, headers)), 401);
  device.send({ type: "join_game", gameId: "chess" });
  assert.deepEqual((await device.next()).activeGames, ["chess"]);
  await device.close();
});

test("a refused page in every network of the world opens no more sockets than all may have together", async (t) => {
  t.after(() => leave(...knocking));
  // The object's and the Worker's sockets are counted together.
  const refusals = [];
  for (let at = 0; at <= REFUSED_MAX; at++) {
    const [, headers] = CHECKED_BY[at % CHECKED_BY.length];
    refusals.push(refusalOf(await knock(server, `2001:db8:0:${at.toString(16)}::1`, headers)));
  }
  assert.deepEqual(refusals.slice(0, REFUSED_MAX), Array(REFUSED_MAX).fill(4401));
  assert.equal(refusals[REFUSED_MAX], 401);
  leave(...knocking);
  await takeRoom("2001:db8:1::1", {});
});

test("a refused client that never closes its socket is cut off, and nobody else is", async (t) => {
  const workerd = await startWorkerd({ vars: VARS });
  t.after(() => workerd.stop());
  const device = await V2Device.open(workerd, "kim", "desk", { token: secretToken("kim") });
  const strangers = [await knock(workerd, "203.0.113.1"), await knock(workerd, "203.0.113.1")];
  assert.deepEqual(strangers.map(refusalOf), [4401, 4401]);
  const [talking, mute] = strangers;
  talking.send({ type: "ping" });
  await talking.ended();
  await mute.ended();
  device.send({ type: "join_game", gameId: "chess" });
  assert.deepEqual((await device.next()).activeGames, ["chess"]);
  await device.close();
  assert.deepEqual(workerd.logs().filter((line) => /exception|closed its socket/i.test(line)), []);
});

test("a refused client that sends a message in place of a close is cut off before its time is over", async () => {
  // The name is computed so that tsc does not follow it: it checks this file as Node's, that one as a Worker's.
  const { keptInWorker } = await import(`../../worker/http/${"socket-responses"}.js`);
  const socketThat = (/** @type {string} */ event) => {
    /** @type {unknown[]} */
    const ends = [];
    const socket = Object.assign(new EventTarget(), { accept() {} });
    keptInWorker({ waitUntil() {}, abort: (/** @type {unknown} */ reason) => ends.push(reason) })(socket, "203.0.113.1");
    socket.dispatchEvent(new Event(event));
    return ends.length;
  };
  assert.equal(socketThat("message"), 1);
  assert.equal(socketThat("close"), 0);
});

test("who makes up tickets has few objects asked, and costs nobody a ticket that was given", async (t) => {
  const workerd = await startWorkerd({ vars: VARS });
  t.after(() => workerd.stop());
  const ofUser = (/** @type {string} */ userId) => `${PREFIX}?userId=${userId}&deviceId=d`;
  const from = (/** @type {string} */ address, /** @type {string} */ ticket) => ({
    ...UPGRADE,
    [ADDRESS]: address,
    "Sec-WebSocket-Protocol": `${PROTOCOL}, ticket.${ticket}`,
  });
  const { text } = await requestAsWritten(workerd, `${PREFIX}/ticket?userId=kim`, { method: "POST", headers: bearer(secretToken("kim")) });
  const madeUp = Array.from({ length: 2 * TRIES_MAX }, (_, at) => String(at).padStart(32, "0"));
  const ask = (/** @type {string} */ ticket) =>
    requestAsWritten(workerd, ofUser(`made-up-${ticket}`), { headers: from("203.0.113.1", ticket) });
  const statuses = (await Promise.all(madeUp.map(ask))).map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)].toSorted(), [401, 429]);
  assert.equal(statuses.filter((status) => status === 401).length, TRIES_MAX);
  const elsewhere = await requestAsWritten(workerd, ofUser("kim"), { headers: from("203.0.113.2", madeUp[0]) });
  assert.equal(elsewhere.status, 401, "another address has tries of its own");
  const { ticket } = JSON.parse(text);
  const given = await requestAsWritten(workerd, ofUser("kim"), { headers: from("203.0.113.1", ticket) });
  assert.equal(given.status, 101);
  const again = await requestAsWritten(workerd, ofUser("kim"), { headers: from("203.0.113.1", ticket) });
  assert.equal(again.status, 429, "a ticket that is used up is one that nobody knows");
});

/** The requests of strangers. @type {[method: string, path: string, headers: Record<string, string>][]} */
const ASKED = [
  ["GET", "", { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" }],
  ["GET", "/state", {}],
  ["GET", "/export", {}],
  ["GET", "/metrics", {}],
  ["POST", "/clear", {}],
  ["POST", "", {}],
];

/** @type {[who: string, headers: Record<string, string>, refusals: number[]][]} */
const STRANGERS = [
  ["nobody", {}, [401]],
  ["a token that somebody else has signed", bearer(secretToken("kim", {}, `other ${SECRET}`)), [401]],
  ["a token that has expired", bearer(secretToken("kim", { iat: 1, exp: 2 })), [401]],
  ["another user", bearer(secretToken("lee")), [401, 403]],
];

/**
 * Lists the databases of users.
 * @param {string} storage
 */
async function databasesIn(storage) {
  const files = await readdir(storage, { recursive: true });
  return files.filter((name) => name.endsWith(".sqlite") && !name.endsWith("metadata.sqlite")).map((name) => join(storage, name));
}

test("a stranger reaches no object, whoever they say they are and whatever they ask for", async (t) => {
  const { modules } = await buildBundle(CONFIG);
  const workerd = await startWorkerd({ modules, vars: VARS });
  t.after(() => workerd.stop());
  let strangers = 0;
  for (const [who, credential, refusals] of STRANGERS) {
    for (const [method, path, headers] of ASKED) {
      const target = `${PREFIX}${path}?userId=stranger-${strangers++}&deviceId=d`;
      const { status } = await requestAsWritten(workerd, target, { method, headers: { ...headers, ...credential } });
      assert.ok(refusals.includes(status), `${who}, ${method} ${path}: ${status}`);
    }
    const page = await knock(workerd, `203.0.113.${strangers}`, credential, `stranger-${strangers++}`);
    assert.ok([4401, 4403].includes(refusalOf(page)), who);
    leave(page);
  }
  assert.deepEqual(await databasesIn(workerd.storage), []);
  const device = await V2Device.open(workerd, "kim", "desk", { token: secretToken("kim") });
  await device.close();
  assert.equal((await databasesIn(workerd.storage)).length, 1, "who is let in has one");
});

test("a stranger whose request is handed to the object writes no row there, though workerd makes its file", async (t) => {
  const { modules } = await buildBundle(CONFIG);
  const workerd = await startWorkerd({ modules, vars: VARS });
  t.after(() => workerd.stop());
  const handedOn = { "Hand-On": "1" };
  for (const [at, [method, path, headers]] of ASKED.entries()) {
    const target = `${PREFIX}${path}?userId=stranger-${at}&deviceId=d`;
    const { status } = await requestAsWritten(workerd, target, { method, headers: { ...headers, ...handedOn } });
    assert.equal(status, 401);
  }
  const pages = [];
  while (pages.length < REFUSED_OF_NETWORK_MAX) pages.push(await knock(workerd, "203.0.113.1", handedOn));
  for (const page of pages) page.sendClose(4401);
  // There is room when the object has served a close.
  await takeRoom("203.0.113.1", handedOn, workerd);
  leave(...knocking);
  await workerd.kill();
  const databases = await databasesIn(workerd.storage);
  assert.equal(databases.length, ASKED.length + 1);
  for (const path of databases) {
    const database = new DatabaseSync(path);
    assert.deepEqual(database.prepare("SELECT name FROM sqlite_schema").all(), [], "no table");
    database.close();
  }
});
