import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before } from "node:test";

import {
  DESKTOP,
  PHONE,
  at,
  demoStories,
  game,
  hears,
  say,
  showsGames,
  startDemo,
  status,
  tile,
  toggle,
  use,
  visit,
} from "../support/demo.mjs";
import { ROOT } from "../support/server.mjs";

/** @import { Page } from "../support/browsers/page.mjs" */

/** More than the page has stops. */
const TABS_MAX = 120;

const { story, storyThatNeeds, storyInOne, run } = demoStories(() => server);

/** @type {import("../support/server.mjs").Server} */
let server;
/** @type {string} */
let axe;
before(async () => {
  [server, axe] = await Promise.all([
    startDemo(),
    readFile(`${ROOT}node_modules/axe-core/axe.min.js`, "utf8"),
  ]);
});
after(() => server?.close());

const NARROWEST = { width: 320, height: 640 };

/** What a profile can have. @typedef {"light" | "dark"} Scheme */

/**
 * Runs all of axe's rules in the light, and in the dark those that depend on it.
 * @param {Page} page
 * @param {Scheme} scheme
 * @param {string} when
 */
async function assertAccessible(page, scheme, when) {
  assert.equal(await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"), scheme === "dark");
  const options = scheme === "dark" ? { runOnly: ["color-contrast", "link-in-text-block"] } : {};
  await assertNoViolations(page, options, when);
}

/** @param {Page} page @param {object} options axe's. @param {string} when */
async function assertNoViolations(page, options, when) {
  const text = JSON.stringify({ resultTypes: ["violations"], ...options });
  const { violations, passes } = /** @type {any} */ (await page.evaluate(`axe.run(${text})`));
  const found = violations.map((/** @type {any} */ { id, nodes }) => [
    id,
    nodes.map((/** @type {any} */ { target, failureSummary }) => `${target}: ${failureSummary}`),
  ]);
  assert.deepEqual(found, [], when);
  assert.ok(passes.length > 0, when);
}

/**
 * Opens all that is folded, and of the frames the newest of each device: the others look the same, and to look for what is
 * behind each line of theirs is most of what axe does.
 * @param {Page} page
 */
async function openAll(page) {
  await page.locator("details").evaluateAll((all) => {
    for (const details of all) details.open = !details.matches(".frames li:not(:first-child) details");
  });
}

/**
 * Everything that can be pressed has a size, also with a finger. A box or radio button is as large as its label.
 * @param {Page} page
 * @param {number} least CSS pixels.
 */
async function assertTargets(page, least) {
  const small = await page.locator("button, summary, a[href], input").evaluateAll((all, wanted) => {
    const seen = all.filter((one) => one.checkVisibility());
    const sized = seen.map((one) => {
      const { width, height } = (one.labels?.length && /radio|checkbox/.test(one.type) ? one.labels[0] : one).getBoundingClientRect();
      return { one, size: Math.min(width, height) };
    });
    return sized.filter(({ size }) => size < wanted - 0.5).map(({ one, size }) => `${one.outerHTML.slice(0, 80)}: ${size}`);
  }, least);
  assert.deepEqual(small, []);
}

/** @param {Page} page */
async function assertFits(page) {
  const [wanted, there] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wanted <= there, `the page is ${wanted} wide, and has ${there}`);
  const [height, content] = await page.evaluate(() => [
    document.documentElement.scrollHeight,
    Math.max(innerHeight, document.body.getBoundingClientRect().bottom + scrollY),
  ]);
  assert.ok(height <= content + 1, `the page is ${height} tall, and has content for ${content}`);
}

/** @type {[string, typeof DESKTOP, Scheme][]} */
const LOOKS = [
  ["desktop", DESKTOP, "light"],
  ["desktop", DESKTOP, "dark"],
  ["phone", PHONE, "light"],
  ["phone", PHONE, "dark"],
];

// axe reads the document and its computed styles, which are the same in all engines.
for (const [name, viewport, colorScheme] of LOOKS) {
  storyInOne(`axe finds nothing: ${name}, ${colorScheme}, whatever the devices are at, and on the page of one`, async (t, demo) => {
    const { page } = await visit(t, demo, { viewport, colorScheme });
    const ofOne = await page.getByRole("link", { name: "One more device" }).evaluate((link) => /** @type {HTMLAnchorElement} */ (link).href);
    await page.evaluate(`(() => { ${axe} })()`);
    await openAll(page);
    await assertAccessible(page, colorScheme, "connected");
    await toggle(page, "tablet", "asleep");
    await toggle(page, "phone", "offline");
    await game(page, "phone", "go").click();
    await say(page, "desktop", "hello");
    await hears(page, "desktop", "hello");
    await game(page, "desktop", "chess").click();
    await use(page, "phone");
    // A copy stays asleep, where the page would wake its own.
    await page.locator("#object").evaluate((card) => {
      const copy = card.cloneNode(true);
      copy.dataset.phase = "asleep";
      card.replaceWith(copy);
    });
    await assertAccessible(page, colorScheme, "devices and object asleep or offline");
    await toggle(page, "phone", "offline");
    await status(page, "phone", "connected");
    await use(page, "desktop");
    await at(page, "desktop", "").getByRole("button", { name: "Log out Phone" }).click();
    await page.waitFor("document.querySelector('.device[data-device=phone][data-status=logged_out]')");
    await at(page, "desktop", ".logout-all").click();
    await status(page, "desktop", "logged_out");
    await assertAccessible(page, colorScheme, "logged out");
    await page.goto(String(ofOne));
    await page.locator("[data-status=connected]").waitFor();
    await page.evaluate(`(() => { ${axe} })()`);
    await assertAccessible(page, colorScheme, "one device");
  });
}

for (const [name, viewport, least] of /** @type {const} */ ([["with a mouse", DESKTOP, 24], ["with a finger", PHONE, 44]])) {
  story(`what can be pressed is large enough to be pressed ${name}`, async (t, demo) => {
    const { page } = await visit(t, demo, { viewport });
    await openAll(page);
    await assertTargets(page, least);
  });
}

/** What one device does is seen on the others without scrolling, and the arrows choose another. @param {Page} page */
async function assertSeenAtOnce(page) {
  await game(page, "desktop", "chess").click();
  for (const device of ["phone", "tablet"]) await tile(page, device, ".tile-games").filter({ hasText: "chess" }).waitFor();
  await say(page, "desktop", "hello");
  for (const device of ["phone", "tablet"]) await tile(page, device, ".tile-news").filter({ hasText: "“hello”" }).waitFor();
  const areSeen = await page.locator(".tile, .device.chosen .event").evaluateAll((all) =>
    all.every((one) => one.getBoundingClientRect().top >= 0 && one.getBoundingClientRect().bottom <= innerHeight),
  );
  assert.equal(areSeen, true, "the devices and what is done are on one screen");

  await page.locator("#strip [value=desktop]").press("ArrowDown");
  await at(page, "phone", ".chips").waitFor();
  assert.equal(await at(page, "desktop", ".chips").evaluate((chips) => chips.checkVisibility()), false);
  const radio = page.locator("#strip [value=phone]");
  assert.equal(await radio.evaluate((one) => one === document.activeElement), true);
  const described = await radio.evaluate((one) =>
    one.getAttribute("aria-describedby").split(" ").map((/** @type {string} */ id) => document.getElementById(id)?.textContent),
  );
  assert.deepEqual([await radio.getAttribute("aria-label"), ...described], ["Phone", "Online", "chess", "“hello”"]);
}

/** @type {typeof story} */
const narrow = (name, tell) => storyThatNeeds(name, ["narrow"], tell);

for (const [declare, phone, viewport] of /** @type {const} */ ([[story, "a phone", PHONE], [narrow, "the narrowest phone", NARROWEST]])) {
  declare(`on ${phone} all devices are seen at once, and nothing is wider than the screen, however long names are`, async (t, demo) => {
    const { page } = await visit(t, demo, { viewport });
    await assertFits(page);
    await assertSeenAtOnce(page);
    await openAll(page);
    await at(page, "phone", ".other-game input").fill("m".repeat(60));
    await at(page, "phone", ".other-game button").click();
    await showsGames(page, "tablet", ["chess", "m".repeat(60)]);
    await say(page, "phone", "w".repeat(200));
    await hears(page, "phone", "w".repeat(200));
    await assertFits(page);
  });
}

story("without a mouse: Tab reaches a game, Space and Enter join and leave it, arrows open a frame", async (t, demo) => {
  const { page } = await visit(t, demo);
  /** @param {() => Promise<boolean>} isThere */
  const tabUntil = async (isThere) => {
    for (let at = 0; at < TABS_MAX; at++) {
      await page.press("Tab");
      if (await isThere()) return;
    }
    assert.fail(`it can't be reached by ${TABS_MAX} tabs`);
  };
  /** @param {import("../support/browsers/locators.mjs").Locator} element */
  const hasFocus = (element) => element.evaluate((found) => found === document.activeElement);
  await tabUntil(() => hasFocus(game(page, "phone", "chess")));
  await page.press("Space");
  await showsGames(page, "tablet", ["chess"]);
  await page.press("Tab");
  await page.press("Enter");
  await showsGames(page, "tablet", ["chess", "go"]);
  await page.press("Enter");
  await showsGames(page, "tablet", ["chess"]);

  const outline = await game(page, "phone", "go").evaluate((chip) => getComputedStyle(chip).outlineStyle);
  assert.equal(outline, "solid", "the focus is seen");

  const inFrames = () => page.evaluate(() => document.activeElement?.matches(".frames li summary") ?? false);
  await tabUntil(inFrames);
  await page.press("ArrowDown");
  assert.equal(await inFrames(), true);
  await page.press("Enter");
  await at(page, "phone", ".frames li details[open] pre").waitFor();
});

run();
