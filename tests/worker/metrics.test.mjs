import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { codeIn, tableOf, textOf } from "../docs/markdown.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX } from "../support/requests.mjs";
import { startWatchedServer } from "../support/watched.mjs";

/** @type {Awaited<ReturnType<typeof startWatchedServer>>} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server?.close());

/** @param {string} userId */
async function metricsOf(userId) {
  const response = await fetch(`${server.http}${PREFIX}/metrics?userId=${userId}`);
  assert.equal(response.status, 200);
  return /** @type {Record<string, number>} */ (await response.json());
}

/** The names of the counts, in the order in which they are handed on. @param {Record<string, number>} metrics */
function namesIn(metrics) {
  return Object.keys(metrics).filter((name) => name !== "userId" && name !== "since");
}

/** A list of names in a file of the demo. @param {string} file @param {string} list */
function listIn(file, list) {
  const [, names = ""] = new RegExp(`const ${list} = [^;]*?\\[([^;]*)\\]`).exec(textOf(file)) ?? [];
  return [...names.matchAll(/"(\w+)"/g)].map(([, name]) => name);
}

// An operator who can't see this takes an object that never sleeps for one that does.
test("wakes, heartbeats and frames are counted through sleep, and cost no row", async () => {
  const user = "counted";
  const device = await Device.connect(server, user, "phone");
  await device.next();
  const writes = await server.writesDuring(user, async () => {
    await server.hibernate(user);
    assert.equal((await device.ask({ type: "sync_state" })).type, "state");
    // Under load a heartbeat may come before the eviction is over, and then wakes the object.
    await eventually("a heartbeat answered asleep", async () => {
      await server.hibernate(user);
      const before = await server.counts(user);
      assert.equal((await device.ask('{"type":"ping"}')).type, "pong");
      return (await server.counts(user)).messages === before.messages;
    });
    assert.equal((await device.ask({ type: "nonsense" })).type, "error");
  });
  assert.deepEqual(writes, { puts: 0, deletes: 0, others: 0 });
  await server.hibernate(user);
  const metrics = await metricsOf(user);
  const { instances } = await server.counts(user);
  // Sleeps of less than a second, which only a test brings about, may be missed.
  assert.ok(metrics.wakes >= 2 && metrics.wakes <= instances, `${metrics.wakes} of ${instances}`);
  assert.equal(metrics.connects, 1);
  assert.equal(metrics.rowsWritten, 0);
  assert.ok(metrics.heartbeatsAsleep >= 1);
  assert.ok(metrics.asleepMs > 0 && metrics.since > 0);
  await device.close();
});

test("each wake hands on what came since the last one, and the leaving of the last device the rest", async () => {
  const user = "collected";
  const device = await Device.connect(server, user, "phone");
  await device.next();
  for (let at = 0; at < 5; at++) await device.ask({ type: "sync_state" });
  await device.close();
  await eventually("the data points", async () => (await server.counts(user)).points.length >= 2);
  const { points } = await server.counts(user);
  const names = namesIn(await metricsOf(user));
  for (const { indexes, doubles } of points) {
    assert.deepEqual(indexes, [user]);
    assert.equal(doubles.length, names.length);
  }
  const sums = names.map((name, at) => [name, points.reduce((sum, { doubles }) => sum + doubles[at], 0)]);
  const { wakes, connects, sync_state: syncs } = Object.fromEntries(sums);
  assert.deepEqual({ wakes, connects, syncs }, { wakes: 1, connects: 1, syncs: 5 });
});

test("docs/operating.md tells of every count, and names them in its query by their places", async () => {
  const names = namesIn(await metricsOf("told"));
  const told = tableOf("docs/operating.md", "| count | meaning |").flatMap(([cell]) => {
    const [first, ...others] = codeIn(cell);
    if (!cell.includes(" … ")) return [first, ...others];
    return names.slice(names.indexOf(first), names.indexOf(others[0]) + 1);
  });
  assert.deepEqual(told.sort(), [...names].sort());
  const page = textOf("docs/operating.md");
  assert.ok(page.includes(`the counts above as \`double1\` to \`double${names.length}\``));
  const [wakes, asleep, awake, heartbeats, rows] = ["wakes", "asleepMs", "awakeMs", "heartbeatsAsleep", "rowsWritten"].map(
    (name) => `double${names.indexOf(name) + 1}`,
  );
  assert.ok(page.includes(`sum(_sample_interval * ${asleep}) / sum(_sample_interval * (${asleep} + ${awake})) AS asleep`));
  assert.ok(page.includes(`sum(_sample_interval * ${heartbeats}) / sum(_sample_interval * ${wakes}) AS heartbeats_a_wake`));
  assert.ok(page.includes(`sum(_sample_interval * ${rows}) AS rows_written`));
});

test("the demo counts every kind of message as work, and a heartbeat as none", async () => {
  const { messages } = JSON.parse(textOf("docs/asyncapi.json")).components;
  const counted = namesIn(await metricsOf("demo")).filter((name) => `${name}.v2` in messages && name !== "ping");
  assert.deepEqual(listIn("demo/object-card.js", "FRAMES").sort(), [...counted].sort());
  const work = ["connects", ...counted, "refused", "requests"];
  assert.deepEqual(listIn("demo/object-watch.js", "WORK").sort(), work.sort());
});
