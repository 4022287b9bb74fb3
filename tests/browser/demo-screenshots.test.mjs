/**
 * The README's pictures of the demo. `UPDATE_SCREENSHOTS=1 npm test -- tests/browser/demo-screenshots.test.mjs`
 * makes them anew, with something to see on the tape.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";

import {
  PHONE,
  count,
  game,
  hears,
  push,
  say,
  showsGames,
  sideBySide,
  startDemo,
  status,
  toggle,
  told,
  visit,
} from "../support/demo.mjs";
import { eventually } from "../support/eventually.mjs";
import { ROOT } from "../support/server.mjs";

/** @import { Page } from "playwright-core" */

const isUpdating = process.env.UPDATE_SCREENSHOTS === "1";

/** So that a clone of the repository stays small, and a picture is none of an empty page. */
const BYTES = { min: 40_000, max: 200_000 };

const LARGE = { width: 1120, height: 860 };

const { declare: test, run } = sideBySide();

/** @type {import("../support/demo.mjs").Demo} */
let demo;
/** @type {string} */
let folder;
before(async () => {
  [demo, folder] = await Promise.all([startDemo(), mkdtemp(join(tmpdir(), "screenshots-"))]);
});
after(async () => {
  await demo?.close();
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
  await game(page, "phone", "go").click();
  await showsGames(page, "tablet", ["chess", "go"]);
  await sleep(page);
  await say(page, "phone", "dinner at eight?");
  await hears(page, "desktop", "dinner at eight?");
  await told(page, /broadcast/);
  await sleep(page);
  await toggle(page, "tablet", "offline");
  await game(page, "tablet", "hex").click();
  await push(page, "your turn in chess");
  await hears(page, "phone", "your turn in chess");
  await told(page, /requests/);
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
  const made = await page.screenshot({ path: isUpdating ? committed : join(folder, `${name}.png`) });
  const kept = await readFile(committed);
  assert.deepEqual(sizeOf(made), sizeOf(kept), `${name}: make it anew with UPDATE_SCREENSHOTS=1`);
  for (const png of [made, kept]) {
    const wrong = `${name} has ${png.length} bytes, not ${BYTES.min} to ${BYTES.max}`;
    assert.ok(png.length > BYTES.min && png.length < BYTES.max, wrong);
  }
}

test("the README's pictures of the demo on a desktop", async (t) => {
  const { page } = await visit(t, demo, { viewport: LARGE });
  await play(page);
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    await page.emulateMedia({ colorScheme });
    await assertPictured(page, `demo-desktop-${colorScheme}`);
  }
});

test("the README's picture of the demo on a phone", async (t) => {
  const { page } = await visit(t, demo, { viewport: PHONE, deviceScaleFactor: 2 });
  await play(page);
  await toggle(page, "tablet", "offline");
  await status(page, "tablet", "connected");
  await sleep(page);
  await page.locator("#object").evaluate((card) => card.scrollIntoView());
  await assertPictured(page, "demo-phone");
});

run();
