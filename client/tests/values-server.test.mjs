/** The user's values, and what docs/client.md builds on them, with the real Worker. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { blocksOf } from "../../tests/docs/markdown.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { startServer } from "../../tests/support/server.mjs";
import { RememberedSocket, connected, newClient } from "./support/clients.mjs";

/** @import { Server } from "../../tests/support/server.mjs" */
/** @import { Told } from "./support/clients.mjs" */

const DONE = { ok: true, credentialShared: false };

/** @type {Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

/** @param {unknown} now */
const addOne = (now) => Number(now) + 1;

/** @param {Told[]} devices @param {string} key @param {unknown} value */
const untilAllHave = (devices, key, value) =>
  eventually(`${key} to be ${JSON.stringify(value)}`, () =>
    devices.every(({ client }) => {
      const entry = client.values.get(key);
      return JSON.stringify(entry.value) === JSON.stringify(value) && !entry.isPending;
    }),
  );

test("a value that one device sets is on all, also on one that comes later, until it is deleted", async (t) => {
  const [desk, phone] = [await connected(t, server, "values", "desk"), await connected(t, server, "values", "phone")];
  assert.deepEqual(await desk.client.values.set("gö ☺", { a: [1, null] }), DONE);
  await untilAllHave([desk, phone], "gö ☺", { a: [1, null] });
  const tv = await connected(t, server, "values", "tv");
  await untilAllHave([tv], "gö ☺", { a: [1, null] });
  const { version } = tv.client.values.get("gö ☺");
  assert.deepEqual(await tv.client.values.delete("gö ☺", { ifVersion: version }), DONE);
  await untilAllHave([desk, phone, tv], "gö ☺", undefined);
  assert.deepEqual({ ...phone.client.getSnapshot().values }, {});
});

test("what the server refuses is taken back: too large a value, and one of another version", async (t) => {
  const { client } = await connected(t, server, "refused", "desk");
  await client.values.set("draft", "a");
  const { version } = client.values.get("draft");
  for (const [code, set] of /** @type {const} */ ([
    ["limit_reached", () => client.values.set("draft", "x".repeat(17_000))],
    ["conflict", () => client.values.set("draft", "b", { ifVersion: version - 1 })],
  ])) {
    const refused = await set();
    assert.equal(!refused.ok && refused.code, code);
    assert.deepEqual([client.values.get("draft").value, client.values.get("draft").error?.code], ["a", code]);
  }
});

test("additions of all devices count, whatever breaks, and so do those of a device that was away", async (t) => {
  const desk = await connected(t, server, "adds", "desk");
  const phone = await connected(t, server, "adds", "phone", { WebSocket: RememberedSocket });
  RememberedSocket.all.length = 1;
  /** @type {ReturnType<typeof desk.client.values.set>[]} */
  const asked = [];
  const add = (/** @type {Told} */ { client }) => void asked.push(client.values.set("n", addOne, { fallback: 0 }));
  for (let round = 0; round < 12; round++) {
    add(desk);
    add(phone);
    // In mid-air, so that the answers are lost.
    if (round % 4 === 1) {
      RememberedSocket.all.at(-1)?.close();
      await phone.until("reconnecting");
      add(phone);
      add(desk);
      phone.client.reconnect();
      await phone.until("connected");
    }
  }
  for (const { ok } of await Promise.all(asked)) assert.ok(ok);
  await untilAllHave([desk, phone], "n", asked.length);
});

test("a slider on one device is where it was left on the other, and sends what the limits allow", async (t) => {
  const [desk, phone] = [await connected(t, server, "slider", "desk"), await connected(t, server, "slider", "phone")];
  const outcomes = Array.from({ length: 1_000 }, (_, at) => desk.client.values.set("volume", at));
  await untilAllHave([desk, phone], "volume", 999);
  const told = await Promise.all(outcomes);
  const sent = told.filter((outcome) => outcome.ok && !outcome.replaced);
  assert.ok(told.every(({ ok }) => ok) && sent.length < 10, `${sent.length} were sent`);
  assert.equal(desk.client.getSnapshot().error, null);
});

test("of many events of which only the newest counts the last one arrives, nothing is refused, and offline none piles up", async (t) => {
  const [desk, phone] = [await connected(t, server, "cursor", "desk"), await connected(t, server, "cursor", "phone")];
  const outcomes = Array.from({ length: 200 }, (_, at) => desk.client.publish("cursor", at, { latest: true }));
  for (const { ok } of await Promise.all(outcomes)) assert.ok(ok);
  const data = () => phone.changes.flatMap((change) => (change.type === "event" ? [change.event.data] : []));
  await eventually("the last", () => data().at(-1) === 199);
  assert.ok(data().length < 200);
  assert.deepEqual(data(), [...data()].sort((a, b) => Number(a) - Number(b)));
  assert.equal(desk.client.getSnapshot().error, null);
});

test("the list of unread messages is the same on all devices", async (t) => {
  const [desk, phone] = [await connected(t, server, "list", "desk"), await connected(t, server, "list", "phone")];
  for (const n of [1, 2]) {
    const kept = await fetch(`${server.http}/__user-session?userId=list&keep=60`, { method: "POST", body: `{"type":"news","n":${n}}` });
    assert.equal(kept.status, 200);
  }
  const listOf = (/** @type {Told} */ { client }) => client.getSnapshot().messages.map(({ data }) => /** @type {any} */ (data).n);
  await eventually("both", () => [desk, phone].every((device) => listOf(device).length === 2));
  const [first] = desk.client.getSnapshot().messages;
  assert.deepEqual(await desk.client.markRead(first?.inbox), DONE);
  await eventually("it to be gone", () => [desk, phone].every((device) => listOf(device).length === 1));
  const tv = await connected(t, server, "list", "tv");
  await eventually("the rest", () => listOf(tv).length === 1);
  assert.deepEqual([desk, phone, tv].map(listOf), [[2], [2], [2]]);
});

test("the recipes of the page for counters, sets and lists lose nothing that two devices do at once", async (t) => {
  const [block] = blocksOf("docs/client.md").filter(({ text }) => text.includes("export const recipes"));
  const { recipes } = await import(`data:text/javascript,${encodeURIComponent(block?.text ?? "")}`);
  const devices = ["desk", "phone"].map((name) => newClient(t, server, "recipes", name));
  // Asked before the first state is there, so that both begin with nothing.
  const asked = devices.flatMap(({ client }, at) => {
    const { count, include, exclude, append, remove } = recipes(client.values);
    return [
      ...[count("hits", 2), count("hits", 1), include("tags", "a"), include("tags", `b${at}`), exclude("tags", "a")],
      ...[append("todo", { id: `x${at}` }), append("todo", { id: `y${at}` }), remove("todo", `x${at}`)],
    ];
  });
  for (const { client } of devices) client.connect();
  for (const outcome of await Promise.all(asked)) assert.deepEqual(outcome, DONE);
  await untilAllHave(devices, "hits", 6);
  await eventually("all to agree", () => devices.every(({ client }) => client.values.get("todo").version === devices[0]?.client.values.get("todo").version));
  for (const { client } of devices) {
    assert.deepEqual(/** @type {string[]} */ (client.values.get("tags").value).toSorted(), ["b0", "b1"]);
    assert.deepEqual(/** @type {{id: string}[]} */ (client.values.get("todo").value).map(({ id }) => id).sort(), ["y0", "y1"]);
  }
});
