/** What tests/support/browsers promises the stories, in each engine: else a story would pass by what it did not do. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { serve } from "../support/auth.mjs";
import { ENGINES, Engine, inEachEngine } from "../support/browsers/engines.mjs";
import { eventually } from "../support/eventually.mjs";

/** @import { EngineName } from "../support/browsers/driver.d.ts" */
/** @import { Page } from "../support/browsers/page.mjs" */

const HTML = `<!doctype html><title>Page</title>
  <label>Name <input></label> <label><input type="radio"> Away</label>
  <button onclick="window.clicks = (window.clicks ?? 0) + 1">Press me</button> <button disabled>Not me</button>
  <ul><li>one</li><li>two <b role="status">and a half</b></li></ul>
  <script>
    window.seen = [];
    for (const type of ["visibilitychange", "freeze", "resume"]) {
      document.addEventListener(type, () => seen.push(type === "visibilitychange" ? document.visibilityState : type));
    }
    addEventListener("pageshow", ({ persisted }) => (window.isKept = persisted));
    addEventListener("offline", () => seen.push("offline"));
    window.ticks = 0;
    setInterval(() => ticks++, 20);
  </script>`;

/** @type {Awaited<ReturnType<typeof serve>>} */
let site;
before(async () => {
  site = await serve((_, response) => response.setHeader("Content-Type", "text/html").end(HTML));
});
after(() => site?.close());

const { story, storyThatNeeds, run } = inEachEngine({ setUp: async () => ({}) });

/** @param {import("node:test").TestContext} t @param {Engine} engine @param {object} [options] */
async function visit(t, engine, options) {
  const profile = await engine.newProfile(t, options);
  const page = await profile.newPage();
  await page.goto(site.url);
  return { profile, page };
}

/**
 * Waits until a new page is shown to its user, and forgets what it has seen of that.
 * @param {Page} page
 */
async function untilShown(page) {
  await page.waitFor("document.visibilityState === 'visible' && ((seen.length = 0), true)");
}

story("a page is evaluated, left, reloaded and come back to", async (t, { engine }) => {
  const { page } = await visit(t, engine);
  assert.equal(await page.evaluate("1 + 1"), 2);
  assert.deepEqual(await page.evaluate((/** @type {object} */ given) => Promise.resolve([given, document.title]), { a: "é" }), [{ a: "é" }, "Page"]);
  assert.equal(await page.evaluate("void 0"), undefined);
  await assert.rejects(page.evaluate("nobody.there"), /nobody/);
  await assert.rejects(page.evaluate("Promise.reject(new Error('so'))"), /so/);
  const [late] = await Promise.all([page.evaluate("new Promise((resolve) => (window.go = resolve))"), page.waitFor("window.go").then(() => page.evaluate("go('gone')"))]);
  assert.equal(late, "gone", "one that waits holds up no other");
  await page.evaluate("window.mark = 1");
  await page.reload();
  assert.equal(await page.evaluate("window.mark"), undefined);
  await page.goto(`${site.url}/other`);
  await page.back();
  assert.equal(await page.url(), `${site.url}/`);
  await page.forward();
  assert.equal(await page.url(), `${site.url}/other`);
});

story("pages of a profile share storage, channels and locks, and no other's do", async (t, { engine }) => {
  const { profile, page } = await visit(t, engine);
  const second = await profile.newPage();
  await second.goto(site.url);
  const { page: stranger } = await visit(t, engine);
  const take = "localStorage.setItem('key', 'kept'), navigator.locks.request('lock', { ifAvailable: true }, (lock) => (window.has = Boolean(lock), new Promise(() => {}))), new BroadcastChannel('all').postMessage('said')";
  for (const other of [second, stranger]) {
    await other.evaluate("void ((window.channel = new BroadcastChannel('all')).onmessage = ({ data }) => (window.heard = data))");
  }
  await page.evaluate(`void (${take})`);
  await page.waitFor("window.has");
  await second.waitFor("window.heard === 'said'");
  const free = "navigator.locks.request('lock', { ifAvailable: true }, Boolean)";
  const kept = "localStorage.getItem('key')";
  assert.deepEqual([await second.evaluate(kept), await second.evaluate(free)], ["kept", false]);
  assert.deepEqual([await stranger.evaluate(kept), await stranger.evaluate(free), await stranger.evaluate("window.heard")], [null, true, undefined]);
  await page.close();
  await eventually("the lock to be free", () => second.evaluate(free));
  await second.close();
  const again = await profile.newPage();
  await again.goto(site.url);
  assert.equal(await again.evaluate(kept), "kept", "a device is one without a page, too");
});

story("elements are found, clicked and typed in", async (t, { engine }) => {
  const { page } = await visit(t, engine);
  await page.getByRole("button", { name: "press" }).click();
  assert.equal(await page.evaluate("clicks"), 1);
  await page.getByLabel("Name").fill("Zoë 1");
  await page.getByLabel("Name").fill("Zoë");
  assert.equal(await page.evaluate("document.querySelector('input').value"), "Zoë");
  await page.press("Tab");
  await page.press("Space");
  await page.locator("[type=radio]:checked").waitFor();
  await page.press("Tab");
  await page.press("Enter");
  assert.equal(await page.evaluate("clicks"), 2);
  assert.equal(await page.getByRole("button", { name: "Not me" }).isDisabled(), true);
  assert.deepEqual(await page.locator("li").filter({ hasText: /^two/ }).getByRole("status").allTextContents(), ["and a half"]);
  assert.equal(await page.getByText("one", { exact: true }).count(), 1);
  await assert.rejects(page.locator("li").click(), /2 elements/);
  // What covers it would have the click.
  await page.evaluate("void (document.body.append(Object.assign(document.createElement('div'), { id: 'cover', style: 'position: fixed; inset: 0' })), setTimeout(() => document.querySelector('#cover').remove(), 300))");
  await page.getByRole("button", { name: "Press me" }).click();
  assert.equal(await page.evaluate("clicks"), 3);
  // Pressed, it goes from under the pointer, once.
  await page.evaluate("void addEventListener('pointerdown', () => document.body.prepend(Object.assign(document.createElement('div'), { style: 'height: 200px' })), { once: true })");
  await page.getByRole("button", { name: "Press me" }).click();
  assert.equal(await page.evaluate("clicks"), 4);
});

story("what a page opens is a page of its profile", async (t, { engine }) => {
  const { profile, page } = await visit(t, engine);
  await page.evaluate("sessionStorage.setItem('key', 'copied')");
  const opened = await profile.opened(() => page.evaluate("void window.open(location.href)"));
  await opened.waitFor("document.readyState === 'complete' && location.href !== 'about:blank'");
  assert.equal(await opened.evaluate("sessionStorage.getItem('key')"), "copied");
});

story("a profile has the viewport, the colours and the motion that it is given", async (t, { engine }) => {
  for (const colorScheme of /** @type {const} */ (["dark", "light"])) {
    const { page } = await visit(t, engine, { colorScheme, viewport: { width: 390, height: 700 } });
    const asked = "['(prefers-color-scheme: dark)', '(prefers-reduced-motion: reduce)'].map((query) => matchMedia(query).matches)";
    assert.deepEqual(await page.evaluate(asked), [colorScheme === "dark", true]);
    assert.deepEqual(await page.evaluate("[innerWidth, innerHeight]"), [390, 700]);
    await page.setViewport({ width: 360, height: 600 });
    await page.waitFor("innerWidth === 360 && innerHeight === 600");
    assert.equal((await page.screenshot()).toString("latin1", 1, 4), "PNG");
  }
});

const REACHES = "fetch('/').then(() => true, () => false)";

story("a profile that is offline reaches nobody, and another does", async (t, { engine }) => {
  const { profile, page } = await visit(t, engine, { goesOffline: true });
  const { page: other } = await visit(t, engine);
  await profile.setOffline(true);
  assert.deepEqual([await page.evaluate(REACHES), await other.evaluate(REACHES)], [false, true]);
  await profile.setOffline(false);
  assert.equal(await page.evaluate(REACHES), true);
});

storyThatNeeds("pages are told that they are offline", ["onLine"], async (t, { engine }) => {
  const { profile, page } = await visit(t, engine, { goesOffline: true });
  await profile.setOffline(true);
  await page.waitFor("seen.includes('offline') && !navigator.onLine");
});

storyThatNeeds("what pages complain of and ask for is heard", ["console", "requests"], async (t, { engine }) => {
  const { profile, page } = await visit(t, engine);
  await page.evaluate("void (console.warn('beware'), console.error('wrong'), setTimeout(() => { throw new Error('thrown'); }), fetch('/asked'))");
  await eventually("all of it", () => profile.errors.length && profile.requests.includes(`${site.url}/asked`) && profile.messages.length >= 2);
  assert.deepEqual(profile.messages.slice(0, 2), [{ level: "warning", text: "beware" }, { level: "error", text: "wrong" }]);
  assert.match(String(profile.errors), /thrown/);
});

run();

const real = inEachEngine({ setUp: async () => ({}), options: { hasRealTabs: true } });

real.story("a page is really hidden, and shown again", async (t, { engine }) => {
  const { page } = await visit(t, engine);
  await untilShown(page);
  await page.hide();
  await page.show();
  assert.deepEqual(await page.evaluate("seen.filter((what) => what !== 'freeze' && what !== 'resume')"), ["hidden", "visible"]);
});

real.story("a page that is left is kept and comes back as it was", async (t, { engine }) => {
  const { page } = await visit(t, engine);
  await page.evaluate("window.mark = 'kept'");
  await page.goto(`${site.url}/other`);
  await page.back();
  await page.waitFor("window.isKept");
  assert.equal(await page.evaluate("mark"), "kept");
});

real.storyThatNeeds("a page is really frozen, and thawed", ["freeze"], async (t, { engine }) => {
  const { profile, page } = await visit(t, engine);
  await untilShown(page);
  const other = await profile.newPage();
  await other.goto(site.url);
  await page.freeze();
  const before = await page.evaluate("ticks");
  await other.waitFor("ticks > 50");
  assert.equal(await page.evaluate("ticks"), before);
  await page.thaw();
  await page.waitFor(`ticks > ${before}`);
  assert.deepEqual(await page.evaluate("[document.visibilityState, ...seen]"), ["hidden", "hidden", "freeze", "resume"]);
  await page.show();
});

real.run();

const blocked = inEachEngine({ setUp: async () => ({}), options: { blocksStorage: true } });

blocked.story("where storage is blocked a page has none", async (t, { engine }) => {
  const { page } = await visit(t, engine);
  const tries = ["localStorage.length", "new BroadcastChannel('all').name", "navigator.locks.request('lock', () => 'held')"];
  const outcomes = [];
  for (const code of tries) outcomes.push(await page.evaluate(`(async () => ${code})().then(String, ({ name }) => name)`));
  t.diagnostic(JSON.stringify(outcomes));
  assert.match(String(outcomes[0]), /Error/);
  await page.evaluate("void (document.cookie = 'a=b')");
  assert.equal(await page.evaluate("document.cookie"), "");
});

blocked.run();

const ENDING = [...Object.keys(ENGINES).map((name) => ({ name, hasRealTabs: false })), { name: "chromium", hasRealTabs: true }];

for (const { name, hasRealTabs } of ENDING) {
  const engine = new Engine(/** @type {EngineName} */ (name), { hasRealTabs });
  test(`${engine.title}${hasRealTabs ? " with real tabs" : ""}: neither a process nor a file is left at its end, though a profile is open`, { skip: engine.isMissing }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "left-"));
    const usual = process.env.TMPDIR;
    process.env.TMPDIR = folder;
    t.after(() => {
      if (usual === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = usual;
      return rm(folder, { recursive: true, force: true });
    });
    const profile = await engine.newProfile({ after: () => {} });
    await (await profile.newPage()).goto(site.url);
    assert.ok(processesOf(folder) > 0);
    await engine.close();
    await eventually("the processes to be gone", () => processesOf(folder) === 0);
    assert.deepEqual(await readdir(folder), []);
  });
}

/** How many processes were started with a folder for their files. @param {string} folder */
function processesOf(folder) {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(folder);
    } catch {
      // It has ended since.
      return false;
    }
  }).length;
}
