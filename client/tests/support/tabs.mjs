/** Tabs of one browser, with the locks and channels of this process, and sockets that do what a test says. */
import assert from "node:assert/strict";

import { UserSessionClient } from "user-session-worker/client";

import { FakeSocket, accept, fakeClient } from "./fake-socket.mjs";

/** @import { TestContext } from "node:test" */
/** @import { UserSessionClientOptions } from "user-session-worker/client" */

let users = 0;

/**
 * Waits for messages and locks, which no mocked clock drives.
 * @param {string} what
 * @param {() => unknown} condition
 */
export async function until(what, condition) {
  for (let turns = 0; turns < 20_000; turns++) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail(`waited for ${what}`);
}

/** Lets pass what is on its way. */
export async function quiet() {
  for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Tabs of one browser, each a client. Only the first has its changes and its page's events under control.
 * @param {TestContext} t
 * @param {number} count
 * @param {Partial<UserSessionClientOptions>} [options]
 */
export function tabs(t, count, options = {}) {
  const userId = `tabs ${users++}`;
  const first = fakeClient(t, { userId, shareTabs: true, ...options });
  const clients = [first.client];
  /** @type {any[][]} */
  const changes = [first.changes];
  /** @type {FakeSocket[]} */
  const sockets = first.sockets;
  class Socket extends FakeSocket {
    /** @param {string} url @param {string[]} protocols */
    constructor(url, protocols) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  /** One more tab, which has options of its own. @param {Partial<UserSessionClientOptions>} [own] */
  const another = (own = {}) => {
    const url = "wss://app.example/__user-session";
    const WebSocket = /** @type {any} */ (Socket);
    const client = new UserSessionClient({ userId, url, deviceId: "desk", shareTabs: true, WebSocket, ...options, ...own });
    t.after(() => client.close());
    return client;
  };
  for (let at = 1; at < count; at++) {
    const client = another();
    clients.push(client);
    /** @type {any[]} */
    const told = [];
    changes.push(told);
    for (const type of /** @type {const} */ (["gameJoined", "event", "reset"])) client.on(type, (change) => told.push(change));
  }
  const name = `user-session ${JSON.stringify(["wss://app.example/__user-session", userId, "desk"])}`;
  return { ...first, clients, told: changes, name, userId, another };
}

/**
 * Connects a client with a document of its own, whose events no other client hears.
 * @param {UserSessionClient} client
 */
export function connectInDocument(client) {
  const globals = /** @type {any} */ (globalThis);
  const target = new EventTarget();
  globals.document = target;
  client.connect();
  delete globals.document;
  return target;
}

/** @param {UserSessionClient | undefined} client @param {string} status */
export const untilIs = (client, status) => until(status, () => client?.getSnapshot().connectionStatus === status);

/**
 * Connects them, the first as the leader.
 * @param {ReturnType<typeof tabs>} given
 */
export async function connectAll({ clients, sockets }) {
  clients[0]?.connect();
  await until("the leader's socket", () => sockets.length === 1);
  accept(/** @type {FakeSocket} */ (sockets[0]));
  for (const client of clients.slice(1)) client.connect();
  const isConnected = (/** @type {UserSessionClient} */ client) => client.getSnapshot().connectionStatus === "connected";
  await until("all to be told", () => clients.every(isConnected));
}

/**
 * Waits for the first request on the newest socket, and answers that it is done.
 * @param {Pick<ReturnType<typeof tabs>, "newest">} given
 */
export async function acknowledge({ newest }) {
  await until("the request", () => newest().requests.length === 1);
  newest().receive({ type: "ack", id: newest().requests[0].id });
}

/** Hears what tabs tell each other. @param {TestContext} t @param {string} name */
export function listen(t, name) {
  const channel = new BroadcastChannel(name);
  /** @type {any[]} */
  const heard = [];
  channel.onmessage = (event) => heard.push(/** @type {any} */ (event).data);
  t.after(() => channel.close());
  const say = (/** @type {object} */ message, from = "leader") => channel.postMessage({ from, ...message });
  return { say, heard };
}

/**
 * Leads in place of a client, which it serves as the test says.
 * @param {TestContext} t
 * @param {string} name
 */
export function leadAlone(t, name) {
  let leave = () => {};
  const leading = new Promise((resolve) => (leave = () => resolve(undefined)));
  const held = navigator.locks.request(name, () => leading).catch(() => "stolen");
  const { say, heard } = listen(t, name);
  const heardOf = (/** @type {string} */ kind) => heard.filter((message) => message.kind === kind);
  /** Answers the newest wish to be served. @param {object[]} frames @param {string} [stream] */
  const welcome = async (frames, stream = "first", version = 2) => {
    await until("the wish to be served", () => heardOf("join").length > 0);
    const to = heardOf("join").at(-1).from;
    heard.length = 0;
    say({ kind: "welcome", to, stream, version, frames: frames.map((frame) => JSON.stringify(frame)) });
  };
  /** @param {object} frame @param {string} [stream] */
  const tell = (frame, stream = "first") => say({ kind: "frame", stream, text: JSON.stringify(frame) });
  return { say, heard, heardOf, welcome, tell, held, leave: () => (leave(), held) };
}

/**
 * Lets time pass for tabs that tell each other things meanwhile.
 * @param {TestContext} t
 * @param {number} ms
 */
export async function pass(t, ms) {
  for (let left = ms; left > 0; left -= 250) {
    t.mock.timers.tick(Math.min(left, 250));
    await quiet();
  }
}

/**
 * Locks that can be taken away from the one who leads. The browser tells it so late, but before it answers a question
 * about locks.
 * @param {TestContext} t
 */
export function stealable(t) {
  const lead = Promise.withResolvers();
  const lock = { isTaken: false };
  t.mock.method(navigator.locks, "request", (/** @type {[string, object, () => void]} */ ...[, , granted]) => {
    if (lock.isTaken) return new Promise(() => {});
    granted();
    return lead.promise;
  });
  t.mock.method(navigator.locks, "query", async () => {
    if (lock.isTaken) lead.reject(Object.assign(new Error("stolen"), { name: "AbortError" }));
    return {};
  });
  return lock;
}
