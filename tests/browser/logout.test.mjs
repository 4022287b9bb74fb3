import assert from "node:assert/strict";
import { after, before } from "node:test";

import { inEachEngine } from "../support/browsers/engines.mjs";
import { closedDevice, deviceOf, mount, openTab, sendFrom, servePage } from "../support/device-page.mjs";
import { Device } from "../support/device.mjs";
import { OTHERS_END_IT, assertLoggedOut, assertPrompt, stateOf, untilPrompt } from "../support/logout.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { OPEN, startServer } from "../support/server.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Engine } from "../support/browsers/engines.mjs" */
/** @import { Page } from "../support/browsers/page.mjs" */

const LOGOUT = { type: "logout_all" };

/** @type {import("../support/server.mjs").Server} */
let server;
/** @type {{origin: string, close: () => void}} */
let site;
before(async () => {
  site = await servePage();
  // The page comes from a port of its own, and so from another origin.
  server = await startServer(undefined, { ...OPEN, ALLOWED_ORIGINS: site.origin });
});
after(async () => {
  site?.close();
  await server?.close();
});

let users = 0;

const { story: storyOnce, run } = inEachEngine({
  /** @returns {Promise<{pages: Page[], user: () => string}>} Four pages in three profiles: the last two are tabs of one. */
  async setUp(engine, atEnd) {
    const pages = [];
    for (const tabs of [1, 1, 2]) {
      const profile = await engine.newProfile({ after: atEnd });
      for (let at = 0; at < tabs; at++) pages.push(await openTab(profile, site.origin, server));
    }
    // A browser that has just started is busy with itself. What is measured is the server.
    await mount(pages, `warming-up-${engine.name}`);
    await sendFrom(pages[0], LOGOUT);
    await Promise.all(pages.map(closedDevice));
    return { pages, user: () => `logout-${users++}` };
  },
});

/**
 * @param {string} name
 * @param {Parameters<typeof storyOnce>[1]} body
 */
function story(name, body) {
  storyOnce(name, (t, given) => untilPrompt(async () => body(t, given)));
}

/**
 * Causes a logout and asserts that every page notices it in time, and once.
 * @param {TestContext} t
 * @param {Engine} engine The pages'.
 * @param {Page[]} devices
 * @param {() => number | Promise<number>} cause Returns when it sent the logout, by `Date.now()`.
 */
async function assertPagesLoggedOut(t, engine, devices, cause) {
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
    OTHERS_END_IT.pageMs[engine.name],
  );
}

story("pages that only ever listened notice a logout at once", async (t, { engine, pages, user }) => {
  const userId = user();
  await mount(pages, userId);
  await assertPagesLoggedOut(t, engine, pages, () => sendFrom(pages[0], LOGOUT));
  const { presence, connectedDevices } = await stateOf(server, userId);
  assert.deepEqual([presence, connectedDevices], ["offline", 0]);
});

story("the only page, always silent, notices its own logout at once", async (t, { engine, pages, user }) => {
  const userId = user();
  await mount([pages[0]], userId);
  await assertPagesLoggedOut(t, engine, [pages[0]], () => sendFrom(pages[0], LOGOUT));
});

story("pages notice at once a logout that wakes the object", async (t, { engine, pages, user }) => {
  const userId = user();
  await mount(pages, userId);
  await sendFrom(pages[1], { type: "join_game", gameId: "chess" });
  await pages[2].waitFor("device.frames.length > 1");
  await server.hibernate(userId);
  await assertPagesLoggedOut(t, engine, pages, () => sendFrom(pages[0], LOGOUT));
  assert.deepEqual((await stateOf(server, userId)).activeGames, ["chess"]);
});

story("pages whose only frames were heartbeats notice a logout at once", async (t, { engine, pages, user }) => {
  const userId = user();
  await mount(pages, userId);
  for (const page of pages) {
    await sendFrom(page, { type: "ping" });
    await page.waitFor("device.frames.length > 1");
  }
  await assertPagesLoggedOut(t, engine, pages, () => sendFrom(pages[0], LOGOUT));
});

story("pages notice a logout by a device of another kind at once", async (t, { engine, pages, user }) => {
  const userId = user();
  await mount(pages, userId);
  const phone = await Device.connect(server, userId, "phone");
  await assertPagesLoggedOut(t, engine, pages, () => {
    phone.send(LOGOUT);
    return Date.now();
  });
  assertLoggedOut(await phone.closed());
});

story("a mute device holds up the logout of no page", async (t, { engine, pages, user }) => {
  const userId = user();
  const mute = await RawDevice.connect(server, userId);
  await mount(pages, userId);
  await assertPagesLoggedOut(t, engine, pages, () => sendFrom(pages[0], LOGOUT));
  mute.destroy();
});

story("a page that signs in right after a logout is served", async (_, { pages, user }) => {
  const userId = user();
  const [first, second, newcomer] = pages;
  await mount([first, second], userId);
  await sendFrom(first, LOGOUT);
  await mount([newcomer], userId);
  await sendFrom(newcomer, { type: "sync_state" });
  await newcomer.waitFor("device.frames.length > 1");
  const { frames, endings } = await deviceOf(newcomer);
  const types = frames.map((text) => JSON.parse(text).type);
  assert.deepEqual([types, endings], [["initial_state", "state"], []]);
  await Promise.all([first, second].map(closedDevice));
});

run();
