/**
 * The README's pictures of the demo. `UPDATE_SCREENSHOTS=1 npm test -- tests/browser/demo-screenshots.test.mjs`
 * makes them anew, with something to see on the tape.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";

import {
  PHONE,
  at,
  count,
  demoStories,
  game,
  hears,
  push,
  say,
  showsGames,
  startDemo,
  toggle,
  told,
  use,
  visit,
} from "../support/demo.mjs";
import { eventually } from "../support/eventually.mjs";
import { ROOT } from "../support/server.mjs";

/** @import { Page } from "../support/browsers/page.mjs" */

const isUpdating = process.env.UPDATE_SCREENSHOTS === "1";

/** So that a clone of the repository stays small, and a picture is none of an empty page. */
const BYTES = { min: 40_000, max: 300_000 };

const LARGE = { width: 1280, height: 860 };

const { storyThatNeeds, run } = demoStories(() => server);

/** @type {import("../support/server.mjs").Server} */
let server;
/** @type {string} */
let folder;
before(async () => {
  [server, folder] = await Promise.all([startDemo(), mkdtemp(join(tmpdir(), "screenshots-"))]);
});
after(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Lets the object sleep until each device has sent a heartbeat. @param {Page} page */
async function sleep(page) {
  if (!isUpdating) return;
  await page.locator("#object[data-phase=asleep]").waitFor();
  const beats = await count(page, "beats");
  await eventually("heartbeats", async () => (await count(page, "beats")) >= beats + 3);
}

/** What there is to see. @param {Page} page */
async function play(page) {
  await game(page, "desktop", "chess").click();
  await use(page, "phone");
  await game(page, "phone", "go").click();
  await showsGames(page, "tablet", ["chess", "go"]);
  await at(page, "phone", ".note textarea").fill("milk, bread");
  await at(page, "phone", ".note-row button").click();
  await sleep(page);
  await say(page, "phone", "dinner at eight?");
  await hears(page, "phone", "dinner at eight?");
  await told(page, /message passed on/);
  await sleep(page);
  await toggle(page, "tablet", "offline");
  await game(page, "tablet", "hex").click();
  await push(page, "your turn in chess");
  await told(page, /request by HTTP/);
}

/** @param {Buffer} png */
function sizeOf(png) {
  assert.equal(png.toString("latin1", 1, 4), "PNG");
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
}

/**
 * @param {Page} page
 * @param {string} name
 */
async function assertPictured(page, name) {
  const committed = join(ROOT, "docs/images", `${name}.png`);
  const made = await page.screenshot();
  await writeFile(isUpdating ? committed : join(folder, `${name}.png`), made);
  const kept = await readFile(committed);
  assert.deepEqual(sizeOf(made), sizeOf(kept), `${name}: make it anew with UPDATE_SCREENSHOTS=1`);
  for (const png of [made, kept]) {
    const wrong = `${name} has ${png.length} bytes, not ${BYTES.min} to ${BYTES.max}`;
    assert.ok(png.length > BYTES.min && png.length < BYTES.max, wrong);
  }
}

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  storyThatNeeds(`the README's picture of the demo on a desktop, ${colorScheme}`, ["pixels"], async (t, demo) => {
    const { page } = await visit(t, demo, { viewport: LARGE, colorScheme });
    await play(page);
    await assertPictured(page, `demo-desktop-${colorScheme}`);
  });
}

storyThatNeeds("the README's picture of the demo on a phone", ["pixels"], async (t, demo) => {
  const { page } = await visit(t, demo, { viewport: PHONE, deviceScaleFactor: 2 });
  await play(page);
  await sleep(page);
  await page.evaluate("scrollTo(0, 0)");
  await assertPictured(page, "demo-phone");
});

run();
