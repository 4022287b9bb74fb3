/**
 * nginx and HAProxy in front of the session server, with the configurations of examples/self-hosted: they limit each
 * client, and nobody notices who keeps to that.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { SECRET, bearer, secretToken, serve } from "../support/auth.mjs";
import { buildBundle } from "../support/bundle.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PRETENDER, PROXIES, startProxy, withoutProxy } from "../support/proxy.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { PREFIX, UPGRADE } from "../support/requests.mjs";
import { ROOT } from "../support/server.mjs";
import { V2Device } from "../support/v2-device.mjs";
import { startWorkerd } from "../support/workerd.mjs";
import { REFUSED_OF_NETWORK_MAX } from "../../worker/http/refused-sockets.js";

/** @import { Socket } from "node:net" */

/** @typedef {Awaited<ReturnType<typeof startProxy>>} Proxy */

/** The limits of one client in both configurations. */
const SOCKETS = 32;

/** Enough at once to be too many in any ten seconds. */
const FLOOD = 150;

const PAUSE_MS = 200;

const HEARTBEAT = { type: "ping" };

/**
 * Who asks.
 * @typedef {object} Client
 * @property {string} address Of this machine.
 * @property {Record<string, string>} [headers]
 */

/**
 * @param {{http: string}} proxy
 * @param {string} path
 * @param {Client} client
 * @returns {Promise<{status: number, socket: Socket | null}>} `socket` is open after an upgrade.
 */
function askFrom(proxy, path, { address, headers = {} }) {
  const { hostname, port } = new URL(proxy.http);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, headers, localAddress: address, agent: false });
    asked.on("response", (response) => resolve({ status: Number(response.resume().statusCode), socket: null }));
    asked.on("upgrade", ({ statusCode }, socket) => {
      socket.on("error", () => {});
      resolve({ status: Number(statusCode), socket });
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** @param {string} userId */
function socketOf(userId) {
  return {
    path: `${PREFIX}?userId=${userId}&deviceId=d`,
    headers: { ...UPGRADE, ...bearer(secretToken(userId)) },
  };
}

/**
 * Opens sockets up to the last that is let in, and returns them and how the next is refused.
 * @param {{http: string}} proxy
 * @param {Client} client
 */
async function openAll(proxy, { address, headers: own }) {
  /** @type {Socket[]} */
  const sockets = [];
  for (;;) {
    const { path, headers } = socketOf(`many-${sockets.length}`);
    const { status, socket } = await askFrom(proxy, path, { address, headers: { ...headers, ...own } });
    if (!socket) return { sockets, status };
    sockets.push(socket);
  }
}

/**
 * The parts that each test needs.
 * @typedef {object} Stage
 * @property {Proxy} proxy
 * @property {string | false} skip Why the proxy can't be tried here.
 */

/** @param {Stage} stage */
function testsOfUse(stage) {
  test("the app works through it, with sockets of both versions and their heartbeats", { skip: stage.skip }, async () => {
    const { proxy } = stage;
    assert.equal(await (await fetch(proxy.http)).text(), "the app's own page");
    const token = secretToken("kim");
    const page = { ...bearer(token), Origin: proxy.http };
    const newer = await V2Device.open(proxy, "kim", "new", { token });
    const older = new Device(`${proxy.ws}${PREFIX}?userId=kim&deviceId=old`, { headers: page });
    assert.equal((await older.next()).type, "initial_state");
    assert.equal((await newer.next()).type, "device_connected");
    for (const device of [older, newer]) {
      device.send(HEARTBEAT);
      assert.equal((await device.next()).type, "pong");
    }
    newer.send({ type: "join_game", gameId: "chess" });
    for (const device of [older, newer]) assert.deepEqual((await device.next()).activeGames, ["chess"]);
    const state = await fetch(`${proxy.http}${PREFIX}/state?userId=kim`, { headers: bearer(token) });
    assert.equal((await state.json()).connectedDevices, 2);
    for (const device of [older, newer]) await device.close();
  });

  test("the server counts refused sockets by the address that the proxy saw, whatever the client writes", { skip: stage.skip }, async () => {
    const { proxy } = stage;
    const asPage = { Origin: proxy.http, "Sec-WebSocket-Protocol": "user-session.v2" };
    /** @type {RawDevice[]} */
    const strangers = [];
    for (let at = 0; at <= REFUSED_OF_NETWORK_MAX; at++) {
      const forged = { "X-Forwarded-For": `198.51.100.${at}`, "CF-Connecting-IP": `198.51.100.${at}` };
      const stranger = await RawDevice.open(proxy, socketOf("kim").path, { ...asPage, ...forged });
      await stranger.until(() => stranger.closeFrame !== null || ![0, 101].includes(stranger.status));
      strangers.push(stranger);
    }
    const refusals = strangers.map(({ status, closeFrame }) => closeFrame?.code ?? status);
    assert.deepEqual(refusals, [...Array(REFUSED_OF_NETWORK_MAX).fill(4401), 401]);
    for (const stranger of strangers) stranger.destroy();
  });
}

/** @param {Stage} stage */
function testsOfLimits(stage) {
  test("one client has so many sockets and no more, whatever it writes, and others are let in", { skip: stage.skip }, async () => {
    const { proxy } = stage;
    const other = await V2Device.open(proxy, "kim", "desk", { token: secretToken("kim") });
    const { sockets, status } = await openAll(proxy, { address: "127.0.0.2" });
    assert.deepEqual([sockets.length, status], [SOCKETS, 503]);
    const forged = { "X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.7", Forwarded: "for=198.51.100.7" };
    const { path, headers } = socketOf("forged");
    const again = await askFrom(proxy, path, { address: "127.0.0.2", headers: { ...headers, ...forged } });
    assert.equal(again.status, 503);

    const newcomer = await askFrom(proxy, path, { address: "127.0.0.3", headers });
    assert.equal(newcomer.status, 101);
    other.send(HEARTBEAT);
    assert.equal((await other.next()).type, "pong");

    for (const socket of [...sockets, newcomer.socket]) socket?.destroy();
    await eventually("room for a socket", async () => {
      const { status: last, socket } = await askFrom(proxy, path, { address: "127.0.0.2", headers });
      socket?.destroy();
      // HAProxy counts what it refuses, too: whoever asks without a pause stays out.
      return last === 101 || sleep(PAUSE_MS, false);
    });
    await other.close();
  });

  test("one client's flood of requests is refused, and others are served", { skip: stage.skip }, async () => {
    const { proxy } = stage;
    const other = await V2Device.open(proxy, "kim", "desk", { token: secretToken("kim") });
    const path = `${PREFIX}/state?userId=kim`;
    /** @type {number[]} */
    let statuses = [];
    await eventually("a request that is too many", async () => {
      const flood = Array.from({ length: FLOOD }, () => askFrom(proxy, path, { address: "127.0.0.4" }));
      statuses = (await Promise.all(flood)).map(({ status }) => status);
      return statuses.includes(429);
    });
    // The flood has no credential. More of its requests at a time than sockets are let in get a 503.
    assert.deepEqual(statuses.filter((status) => ![401, 429, 503].includes(status)), []);
    const { status } = await askFrom(proxy, path, { address: "127.0.0.5", headers: bearer(secretToken("kim")) });
    assert.equal(status, 200);
    other.send(HEARTBEAT);
    assert.equal((await other.next()).type, "pong");
    await other.close();
  });
}

/** @param {Stage} stage */
function testOfNetworks(stage) {
  test("the addresses of an IPv6 network are one client", { skip: stage.skip }, async () => {
    const { proxy } = stage;
    const pretending = (/** @type {string} */ text) => ({ address: PRETENDER, headers: { "Test-Address": text } });
    const { sockets, status } = await openAll(proxy, pretending("2001:db8:0:1::1"));
    assert.deepEqual([sockets.length, status], [SOCKETS, 503]);
    const { path, headers } = socketOf("ipv6");
    /** @type {[string, number][]} */
    const others = [["2001:db8:0:1:ffff::2", 503], ["2001:db8:0:2::1", 101], ["192.0.2.7", 101]];
    for (const [text, expected] of others) {
      const { address, headers: own } = pretending(text);
      const answer = await askFrom(proxy, path, { address, headers: { ...headers, ...own } });
      answer.socket?.destroy();
      assert.equal(answer.status, expected, text);
    }
    for (const socket of sockets) socket.destroy();
  });
}

for (const name of Object.keys(PROXIES)) {
  describe(`${name}:`, () => {
    const stage = /** @type {Stage} */ ({ skip: withoutProxy(name) });
    /** @type {(() => Promise<unknown>)[]} */
    const ends = [];
    before(async () => {
      if (stage.skip) return;
      const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, CLIENT_ADDRESS_HEADER: "X-Forwarded-For" };
      // Without a context no refused socket is cut off, so that none leaves while others are opened.
      const { modules } = await buildBundle("tests/worker/fixtures/raw.wrangler.jsonc");
      const workerd = await startWorkerd({ modules, vars });
      ends.push(() => workerd.stop());
      const app = await serve((_, response) => response.end("the app's own page"));
      ends.push(async () => app.close());
      stage.proxy = await startProxy(name, workerd, { http: app.url });
      ends.push(() => stage.proxy.stop());
    });
    after(async () => {
      for (const end of ends.reverse()) await end();
    });
    testsOfUse(stage);
    testsOfLimits(stage);
    if (name === "nginx") testOfNetworks(stage);
  });
}

test("docs/self-hosting.md shows nginx's configuration as it is tried here", () => {
  const page = readFileSync(join(ROOT, "docs/self-hosting.md"), "utf8");
  const shown = [...page.matchAll(/^```nginx\n(.*?)^```$/gms)].map(([, text]) => text);
  assert.deepEqual(shown, [readFileSync(join(ROOT, "examples/self-hosted/nginx.conf"), "utf8")]);
});
