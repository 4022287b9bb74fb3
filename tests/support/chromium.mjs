/**
 * The real Chromium, with pages that behave as the production hook does towards the server.
 */
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, join } from "node:path";
import { readFile } from "node:fs/promises";

import { chromium } from "playwright-core";

import { CHROMIUM } from "../../scripts/lib/native-tools.mjs";
import { PATIENCE_MS } from "./patience.mjs";
import { ROOT } from "./server.mjs";

/** @import { Browser, BrowserContext, Page } from "playwright-core" */
/** @import { Server } from "./server.mjs" */

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

/**
 * What a page remembers, `window.device`.
 * @typedef {object} PageDevice
 * @property {string[]} frames
 * @property {{code: number, reason: string, wasClean: boolean, at: number}[]} endings `at` is
 *   `Date.now()`.
 * @property {number} logouts How often the hook was told of a logout.
 */

/**
 * Starts Chromium with a profile of its own that it deletes at the end.
 * @param {string[]} [args] More of its arguments.
 * @returns {Promise<Browser>}
 */
export function startChromium(args = []) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = CHROMIUM.flatMap((name) => folders.map((folder) => join(folder, name)));
  const executablePath = candidates.find((path) => existsSync(path));
  if (!executablePath) throw new Error(`none of ${CHROMIUM.join(", ")} is in the PATH: install one`);
  return chromium.launch({ executablePath, headless: true, args: [...ARGS, ...args] });
}

/**
 * Serves the page of tests/browser on an address of its own.
 * @returns {Promise<{origin: string, close: () => void}>}
 */
export async function servePage() {
  const html = await readFile(join(ROOT, "tests/browser/device.html"));
  const server = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8").end(html);
  });
  await new Promise((resolve) => void server.listen(0, "127.0.0.1", () => resolve(null)));
  const address = server.address();
  if (!address || typeof address !== "object") throw new Error("the page's server has no address");
  return { origin: `http://127.0.0.1:${address.port}`, close: () => void server.close() };
}

/**
 * Opens the page in a tab of a profile.
 * @param {BrowserContext} profile
 * @param {string} origin
 * @param {Server} server
 * @returns {Promise<Page>}
 */
export async function openTab(profile, origin, server) {
  const page = await profile.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${origin}/?${new URLSearchParams({ server: server.ws })}`);
  return page;
}

/**
 * Connects pages as devices of a user and waits for their first frames.
 * @param {Page[]} pages
 * @param {string} userId
 */
export async function mount(pages, userId) {
  for (const page of pages) {
    await page.evaluate(`device.mount(${JSON.stringify(userId)})`);
    await page.waitForFunction("device.frames.length > 0");
  }
}

/**
 * Has a page send a message.
 * @param {Page} page
 * @param {object} message
 * @returns {Promise<number>} When it did, by `Date.now()`.
 */
export function sendFrom(page, message) {
  return page.evaluate(`device.send(${JSON.stringify(message)})`);
}

/**
 * Waits for a page's close event.
 * @param {Page} page
 * @returns {Promise<PageDevice>}
 */
export async function closedDevice(page) {
  await page.waitForFunction("device.endings.length > 0", undefined, { timeout: PATIENCE_MS });
  return deviceOf(page);
}

/**
 * @param {Page} page
 * @returns {Promise<PageDevice>}
 */
export function deviceOf(page) {
  return page.evaluate("(({ frames, endings, logouts }) => ({ frames, endings, logouts }))(device)");
}
