/** The client in each kind of worker that a browser has, where there is no page, against the real Worker. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { launchChromium, openWindow } from "../../tests/support/browsers/chromium.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { startSurroundings } from "./runtimes/surroundings.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Browser, Page } from "playwright-core" */

/** @type {Awaited<ReturnType<typeof startSurroundings>>} */
let around;
/** @type {Browser} */
let browser;
before(async () => {
  const names = ["worker", "worker-owner"];
  const { outputFiles } = await build({
    entryPoints: names.map((name) => fileURLToPath(new URL(`pages/${name}.js`, import.meta.url))),
    bundle: true,
    format: "esm",
    write: false,
    outdir: "/",
  });
  const files = new Map(outputFiles.map(({ path, text }) => [path, { type: "text/javascript", text }]));
  files.set("/", { type: "text/html", text: '<!doctype html><script type="module" src="/worker-owner.js"></script>' });
  [around, browser] = await Promise.all([startSurroundings((path) => files.get(path)), launchChromium()]);
});
after(async () => {
  await browser?.close();
  await around?.close();
});

/** @param {TestContext} t */
async function newPage(t) {
  const page = await openWindow(browser);
  t.after(() => page.context().close());
  await page.goto(around.origin);
  await page.waitForFunction("globalThis.askWorker");
  return page;
}

/**
 * Starts a worker with a client and waits until that is connected.
 * @param {Page} page
 * @param {string} kind
 * @param {string} userId
 * @param {string} deviceId
 */
async function startWorker(page, kind, userId, deviceId) {
  const name = `${kind} ${deviceId}`;
  const address = `/worker.js?${new URLSearchParams({ userId, deviceId })}`;
  await page.evaluate((given) => /** @type {any} */ (globalThis).startWorker(...given), [kind, name, address]);
  /** @param {string} action @param {unknown} [data] @returns {Promise<any>} */
  const ask = (action, data) => page.evaluate((given) => /** @type {any} */ (globalThis).askWorker(...given), [name, action, data]);
  await eventually(`${name} to be connected`, async () => (await ask("state")).status === "connected");
  return ask;
}

for (const kind of ["dedicated", "shared", "service"]) {
  test(`a ${kind} worker connects, hears, publishes and logs out, without a page to share a socket with`, async (t) => {
    const user = `kind ${kind}`;
    const page = await newPage(t);
    const ask = await startWorker(page, kind, user, "one");
    const other = await startWorker(page, "dedicated", user, "one");
    assert.equal((await ask("state")).hasPage, false);
    // A worker leaves the socket to the pages: each that asks for one has its own.
    assert.equal(around.open(user), 2);
    assert.equal((await other("publish", 1)).ok, true);
    assert.equal((await ask("publish", 2)).ok, true);
    await eventually("both to hear both", async () =>
      [await ask("state"), await other("state")].every(({ heard }) => String(heard) === "1,2"));
    assert.equal((await ask("logout")).ok, true);
    await eventually("both to be logged out", async () =>
      [await ask("state"), await other("state")].every(({ status }) => status === "logged_out"));
  });
}

test("a service worker that the browser ends leaves no socket, and the next message starts it again as the same device", async (t) => {
  const user = "ended";
  const page = await newPage(t);
  const ask = await startWorker(page, "service", user, "one");
  assert.equal((await ask("publish", 1)).ok, true);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("ServiceWorker.enable");
  await devtools.send("ServiceWorker.stopAllWorkers");
  await eventually("its socket to be gone", () => around.open(user) === 0);
  const { heard } = await ask("state");
  assert.deepEqual(heard, []);
  await eventually("it to be back", async () => (await ask("state")).status === "connected");
  assert.equal((await ask("publish", 2)).ok, true);
  assert.equal(around.open(user), 1);
});
