/** The components for a user's account, by keyboard and as screen readers have them, with React 18 and 19. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before } from "node:test";

import { inEachEngine } from "../../tests/support/browsers/engines.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { OPEN, ROOT, startServer } from "../../tests/support/server.mjs";
import { HOOKS_18, HOOKS_19, NEW_19, inApp, startSites, storyOf, untilApp } from "./support/site.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Engine } from "../../tests/support/browsers/engines.mjs" */
/** @import { Locator } from "../../tests/support/browsers/locators.mjs" */
/** @import { Page } from "../../tests/support/browsers/page.mjs" */
/** @import { Kind, Site } from "./support/site.mjs" */

/** @type {import("../../tests/support/server.mjs").Server} */
let server;
/** @type {Awaited<ReturnType<typeof startSites>>} */
let sites;
/** @type {string} */
let axe;
before(async () => {
  sites = await startSites([HOOKS_18, HOOKS_19, NEW_19]);
  [server, axe] = await Promise.all([
    startServer(undefined, { ...OPEN, ALLOWED_ORIGINS: sites.origins }),
    readFile(`${ROOT}node_modules/axe-core/axe.min.js`, "utf8"),
  ]);
});
after(async () => {
  sites?.close();
  await server?.close();
});

const stories = inEachEngine({
  setUp: async (engine) => sites.stage(engine, server.http),
});
const { story, run } = stories;

/**
 * A page with the components, and a phone of the same user.
 * @param {TestContext} t
 * @param {{engine: Engine, site: Site}} stage
 * @param {Kind} kind
 * @param {object} settings
 */
async function account(t, { engine, site }, kind, settings) {
  const page = await site.visit(await engine.newProfile(t), kind, { ...settings, deviceName: "Desk", parts: { Account: 1 } });
  const phone = await site.visit(await engine.newProfile(t), NEW_19, { ...settings, deviceName: "Phone" });
  await untilApp(phone, "session.isConnected && session.devices.length === 2");
  await page.locator("[data-part=device]").filter({ hasText: "Phone" }).waitFor();
  return { page, phone };
}

/** @param {Page} page @param {string} when */
async function assertAccessible(page, when) {
  await page.evaluate(`(() => { ${axe} })()`);
  const { violations, passes } = /** @type {any} */ (await page.evaluate("axe.run({ resultTypes: ['violations'] })"));
  const found = violations.map((/** @type {any} */ { id, nodes }) => [id, nodes.map((/** @type {any} */ { failureSummary }) => failureSummary)]);
  assert.deepEqual(found, [], when);
  assert.ok(passes.length > 0);
}

/** @param {Locator} element */
const hasFocus = (element) => element.evaluate((found) => found === document.activeElement);

/** Waits until an element has the focus. @param {string} what @param {Locator} element */
const untilFocused = (what, element) => eventually(`the focus on ${what}`, () => hasFocus(element));

/** Goes by the Tab key. @param {Page} page @param {string} what @param {Locator} element */
async function tabTo(page, what, element) {
  for (let times = 0; times < 20; times++) {
    if (await hasFocus(element)) return;
    await page.press("Tab");
  }
  assert.fail(`${what} can't be reached by Tab`);
}

for (const kind of [HOOKS_18, HOOKS_19]) {
  const tell = storyOf(stories, kind);
  const react = `React ${kind.react}`;

  tell(`${react}: the list of devices says which is which to whoever sees or hears it, and axe finds nothing`, async (t, stage) => {
    const { page, phone } = await account(t, stage, kind, { userId: stage.user(`list-${kind.name}`) });
    await assertAccessible(page, "two devices");
    const rows = page.locator("section.devices[aria-label='Your devices'] > ul > li");
    assert.equal(await rows.count(), 2);
    const [desk, other] = [rows.filter({ hasText: "Desk" }), rows.filter({ hasText: "Phone" })];
    assert.match(String(await desk.textContent()), /^Desk This device Online Last active .+ Rename$/);
    assert.match(String(await other.textContent()), /^Phone Online Last active .+ Log out$/);
    const moment = await page.locator("[data-part=device]:not([data-current]) time").getAttribute("datetime");
    assert.ok(Math.abs(Date.parse(String(moment)) - Date.now()) < 3_600_000, String(moment));
    await inApp(phone, "session.updatePresence('away')");
    await page.locator("[data-presence=away]:not([data-current])").waitFor();
    await phone.close();
    await page.locator("[data-presence=offline]").filter({ hasText: "Not connected" }).waitFor();
  });

  tell(`${react}: a device is logged out by keyboard, which is said, and the focus is not lost`, async (t, stage) => {
    const { page, phone } = await account(t, stage, kind, { userId: stage.user(`out-${kind.name}`) });
    const status = page.locator("section.devices [role=status]");
    assert.equal(await status.textContent(), "", "a region that is there before it speaks is read");
    const logOut = page.getByRole("button", { name: "Log out Phone" });
    await tabTo(page, "the button", logOut);
    await page.press("Enter");
    // Without credentials of its own a device may come back.
    await status.filter({ hasText: "Phone is" }).waitFor();
    await untilApp(phone, "session.connectionStatus === 'logged_out'");
    assert.equal(await hasFocus(logOut), true);
  });

  tell(`${react}: when a device leaves the list, the list takes the focus of its button, and no other`, async (t, stage) => {
    const userId = stage.user(`left-${kind.name}`);
    const { page, phone } = await account(t, stage, kind, { userId });
    const logOut = page.getByRole("button", { name: "Log out Phone" });
    const rename = page.getByRole("button", { name: "Rename" });
    for (const staysAt of [logOut, rename]) {
      await tabTo(page, "the button", logOut);
      await page.press("Enter");
      await page.locator("section.devices [role=status]").filter({ hasText: "Phone is" }).waitFor();
      await page.locator("[data-presence=offline]").filter({ hasText: "Phone" }).waitFor();
      await tabTo(page, "where the focus stays", staysAt);
      await page.evaluate("app.leaveAlone()");
      await eventually("the end of the row", async () => (await logOut.count()) === 0);
      if (staysAt === rename) return assert.equal(await hasFocus(rename), true, "whoever has gone on is not called back");
      await untilFocused("the list", page.locator("section.devices"));
      await inApp(phone, "session.reconnect()");
      await logOut.waitFor();
    }
  });

  tell(`${react}: what was asked can't be taken back: until the answer is there the question stays, and the buttons say that they do nothing`, async (t, stage) => {
    const { page } = await account(t, stage, kind, { userId: stage.user(`asked-${kind.name}`) });
    stage.site.cut();
    t.after(stage.site.mend);
    await page.getByRole("button", { name: "Log out Phone" }).click();
    await page.locator("[data-part=logout][aria-disabled=true]").waitFor();
    await page.getByRole("button", { name: "Rename" }).click();
    await page.locator("[data-part=save][aria-disabled=true]").waitFor();
    await page.locator(".everywhere [data-part=open]").click();
    await page.locator("[data-part=confirm]").click();
    await page.locator(".everywhere [data-part=cancel][aria-disabled=true]").click();
    await page.press("Escape");
    assert.equal(await page.locator(".everywhere [role=group]").count(), 1);
    stage.site.mend();
    await page.locator(".everywhere [role=status]").filter({ hasText: "You are logged out on all devices." }).waitFor();
  });

  tell(`${react}: this device is renamed by keyboard: the focus goes into the field and back, Escape changes nothing`, async (t, stage) => {
    const { page, phone } = await account(t, stage, kind, { userId: stage.user(`rename-${kind.name}`) });
    const rename = page.getByRole("button", { name: "Rename" });
    const field = page.getByLabel("Name of this device");
    await tabTo(page, "the button", rename);
    await page.press("Enter");
    await untilFocused("the field", field);
    await assertAccessible(page, "the form");
    await page.type("Loft");
    await page.press("Escape");
    await untilFocused("the button", rename);
    await page.press("Enter");
    await untilFocused("the field", field);
    await page.type("Attic");
    await page.press("Enter");
    await page.locator("[role=status]").filter({ hasText: "This device is now called Attic." }).waitFor();
    await untilFocused("the button", rename);
    await untilApp(phone, "session.devices.some(({ name }) => name === 'Attic')");
    assert.equal(await inApp(phone, "session.devices.some(({ name }) => name === 'Loft')"), false);
  });

  tell(`${react}: logging out everywhere asks once more, with the focus on the answer that does nothing, and says what it has done`, async (t, stage) => {
    const { page, phone } = await account(t, stage, kind, { userId: stage.user(`everywhere-${kind.name}`) });
    const [open, cancel] = [page.locator(".everywhere [data-part=open]"), page.getByRole("button", { name: "Cancel" })];
    for (const key of /** @type {const} */ (["Escape", "Enter"])) {
      await tabTo(page, "the button", open);
      await page.press("Enter");
      await untilFocused("Cancel", cancel);
      if (key === "Escape") await assertAccessible(page, "the question");
      const label = await page.locator(".everywhere [role=group]").evaluate((group) => document.getElementById(group.getAttribute("aria-labelledby"))?.textContent);
      assert.equal(label, "Log out on all devices, this one too?");
      await page.press(key);
      await untilFocused("the button", open);
    }
    assert.equal(await inApp(phone, "session.connectionStatus"), "connected");
    await page.press("Enter");
    await untilFocused("Cancel", cancel);
    await page.locator("[data-part=confirm]").click();
    await page.locator(".everywhere [role=status]").filter({ hasText: "You are logged out on all devices." }).waitFor();
    await untilFocused("the button", open);
    await untilApp(phone, "session.connectionStatus === 'logged_out'");
  });
}

story("an app gives the components its own texts, times and logout, and one that fails is said", async (t, stage) => {
  const { page, phone } = await account(t, stage, HOOKS_19, { userId: stage.user("german"), german: true });
  await page.locator("section[aria-label='Deine Geräte']").waitFor();
  await page.getByRole("button", { name: "Phone abmelden" }).waitFor();
  await page.locator("[data-current]").filter({ hasText: "dieses Gerät" }).waitFor();
  assert.match(String(await page.locator("[data-current] time").textContent()), /^um \d+$/);
  for (const why of ["nein", "nie"]) {
    await page.locator(".everywhere [data-part=open]").click();
    await page.locator("[data-part=confirm]").click();
    await page.locator(".everywhere [role=status]").filter({ hasText: `That did not work: Error: ${why}` }).waitFor();
  }
  assert.equal(await inApp(phone, "session.connectionStatus"), "connected");
});

run();
