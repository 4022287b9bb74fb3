/** The demo's page in real browsers, served beside the real Worker as `npm run dev` does. */
import assert from "node:assert/strict";
import { inEachEngine } from "./browsers/engines.mjs";
import { eventually } from "./eventually.mjs";
import { PREFIX } from "./requests.mjs";
import { OPEN, ROOT, startServer } from "./server.mjs";

/** @import { TestContext } from "node:test" */
/** @import { ProfileOptions } from "./browsers/driver.d.ts" */
/** @import { Engine } from "./browsers/engines.mjs" */
/** @import { Page, Profile } from "./browsers/page.mjs" */
/** @import { Locator } from "./browsers/locators.mjs" */
/** @import { Server } from "./server.mjs" */

const CONFIG = `${ROOT}tests/browser/demo.wrangler.jsonc`;

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** How many pages of an engine are worked with at a time, which mostly wait. */
const PAGES_AT_ONCE = 2;

/** Where a story is told. @typedef {{server: Server, engine: Engine}} Demo */

/** Starts the demo's server. @param {Record<string, string>} [vars] */
export function startDemo(vars = OPEN) {
  return startServer(CONFIG, vars);
}

/** Stories of the demo. @param {() => Server} server Which has been started before the first. */
export function demoStories(server) {
  return inEachEngine({ setUp: async () => ({ server: server() }), concurrency: PAGES_AT_ONCE });
}

/**
 * @typedef {object} Visit
 * @property {Page} page
 * @property {Profile} profile
 * @property {string} userId
 */

/**
 * Opens the page for a user of its own and waits for its devices. At the test's end it must have
 * reported nothing and asked nobody else.
 * @param {TestContext} t
 * @param {Demo} demo
 * @param {ProfileOptions} [options]
 * @returns {Promise<Visit>}
 */
export async function visit(t, { server, engine }, options = {}) {
  const profile = await engine.newProfile(t, { viewport: DESKTOP, ...options });
  t.after(() => assert.deepEqual(problemsOf(profile, server), []));
  const isDeaf = engine.without(["console"]);
  if (isDeaf) t.diagnostic(`problems are not noticed: ${isDeaf}`);
  const page = await profile.newPage();
  await page.goto(`${server.http}/`);
  await page.waitFor('document.querySelectorAll(".device[data-status=connected]").length === 3', "three devices");
  const userId = new URL(await page.url()).searchParams.get("userId") ?? "";
  assert.match(userId, /^user-/);
  return { page, profile, userId };
}

/**
 * What the pages of a profile have complained about, and their requests to anybody but the server.
 * @param {Profile} profile
 * @param {Pick<Server, "http">} server
 */
export function problemsOf({ messages, errors, requests }, server) {
  const { host } = new URL(server.http);
  const complaints = messages.filter(({ level }) => ["error", "warning"].includes(level));
  const others = requests.filter((url) => new URL(url).host !== host);
  return [...complaints.map(({ text }) => text), ...errors, ...others.map((url) => `request to ${url}`)];
}

/** @param {Page} page @param {string} device @param {string} selector @returns {Locator} */
export function at(page, device, selector) {
  return page.locator(`.device[data-device="${device}"] ${selector}`);
}

/** What a small screen shows of a device that is not used. @param {Page} page @param {string} device @param {string} selector */
export function tile(page, device, selector) {
  return page.locator(`.tile[data-device="${device}"] ${selector}`);
}

/** Has the page show a device, where it shows one at a time. @param {Page} page @param {string} device */
export async function use(page, device) {
  const isSmall = await page.locator("#strip").evaluate((strip) => strip.checkVisibility());
  if (isSmall) await page.locator(`#strip [value=${device}]`).check();
}

/** Waits for the status of a device that is shown. @param {Page} page @param {string} device @param {string} name */
export async function status(page, device, name) {
  await page.locator(`.device[data-device="${device}"][data-status="${name}"]`).waitFor();
}

/** The button of a game. @param {Page} page @param {string} device @param {string} game */
export function game(page, device, game) {
  return at(page, device, ".chips").getByRole("button", { name: game, exact: true });
}

/**
 * Waits until a device shows exactly these games as joined.
 * @param {Page} page
 * @param {string} device
 * @param {string[]} names
 */
export async function showsGames(page, device, names) {
  const pressed = at(page, device, ".chips [aria-pressed=true]");
  /** @type {string[]} */
  let shown = [];
  await eventually(`${device} to show ${names}`, async () => {
    shown = await pressed.allTextContents();
    return String(shown.sort()) === String([...names].sort());
  }).catch((error) => {
    throw new Error(`${error.message}; it shows ${shown}`);
  });
}

/**
 * Puts a device to sleep or offline, or ends that.
 * @param {Page} page
 * @param {string} device
 * @param {"asleep" | "offline"} condition
 */
export async function toggle(page, device, condition) {
  await use(page, device);
  await at(page, device, `.conditions [value=${condition}]`).click();
}

/** Has a device send an event. @param {Page} page @param {string} device @param {string} text */
export async function say(page, device, text) {
  await use(page, device);
  await at(page, device, ".event input").fill(text);
  await at(page, device, ".event button").click();
}

/** Waits until a device shows an event. @param {Page} page @param {string} device @param {string} text */
export async function hears(page, device, text) {
  await at(page, device, ".events li").filter({ hasText: text }).waitFor();
}

/** Pushes as a server does. @param {Page} page @param {string} text */
export async function push(page, text) {
  await page.getByLabel("Push from your backend").fill(text);
  await page.getByRole("button", { name: "Push", exact: true }).click();
}

/**
 * What the object itself has counted. Asking wakes it.
 * @param {Pick<Demo, "server">} demo
 * @param {string} userId
 */
export async function metricsOf({ server }, userId) {
  const response = await fetch(`${server.http}${PREFIX}/metrics?userId=${userId}`);
  return /** @type {Record<string, number>} */ (await response.json());
}

/** One of the numbers that the page shows of the object. @param {Page} page @param {string} name */
export async function count(page, name) {
  return Number(await page.locator(`[data-count=${name}]`).textContent());
}

/** Has the page ask the object, and waits for what it told. @param {Page} page */
export async function askNow(page) {
  const lines = page.locator(".log li");
  const before = await lines.count();
  await page.getByRole("button", { name: "Ask for its counts" }).click();
  await eventually("what the object told", async () => (await lines.count()) > before);
}

/** Waits until all that comes with connecting is done, and counted by the page. @param {Page} page */
export async function settle(page) {
  for (const device of ["desktop", "phone", "tablet"]) {
    for (const name of ["Desktop", "Phone", "Tablet"]) {
      await at(page, device, ".devices li").filter({ hasText: new RegExp(`^${name}( \\(this one\\))?: connected`) }).waitFor();
    }
  }
  await askNow(page);
}

/** Waits for a line in the object's log. @param {Page} page @param {RegExp} text */
export async function told(page, text) {
  const lines = page.locator(".log li");
  await lines.filter({ hasText: text }).first().waitFor().catch(async (error) => {
    throw new Error(`no ${text} in ${JSON.stringify(await lines.allTextContents())}`, { cause: error });
  });
}
