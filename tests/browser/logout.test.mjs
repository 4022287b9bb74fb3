import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  closedDevice,
  deviceOf,
  mount,
  openTab,
  sendFrom,
  servePage,
  startChromium,
} from "../support/chromium.mjs";
import { Device } from "../support/device.mjs";
import { OTHERS_END_IT, assertLoggedOut, assertPrompt, promptTest, stateOf } from "../support/logout.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { OPEN, startServer } from "../support/server.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Page } from "playwright-core" */

const LOGOUT = { type: "logout_all" };

/** @type {import("../support/server.mjs").Server} */
let server;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {{origin: string, close: () => void}} */
let site;
/** Four pages in three profiles: the last two are tabs of one. @type {Page[]} */
const pages = [];
before(async () => {
  site = await servePage();
  // The page comes from a port of its own, and so from another origin.
  const vars = { ...OPEN, ALLOWED_ORIGINS: site.origin };
  [server, browser] = await Promise.all([startServer(undefined, vars), startChromium()]);
  const profiles = [await browser.newContext(), await browser.newContext(), await browser.newContext()];
  for (const profile of [...profiles, profiles[2]]) {
    pages.push(await openTab(profile, site.origin, server));
  }
  // A browser that has just started is busy with itself. What is measured is the server.
  await mount(pages, "warming-up");
  await sendFrom(pages[0], LOGOUT);
  await Promise.all(pages.map(closedDevice));
});
after(async () => {
  site?.close();
  await browser?.close();
  await server?.close();
});

/**
 * Causes a logout and asserts that every page notices it in time, and once.
 * @param {TestContext} t
 * @param {Page[]} devices
 * @param {() => number | Promise<number>} cause Returns when it sent the logout, by `Date.now()`.
 */
async function assertPagesLoggedOut(t, devices, cause) {
  const start = await cause();
  const closed = await Promise.all(devices.map(closedDevice));
  for (const { endings, logouts } of closed) {
    assert.equal(endings.length, 1);
    assertLoggedOut(endings[0]);
    assert.deepEqual([endings[0].wasClean, logouts], [true, 1]);
  }
  assertPrompt(
    t,
    closed.map(({ endings }) => endings[0].at - start),
    OTHERS_END_IT.pageMs.chromium,
  );
}

promptTest("pages that only ever listened notice a logout at once", async (t, userId) => {
  await mount(pages, userId);
  await assertPagesLoggedOut(t, pages, () => sendFrom(pages[0], LOGOUT));
  const { presence, connectedDevices } = await stateOf(server, userId);
  assert.deepEqual([presence, connectedDevices], ["offline", 0]);
});

promptTest("the only page, always silent, notices its own logout at once", async (t, userId) => {
  await mount([pages[0]], userId);
  await assertPagesLoggedOut(t, [pages[0]], () => sendFrom(pages[0], LOGOUT));
});

promptTest("pages notice at once a logout that wakes the object", async (t, userId) => {
  await mount(pages, userId);
  await sendFrom(pages[1], { type: "join_game", gameId: "chess" });
  await pages[2].waitForFunction("device.frames.length > 1");
  await server.hibernate(userId);
  await assertPagesLoggedOut(t, pages, () => sendFrom(pages[0], LOGOUT));
  assert.deepEqual((await stateOf(server, userId)).activeGames, ["chess"]);
});

promptTest("pages whose only frames were heartbeats notice a logout at once", async (t, userId) => {
  await mount(pages, userId);
  for (const page of pages) {
    await sendFrom(page, { type: "ping" });
    await page.waitForFunction("device.frames.length > 1");
  }
  await assertPagesLoggedOut(t, pages, () => sendFrom(pages[0], LOGOUT));
});

promptTest("pages notice a logout by a device of another kind at once", async (t, userId) => {
  await mount(pages, userId);
  const phone = await Device.connect(server, userId, "phone");
  await assertPagesLoggedOut(t, pages, () => {
    phone.send(LOGOUT);
    return Date.now();
  });
  assertLoggedOut(await phone.closed());
});

promptTest("a mute device holds up the logout of no page", async (t, userId) => {
  const mute = await RawDevice.connect(server, userId);
  await mount(pages, userId);
  await assertPagesLoggedOut(t, pages, () => sendFrom(pages[0], LOGOUT));
  mute.destroy();
});

test("a page that signs in right after a logout is served", async () => {
  const [first, second, newcomer] = pages;
  await mount([first, second], "again");
  await sendFrom(first, LOGOUT);
  await mount([newcomer], "again");
  await sendFrom(newcomer, { type: "sync_state" });
  await newcomer.waitForFunction("device.frames.length > 1");
  const { frames, endings } = await deviceOf(newcomer);
  const types = frames.map((text) => JSON.parse(text).type);
  assert.deepEqual([types, endings], [["initial_state", "state"], []]);
  await Promise.all([first, second].map(closedDevice));
});
