/** The demo's page in the real Chromium, served beside the real Worker as `npm run dev` does. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { startChromium } from "./chromium.mjs";
import { eventually } from "./eventually.mjs";
import { PATIENCE_MS } from "./patience.mjs";
import { PREFIX } from "./requests.mjs";
import { OPEN, ROOT, startServer } from "./server.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Browser, BrowserContextOptions, Locator, Page } from "playwright-core" */
/** @import { Server } from "./server.mjs" */

const CONFIG = `${ROOT}tests/browser/demo.wrangler.jsonc`;

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** How many pages are worked with at a time, which mostly wait. */
const PAGES_AT_ONCE = 3;

/** @typedef {{server: Server, browser: Browser, close: () => Promise<void>}} Demo */

/**
 * @param {Record<string, string>} [vars]
 * @returns {Promise<Demo>}
 */
export async function startDemo(vars = OPEN) {
  const [server, browser] = await Promise.all([startServer(CONFIG, vars), startChromium()]);
  return {
    server,
    browser,
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/**
 * Tests of a file that run beside each other, once all are declared.
 * @returns {{declare: (name: string, body: (t: TestContext) => Promise<void>) => void, run: () => void}}
 */
export function sideBySide() {
  /** @type {[string, (t: TestContext) => Promise<void>][]} */
  const declared = [];
  return {
    declare: (name, body) => void declared.push([name, body]),
    run: () =>
      void describe("the demo", { concurrency: PAGES_AT_ONCE }, () => {
        for (const [name, body] of declared) void test(name, body);
      }),
  };
}

/**
 * @typedef {object} Visit
 * @property {Page} page
 * @property {string} userId
 */

/**
 * Opens the page for a user of its own and waits for its devices. At the test's end it must have
 * reported nothing and asked nobody else.
 * @param {TestContext} t
 * @param {Demo} demo
 * @param {BrowserContextOptions} [options]
 * @returns {Promise<Visit>}
 */
export async function visit(t, { server, browser }, options = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  t.after(() => context.close());
  const problems = watched(context, server);
  t.after(() => assert.deepEqual(problems, []));
  const page = await context.newPage();
  await page.goto(`${server.http}/`);
  for (const device of ["desktop", "phone", "tablet"]) await status(page, device, "connected");
  const userId = new URL(page.url()).searchParams.get("userId") ?? "";
  assert.match(userId, /^user-/);
  return { page, userId };
}

/**
 * Collects what the pages of a context complain about, and requests to anybody but the server.
 * @param {import("playwright-core").BrowserContext} context
 * @param {Pick<Server, "http">} server
 */
export function watched(context, server) {
  /** @type {string[]} */
  const problems = [];
  const { host } = new URL(server.http);
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  context.on("weberror", (error) => problems.push(String(error.error())));
  context.on("request", (request) => {
    if (new URL(request.url()).host !== host) problems.push(`request to ${request.url()}`);
  });
  return problems;
}

/** @param {Page} page @param {string} device @param {string} selector @returns {Locator} */
export function at(page, device, selector) {
  return page.locator(`[data-device="${device}"] ${selector}`);
}

/** Waits for a device's status. @param {Page} page @param {string} device @param {string} name */
export async function status(page, device, name) {
  await page.locator(`[data-device="${device}"][data-status="${name}"]`).waitFor();
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
  await at(page, device, `.conditions [value=${condition}]`).click();
}

/** Has a device send an event. @param {Page} page @param {string} device @param {string} text */
export async function say(page, device, text) {
  await at(page, device, ".event input").fill(text);
  await at(page, device, ".event button").click();
}

/** Waits until a device shows an event. @param {Page} page @param {string} device @param {string} text */
export async function hears(page, device, text) {
  await at(page, device, ".events li").filter({ hasText: text }).waitFor();
}

/** Pushes as a server does. @param {Page} page @param {string} text */
export async function push(page, text) {
  await page.getByLabel("Push from a server").fill(text);
  await page.getByRole("button", { name: "Push", exact: true }).click();
}

/**
 * What the object itself has counted. Asking wakes it.
 * @param {Demo} demo
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
  await page.getByRole("button", { name: "Ask now" }).click();
  await eventually("what the object told", async () => (await lines.count()) > before);
}

/** Waits until all that comes with connecting is done, and counted by the page. @param {Page} page */
export async function settle(page) {
  for (const device of ["desktop", "phone", "tablet"]) {
    for (const name of ["Desktop", "Phone", "Tablet"]) {
      await at(page, device, ".devices li").filter({ hasText: new RegExp(`^${name}( \\(this one\\))?: online`) }).waitFor();
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
