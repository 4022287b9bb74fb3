import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { at, count, game, startDemo, status, told, visit, watched } from "../support/demo.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";

/** The platform lets an object go after ten seconds, and a heartbeat comes every five. */
const SLEEP_MS = 30_000;

/** @type {import("../support/demo.mjs").Demo} */
let demo;
before(async () => {
  demo = await startDemo();
});
after(() => demo?.close());

/** @param {string} userId */
async function metricsOf(userId) {
  const response = await fetch(`${demo.server.http}${PREFIX}/metrics?userId=${userId}`);
  return /** @type {Record<string, number>} */ (await response.json());
}

test("the rows and wakes shown are the object's own, and it sleeps through heartbeats until it is asked", async (t) => {
  const { page, userId } = await visit(t, demo);
  await game(page, "desktop", "chess").click();
  await told(page, /join_game/);
  const before = await metricsOf(userId);
  assert.deepEqual([await count(page, "wakes"), await count(page, "rows")], [1, before.rowsWritten]);
  assert.ok(before.rowsWritten >= 4, "a row for each device's first visit and one for the game");

  await page.locator("#object[data-phase=asleep]").waitFor({ timeout: SLEEP_MS });
  // On a busy machine the platform may be late. In time, the object is gone already.
  await demo.server.hibernate(userId).catch((error) => assert.match(error.message, /not currently running/));
  const beats = await count(page, "beats");
  await eventually("heartbeats of all devices", async () => (await count(page, "beats")) >= beats + 3, SLEEP_MS);
  assert.equal(await page.locator("#object").getAttribute("data-phase"), "asleep");
  assert.equal(await count(page, "wakes"), 1);

  await game(page, "tablet", "go").click();
  await told(page, /Woken: wake no\. 2, join_game,.* rows written: \+1\./);
  const metrics = await metricsOf(userId);
  assert.deepEqual([await count(page, "wakes"), await count(page, "rows")], [2, before.rowsWritten + 1]);
  assert.deepEqual([metrics.wakes, metrics.rowsWritten], [2, before.rowsWritten + 1]);
  assert.equal(metrics.ping, 0, "no heartbeat has woken it");
  assert.ok(metrics.heartbeatsAsleep >= 1);
});

test("an event costs no row, and asking is what it says: it wakes the object", async (t) => {
  const { page, userId } = await visit(t, demo);
  await told(page, /connects × 3/);
  await at(page, "phone", ".event input").fill("hello");
  await at(page, "phone", ".event input").press("Enter");
  await told(page, /Was awake, broadcast, no row written\./);
  const { requests } = await metricsOf(userId);
  await page.getByRole("button", { name: "Ask now" }).click();
  await eventually("the page's own request", async () => (await metricsOf(userId)).requests > requests + 1);
});

test("after a restart of the server the devices are back, and the page says that it counts anew", async (t) => {
  const { page, userId } = await visit(t, demo);
  await told(page, /connects × 3/);
  await demo.server.restart(userId);
  await told(page, /counts anew: wake no\. 1,/);
  for (const device of ["desktop", "phone", "tablet"]) await status(page, device, "connected");
  assert.equal(await count(page, "wakes"), 1);
});

// What a clone of the project sees that was started by wrangler alone.
test("where nobody is let in yet, the page says so and what to do", async (t) => {
  const closed = await startServer(`${ROOT}tests/browser/demo.wrangler.jsonc`, {});
  t.after(() => closed.close());
  const page = await demo.browser.newPage();
  t.after(() => page.close());
  const problems = watched(page.context(), closed);
  await page.goto(closed.http);
  const trouble = page.getByRole("alert");
  await trouble.waitFor();
  const text = await trouble.innerText();
  assert.match(text, /The server answers 503: nobody is let in yet: set AUTH_MODE/);
  assert.match(text, /npm run dev/);
  assert.match(text, /npx wrangler dev --assets build\/demo --var AUTH_MODE:none/);
  assert.equal(await page.locator(".device").count(), 0);
  // The browser itself reports that answer, and nothing else is wrong.
  assert.deepEqual(problems.filter((problem) => !/503/.test(problem)), []);
});
