import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { start } from "../../scripts/lib/run.mjs";
import {
  askNow,
  at,
  count,
  demoStories,
  hears,
  problemsOf,
  push,
  settle,
  startDemo,
  status,
  toggle,
  told,
  visit,
} from "../support/demo.mjs";
import { eventually } from "../support/eventually.mjs";
import { freePort } from "../support/free-port.mjs";
import { PREFIX } from "../support/requests.mjs";
import { OPEN, ROOT, startServer } from "../support/server.mjs";

/** @import { Page } from "../support/browsers/page.mjs" */

const { story, run } = demoStories(() => server);

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startDemo();
});
after(() => server?.close());

/** Whoever sees none of it is told. @param {Page} page @param {string} text */
async function isReadOut(page, text) {
  await page.locator("#announcer").getByText(text).first().waitFor();
}

/** Has the page's requests fail as if the server were gone, until what it returns is called. @param {Page} page */
async function withoutServer(page) {
  await page.evaluate(() => {
    const real = globalThis.fetch;
    globalThis.fetch = () => Promise.reject(new TypeError("no server"));
    addEventListener("server-back", () => (globalThis.fetch = real), { once: true });
  });
  return () => page.evaluate(() => void dispatchEvent(new Event("server-back")));
}

/** A server that is gone is never said to be at work, and no push to it is lost. @param {Page} page */
async function assertFailuresAreTold(page) {
  const comesBack = await withoutServer(page);
  const card = page.locator("#object");
  const assertUnknown = async () => {
    assert.equal(await card.getAttribute("data-phase"), "unknown");
    assert.equal(await page.locator("#object .phase").textContent(), "does not answer");
  };
  await push(page, "your turn in go");
  await told(page, /^\S+ The push failed: no server$/);
  await isReadOut(page, "Server: The push failed: no server");
  assert.equal(await page.getByLabel("Push from your backend").evaluate((input) => input.value), "your turn in go");
  await page.getByRole("button", { name: "Ask for its counts" }).click();
  await isReadOut(page, "Server: The server could not be asked: no server");
  await card.filter({ hasText: "does not answer" }).waitFor();
  await toggle(page, "phone", "offline");
  await assertUnknown();
  await toggle(page, "phone", "offline");
  await status(page, "phone", "connected");
  await assertUnknown();
  await comesBack();
  await page.getByRole("button", { name: "Ask for its counts" }).click();
  await page.locator("#object[data-phase=awake]").waitFor();
}

story("an event costs no row, and asking is what it says: it wakes the object", async (t, demo) => {
  const { page } = await visit(t, demo);
  await settle(page);
  await at(page, "phone", ".event input").fill("hello");
  await at(page, "phone", ".event input").press("Enter");
  await told(page, /1 message passed on, no row written\./);
  await askNow(page);

  await assertFailuresAreTold(page);
  await page.getByRole("button", { name: "Push", exact: true }).evaluate((button) => {
    button.click();
    button.click();
  });
  await hears(page, "phone", "your backend: your turn in go");
  await told(page, /Pushed by your backend/);
  const hasFocus = await page.getByLabel("Push from your backend").evaluate((input) => input === document.activeElement);
  assert.equal(hasFocus, true, "an empty push asks for a text");
  await askNow(page);
  const pushes = page.locator(".log li").filter({ hasText: /Pushed by your backend/ });
  assert.equal(await pushes.count(), 1, "a double click pushes once");
});

story("after a restart of the server the devices are back, and the page says that it counts anew", async (t, demo) => {
  const { page, userId } = await visit(t, demo);
  await settle(page);
  await demo.server.restart(userId);
  await told(page, /counts anew: wake 1,/);
  for (const device of ["desktop", "phone", "tablet"]) await status(page, device, "connected");
  assert.equal(await count(page, "wakes"), 1);
});

// What a clone of the project sees that was started by wrangler alone.
story("where nobody is let in yet, the page says so and what to do", async (t, demo) => {
  const closed = await startServer(`${ROOT}tests/browser/demo.wrangler.jsonc`, {});
  t.after(() => closed.close());
  const profile = await demo.engine.newProfile(t);
  const page = await profile.newPage();
  await page.goto(closed.http);
  const trouble = page.getByRole("alert");
  await trouble.waitFor();
  const text = await trouble.innerText();
  assert.match(text, /The server answers 503: nobody is let in yet: set AUTH_MODE/);
  assert.match(text, /npm run dev/);
  assert.match(text, /npx wrangler dev --assets build\/demo --var AUTH_MODE:none/);
  assert.equal(await page.locator(".device").count(), 0);
  // The browser itself reports that answer, and nothing else is wrong.
  assert.deepEqual(problemsOf(profile, closed).filter((problem) => !/503/.test(problem)), []);
});

test("wrangler dev --assets build/demo serves the page, and leaves all other paths to the Worker", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "demo-"));
  const port = await freePort();
  const args = [
    ...["dev", "--ip=127.0.0.1", `--port=${port}`, "--inspector-port=0", `--persist-to=${folder}`],
    ...["--show-interactive-dev-session=false", "--assets=build/demo"],
    ...Object.entries(OPEN).map(([name, value]) => `--var=${name}:${value}`),
  ];
  const server = start("wrangler", args, { group: true, quiet: true });
  t.after(async () => {
    server.signal("SIGTERM");
    await server.ended;
    await rm(folder, { recursive: true, force: true });
  });
  let printed = "";
  for (const stream of [server.child.stdout, server.child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text) => (printed += text));
  }
  await eventually("wrangler to be ready", () => printed.includes("Ready on")).catch((error) => {
    throw new Error(`${error.message}\n${printed}`);
  });
  /** @param {string} path @param {RequestInit} [init] */
  const get = async (path, init) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: response.status, type: response.headers.get("Content-Type"), text: await response.text() };
  };
  const page = await get("/");
  assert.equal(page.status, 200);
  assert.match(page.text, /<h1>One user/);
  for (const path of ["/main.js", "/client/index.js"]) {
    const { status, type } = await get(path);
    assert.deepEqual([status, type], [200, "text/javascript; charset=utf-8"], path);
  }
  for (const path of ["/no/such/page", "/client", "/tsconfig.json"]) {
    const { status, text } = await get(path);
    assert.deepEqual([status, JSON.parse(text).error.code], [404, "not_found"], path);
  }
  assert.equal(JSON.parse((await get(`${PREFIX}/state?userId=u`)).text).userId, "u");
  const pushed = await get(`${PREFIX}?userId=u`, { method: "POST", body: '{"type":"news"}' });
  assert.deepEqual(JSON.parse(pushed.text), { delivered: 0 });
});

run();
