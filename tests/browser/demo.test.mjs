import assert from "node:assert/strict";
import { after, before } from "node:test";

import {
  askNow,
  at,
  count,
  demoStories,
  game,
  hears,
  metricsOf,
  push,
  say,
  settle,
  showsGames,
  startDemo,
  status,
  toggle,
  told,
  visit,
} from "../support/demo.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX } from "../support/requests.mjs";

/** @import { Page } from "../support/browsers/page.mjs" */

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startDemo();
});
after(() => server?.close());

const ALL = ["desktop", "phone", "tablet"];

const { story, run } = demoStories(() => server);

/**
 * How many heartbeats the page has counted while the object slept, and how many were answered to each
 * device since anything else happened, at one moment.
 * @param {Page} page
 */
function heartbeats(page) {
  return page.evaluate(() => {
    const rows = [...document.querySelectorAll(".frames .beat:first-child")];
    return {
      counted: Number(document.querySelector("[data-count=beats]")?.textContent),
      answered: rows.map(({ textContent }) => Number(/× (\d+)/.exec(textContent ?? "")?.[1])),
    };
  });
}

/** Has a device ask by HTTP, and tells how that ended. @param {Page} page @param {string} device */
function reaches(page, device) {
  return page.evaluate(
    (deviceId) =>
      fetch(`/__user-session/state${location.search}&deviceId=${deviceId}`).then(({ status }) => String(status), String),
    device,
  );
}

/** Logs the user out as a server of the app's does. @param {import("../support/demo.mjs").Demo} demo @param {string} userId */
async function logOutByServer({ server }, userId) {
  const { status } = await fetch(`${server.http}${PREFIX}/logout?userId=${userId}`, { method: "POST" });
  assert.equal(status, 200);
}

/** @param {Page} page */
function isLogoutHidden(page) {
  return page.locator("#logout").evaluate((card) => card.hidden);
}

/** What several devices do at once is read out once, and of what follows fast only the last. @param {Page} page */
async function assertOneVoice(page) {
  const lines = await page.evaluate(async () => {
    const { Announcer } = await import(String(new URL("announcer.js", location.href)));
    const root = document.createElement("div");
    const announcer = new Announcer(root);
    announcer.say("Phone", "Offline", "status");
    for (const name of ["Desktop", "Phone", "Tablet"]) announcer.say(name, "Online", "status");
    announcer.say("Phone", "message from Desktop: hello");
    announcer.say("Phone", "message from Desktop: hello");
    await new Promise((resolve) => new MutationObserver(resolve).observe(root, { childList: true }));
    return [...root.children].map(({ textContent }) => textContent);
  });
  assert.deepEqual(lines, ["Phone, Desktop, Tablet: Online", "Phone: message from Desktop: hello"]);
  const speaking = await page.locator("[aria-live], [role=status], [role=log], [role=alert], output").evaluateAll((all) =>
    all.filter((one) => one.checkVisibility()).map(({ id }) => id),
  );
  assert.deepEqual(speaking, ["announcer"], "one region speaks for all devices");
}

story("the rows and wakes shown are the object's own, and it sleeps through heartbeats until it is asked", async (t, demo) => {
  const { page, userId } = await visit(t, demo);
  await game(page, "desktop", "chess").click();
  await showsGames(page, "tablet", ["chess"]);
  /** @type {Record<string, number>} */
  let first = {};
  await settle(page);
  // On a busy machine it may have slept in between.
  await eventually("the page to count what the object does", async () => {
    await askNow(page);
    first = await metricsOf(demo, userId);
    return (await count(page, "wakes")) === first.wakes;
  });
  assert.equal(await count(page, "rows"), first.rowsWritten);
  assert.ok(first.rowsWritten >= 4, "a row for each device's first visit and one for the game");

  await page.locator("#object[data-phase=asleep]").waitFor();
  // On a busy machine the platform may be late. In time, the object is gone already.
  await demo.server.hibernate(userId);
  const before = await heartbeats(page);
  /** @type {Awaited<ReturnType<typeof heartbeats>>} */
  let now = before;
  await eventually(
    "a heartbeat of each device",
    async () => (now = await heartbeats(page)).answered.every((times, at) => times > before.answered[at]),
  );
  const more = now.answered.reduce((sum, times, at) => sum + times - before.answered[at], 0);
  assert.equal(now.counted - before.counted, more, "each is counted once");
  assert.equal(await page.locator("#object").getAttribute("data-phase"), "asleep");
  assert.equal(await count(page, "wakes"), first.wakes);

  await game(page, "tablet", "go").click();
  await told(page, new RegExp(`Woken: wake ${first.wakes + 1}`));
  await told(page, /1 game joined,.* 1 row written\./);
  const metrics = await metricsOf(demo, userId);
  assert.deepEqual([await count(page, "wakes"), await count(page, "rows")], [first.wakes + 1, first.rowsWritten + 1]);
  assert.deepEqual([metrics.wakes, metrics.rowsWritten], [first.wakes + 1, first.rowsWritten + 1]);
  assert.equal(metrics.ping, 0, "no heartbeat has woken it");
  assert.ok(metrics.heartbeatsAsleep >= 1);
});

story("what one device does, all show and one region reads out: games, the user's presence, an event", async (t, demo) => {
  const { page } = await visit(t, demo);
  await game(page, "desktop", "chess").click();
  await at(page, "tablet", ".more summary").click();
  await at(page, "tablet", ".other-game input").fill("backgammon");
  await at(page, "tablet", ".other-game button").click();
  for (const device of ALL) await showsGames(page, device, ["chess", "backgammon"]);
  await game(page, "phone", "chess").click();
  for (const device of ALL) await showsGames(page, device, ["backgammon"]);

  await at(page, "phone", ".more summary").click();
  await at(page, "phone", ".presence").getByLabel("away").check();
  for (const device of ALL) await page.waitFor(`document.querySelector(".device[data-device=${device}] [value=away]").checked`);
  await at(page, "phone", ".devices li").filter({ hasText: "Phone (this one): connected, shown as away" }).waitFor();
  await page.locator("#announcer").getByText(/Tablet.*: shown as away/).waitFor();

  await say(page, "desktop", "dinner at eight");
  await hears(page, "desktop", "this device: dinner at eight");
  for (const device of ["phone", "tablet"]) await hears(page, device, "Desktop: dinner at eight");
  // Whoever sees none of it is told.
  await page.locator('#announcer[role="log"]').getByText(/Phone.*: message from Desktop: dinner at eight/).waitFor();
  await assertOneVoice(page);
  await at(page, "phone", ".frames summary").filter({ hasText: "event" }).first().click();
  await at(page, "phone", ".frames details[open] pre").filter({ hasText: /"data": "dinner at eight"/ }).waitFor();
});

story("a tab of its own is one more device of the same user, and a reload is the same user", async (t, demo) => {
  const { page, profile, userId } = await visit(t, demo);
  const tab = await profile.opened(() => page.getByRole("link", { name: "One more device" }).click());
  await tab.waitFor("location.search");
  const query = new URL(await tab.url()).searchParams;
  assert.equal(query.get("userId"), userId);
  const id = String(query.get("device"));
  await status(tab, id, "connected");
  await at(page, "desktop", ".devices li").filter({ hasText: /^Tab / }).waitFor();
  assert.equal(await tab.locator(".device").count(), 1);

  await game(tab, id, "go").click();
  for (const device of ALL) await showsGames(page, device, ["go"]);
  await game(page, "phone", "chess").click();
  await showsGames(tab, id, ["go", "chess"]);

  const twin = await profile.newPage();
  await twin.goto(await tab.url());
  await at(tab, id, ".devices li span").filter({ hasText: /\(this one\): connected, 2 tabs$/ }).waitFor();
  // The server tells of a tab before that has read it, and Chromium complains of a socket that is closed before.
  await status(twin, id, "connected");
  await toggle(twin, id, "offline");
  await at(tab, id, ".devices li span").filter({ hasText: /\(this one\): connected$/ }).waitFor();
  await status(tab, id, "connected");
  await status(twin, id, "offline");

  await page.reload();
  await status(page, "phone", "connected");
  assert.equal(new URL(await page.url()).searchParams.get("userId"), userId);
  await showsGames(page, "phone", ["go", "chess"]);
});

story("an offline device shows at once what is asked of it, sends it when it is back, and is told what it missed", async (t, demo) => {
  const { page } = await visit(t, demo);
  await settle(page);
  await toggle(page, "phone", "offline");
  await status(page, "phone", "offline");
  await at(page, "desktop", ".devices li").filter({ hasText: "Phone: not connected" }).waitFor();
  assert.equal(await reaches(page, "phone"), "TypeError: Failed to fetch");
  assert.equal(await reaches(page, "desktop"), "200");
  await game(page, "phone", "go").click();
  await showsGames(page, "phone", ["go"]);
  await say(page, "phone", "written offline");
  await at(page, "phone", ".status").filter({ hasText: "2 waiting" }).waitFor();
  await page.locator("#announcer").getByText("Phone: 2 waiting to be sent").waitFor();
  assert.deepEqual(await at(page, "phone", ".outbox li").allTextContents(), ["join go", "message “written offline”"]);
  await at(page, "phone", ".hint").filter({ hasText: /^As of \d/ }).waitFor();
  await at(page, "phone", ".devices summary").filter({ hasText: /, as of \d/ }).waitFor();
  const known = await at(page, "phone", ".devices li span").allTextContents();
  assert.deepEqual(known, ["Phone (this one): offline", "Desktop: was connected", "Tablet: was connected"]);
  await game(page, "desktop", "hex").click();
  await showsGames(page, "tablet", ["hex"]);
  await push(page, "kept push");
  await hears(page, "tablet", "your backend: kept push");
  await showsGames(page, "phone", ["go"]);

  await toggle(page, "phone", "offline");
  await status(page, "phone", "connected");
  for (const device of ALL) {
    await showsGames(page, device, ["go", "hex"]);
    await hears(page, device, "written offline");
  }
  assert.equal(await reaches(page, "phone"), "200");
  await page.waitFor("document.querySelector('.device[data-device=phone] .outbox').hidden", "nothing to wait");
  assert.equal(await at(page, "phone", ".outbox li").count(), 0);
  await hears(page, "phone", "your backend: kept push");
  await at(page, "phone", ".frames .note").filter({ hasText: "has seen all up to" }).waitFor();
});

story("a sleeping device says and hears nothing until it wakes, and misses nothing", async (t, demo) => {
  const { page } = await visit(t, demo);
  await toggle(page, "tablet", "asleep");
  await status(page, "tablet", "asleep");
  await say(page, "desktop", "while you slept");
  await push(page, "kept push");
  await told(page, /sent to 3 connections, kept/);
  await game(page, "phone", "hex").click();
  await showsGames(page, "desktop", ["hex"]);
  assert.equal(await game(page, "tablet", "hex").isDisabled(), true);
  await showsGames(page, "tablet", []);
  assert.equal(await at(page, "tablet", ".events li").count(), 0);

  await toggle(page, "tablet", "asleep");
  await showsGames(page, "tablet", ["hex"]);
  await hears(page, "tablet", "while you slept");
  await hears(page, "tablet", "your backend: kept push");
  await status(page, "tablet", "connected");
});

story("one device, all others and all are logged out, and sign in again", async (t, demo) => {
  const { page, userId } = await visit(t, demo);
  await game(page, "desktop", "chess").click();
  await at(page, "desktop", "").getByRole("button", { name: "Log out Phone" }).click();
  await status(page, "phone", "logged_out");
  await status(page, "desktop", "connected");
  await status(page, "tablet", "connected");
  await at(page, "phone", ".sign-in").click();
  await status(page, "phone", "connected");
  await showsGames(page, "phone", ["chess"]);

  await at(page, "tablet", ".logout-others").click();
  for (const device of ["desktop", "phone"]) await status(page, device, "logged_out");
  await status(page, "tablet", "connected");
  assert.equal(await isLogoutHidden(page), false);
  for (const device of ["desktop", "phone"]) await at(page, device, ".sign-in").click();
  for (const device of ALL) await status(page, device, "connected");
  assert.equal(await isLogoutHidden(page), true, "nobody is left to sign in");

  await logOutByServer(demo, userId);
  for (const device of ALL) {
    await at(page, device, ".over-text").filter({ hasText: /^Logged out\. / }).waitFor();
    await at(page, device, ".sign-in").click();
    await status(page, device, "connected");
  }

  await at(page, "phone", ".logout-all").click();
  for (const device of ALL) await status(page, device, "logged_out");
  await page.getByRole("heading", { name: "Logged out everywhere, from Phone" }).waitFor();
  const times = await page.locator("#logout dd").allTextContents();
  assert.equal(times.length, 3);
  for (const time of times) assert.match(time, /^[1-9]\d* ms$/);
  await at(page, "tablet", ".over-text").filter({ hasText: /^Logged out [1-9]\d* ms after the request\. / }).waitFor();
  // Whoever works by keyboard goes on where it ended.
  assert.equal(await at(page, "phone", ".sign-in").evaluate((button) => button === document.activeElement), true);
  await page.press("Enter");
  await status(page, "phone", "connected");
  await page.getByRole("button", { name: "Sign in again on all" }).click();
  for (const device of ALL) await status(page, device, "connected");

  await toggle(page, "phone", "offline");
  await at(page, "phone", ".logout-all").click();
  await at(page, "phone", ".outbox li").filter({ hasText: "log out everywhere" }).waitFor();
  assert.equal(await isLogoutHidden(page), true, "it has not been asked for yet");
  await toggle(page, "phone", "offline");
  for (const device of ALL) {
    await status(page, device, "logged_out");
    await page.locator(`#logout [data-of=${device}] dd`).filter({ hasText: /^[1-9]\d* ms$/ }).waitFor();
  }
});

story("a device that slept through a logout notices it when it wakes", async (t, demo) => {
  const { page } = await visit(t, demo);
  await toggle(page, "phone", "asleep");
  await at(page, "desktop", ".logout-all").click();
  await status(page, "tablet", "logged_out");
  await status(page, "phone", "asleep");
  const told = page.locator("#logout [data-of=phone] dd");
  await told.filter({ hasText: /^closed after \d+ ms; asleep/ }).waitFor();
  await toggle(page, "phone", "asleep");
  await status(page, "phone", "logged_out");
  await told.filter({ hasText: "found out when it woke" }).waitFor();
});

/** Reads the text of a device's note. @param {Page} page @param {string} device */
const noteOf = (page, device) => at(page, device, ".note textarea").evaluate((text) => /** @type {HTMLTextAreaElement} */ (text).value);

/** Waits until a device shows a note. @param {Page} page @param {string} device @param {string} text */
async function showsNote(page, device, text) {
  await eventually(`${device} to show the note ${text}`, async () => (await noteOf(page, device)) === text);
}

/** Has a device save a note. @param {Page} page @param {string} device @param {string} text */
async function saveNote(page, device, text) {
  await at(page, device, ".note textarea").fill(text);
  await at(page, device, ".note-row button").click();
}

story("a theme is the same on all devices, and of a note that two devices write nobody's text is lost", async (t, demo) => {
  const { page } = await visit(t, demo);
  await at(page, "desktop", ".theme [value=dark]").check();
  for (const device of ALL) await page.locator(`.device[data-device="${device}"][data-theme=dark]`).waitFor();
  await saveNote(page, "desktop", "milk");
  await showsNote(page, "phone", "milk");

  await at(page, "phone", ".note textarea").fill("milk, bread");
  await saveNote(page, "desktop", "milk, eggs");
  await at(page, "phone", ".note-state").filter({ hasText: "Another device has saved another text since you began." }).waitFor();
  assert.equal(await noteOf(page, "phone"), "milk, bread", "what is being written stays");
  await at(page, "phone", ".note-row button").click();
  await at(page, "phone", ".theirs").filter({ hasText: "milk, eggs" }).waitFor();
  assert.equal(await noteOf(page, "desktop"), "milk, eggs", "nothing was overwritten");
  await at(page, "phone", ".keep-mine").click();
  for (const device of ALL) await showsNote(page, device, "milk, bread");

  await toggle(page, "tablet", "offline");
  await saveNote(page, "tablet", "tea");
  await saveNote(page, "desktop", "coffee");
  await showsNote(page, "phone", "coffee");
  await toggle(page, "tablet", "offline");
  await at(page, "tablet", ".theirs").filter({ hasText: "coffee" }).waitFor();
  await at(page, "tablet", ".take-theirs").click();
  assert.equal(await noteOf(page, "tablet"), "coffee");
  assert.equal(await at(page, "tablet", ".conflict").evaluate(({ hidden }) => hidden), true);

  await at(page, "phone", ".note textarea").fill("a secret");
  await at(page, "desktop", ".logout-all").click();
  for (const device of ALL) await showsNote(page, device, "");
});

story("a message that is read on one device is unread on none, in the title and among the notifications, too", async (t, demo) => {
  const { page } = await visit(t, demo);
  const title = await page.evaluate(() => document.title);
  await push(page, "your turn");
  for (const device of ALL) await at(page, device, ".unread").getByText("1 kept, unread").waitFor();
  await eventually("the title to count", async () => (await page.evaluate(() => document.title)) === `(1) ${title}`);
  await at(page, "tablet", ".mark-read").click();
  await eventually("nothing to be unread", () => page.locator(".unread").evaluateAll((all) => all.every(({ hidden }) => hidden)));
  await eventually("the title to say so", async () => (await page.evaluate(() => document.title)) === title);

  // No browser tells a page which notifications it shows.
  const shown = await page.evaluate(async () => {
    const { Notices } = await import(String(new URL("notices.js", location.href)));
    /** @type {string[]} */
    const log = [];
    class Shown {
      static permission = "granted";
      /** @param {string} _title @param {{body: string, tag: string}} options */
      constructor(_title, { body, tag }) {
        this.tag = tag;
        log.push(`${tag}: ${body}`);
      }
      close() {
        log.push(`${this.tag} closed`);
      }
    }
    const notices = new Notices(document.createElement("button"), Shown);
    const message = (/** @type {number} */ inbox) => ({ inbox, name: "news", data: { text: `text ${inbox}` }, expiresAt: Infinity });
    for (const messages of [[message(1)], [message(1), message(2)], [message(2)], []]) notices.render({ messages, unread: messages.length });
    return log;
  });
  assert.deepEqual(shown, ["message-1: text 1", "message-2: text 2", "message-1 closed", "message-2 closed"]);
});

run();
