/**
 * A phone's browser at the gate, on an origin that is no secure context: http: and an address of the network, without
 * Web Locks, service workers and `crypto.randomUUID`.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Gate, USER } from "../../scripts/lib/lan/gate.mjs";
import { launchChromium, openWindow } from "../support/browsers/chromium.mjs";
import { PHONE, at as elementAt, game as buttonOf, showsGames as shows, startDemo, status as hasStatus } from "../support/demo.mjs";
import { freePort } from "../support/free-port.mjs";

/** @import { Browser, Locator, Page } from "playwright-core" */
/** @import { Server } from "../support/server.mjs" */

/** The address that the browser asks, and that leads it to 127.0.0.1. */
const LAN = "192.168.178.20";

/** @type {Server} */
let server;
/** The phones' browser. @type {Browser} */
let browser;
/** @type {Gate} */
let gate;
let entries = 0;
before(async () => {
  server = await startDemo();
  browser = await launchChromium([`--host-resolver-rules=MAP ${LAN} 127.0.0.1`]);
  const port = await freePort();
  const told = { entered: () => void (entries += 1), unheard: assert.fail };
  gate = new Gate([LAN], port, Number(new URL(server.http).port), told);
  await gate.listen("127.0.0.1", port);
});
after(async () => {
  gate?.close();
  await browser?.close();
  await server?.close();
});

// The demo's helpers ask of a page no more than Playwright's has.
/** @param {unknown} page */
const asPage = (page) => /** @type {any} */ (page);
const asLocator = (/** @type {unknown} */ found) => /** @type {Locator} */ (found);
/** @type {(page: Page, device: string, selector: string) => Locator} */
const at = (page, device, selector) => asLocator(elementAt(asPage(page), device, selector));
/** @type {(page: Page, device: string, name: string) => Locator} */
const game = (page, device, name) => asLocator(buttonOf(asPage(page), device, name));
/** @param {Page} page @param {string} device @param {string[]} names */
const showsGames = (page, device, names) => shows(asPage(page), device, names);
/** @param {Page} page @param {string} device @param {string} name */
const status = (page, device, name) => hasStatus(asPage(page), device, name);

/** @param {import("node:test").TestContext} t */
async function phone(t) {
  const page = await openWindow(browser, { viewport: PHONE, isMobile: true, hasTouch: true, reducedMotion: "reduce" });
  const context = page.context();
  t.after(() => context.close());
  return { context, page };
}

/**
 * What the pages of a phone complain about, and their requests to anybody but a host.
 * @param {import("playwright-core").BrowserContext} context
 * @param {string} host
 */
function watched(context, host) {
  /** @type {string[]} */
  const problems = [];
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  context.on("weberror", (error) => problems.push(String(error.error())));
  context.on("request", (request) => {
    if (new URL(request.url()).host !== host) problems.push(`request to ${request.url()}`);
  });
  return problems;
}

/** @param {Page} page */
const door = (page) => page.getByRole("button", { name: "Open the demo in this browser" });

test("a phone scans the code, presses the button, and is in sync with the desktop's page", async (t) => {
  const desktop = await openWindow(browser);
  await desktop.goto(`${server.http}/?userId=${USER}`);
  await status(desktop, "desktop", "connected");

  const { context, page } = await phone(t);
  const [url] = gate.urls;
  const secret = new URL(url).hash.slice(1);
  /** @type {string[]} */
  const seen = [];
  context.on("request", (request) => seen.push(request.url(), ...Object.values(request.headers())));
  await page.goto(url);
  assert.equal(await page.evaluate("[isSecureContext, 'locks' in navigator, 'randomUUID' in crypto].join()"), "false,false,false");
  assert.equal(page.url(), `${new URL(url).origin}/`, "the address still has the secret");
  const problems = watched(context, new URL(url).host);
  await door(page).tap();
  await page.locator('.single [data-status="connected"]').waitFor();
  assert.equal(new URL(page.url()).search, `?userId=${USER}&device=phone-1`);
  assert.equal(await page.getByRole("heading", { name: "Phone 1" }).count(), 1);
  assert.deepEqual(seen.filter((text) => text.includes(secret)), [], "the secret was in an address or a header");
  assert.equal(await page.evaluate("document.cookie"), "");

  await game(page, "phone-1", "chess").tap();
  await showsGames(desktop, "desktop", ["chess"]);
  await game(desktop, "desktop", "go").click();
  await showsGames(page, "phone-1", ["chess", "go"]);
  await page.reload();
  await showsGames(page, "phone-1", ["chess", "go"]);
  assert.deepEqual(problems, []);
});

test("a preview of the link that runs scripts uses nothing up, and who comes too late is told of a new code", async (t) => {
  const { page: preview } = await phone(t);
  const [url] = gate.urls;
  const before = entries;
  await preview.goto(url);
  await door(preview).waitFor();
  assert.equal(entries, before);
  const { page: late } = await phone(t);
  await late.goto(url);
  await door(late).waitFor();
  const { page: first } = await phone(t);
  await first.goto(url);
  await door(first).tap();
  await first.locator('.single [data-status="connected"]').waitFor();
  await door(late).tap();
  await late.getByRole("heading", { name: "This code is used up" }).waitFor();
  // It scans the new code in the same tab.
  await late.goto(gate.urls[0]);
  await door(late).tap();
  await late.locator('.single [data-status="connected"]').waitFor();
});

test("without a code the page says what to scan, and has no button", async (t) => {
  const { page } = await phone(t);
  const answer = await page.goto(new URL(gate.urls[0]).origin);
  assert.equal(answer?.status(), 403);
  await page.getByRole("heading", { name: "Scan the code" }).waitFor();
  assert.equal(await door(page).count(), 0);
  // A code that is scanned while the page is open changes nothing of its address but what stands behind "#".
  await page.evaluate(`location.hash = "made-up"`);
  await door(page).tap();
  await page.getByRole("heading", { name: "This code is used up" }).waitFor();
  assert.equal(await at(page, "phone-1", "h2").count(), 0);
});
