/** What users lose behind a proxy that drops connections, by the real client, through TCP, to the real server. */
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { after, before, describe, test } from "node:test";

import { UserSessionClient } from "user-session-worker/client";

import { eventually } from "../support/eventually.mjs";
import { startServer } from "../support/server.mjs";

/** @import { AddressInfo, Socket } from "node:net" */
/** @import { TestContext } from "node:test" */
/** @import { Server } from "../support/server.mjs" */

/** @type {Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

/** A proxy of TCP that loses connections on command. @param {TestContext} t */
async function startProxy(t) {
  /** @type {Set<[near: Socket, far: Socket]>} */
  const pairs = new Set();
  const { hostname, port } = new URL(server.http);
  let count = 0;
  const proxy = createServer((near) => {
    count++;
    const far = connect(Number(port), hostname);
    /** @type {[Socket, Socket]} */
    const pair = [near, far];
    pairs.add(pair);
    for (const [at, socket] of pair.entries()) {
      socket.on("data", (bytes) => pairs.has(pair) && pair[1 - at]?.write(bytes));
      socket.on("close", () => pairs.has(pair) && pair[1 - at]?.destroy());
      socket.on("error", () => {});
    }
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", () => resolve(undefined)));
  /** @type {Set<Socket>} */
  const silent = new Set();
  t.after(() => {
    for (const socket of [...[...pairs].flat(), ...silent]) socket.destroy();
    proxy.close();
  });
  return {
    url: `ws://127.0.0.1:${/** @type {AddressInfo} */ (proxy.address()).port}/__user-session`,
    get count() {
      return count;
    },
    /** From now on nothing of what is open passes, in either direction, and neither end is told. */
    forget() {
      for (const socket of [...pairs].flat()) silent.add(socket);
      pairs.clear();
    },
    /** Ends all connections at both ends. */
    cut() {
      for (const socket of [...pairs].flat()) socket.destroy();
    },
  };
}

/**
 * A client that has its first state, and what it was told.
 * @param {TestContext} t @param {string} url @param {string} userId @param {string} deviceId
 */
async function connected(t, url, userId, deviceId) {
  const client = new UserSessionClient({ userId, url, deviceId, heartbeatMs: 1_000 });
  t.after(() => client.close());
  /** @type {unknown[]} */
  const heard = [];
  client.on("event", ({ event }) => heard.push(event.data));
  client.on("reset", () => heard.push("reset"));
  client.connect();
  await eventually("the first state", async () => client.getSnapshot().state !== null);
  return { client, heard };
}

describe("behind a proxy", { concurrency: true }, () => {
  test("a connection that vanishes without a word is noticed by its heartbeat, and nothing is lost or doubled", async (t) => {
    const proxy = await startProxy(t);
    const phone = await connected(t, proxy.url, "forgotten", "phone");
    const desk = await connected(t, `${server.ws}/__user-session`, "forgotten", "desk");
    await phone.client.publish("e", "before");
    proxy.forget();
    const asked = phone.client.publish("e", "asked");
    await desk.client.publish("e", "missed");
    assert.equal((await asked).ok, true);
    const all = ["before", "missed", "asked"];
    await eventually("all that was missed", async () => phone.heard.length >= all.length && desk.heard.length >= all.length);
    // What follows on the same connections is the proof that nothing more was under way.
    await phone.client.publish("e", "last");
    await eventually("the last", async () => phone.heard.includes("last") && desk.heard.includes("last"));
    assert.deepEqual([phone.heard, desk.heard], [[...all, "last"], [...all, "last"]]);
    assert.equal(phone.client.getMetrics().timeouts, 1);
  });

  test("a proxy that cuts every connection costs no event: what was under way is done once, and nothing is a reset", async (t) => {
    const proxy = await startProxy(t);
    const phone = await connected(t, proxy.url, "cut", "phone");
    const desk = await connected(t, `${server.ws}/__user-session`, "cut", "desk");
    // The client's waits grow while connections hold less than 5 s, so two cuts are enough here; half a minute between
    // cuts is what client/tests/complaints.test.mjs has.
    // The server can't tell a run that it has never been asked by from one that it has forgotten.
    for (const { client } of [phone, desk]) assert.ok((await client.joinGame("go")).ok);
    const sent = [];
    for (let round = 0; round < 2; round++) {
      const outcomes = [phone.client.publish("e", `phone ${round}`), desk.client.publish("e", `desk ${round}`)];
      proxy.cut();
      const again = phone.client.publish("e", `after ${round}`);
      for (const outcome of await Promise.all([...outcomes, again])) assert.ok(outcome.ok, JSON.stringify(outcome));
      sent.push(`phone ${round}`, `desk ${round}`, `after ${round}`);
    }
    await eventually("all to be heard", async () => [phone, desk].every(({ heard }) => heard.length >= sent.length));
    for (const { heard } of [phone, desk]) assert.deepEqual(heard.toSorted(), sent.toSorted());
    assert.equal(proxy.count, 3);
    assert.deepEqual([phone.client.getMetrics().timeouts, phone.heard.includes("reset")], [0, false]);
  });

  test("a page's first request that a cut has lost is not done, and the app is told that nobody knows", async (t) => {
    const proxy = await startProxy(t);
    const phone = await connected(t, proxy.url, "first", "phone");
    proxy.forget();
    const outcomes = [phone.client.publish("e", "first"), phone.client.joinGame("go")];
    const [event, join] = await Promise.all(outcomes);
    assert.deepEqual([!event?.ok && event?.code, join?.ok], ["unknown", true]);
    await phone.client.publish("e", "last");
    await eventually("the last", async () => phone.heard.includes("last"));
    assert.deepEqual(phone.heard, ["last"]);
  });

  test("a connection that vanished while the user's object slept is one socket of its device again, not two, and misses nothing", async (t) => {
    const proxy = await startProxy(t);
    const phone = await connected(t, proxy.url, "given up", "phone");
    const desk = await connected(t, `${server.ws}/__user-session`, "given up", "desk");
    proxy.forget();
    await desk.client.publish("e", 1);
    // An evicted object knows of the silent socket no more than its attachment.
    await server.hibernate("given up");
    await desk.client.publish("e", 2);
    await eventually("what was missed", async () => phone.heard.length >= 2);
    assert.deepEqual(phone.heard, [1, 2]);
    const { devices } = phone.client.getSnapshot();
    assert.deepEqual(devices.map(({ deviceId, tabs }) => [deviceId, tabs]).sort(), [["desk", 1], ["phone", 1]]);
  });
});
