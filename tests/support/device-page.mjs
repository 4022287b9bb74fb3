/** A page that behaves towards the server as the hook in production does. */
import { createServer } from "node:http";
import { join } from "node:path";
import { readFile } from "node:fs/promises";

import { ROOT } from "./server.mjs";

/** @import { Page, Profile } from "./browsers/page.mjs" */
/** @import { Server } from "./server.mjs" */

/**
 * What a page remembers, `window.device`.
 * @typedef {object} PageDevice
 * @property {string[]} frames
 * @property {{code: number, reason: string, wasClean: boolean, at: number}[]} endings `at` is
 *   `Date.now()`.
 * @property {number} logouts How often the hook was told of a logout.
 */

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
 * @param {Profile} profile
 * @param {string} origin
 * @param {Server} server
 * @returns {Promise<Page>}
 */
export async function openTab(profile, origin, server) {
  const page = await profile.newPage();
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
    await page.waitFor("device.frames.length > 0");
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
  await page.waitFor("device.endings.length > 0");
  return deviceOf(page);
}

/**
 * @param {Page} page
 * @returns {Promise<PageDevice>}
 */
export function deviceOf(page) {
  return page.evaluate("(({ frames, endings, logouts }) => ({ frames, endings, logouts }))(device)");
}
