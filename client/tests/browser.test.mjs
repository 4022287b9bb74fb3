/**
 * The hooks in real browsers, in a real app, against the running Worker: ours with React 18 and
 * 19, and beside it the one in production, which it must be able to replace.
 */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { SECRET, secretToken } from "../../tests/support/auth.mjs";
import { inEachEngine } from "../../tests/support/browsers/engines.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { OTHERS_END_IT, assertPrompt, stateOf, untilPrompt } from "../../tests/support/logout.mjs";
import { OPEN, ROOT, startServer } from "../../tests/support/server.mjs";
import { watching } from "../../tests/support/watched.mjs";
import { NEW_18, NEW_19, OLD, inApp, mount, startSites, storyOf, untilApp } from "./support/site.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Page } from "../../tests/support/browsers/page.mjs" */
/** @import { Server } from "../../tests/support/server.mjs" */
/** @import { Watching } from "../../tests/support/watched.mjs" */
/** @import { Kind, Site } from "./support/site.mjs" */

/** @type {Server & Watching} */
let server;
/** @type {Awaited<ReturnType<typeof startSites>>} */
let sites;
before(async () => {
  sites = await startSites();
  const vars = { ...OPEN, ALLOWED_ORIGINS: sites.origins };
  const started = await startServer(`${ROOT}tests/worker/fixtures/watched.wrangler.jsonc`, vars);
  server = { ...started, ...watching(started) };
});
after(async () => {
  sites?.close();
  await server?.close();
});

const stories = inEachEngine({
  setUp: async (engine) => sites.stage(engine, server.http),
});
const { story, run } = stories;

/** @typedef {{engine: import("../../tests/support/browsers/engines.mjs").Engine, site: Site}} Stage */

/**
 * Devices of a user, each with a page that has its state.
 * @param {TestContext} t
 * @param {Stage} stage
 * @param {Kind[]} kinds
 * @param {object} settings
 */
async function devices(t, { engine, site }, kinds, settings) {
  /** @type {Page[]} */
  const pages = [];
  for (const kind of kinds) {
    const page = await site.visit(await engine.newProfile(t), kind, settings);
    await untilApp(page, "session.state");
    pages.push(page);
  }
  return pages;
}

/** @param {Page} page */
const games = (page) => inApp(page, "session.state.activeGames");

// The old hook connects once only if its callbacks keep their identity.
const CALM = { isInline: false };

for (const kind of [OLD, NEW_18, NEW_19]) {
  const tell = storyOf(stories, kind);
  const name = `${kind === OLD ? "the hook in production" : "our hook"} with React ${kind.react}`;

  tell(`${name}: two devices see each other's games and presence, through a reload`, async (t, { engine, site, user }) => {
    const userId = user(`two-${kind.name}`);
    const [desk, phone] = await devices(t, { engine, site }, [kind, kind], { userId, ...CALM });
    assert.ok(desk && phone);
    await inApp(desk, "session.joinGame('chess')");
    await inApp(phone, "session.joinGame('go')");
    for (const page of [desk, phone]) await untilApp(page, "session.state.activeGames.length === 2");
    await inApp(desk, "session.leaveGame('chess')");
    await inApp(phone, "session.updatePresence('away')");
    for (const page of [desk, phone]) {
      // The page that leaves a game shows that before the server has said it.
      await untilApp(page, "session.state.presence === 'away' && session.state.activeGames.length === 1 && app.calls.length >= 4");
      const calls = (await inApp(page, "app.calls")).map((/** @type {any[]} */ call) => call.slice(1, 3).join(" "));
      assert.deepEqual(calls.sort(), ["joined chess", "joined go", "left chess", "presence away"]);
      assert.deepEqual(await inApp(page, "[session.isConnected, session.isLoading, session.error]"), [true, false, null]);
    }

    await phone.reload();
    await mount(phone, { userId, ...CALM });
    await untilApp(phone, "session.state");
    assert.deepEqual([await games(phone), await inApp(phone, "session.state.presence")], [["go"], "away"]);
    assert.equal((await inApp(desk, "app.calls")).length, 4, "the other device sees nothing of a reload");
    await eventually("the reloaded page's first socket to go", () => site.open(userId) === 2);
  });

  tell(`${name}: offline and back`, async (t, { engine, site, user }) => {
    const userId = user(`offline-${kind.name}`);
    const device = await engine.newProfile(t, { goesOffline: true });
    const desk = await site.visit(device, kind, { userId, ...CALM });
    await untilApp(desk, "session.state");
    const [phone] = await devices(t, { engine, site }, [kind], { userId, ...CALM });
    assert.ok(phone);
    await device.setOffline(true);
    site.cut();
    // What the hook in production is asked before it has noticed is lost.
    for (const page of [desk, phone]) await untilApp(page, "!session.isConnected");
    await inApp(desk, "session.joinGame('asked offline')");
    const isNew = kind !== OLD;
    assert.deepEqual(await games(desk), isNew ? ["asked offline"] : []);
    site.mend();
    // Past the cut, and before the first is back.
    await untilApp(phone, "session.isConnected && app.results.length");
    await device.setOffline(false);
    await untilApp(desk, "session.isConnected");
    if (isNew) {
      await untilApp(phone, "session.state.activeGames.length === 1");
      await untilApp(desk, "session.pendingRequests === 0");
    }
    await inApp(phone, "session.joinGame('after')");
    await untilApp(desk, "session.state.activeGames.includes('after')");
    const expected = isNew ? ["asked offline", "after"] : ["after"];
    assert.deepEqual([await games(desk), (await stateOf(server, userId)).activeGames], [expected, expected]);
    const joined = (await inApp(desk, "app.callsOf('joined')")).map((/** @type {any[]} */ call) => call[2]);
    assert.deepEqual(joined, expected);
  });

  tell(`${name}: a logout on one device shows on all at once, old and new`, (t, { engine, site, user }) => {
    let tries = 0;
    return untilPrompt(async () => {
      const userId = user(`logout-${kind.name}-${tries++}`);
      const pages = await devices(t, { engine, site }, [kind, NEW_19, OLD, kind], { userId, ...CALM });
      const start = await inApp(/** @type {Page} */ (pages[0]), "(session.logoutAllDevices(), Date.now())");
      /** @type {number[]} */
      const times = [];
      for (const page of pages) {
        await untilApp(page, "app.callsOf('loggedOut').length > 0");
        times.push((await inApp(page, "app.callsOf('loggedOut')[0].at(-1)")) - start);
        assert.equal(await inApp(page, "session.isConnected"), false);
      }
      assertPrompt(t, times, OTHERS_END_IT.pageMs[engine.name]);
      await eventually("all sockets to close", () => site.open(userId) === 0);
      assert.equal(site.opened(userId), 4, "none comes back");
    });
  });
}

story("a sleep of more than ten seconds is nothing that users of either hook see", async (t, { engine, site, user }) => {
  const kinds = [OLD, NEW_18, NEW_19];
  const pairs = await Promise.all(
    kinds.map(async (kind) => {
      const userId = user(`sleep-${kind.name}`);
      return { userId, pages: await devices(t, { engine, site }, [kind, kind], { userId, ...CALM }) };
    }),
  );
  const instances = async () => Promise.all(pairs.map(async ({ userId }) => (await server.counts(userId)).instances));
  for (let round = 0; ; round++) {
    const before = await instances();
    // As long as the platform waits before it lets an object sleep, which a busy one doesn't.
    await delay(10_500);
    for (const { userId, pages } of pairs) {
      await inApp(/** @type {Page} */ (pages[0]), `session.joinGame('${round}')`);
      for (const page of pages) await untilApp(page, `session.state.activeGames.includes('${round}')`);
      assert.deepEqual([site.open(userId), site.opened(userId)], [2, 2]);
    }
    if ((await instances()).every((count, at) => count > Number(before[at]))) return;
    assert.ok(round < 4, "an object never slept");
  }
});

story("the reconnect loop: with inline callbacks the hook in production reconnects at every state, ours never", async (t, { engine, site, user }) => {
  const kinds = [OLD, NEW_18, NEW_19];
  for (const kind of kinds) {
    const userId = user(`loop-${kind.name}`);
    const page = await site.visit(await engine.newProfile(t), kind, { userId, isInline: true });
    await untilApp(page, "session.state");
    if (kind === OLD) {
      await eventually("the loop", () => site.opened(userId) > 10);
      continue;
    }
    for (let at = 0; at < 20; at++) {
      await inApp(page, `(session.joinGame('${at}'), app.rerender())`);
    }
    await untilApp(page, "session.pendingRequests === 0 && app.callsOf('joined').length === 20");
    assert.ok((await inApp(page, "app.renders")) > 20);
    assert.equal(site.opened(userId), 1);
  }
});

for (const kind of [NEW_18, NEW_19]) {
  const tell = storyOf(stories, kind);
  tell(`React ${kind.react}: all components of a page share a socket, StrictMode opens no other, unmounting leaves none`, async (t, { engine, site, user }) => {
    const userId = user(`page-${kind.name}`);
    const page = await site.visit(await engine.newProfile(t), kind, { userId, count: 3, isStrict: true, earlyJoin: true });
    await untilApp(page, "app.callsOf('joined').length === 6 && session.pendingRequests === 0");
    const joined = await inApp(page, "app.callsOf('joined').map(([at, , game]) => [at, game]).sort()");
    const expected = [0, 1, 2].flatMap((at) => [[at, "earlier"], [at, "early"]]);
    assert.deepEqual(joined, expected, "every component is told, once");
    await inApp(page, "session.publish('move', 7)");
    await untilApp(page, "app.events.length === 3");
    assert.deepEqual(await inApp(page, "app.events"), [[0, 7], [1, 7], [2, 7]]);
    assert.deepEqual(await inApp(page, "app.childEvents"), [[0, 7], [1, 7], [2, 7]], "effects of children run first");
    assert.equal(site.opened(userId), 1);
    await inApp(page, "app.unmount()");
    await eventually("its end", () => site.open(userId) === 0);
    await eventually("the server's notice", async () => (await stateOf(server, userId)).connectedDevices === 0);
    // Longer than the back-off after which the old hook would be back.
    await delay(1_500);
    assert.equal(site.opened(userId), 1);
  });
}

story("what React hides lets go of the socket, and hears and asks again when it is shown", async (t, { engine, site, user }) => {
  const settings = { userId: user("hidden"), earlyJoin: true };
  const page = await site.visit(await engine.newProfile(t), NEW_19, settings);
  await untilApp(page, "session.state?.activeGames.length === 2 && session.pendingRequests === 0");
  await inApp(page, "(session.leaveGame('early'), session.leaveGame('earlier'))");
  await untilApp(page, "session.state.activeGames.length === 0 && session.pendingRequests === 0");
  await mount(page, { ...settings, mode: "hidden" });
  await eventually("its end", () => site.open(settings.userId) === 0);
  await mount(page, settings);
  await untilApp(page, "session.isConnected && session.state.activeGames.length === 2");
  await inApp(page, "session.publish('move', 7)");
  await untilApp(page, "app.events.length === 1 && app.childEvents.length === 1");
});

story("what is asked of a component that has gone ends, and opens no socket", async (t, { engine, site, user }) => {
  const userId = user("gone");
  const page = await site.visit(await engine.newProfile(t), NEW_19, { userId });
  await untilApp(page, "session.state");
  await inApp(page, "app.unmount()");
  await eventually("its end", () => site.open(userId) === 0);
  const outcome = await page.evaluate("app.results[0].publish('move', 7)");
  assert.equal(/** @type {any} */ (outcome).code, "ended");
  assert.equal(site.opened(userId), 1);
});

story("of components that share a socket one without a token does not take away another's, and the newest counts", async (t, { engine, site, user }) => {
  const userId = user("tokens");
  const page = await site.visit(await engine.newProfile(t), NEW_19, { userId, count: 2, each: [{ token: "first" }] });
  await untilApp(page, "session.isConnected");
  /** @param {object[]} each */
  const tokenAfter = async (each) => {
    await mount(page, { userId, count: each.length, each });
    const before = site.opened(userId);
    site.cut();
    site.mend();
    await eventually("the next socket", () => site.opened(userId) > before);
    await untilApp(page, "session.connectionStatus === 'connected'");
    assert.match(String(site.offered(userId).at(-1)), /, *ticket\.\w+$/);
    return site.shown(userId).at(-1);
  };
  assert.equal(await tokenAfter([{ token: "first" }, {}]), "Bearer first");
  assert.equal(await tokenAfter([{ token: "first" }, {}, { token: "second" }]), "Bearer second", "of one that has just come");
});

story("another user, or none, takes the first one's socket and state away", async (t, { engine, site, user }) => {
  const [first, second] = [user("first"), user("second")];
  const page = await site.visit(await engine.newProfile(t), NEW_19, { userId: first });
  await untilApp(page, `session.state?.userId === '${first}'`);
  await mount(page, { userId: second });
  await untilApp(page, `session.state?.userId === '${second}'`);
  await mount(page, { userId: second, enabled: false });
  await untilApp(page, "session.state === null && session.connectionStatus === 'idle'");
  await eventually("their ends", () => site.open(first) + site.open(second) === 0);
});

story("a page that is not let in learns why and stays out; one whose token has expired fetches another", async (t, { engine, site }) => {
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, CONNECTS_PER_MINUTE: "0", ALLOWED_ORIGINS: site.origin };
  const checked = await startServer(undefined, vars);
  t.after(() => {
    site.serve(server.http);
    return checked.close();
  });
  site.serve(checked.http);
  const device = await engine.newProfile(t);
  const denied = await site.visit(device, NEW_19, { userId: "denied", token: secretToken("lee") });
  await untilApp(denied, "session.connectionStatus === 'forbidden' && session.error && !session.isLoading");
  const nobody = await site.visit(device, NEW_19, { userId: "nobody" });
  await untilApp(nobody, "session.connectionStatus === 'unauthorized'");
  const page = await device.newPage();
  await page.goto(`${site.origin}/${NEW_19.name}`);
  const expired = secretToken("expired", { iat: 1, exp: 2 });
  const tokens = JSON.stringify([expired, secretToken("expired")]);
  await page.evaluate(`((tokens) => app.mount({ userId: "expired", token: async () => tokens.shift() }))(${tokens})`);
  await untilApp(page, "session.state?.userId === 'expired'");
  const users = ["denied", "nobody", "expired"];
  assert.deepEqual(users.map((userId) => site.shown(userId).length), [1, 0, 2]);
  assert.deepEqual(users.map(site.opened), [0, 1, 1], "a token that is refused opens no socket");
});

story("a duplicated tab, which starts with the other's sessionStorage, does not throw it out", async (t, { engine, site, user }) => {
  const userId = user("duplicate");
  const device = await engine.newProfile(t);
  const settings = { userId, shareTabs: false };
  const page = await site.visit(device, NEW_19, settings);
  await untilApp(page, "session.state");
  // A reload is what the storage hands the tab's id on for.
  await page.reload();
  await mount(page, settings);
  await untilApp(page, "session.state");
  // A window with an opener starts with a copy, as a duplicate does.
  const copy = await device.opened(() => page.evaluate("void window.open(location.href)"));
  await copy.waitFor("globalThis.app?.mount");
  await mount(copy, settings);
  await untilApp(copy, "session.state");
  await inApp(copy, "session.joinGame('go')");
  await untilApp(page, "session.state.activeGames.length === 1");
  const list = await inApp(page, "session.devices.map(({ tabs, current }) => [tabs, current])");
  assert.deepEqual(list, [[2, true]], "one device, two tabs");
});

story("a reload keeps device and tab: the list of devices does not grow", async (t, { engine, site, user }) => {
  const userId = user("reload");
  const page = await site.visit(await engine.newProfile(t), NEW_19, { userId });
  await untilApp(page, "session.state");
  const before = await inApp(page, "session.devices[0].deviceId");
  for (let times = 0; times < 3; times++) {
    await page.reload();
    await mount(page, { userId });
    await untilApp(page, "session.state");
  }
  const list = await inApp(page, "session.devices.map(({ deviceId, tabs }) => [deviceId, tabs])");
  assert.deepEqual(list, [[before, 1]]);
});

story("what is kept is told once on a device, if anybody listens, counts on all pages, and is read on all", async (t, { engine, site, user }) => {
  const userId = user("inbox");
  const keep = async (/** @type {object} */ body) => {
    const query = new URLSearchParams({ userId, keep: "3600" });
    const { status } = await fetch(`${server.http}/__user-session?${query}`, { method: "POST", body: JSON.stringify(body) });
    assert.equal(status, 200);
  };
  const device = await engine.newProfile(t);
  const first = await site.visit(device, NEW_19, { userId });
  await untilApp(first, "session.isConnected");
  await keep({ type: "invitation" });
  await untilApp(first, "session.unread === 1");
  const marks = "Object.keys(localStorage).filter((key) => key.endsWith(' told')).length";
  assert.equal(await first.evaluate(marks), 0, "no component listens to it");
  await keep({ type: "move", n: 1 });
  await untilApp(first, "session.unread === 2 && app.events.length === 1");
  assert.equal(await first.evaluate(marks), 1);
  const second = await site.visit(device, NEW_19, { userId });
  await untilApp(second, "session.unread === 2");
  await keep({ type: "move", n: 2 });
  await untilApp(second, "app.events.length > 0");
  assert.deepEqual(await inApp(second, "app.events.map(([, { n }]) => n)"), [2]);
  await inApp(second, "session.markRead()");
  for (const page of [first, second]) await untilApp(page, "session.unread === 0");
});

story("tabs that share have one socket, all hear all once, and when the one that has it goes another goes on", async (t, { engine, site, user }) => {
  const userId = user("shared");
  const device = await engine.newProfile(t);
  const phone = await site.visit(await engine.newProfile(t), NEW_19, { userId });
  /** @type {Page[]} */
  const tabs = [];
  for (let at = 0; at < 3; at++) tabs.push(await site.visit(device, NEW_19, { userId, shareTabs: true }));
  const [leader, second, third] = tabs;
  assert.ok(leader && second && third);
  for (const tab of tabs) await untilApp(tab, "session.state && session.isConnected");
  // A browser that is too busy to answer in time may have changed places.
  await eventually("one socket for the tabs and one for the phone", () => site.open(userId) === 2);
  await inApp(third, "session.joinGame('go')");
  for (const tab of [...tabs, phone]) await untilApp(tab, "app.callsOf('joined').length === 1");
  await inApp(second, "session.publish('move', 1)");
  for (const tab of tabs) await untilApp(tab, "app.events.length === 1");
  await Promise.all([leader.close(), inApp(phone, "(session.publish('move', 2), session.publish('move', 3))")]);
  await inApp(third, "session.joinGame('chess')");
  for (const tab of [second, third]) {
    await untilApp(tab, "app.events.length === 3 && session.state.activeGames.length === 2 && session.isConnected");
    assert.deepEqual(await inApp(tab, "app.events.map(([, data]) => data)"), [1, 2, 3]);
  }
  await eventually("one socket for those that are left", () => site.open(userId) === 2);
  await inApp(second, "session.logoutAllDevices()");
  for (const tab of [second, third, phone]) await untilApp(tab, "app.callsOf('loggedOut').length === 1");
  await eventually("their ends", () => site.open(userId) === 0);
});

run();
