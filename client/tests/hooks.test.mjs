/** The hooks below a provider, in real browsers, with React 18 and 19, against the running Worker. */
import assert from "node:assert/strict";
import { after, before } from "node:test";

import { inEachEngine } from "../../tests/support/browsers/engines.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { OPEN, startServer } from "../../tests/support/server.mjs";
import { HOOKS_18, HOOKS_19, NEW_18, NEW_19, TYPED_19, inApp, mount, startSites, storyOf, untilApp } from "./support/site.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Engine } from "../../tests/support/browsers/engines.mjs" */
/** @import { Page } from "../../tests/support/browsers/page.mjs" */
/** @import { Server } from "../../tests/support/server.mjs" */
/** @import { Kind, Site } from "./support/site.mjs" */

/** @type {Server} */
let server;
/** @type {Awaited<ReturnType<typeof startSites>>} */
let sites;
before(async () => {
  sites = await startSites([HOOKS_18, HOOKS_19, TYPED_19, NEW_18, NEW_19]);
  server = await startServer(undefined, { ...OPEN, ALLOWED_ORIGINS: sites.origins });
});
after(async () => {
  sites?.close();
  await server?.close();
});

const stories = inEachEngine({
  setUp: async (engine) => sites.stage(engine, server.http),
});
const { story, run } = stories;

/** @typedef {{engine: Engine, site: Site}} Stage */

/**
 * A page, and another device of its user.
 * @param {TestContext} t
 * @param {Stage} stage
 * @param {Kind} kind
 * @param {object} settings
 */
async function deskAndPhone(t, { engine, site }, kind, settings) {
  const desk = await site.visit(await engine.newProfile(t), kind, settings);
  const phone = await site.visit(await engine.newProfile(t), NEW_19, settings);
  await untilApp(phone, "session.state?.devices !== null && session.devices.length === 2 && session.devices.every(({ tabs }) => tabs === 1)");
  return { desk, phone };
}

/** Waits until a page's socket has brought an event. @param {Page} page @param {number} data */
async function untilBrought(page, data) {
  await page.waitFor(`app.frames.some((text) => text.includes('"move"') && text.includes('"data":${data}'))`);
}

/** For how long a client is kept that nobody uses. */
const KEPT_MS = 5_000;
const WHOLE = { parts: { Whole: 1 } };

/** Has a page keep what it keeps for a while as long as the story lasts, or for its time. @param {Page} page @param {boolean} isOn */
const keepOn = (page, isOn) => page.evaluate(`void (app.keeps = ${isOn})`);

for (const kind of [HOOKS_18, HOOKS_19]) {
  const tell = storyOf(stories, kind);
  tell(`React ${kind.react}: a route that goes and comes keeps the provider's client: no other socket, no loading view, and a loss is told`, async (t, stage) => {
    const { site, user } = stage;
    const userId = user(`route-${kind.name}`);
    const parts = { Whole: 1, Listener: 1 };
    const { desk, phone } = await deskAndPhone(t, stage, kind, { userId, isStrict: true, parts });
    await untilApp(desk, "session.state && session.devices.length === 2");
    await mount(desk, { userId, isStrict: true });
    await inApp(phone, "session.publish('move', 1)");
    await untilBrought(desk, 1);
    await desk.evaluate("void (app.views = [], app.heard = [], app.resets = [])");
    await mount(desk, { userId, isStrict: true, parts });
    await untilApp(desk, "app.resets.length + app.heard.length > 0");
    assert.deepEqual(new Set(await inApp(desk, "app.views")), new Set(["state"]));
    assert.deepEqual(await inApp(desk, "[app.heard, app.resets]"), [[], [0]], "who comes anew reads again");
    await inApp(phone, "session.publish('move', 2)");
    await untilApp(desk, "app.heard.length === 1");
    assert.equal(site.opened(userId), 2);
    await inApp(desk, "app.unmount()");
    await eventually("the provider's end", () => site.open(userId) === 1);
  });
}

for (const kind of [NEW_18, NEW_19]) {
  const tell = storyOf(stories, kind);
  tell(`React ${kind.react}: a route that goes and comes keeps the client of a hook without a provider, too`, async (t, stage) => {
    const { site, user } = stage;
    const userId = user(`bare-${kind.name}`);
    const { desk, phone } = await deskAndPhone(t, stage, kind, { userId, isStrict: true });
    await untilApp(desk, "session.state");
    await keepOn(desk, true);
    await mount(desk, { userId, isStrict: true, count: 0 });
    await inApp(phone, "session.joinGame('go')");
    await untilApp(phone, "session.pendingRequests === 0");
    await desk.evaluate("void (app.results = [], app.views = [])");
    await mount(desk, { userId, isStrict: true });
    await untilApp(desk, "session.state?.activeGames.includes('go')");
    assert.ok((await inApp(desk, "app.views")).every(Boolean), "no view is without the state");
    assert.equal(site.opened(userId), 2);
    await keepOn(desk, false);
    await mount(desk, { userId, count: 0 });
    await eventually("the end, some seconds later", () => site.open(userId) === 1);
  });
}

story("what React hides and shows again has the same client and misses no event, whether another component has heard it or not", async (t, stage) => {
  const { site, user } = stage;
  for (const others of [{}, { Games: 1 }]) {
    const settings = { userId: user(`activity-${Object.keys(others).length}`), parts: { Whole: 1, Listener: 1, ...others } };
    const { desk, phone } = await deskAndPhone(t, stage, HOOKS_19, settings);
    await untilApp(desk, "session.state && session.devices.length === 2");
    await inApp(phone, "session.publish('move', 1)");
    await untilApp(desk, "app.heard.length === 1");
    await keepOn(desk, true);
    await mount(desk, { ...settings, hidden: true });
    for (const data of [2, 3]) {
      await inApp(phone, `session.publish('move', ${data})`);
      await untilBrought(desk, data);
    }
    await desk.evaluate("void (app.views = [])");
    await mount(desk, settings);
    await untilApp(desk, "app.heard.length + app.resets.length >= 3");
    assert.deepEqual(await inApp(desk, "[app.heard, app.resets]"), [[[0, 1], [0, 2], [0, 3]], []]);
    assert.deepEqual(new Set(await inApp(desk, "app.views")), new Set(["state"]));
    assert.equal(site.opened(settings.userId), 2);
  }
});

story("a listener that fails when it is shown again takes neither the page nor what came behind down", async (t, stage) => {
  const settings = { userId: stage.user("fails"), parts: { Whole: 1, Listener: 2 } };
  const { desk, phone } = await deskAndPhone(t, stage, HOOKS_19, settings);
  await untilApp(desk, "session.state && session.devices.length === 2");
  await keepOn(desk, true);
  await mount(desk, { ...settings, hidden: true });
  for (const data of [1, 2]) {
    await inApp(phone, `session.publish('move', ${data})`);
    await untilBrought(desk, data);
  }
  await desk.evaluate("void (app.failsAt = 0)");
  await mount(desk, settings);
  await desk.waitFor("app.heard.length >= 3 || app.errors.length > 0");
  assert.deepEqual(await inApp(desk, "[app.heard, app.errors]"), [[[0, 2], [1, 1], [1, 2]], []]);
});

story("a provider that React hides with all below it keeps its client for a while, too", async (t, stage) => {
  const { site, user } = stage;
  const settings = { userId: user("outer"), parts: { Whole: 1, Listener: 2 } };
  const { desk, phone } = await deskAndPhone(t, stage, HOOKS_19, settings);
  await untilApp(desk, "session.state && session.devices.length === 2");
  await keepOn(desk, true);
  await mount(desk, { ...settings, outer: true });
  await inApp(phone, "session.publish('move', 1)");
  await untilBrought(desk, 1);
  await desk.evaluate("void (app.views = [])");
  await mount(desk, settings);
  await untilApp(desk, "app.heard.length + app.resets.length > 0");
  assert.deepEqual(new Set(await inApp(desk, "app.views")), new Set(["state"]));
  assert.equal(site.opened(settings.userId), 2);
  await keepOn(desk, false);
  await mount(desk, { ...settings, outer: true });
  await eventually("its end", () => site.open(settings.userId) === 1);
  await desk.evaluate("void (app.resets = [], app.failsAt = 0)");
  await mount(desk, settings);
  await desk.waitFor("app.resets.includes(1) || app.errors.length > 0");
  assert.deepEqual(await inApp(desk, "app.errors"), [], "one that fails takes nothing down");
  await untilApp(desk, "session.isConnected");
});

for (const kind of [HOOKS_18, HOOKS_19]) {
  const tell = storyOf(stories, kind);
  tell(`React ${kind.react}: of 50 components with a selector a publish renders none, and a game those that show games`, async (t, stage) => {
    const userId = stage.user(`selected-${kind.name}`);
    const parts = { Whole: 1, Games: 50, Names: 50, Parts: 1, Torn: 5, Listener: 1 };
    const { desk } = await deskAndPhone(t, stage, kind, { userId, parts });
    await untilApp(desk, "session.state && session.devices.length === 2 && app.games === 0");
    const before = await inApp(desk, "({ ...app.renders })");
    await inApp(desk, "session.publish('move', 1)");
    await untilApp(desk, "app.heard.length === 1 && session.pendingRequests === 0");
    const after = await inApp(desk, "({ ...app.renders })");
    assert.ok(after.whole > before.whole, "whoever has all of it renders");
    assert.deepEqual({ ...after, whole: 0 }, { ...before, whole: 0 });
    await inApp(desk, "session.joinGame('go')");
    await untilApp(desk, "app.games === 1 && session.pendingRequests === 0");
    assert.deepEqual(await inApp(desk, "[app.renders.games, app.renders.names, app.renders.parts, app.errors]"), [before.games + 50, before.names, before.parts, []]);
  });
}

story("the small hooks have their parts, and their functions say how it ended", async (t, stage) => {
  const userId = stage.user("parts");
  const { desk, phone } = await deskAndPhone(t, stage, HOOKS_19, { userId, parts: { Whole: 1, Parts: 1 } });
  await untilApp(desk, "app.parts.devices.length === 2 && app.parts.connection.status === 'connected'");
  assert.deepEqual(await inApp(desk, "app.parts.connection"), { status: "connected", isConnected: true, isLoading: false, problem: null });
  assert.equal(await inApp(desk, "app.parts.presence"), "online");
  await inApp(desk, "void (app.first = app.parts.actions)");
  const outcomes = await inApp(desk, "Promise.all([app.parts.setPresence('away'), app.parts.actions.joinGame('go'), app.parts.actions.setDeviceName('Desk')])");
  assert.deepEqual(outcomes.map((/** @type {any} */ { ok }) => ok), [true, true, true]);
  await untilApp(phone, "session.state.presence === 'away' && session.state.activeGames.length === 1 && session.devices.some(({ name }) => name === 'Desk')");
  await untilApp(desk, "app.parts.presence === 'away' && app.parts.devices.some(({ name }) => name === 'Desk')");
  assert.equal(await inApp(desk, "app.first === app.parts.actions"), true);
});

story("the newest listener of an event is called, once, however often the component renders", async (t, stage) => {
  const { desk, phone } = await deskAndPhone(t, stage, HOOKS_19, { userId: stage.user("newest"), isStrict: true, parts: { Whole: 1, Listener: 1 } });
  await untilApp(desk, "session.state");
  for (let times = 0; times < 3; times++) await desk.evaluate("void app.rerender()");
  await inApp(phone, "session.publish('move', 1)");
  await inApp(phone, "session.publish('move', 2)");
  await untilApp(desk, "app.heard.length >= 2");
  assert.deepEqual(await inApp(desk, "[app.heard, app.resets, app.heardAfter]"), [[[0, 1], [0, 2]], [], 3]);
});

story("a message of the inbox that comes while its listener is hidden is told to it once, though another listener comes later", async (t, stage) => {
  const settings = { userId: stage.user("once"), parts: { Whole: 1, Listener: 1 } };
  const { desk } = await deskAndPhone(t, stage, HOOKS_19, settings);
  await untilApp(desk, "session.state && session.devices.length === 2");
  await keepOn(desk, true);
  await mount(desk, { ...settings, hidden: true });
  await keep(settings.userId, { type: "move", n: 7 });
  await desk.waitFor("app.frames.some((text) => text.includes('\"move\"'))");
  await mount(desk, settings);
  await untilApp(desk, "app.heard.length === 1 && session.unread === 1");
  await mount(desk, { ...settings, parts: { Whole: 1, Listener: 2 } });
  await untilApp(desk, "app.heard.some(([at]) => at === 1)");
  assert.deepEqual(await inApp(desk, "app.heard"), [[0, 7], [1, 7]]);
});

story("a hook without a provider says which one it needs", async (t, { engine, site, user }) => {
  const page = await site.visit(await engine.newProfile(t), HOOKS_19, { userId: user("none"), isBare: true, parts: { Games: 1 } });
  await page.waitFor("app.errors.length > 0");
  assert.match(String(await page.evaluate("app.errors[0]")), /useUserSession needs a <UserSessionProvider> around/);
});

story("a provider's other user takes the first one's socket and state away, and without one nothing connects", async (t, { engine, site, user }) => {
  const [first, second] = [user("one"), user("two")];
  const parts = { Whole: 1, Owner: 1 };
  const page = await site.visit(await engine.newProfile(t), HOOKS_19, { userId: first, parts });
  await untilApp(page, `app.owner === '${first}' && session.state`);
  await mount(page, { userId: second, parts });
  await untilApp(page, `session.state?.userId === '${second}'`);
  await untilApp(page, `app.owner === '${second}'`);
  await mount(page, { userId: second, enabled: false, ...WHOLE });
  await untilApp(page, "session.state === null && session.connectionStatus === 'idle'");
  await eventually("their ends", () => site.open(first) + site.open(second) === 0);
  assert.equal(await inApp(page, `app.timers.includes(${KEPT_MS})`), false, "nothing waits for it to come back");
  await mount(page, { userId: null, ...WHOLE });
  assert.deepEqual([site.opened(first), site.opened(second)], [1, 1]);
  await mount(page, { userId: second, ...WHOLE });
  await untilApp(page, "session.state");
  await inApp(page, "app.unmount()");
  await page.waitFor(`app.timers.includes(${KEPT_MS})`);
});

story("a name of the device that is given later is the one that others see, and stays", async (t, stage) => {
  const { site, user } = stage;
  const userId = user("named");
  const { desk, phone } = await deskAndPhone(t, stage, HOOKS_19, { userId, deviceName: "Desk", ...WHOLE });
  await untilApp(phone, "session.devices.some(({ name }) => name === 'Desk')");
  await mount(desk, { userId, deviceName: "Den", ...WHOLE });
  await untilApp(phone, "session.devices.some(({ name }) => name === 'Den')");
  await inApp(desk, "session.setDeviceName('Attic')");
  await untilApp(phone, "session.devices.some(({ name }) => name === 'Attic')");
  site.cut();
  await untilApp(desk, "!session.isConnected");
  site.mend();
  await untilApp(desk, "session.isConnected && session.devices.length === 2 && session.pendingRequests === 0");
  assert.ok((await inApp(desk, "session.devices")).some((/** @type {any} */ { name }) => name === "Attic"), "a later connection does not put the old name back");
});

story("an option that can't change any more is said once, and which value is in use", async (t, { engine, site, user }) => {
  const userId = user("options");
  const page = await site.visit(await engine.newProfile(t), NEW_19, { userId, count: 3, shareTabs: false, heartbeatMs: 20_000, each: [{}, { shareTabs: true }, { shareTabs: true }] });
  await untilApp(page, "session.state");
  /** @param {string} name */
  const said = async (name) => (await inApp(page, "app.warnings")).filter((/** @type {string} */ text) => text.includes(`option ${name} `));
  assert.deepEqual(await said("shareTabs"), ["user-session: the option shareTabs can't change: false stays in use, not true"]);
  const later = { presenceFromVisibility: true, lostAfterMs: 9_000, requestsPerSecond: 5, heartbeatMs: 30_000 };
  for (let times = 0; times < 2; times++) await mount(page, { userId, shareTabs: false, ...later });
  for (const [name, value] of Object.entries(later)) {
    await page.waitFor(`app.warnings.some((text) => text.includes("option ${name} "))`);
    const used = name === "heartbeatMs" ? "20000" : "its default";
    assert.deepEqual(await said(name), [`user-session: the option ${name} can't change: ${used} stays in use, not ${value}`]);
  }
  assert.equal((await inApp(page, "app.warnings")).length, 5);
});

story("a value is set on all devices, by a function of the present one too, and renders only who shows it", async (t, stage) => {
  const userId = stage.user("value");
  const { desk } = await deskAndPhone(t, stage, HOOKS_19, { userId, parts: { Whole: 1, Theme: 1, Bell: 1, Games: 1 } });
  const phone = await stage.site.visit(await stage.engine.newProfile(t), HOOKS_19, { userId, parts: { Whole: 1, Theme: 1 } });
  for (const page of [desk, phone]) await untilApp(page, "session.isConnected && session.devices.length === 3");
  assert.deepEqual(await inApp(desk, "[app.theme.value, app.theme.version, app.theme.isPending, app.theme.error]"), ["light", 0, false, null]);
  const before = await inApp(desk, "({ ...app.renders })");
  await desk.evaluate("void (app.set = app.theme.set)");
  const [atOnce, outcome] = await inApp(desk, "(async () => { const asked = app.theme.set((now) => `${now}er`); await Promise.resolve(); await new Promise(requestAnimationFrame); return [app.theme.value, await asked]; })()");
  assert.deepEqual([atOnce, outcome.ok], ["lighter", true]);
  for (const page of [desk, phone]) await untilApp(page, "app.theme.value === 'lighter' && !app.theme.isPending && app.theme.version > 0");
  assert.deepEqual(await inApp(desk, "[app.renders.games, app.renders.bell, app.set === app.theme.set]"), [before.games, before.bell, true]);
  assert.equal((await inApp(phone, "app.theme.set('dark', { ifVersion: 99 })")).code, "conflict");
  await untilApp(phone, "app.theme.error?.code === 'conflict' && app.theme.value === 'lighter'");
  assert.equal((await inApp(phone, "app.theme.remove()")).ok, true);
  for (const page of [desk, phone]) await untilApp(page, "app.theme.value === 'light' && app.theme.version === 0");
});

/** @param {string} userId @param {object} body */
async function keep(userId, body) {
  const query = new URLSearchParams({ userId, keep: "3600" });
  const { status } = await fetch(`${server.http}/__user-session?${query}`, { method: "POST", body: JSON.stringify(body) });
  assert.equal(status, 200);
}

story("the inbox has its messages and their count, and is marked as read on all devices", async (t, stage) => {
  const userId = stage.user("bell");
  const { desk, phone } = await deskAndPhone(t, stage, HOOKS_19, { userId, parts: { Whole: 1, Bell: 1 } });
  await untilApp(desk, "session.isConnected");
  await keep(userId, { type: "invitation", from: "lee" });
  await untilApp(desk, "app.inbox.unread === 1 && app.inbox.messages.length === 1");
  assert.deepEqual(await inApp(desk, "[app.inbox.messages[0].name, app.inbox.messages[0].data]"), ["invitation", { type: "invitation", from: "lee" }]);
  assert.equal((await inApp(desk, "app.inbox.markRead(app.inbox.messages[0].inbox)")).ok, true);
  await untilApp(desk, "app.inbox.unread === 0 && app.inbox.messages.length === 0");
  await untilApp(phone, "session.unread === 0");
});

story("hooks of a definition hand on what fits, tell what does not, once, and refuse it before it is sent", async (t, stage) => {
  const userId = stage.user("typed");
  const { desk, phone } = await deskAndPhone(t, stage, TYPED_19, { userId, parts: { Whole: 1, Typed: 2 } });
  await untilApp(desk, "session.isConnected && app.typed.games === 0");
  await inApp(phone, "(session.publish('move', { from: 'z9' }), session.publish('move', { from: 'e2', at: '2026-01-01' }))");
  await keep(userId, { type: "invitation", n: 1 });
  await keep(userId, { type: "other" });
  await keep(userId, { type: "invitation", from: "lee", n: 2 });
  await untilApp(desk, "app.typedHeard.length >= 4 && session.unread === 3");
  const move = ["move", "e2", true];
  const invitation = ["invitation", { from: "lee" }];
  assert.deepEqual(await inApp(desk, "app.typedHeard"), [move, move, invitation, invitation], "each listener, once");
  const told = (await inApp(desk, "app.invalid")).map((/** @type {any} */ { part, name, path }) => [part, name, path]);
  assert.deepEqual(told.filter((/** @type {string[]} */ [part]) => part === "events"), [["events", "move", "data.from"]]);
  // The list of the inbox has an object of its own for the message.
  assert.ok(told.length <= 3 && told.some((/** @type {string[]} */ [, , path]) => path === "body.from"), JSON.stringify(told));
  assert.deepEqual(await inApp(desk, "app.typed.messages.map(({ name, data }) => [name, data])"), [invitation]);

  for (const asked of ["publish('move', { from: 'z9' })", "send('move', { from: 'z9' })", "actions.publish('move', { from: 'z9' })"]) {
    const { ok, code, message } = await inApp(desk, `app.typed.${asked}`);
    assert.deepEqual([ok, code], [false, "invalid_message"]);
    assert.match(message, /^data\.from: /);
  }
  for (const asked of ["setTheme('blue')", "setTheme(() => 'blue')", "actions.values.set('theme', 1)"]) {
    const { ok, code, message } = await inApp(desk, `app.typed.${asked}`);
    assert.deepEqual([ok, code], [false, "invalid_message"]);
    assert.match(message, /^value: /);
  }
  assert.deepEqual((await inApp(desk, "app.sent")).filter((/** @type {string} */ text) => /broadcast|set_value/.test(text)), []);
  assert.equal((await inApp(desk, "app.typed.setTheme((now) => (now === 'light' ? 'dark' : 'light'))")).ok, true);
  await untilApp(desk, "app.typed.theme === 'dark'");
  assert.equal((await inApp(phone, "session.publish('move', { from: 'e4' })")).ok, true);
  // Another release of the app may have set it.
  await desk.evaluate("void (app.invalid = [])");
  const query = new URLSearchParams({ userId, key: "theme" });
  assert.equal((await fetch(`${server.http}/__user-session/values?${query}`, { method: "PUT", body: '"blue"' })).status, 200);
  await untilApp(desk, "app.typed.theme === 'light'");
  assert.deepEqual((await inApp(desk, "app.invalid")).map((/** @type {any} */ { part, name, value }) => [part, name, value]), [["values", "theme", "blue"]]);
});

run();
