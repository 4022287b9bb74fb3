/**
 * Tabs that share a socket in real browsers: one that stops or goes is replaced, who comes back is brought what was missed, a
 * logout reaches all, and a browser that refuses what sharing needs shares nothing.
 */
import assert from "node:assert/strict";
import { after, before } from "node:test";

import { inEachEngine } from "../../tests/support/browsers/engines.mjs";
import { Device } from "../../tests/support/device.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { OPEN, startServer } from "../../tests/support/server.mjs";
import { newClient } from "./support/clients.mjs";
import { halt, processOf } from "./support/halting.mjs";
import { NEW_19, inApp, mount, startSites, untilApp } from "./support/site.mjs";

/** @import { Page, Profile } from "../../tests/support/browsers/page.mjs" */
/** @import { Server } from "../../tests/support/server.mjs" */
/** @import { Site } from "./support/site.mjs" */

/** @type {Server} */
let server;
/** @type {Awaited<ReturnType<typeof startSites>>} */
let sites;
before(async () => {
  sites = await startSites();
  server = await startServer(undefined, { ...OPEN, ALLOWED_ORIGINS: sites.origins });
});
after(async () => {
  sites?.close();
  await server?.close();
});

/** @param {import("../../tests/support/browsers/engines.mjs").Engine} engine */
async function setUp(engine) {
  return sites.stage(engine, server.http);
}

const real = inEachEngine({ setUp, options: { hasRealTabs: true } });

/**
 * Tabs of a device, the first of which leads.
 * @param {Profile} device
 * @param {Site} site
 * @param {string} userId
 * @param {number} count
 */
async function open(device, site, userId, count) {
  /** @type {Page[]} */
  const tabs = [];
  for (let at = 0; at < count; at++) {
    const tab = await site.visit(device, NEW_19, { userId });
    await untilApp(tab, "session.state && session.isConnected");
    tabs.push(tab);
  }
  return tabs;
}

/** Somebody else of the user's, whom nothing happens to. @param {string} userId */
const phoneOf = (userId) => Device.connect(server, userId, "phone");

/** @param {Page} tab @param {number} data */
const hears = (tab, data) => untilApp(tab, `app.events.some(([, heard]) => heard === ${data})`);

/** @param {Device} phone @param {number} data */
const publish = (phone, data) => phone.send({ type: "broadcast", event: "move", data });

real.story("a tab that leads and is stopped is replaced by one that somebody looks at, which misses nothing", async (t, { engine, site, user }) => {
  const userId = user("stopped");
  const device = await engine.newProfile(t);
  const [leader, ...others] = await open(device, site, userId, 3);
  const phone = await phoneOf(userId);
  await eventually("the tabs to share", () => site.open(userId) === 1);
  const pid = await processOf(engine.name, leader);
  /** @type {Page | undefined} */
  let seen;
  for (const other of others) if ((await processOf(engine.name, other)) !== pid) seen ??= other;
  assert.ok(seen, "all pages are in one process, which can't be stopped for one of them");
  const goOn = halt(t, pid);
  publish(phone, 1);
  const since = performance.now();
  await hears(seen, 1);
  t.diagnostic(`taken over after ${(performance.now() - since).toFixed(0)} ms`);
  publish(phone, 2);
  await hears(seen, 2);
  goOn();
  await hears(leader, 2);
  assert.deepEqual(await inApp(leader, "app.events.map(([, data]) => data)"), [1, 2]);
  phone.send({ type: "logout_all" });
  for (const tab of [leader, seen]) await untilApp(tab, "app.callsOf('loggedOut').length === 1");
});

real.storyThatNeeds("a tab that leads and is frozen gives the socket away before", ["freeze"], async (t, { engine, site, user }) => {
  const userId = user("frozen");
  const device = await engine.newProfile(t);
  const [leader, seen] = await open(device, site, userId, 2);
  const phone = await phoneOf(userId);
  await leader.hide();
  await leader.freeze();
  await seen.show();
  publish(phone, 1);
  await hears(seen, 1);
  await eventually("its socket to be closed", () => site.open(userId) === 1);
  phone.send({ type: "logout_all" });
  await untilApp(seen, "app.callsOf('loggedOut').length === 1");
  await leader.thaw();
  await untilApp(leader, "app.callsOf('loggedOut').length === 1");
});

real.story("a page that comes out of the back/forward cache is brought what it has missed, led or not", async (t, { engine, site, user }) => {
  for (const leads of [true, false]) {
    const userId = user(`cache-${leads}`);
    const device = await engine.newProfile(t);
    const [first, second] = await open(device, site, userId, 2);
    const [away, stays] = leads ? [first, second] : [second, first];
    const phone = await phoneOf(userId);
    publish(phone, 1);
    await hears(away, 1);
    await away.goto("about:blank");
    publish(phone, 2);
    await hears(stays, 2);
    await away.back();
    const isKept = await away.evaluate("Boolean(globalThis.app?.events.length)");
    t.diagnostic(`${leads ? "the tab that led" : "another tab"} was ${isKept ? "kept" : "loaded anew"}`);
    if (!isKept) {
      await away.waitFor("globalThis.app?.mount");
      await mount(away, { userId });
      await untilApp(away, "session.isConnected");
    }
    publish(phone, 3);
    await hears(away, 3);
    assert.deepEqual(await inApp(away, "app.events.map(([, data]) => data)"), isKept ? [1, 2, 3] : [3]);
    assert.equal(await inApp(away, "app.callsOf('reset').length"), 0);
    if (isKept) {
      await away.goto("about:blank");
      phone.send({ type: "logout_all" });
      await untilApp(stays, "app.callsOf('loggedOut').length === 1");
      await away.back();
      await untilApp(away, "app.callsOf('loggedOut').length === 1");
      assert.equal(await inApp(away, "session.connectionStatus"), "logged_out");
    }
  }
});

real.story("a logout is told in all tabs in the time that it is in one", async (t, { engine, site, user }) => {
  const userId = user("logout");
  const tabs = await open(await engine.newProfile(t), site, userId, 3);
  const phone = await phoneOf(userId);
  const at = Date.now();
  phone.send({ type: "logout_all" });
  const times = [];
  for (const tab of tabs) {
    await untilApp(tab, "app.callsOf('loggedOut').length === 1");
    times.push((await inApp(tab, "app.callsOf('loggedOut')[0].at(-1)")) - at);
  }
  t.diagnostic(`told after ${times.join(", ")} ms`);
  await eventually("their end", () => site.open(userId) === 0);
});

real.story("what tabs and another device add to a value at once is all in it, also when the tab that leads goes, and a logout leaves nothing", async (t, { engine, site, user }) => {
  const userId = user("values");
  const device = await engine.newProfile(t);
  const [leader, ...others] = await open(device, site, userId, 3);
  await eventually("the tabs to share", () => site.open(userId) === 1);
  /** @param {Page} tab @param {number} times */
  const add = (tab, times) =>
    inApp(tab, `app.client({ userId: ${JSON.stringify(userId)} }).then((client) => {
      for (let left = ${times}; left > 0; left--) void client.values.set("n", (now) => now + 1, { fallback: 0 });
    })`);
  for (const tab of [leader, ...others]) await add(tab, 3);
  const phone = newClient(t, server, userId, "phone").client;
  phone.connect();
  const outcomes = Array.from({ length: 3 }, () => phone.values.set("n", (now) => Number(now) + 1, { fallback: 0 }));
  for (const tab of others) await add(tab, 2);
  await untilApp(leader, "session.pendingRequests === 0");
  await leader.close();
  for (const tab of others) await add(tab, 2);
  for (const { ok } of await Promise.all(outcomes)) assert.ok(ok);
  for (const tab of others) await untilApp(tab, "session.pendingRequests === 0 && session.values.n?.value === 20");
  await eventually("the same on the phone", () => phone.values.get("n").value === 20);
  await phone.logoutAllDevices();
  for (const tab of others) {
    await untilApp(tab, "app.callsOf('loggedOut').length === 1");
    assert.deepEqual(await inApp(tab, "[session.state, Object.keys(session.values), Object.keys(localStorage).filter((key) => key.includes('values'))]"), [null, [], []]);
  }
});

real.run();

const blocked = inEachEngine({ setUp, options: { blocksStorage: true } });

blocked.story("where all cookies are blocked tabs connect, ask and hear, and nothing breaks", async (t, { engine, site, user }) => {
  const userId = user("blocked");
  const device = await engine.newProfile(t);
  const tabs = await open(device, site, userId, 2);
  t.diagnostic(`${site.opened(userId)} sockets of two tabs`);
  await inApp(tabs[0], "session.joinGame('go')");
  for (const tab of tabs) await untilApp(tab, "app.callsOf('joined').length === 1 && session.pendingRequests === 0");
  await inApp(tabs[1], "session.logoutAllDevices()");
  for (const tab of tabs) await untilApp(tab, "app.callsOf('loggedOut').length === 1");
  assert.deepEqual(device.errors, []);
});

blocked.run();
