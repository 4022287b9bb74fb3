/**
 * In the real Chromium: credentials that end, and what a page says of why it is not connected.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { serve } from "../../tests/support/auth.mjs";
import { startChromium } from "../../tests/support/chromium.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { startServer } from "../../tests/support/server.mjs";
import { NEW_18, NEW_19, inApp, startSite, untilApp } from "./support/site.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Browser, BrowserContext, Page } from "playwright-core" */
/** @import { Server } from "../../tests/support/server.mjs" */
/** @import { Site } from "./support/site.mjs" */

/** A credential by which two pages connect is good for so many times as long as one page takes to. */
const LIFE = 6;

/** @type {Awaited<ReturnType<typeof serve>>} */
let signIn;
/** How long each credential is good when it is checked, by its text, a user and a name. @type {Map<string, number>} */
const lives = new Map();
/** When the latest of the old ones that were checked ends. */
let latestEnd = 0;
/** @type {Server} */
let server;
/** @type {Browser} */
let browser;
/** @type {Site} */
let site;
before(async () => {
  site = await startSite();
  signIn = await serve((request, response) => {
    const cookie = /session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    const credential = request.headers.authorization?.replace("Bearer ", "") ?? cookie ?? "";
    const life = lives.get(credential);
    const end = Date.now() + (life ?? 0);
    if (life && credential.endsWith(".old")) latestEnd = end;
    const times = { createdAt: new Date(0).toISOString(), expiresAt: new Date(end).toISOString() };
    const known = { user: { id: credential.split(".")[0] }, session: { id: credential, ...times } };
    response.end(JSON.stringify(life ? known : null));
  });
  const limits = { FRAMES_PER_SECOND: "0", CONNECTS_PER_MINUTE: "0", ALLOWED_ORIGINS: site.origin };
  const vars = { AUTH_MODE: "session", AUTH_SESSION_URL: `${signIn.url}/session`, ...limits };
  [server, browser] = await Promise.all([startServer(undefined, vars), startChromium()]);
  site.serve(server.http);
});
after(async () => {
  site?.close();
  await browser?.close();
  await server?.close();
  signIn?.close();
});

/** @param {TestContext} t @returns {Promise<BrowserContext>} */
async function newDevice(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  return context;
}

/** @param {BrowserContext} device @param {string} value */
const setCookie = (device, value) => device.addCookies([{ name: "session", value, url: site.origin }]);

/** From now on a credential is good. @param {string} credential */
const begin = (credential) => void lives.set(credential, 3_600_000);

/** How long a page takes to connect on this machine, now. @param {BrowserContext} device */
async function connectMs(device) {
  begin("connects.now");
  await setCookie(device, "connects.now");
  const start = performance.now();
  const page = await site.visit(device, NEW_19, { userId: "connects" });
  await untilApp(page, "session.connectionStatus === 'connected'");
  await page.close();
  return performance.now() - start;
}

/** @param {Page} page */
const problemOf = (page) => inApp(page, "session.problem");

for (const shareTabs of [false, true]) {
  test(`a page whose cookie was renewed in time stays signed in${shareTabs ? ", and all that share its socket" : ""}`, async (t) => {
    const userId = `cookie-${shareTabs}`;
    const device = await newDevice(t);
    lives.set(`${userId}.old`, LIFE * (await connectMs(device)));
    await setCookie(device, `${userId}.old`);
    const pages = [];
    for (let at = 0; at < 2; at++) {
      const page = await site.visit(device, NEW_19, { userId, shareTabs });
      await untilApp(page, "session.connectionStatus === 'connected'");
      pages.push(page);
    }
    const [first, second] = pages;
    assert.ok(first && second);
    begin(`${userId}.new`);
    lives.delete(`${userId}.old`);
    await setCookie(device, `${userId}.new`);
    await eventually("the end of what was checked", () => Date.now() > latestEnd);
    await inApp(second, "session.joinGame('go')");
    for (const page of pages) {
      await untilApp(page, "session.connectionStatus === 'connected' && session.state.activeGames.length === 1");
      await untilApp(page, "session.pendingRequests === 0");
      assert.deepEqual(await inApp(page, "[session.problem, session.error]"), [null, null]);
      assert.equal(await inApp(page, "app.callsOf('joined').length"), 1);
    }
    const closes = await Promise.all(pages.map((page) => inApp(page, "session.getMetrics().lastClose?.code")));
    assert.ok(closes.includes(4401));
  });
}

for (const kind of [NEW_18, NEW_19]) {
  test(`React ${kind.react}: a new token prop brings back a page that was not let in, and the same one does not`, async (t) => {
    const userId = `prop-${kind.react}`;
    const page = await site.visit(await newDevice(t), kind, { userId, token: `${userId}.old` });
    await untilApp(page, "session.connectionStatus === 'unauthorized'");
    assert.deepEqual(await inApp(page, "[session.problem.code, session.problem.retryable]"), ["unauthorized", false]);
    assert.deepEqual([site.shown(userId).length, site.opened(userId)], [1, 0], "after one attempt");
    await page.evaluate("app.rerender()");
    begin(`${userId}.new`);
    await page.evaluate((given) => /** @type {any} */ (globalThis).app.mount(given), { userId, token: `${userId}.new` });
    await untilApp(page, "session.connectionStatus === 'connected' && session.problem === null");
    assert.deepEqual([site.shown(userId).length, site.opened(userId)], [2, 1]);
  });
}

test("a function that is written inline and is another at each render is not asked at each render", async (t) => {
  const userId = "inline";
  const page = await (await newDevice(t)).newPage();
  await page.goto(`${site.origin}/${NEW_19.name}`);
  const mount = `app.asked = 0; app.mountAgain = () => app.mount({ userId: "${userId}", token: () => (app.asked++, "${userId}.old") })`;
  await page.evaluate(`{ ${mount}; app.mountAgain(); }`);
  await untilApp(page, "session.connectionStatus === 'unauthorized'");
  const asked = await inApp(page, "app.asked");
  for (let renders = 0; renders < 20; renders++) await page.evaluate("app.mountAgain()");
  assert.deepEqual([await inApp(page, "app.asked"), asked, site.shown(userId).length], [2, 2, 1]);
});

/** @type {[what: string, policy: string, how: "header" | "meta", token?: string][]} */
const POLICIES = [
  ["socket", "connect-src 'none'", "header"],
  ["socket", "default-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src https:", "meta"],
  ["ticket", "connect-src ws:", "header", "policy.a"],
];

for (const [what, policy, how, token] of POLICIES) {
  test(`a page whose policy (${how}) forbids the ${what} says so at once`, async (t) => {
    const device = await newDevice(t);
    const script = `<div id="root"></div><script type="module" src="/${NEW_19.name}.js"></script>`;
    const meta = how === "meta" ? `<meta http-equiv="Content-Security-Policy" content="${policy}">` : "";
    await device.route(`${site.origin}/${NEW_19.name}`, (route) =>
      route.fulfill({
        contentType: "text/html",
        headers: how === "header" ? { "Content-Security-Policy": policy } : {},
        body: `<!doctype html>${meta}${script}`,
      }),
    );
    const userId = `policy-${what}-${how}`;
    const page = await site.visit(device, NEW_19, { userId, token });
    await untilApp(page, "session.problem?.code === 'policy'");
    assert.equal(await inApp(page, "session.problem.retryable"), false);
    assert.match((await problemOf(page)).message, /connect-src/);
    assert.deepEqual(await inApp(page, "[session.error, session.getMetrics().timeouts]"), [(await problemOf(page)).message, 0]);
    assert.equal(site.opened(userId), 0);
  });
}

test("a page that asks at a wrong address is told so, also where a page is what answers", async (t) => {
  const page = await site.visit(await newDevice(t), NEW_19, { userId: "address", url: "/nothing/here/" });
  await untilApp(page, "session.problem?.code === 'wrong_address'");
  assert.match((await problemOf(page)).message, /\/nothing\/here\/state/);
});

test("a page at whose address nobody is says what that can be, and that the device is offline if it is", async (t) => {
  const device = await newDevice(t);
  const page = await site.visit(device, NEW_19, { userId: "nobody", url: "http://127.0.0.1:9" });
  await untilApp(page, "session.problem?.code === 'unreachable'");
  await device.setOffline(true);
  await inApp(page, "session.reconnect()");
  await untilApp(page, "session.problem?.code === 'offline'");
});

test("a page with a slash behind its address, or an origin alone, connects", async (t) => {
  const device = await newDevice(t);
  begin("slash.a");
  await setCookie(device, "slash.a");
  for (const url of [`${site.origin}/`, "/__user-session/", site.origin.replace("http", "ws")]) {
    const page = await site.visit(device, NEW_19, { userId: "slash", url });
    await untilApp(page, "session.connectionStatus === 'connected'");
    await page.close();
  }
});

test("a page of an origin that is not listed learns which check refused it", async (t) => {
  const device = await newDevice(t);
  begin("origin.a");
  const page = await device.newPage();
  await page.goto(`${site.origin.replace("127.0.0.1", "localhost")}/${NEW_19.name}`);
  await page.evaluate((given) => /** @type {any} */ (globalThis).app.mount(given), { userId: "origin", url: site.origin, token: "origin.a" });
  await untilApp(page, "session.connectionStatus === 'forbidden'");
  await eventually("the reason", async () => (await problemOf(page))?.code === "forbidden");
});
