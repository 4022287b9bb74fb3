/**
 * In real browsers: credentials that end, and what a page says of why it is not connected.
 */
import assert from "node:assert/strict";
import { after, before } from "node:test";

import { serve } from "../../tests/support/auth.mjs";
import { inEachEngine } from "../../tests/support/browsers/engines.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { startServer } from "../../tests/support/server.mjs";
import { NEW_18, NEW_19, inApp, mount, startSites, storyOf, untilApp } from "./support/site.mjs";

/** @import { Page, Profile } from "../../tests/support/browsers/page.mjs" */
/** @import { Server } from "../../tests/support/server.mjs" */
/** @import { Site } from "./support/site.mjs" */

/** A credential by which two pages connect is good for so many times as long as one page takes to. */
const LIFE = 6;

/** @type {Awaited<ReturnType<typeof serve>>} */
let signIn;
/** How long each credential is good when it is checked, by its text, a user and a name. @type {Map<string, number>} */
const lives = new Map();
/** When the latest of those of a user that were checked ends. @type {Map<string, number>} */
const ends = new Map();
/** @type {Server} */
let server;
/** @type {Awaited<ReturnType<typeof startSites>>} */
let sites;
before(async () => {
  sites = await startSites();
  signIn = await serve((request, response) => {
    const cookie = /session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    const credential = request.headers.authorization?.replace("Bearer ", "") ?? cookie ?? "";
    const life = lives.get(credential);
    const end = Date.now() + (life ?? 0);
    const [userId] = credential.split(".");
    if (life && userId && credential.endsWith(".old")) ends.set(userId, end);
    const times = { createdAt: new Date(0).toISOString(), expiresAt: new Date(end).toISOString() };
    response.end(JSON.stringify(life ? { user: { id: userId }, session: { id: credential, ...times } } : null));
  });
  const limits = { FRAMES_PER_SECOND: "0", CONNECTS_PER_MINUTE: "0", ALLOWED_ORIGINS: sites.origins };
  server = await startServer(undefined, { AUTH_MODE: "session", AUTH_SESSION_URL: `${signIn.url}/session`, ...limits });
});
after(async () => {
  sites?.close();
  await server?.close();
  signIn?.close();
});

const stories = inEachEngine({
  setUp: async (engine) => sites.stage(engine, server.http),
});
const { story, storyThatNeeds, run } = stories;

/** From now on a credential is good. @param {string} credential */
const begin = (credential) => void lives.set(credential, 3_600_000);

/**
 * How long a page takes to connect on this machine, now. The first of all also waits for the browser, and is not counted.
 * @param {Profile} device
 * @param {Site} site
 * @param {string} userId
 */
async function connectMs(device, site, userId) {
  begin(`${userId}.now`);
  await site.setCookie(device, `${userId}.now`);
  let start = 0;
  for (let times = 0; times < 2; times++) {
    start = performance.now();
    const page = await site.visit(device, NEW_19, { userId });
    await untilApp(page, "session.connectionStatus === 'connected'");
    await page.close();
  }
  return performance.now() - start;
}

/** @param {Page} page */
const problemOf = (page) => inApp(page, "session.problem");

for (const shareTabs of [false, true]) {
  story(`a page whose cookie was renewed in time stays signed in${shareTabs ? ", and all that share its socket" : ""}`, async (t, { engine, site, user }) => {
    const userId = user(`cookie-${shareTabs}`);
    const device = await engine.newProfile(t);
    lives.set(`${userId}.old`, LIFE * (await connectMs(device, site, user(`connects-${shareTabs}`))));
    await site.setCookie(device, `${userId}.old`);
    const pages = [];
    for (let at = 0; at < 2; at++) {
      const page = await site.visit(device, NEW_19, { userId, shareTabs });
      await untilApp(page, "session.connectionStatus === 'connected'");
      pages.push(page);
    }
    const [first, second] = pages;
    assert.ok(first && second);
    begin(`${userId}.new`);
    await site.setCookie(device, `${userId}.new`);
    lives.delete(`${userId}.old`);
    await eventually("the end of what was checked", () => Date.now() > (ends.get(userId) ?? 0));
    await inApp(second, "session.joinGame('go')");
    for (const page of pages) {
      await untilApp(page, "session.connectionStatus === 'connected' && session.state.activeGames.length === 1");
      await untilApp(page, "session.pendingRequests === 0 && app.callsOf('joined').length > 0");
      assert.deepEqual(await inApp(page, "[session.problem, session.error]"), [null, null]);
      assert.equal(await inApp(page, "app.callsOf('joined').length"), 1);
    }
    const closes = await Promise.all(pages.map((page) => inApp(page, "session.getMetrics().lastClose?.code")));
    assert.ok(closes.includes(4401));
  });
}

for (const kind of [NEW_18, NEW_19]) {
  const tell = storyOf(stories, kind);
  tell(`React ${kind.react}: a new token prop brings back a page that was not let in, and the same one does not`, async (t, { engine, site, user }) => {
    const userId = user(`prop-${kind.react}`);
    const page = await site.visit(await engine.newProfile(t), kind, { userId, token: `${userId}.old` });
    await untilApp(page, "session.connectionStatus === 'unauthorized'");
    assert.deepEqual(await inApp(page, "[session.problem.code, session.problem.retryable]"), ["unauthorized", false]);
    assert.deepEqual([site.shown(userId).length, site.opened(userId)], [1, 0], "after one attempt");
    await page.evaluate("app.rerender()");
    begin(`${userId}.new`);
    await mount(page, { userId, token: `${userId}.new` });
    await untilApp(page, "session.connectionStatus === 'connected' && session.problem === null");
    assert.deepEqual([site.shown(userId).length, site.opened(userId)], [2, 1]);
  });
}

story("a function that is written inline and is another at each render is not asked at each render", async (t, { engine, site, user }) => {
  const userId = user("inline");
  const page = await (await engine.newProfile(t)).newPage();
  await page.goto(`${site.origin}/${NEW_19.name}`);
  const token = `() => (app.asked++, "${userId}.old")`;
  await page.evaluate(`(app.asked = 0, app.mountAgain = () => app.mount({ userId: "${userId}", token: ${token} }), app.mountAgain())`);
  await untilApp(page, "session.connectionStatus === 'unauthorized'");
  const asked = await inApp(page, "app.asked");
  for (let renders = 0; renders < 20; renders++) await page.evaluate("app.mountAgain()");
  assert.deepEqual([await inApp(page, "app.asked"), asked, site.shown(userId).length], [2, 2, 1]);
});

/**
 * `SOCKET` stands for the socket's address. A policy that has `ws:` alone, or its host, lets pages ask by http, too.
 * @type {[what: string, policy: string, how: "header" | "meta", token?: string][]}
 */
const POLICIES = [
  ["socket", "connect-src 'none'", "header"],
  ["socket", "default-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src https:", "meta"],
  ["ticket", "connect-src SOCKET", "header", "policy.a"],
];

for (const [what, template, how, token] of POLICIES) {
  story(`a page whose policy (${how}) forbids the ${what} says so at once`, async (t, { engine, site, user }) => {
    const device = await engine.newProfile(t);
    const policy = template.replace("SOCKET", `${site.origin.replace("http", "ws")}/__user-session`);
    const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
    /** @type {Record<string, string>} */
    const query = how === "meta" ? { meta } : { policy };
    const userId = user(`policy-${what}-${how}`);
    const page = await site.visit(device, NEW_19, { userId, token }, query);
    await untilApp(page, "session.problem?.code === 'policy'");
    assert.equal(await inApp(page, "session.problem.retryable"), false);
    assert.match((await problemOf(page)).message, /connect-src/);
    assert.deepEqual(await inApp(page, "[session.error, session.getMetrics().timeouts]"), [(await problemOf(page)).message, 0]);
    const reached = what === "ticket" ? site.shown(userId).length : site.opened(userId);
    assert.equal(reached, 0, "the server is not asked");
  });
}

story("a page that asks at a wrong address is told so, also where a page is what answers", async (t, { engine, site, user }) => {
  const page = await site.visit(await engine.newProfile(t), NEW_19, { userId: user("address"), url: "/nothing/here/" });
  await untilApp(page, "session.problem?.code === 'wrong_address'");
  assert.match((await problemOf(page)).message, /\/nothing\/here\/state/);
});

story("a page at whose address nobody is says what that can be", async (t, { engine, site, user }) => {
  const page = await site.visit(await engine.newProfile(t), NEW_19, { userId: user("nobody"), url: "http://127.0.0.1:9" });
  await untilApp(page, "session.problem?.code === 'unreachable'");
});

storyThatNeeds("a page at whose address nobody is says that the device is offline if it is", ["onLine"], async (t, { engine, site, user }) => {
  const device = await engine.newProfile(t, { goesOffline: true });
  const page = await site.visit(device, NEW_19, { userId: user("offline"), url: "http://127.0.0.1:9" });
  await untilApp(page, "session.problem?.code === 'unreachable'");
  await device.setOffline(true);
  await inApp(page, "session.reconnect()");
  await untilApp(page, "session.problem?.code === 'offline'");
});

story("a page with a slash behind its address, or an origin alone, connects", async (t, { engine, site, user }) => {
  const device = await engine.newProfile(t);
  const userId = user("slash");
  begin(`${userId}.a`);
  await site.setCookie(device, `${userId}.a`);
  for (const url of [`${site.origin}/`, "/__user-session/", site.origin.replace("http", "ws")]) {
    const page = await site.visit(device, NEW_19, { userId, url });
    await untilApp(page, "session.connectionStatus === 'connected'");
    await page.close();
  }
});

story("a page of an origin that is not listed learns which check refused it", async (t, { engine, site, user }) => {
  const device = await engine.newProfile(t);
  const userId = user("origin");
  begin(`${userId}.a`);
  const page = await device.newPage();
  await page.goto(`${site.origin.replace("127.0.0.1", "localhost")}/${NEW_19.name}`);
  await mount(page, { userId, url: site.origin, token: `${userId}.a` });
  await untilApp(page, "session.connectionStatus === 'forbidden'");
  await eventually("the reason", async () => (await problemOf(page))?.code === "forbidden");
});

run();
