import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { freePort } from "../support/free-port.mjs";
import { HookClient, ManualTimers } from "../support/hook-client.mjs";
import { LOGOUT_REASON, stateOf } from "../support/logout.mjs";
import { startServer } from "../support/server.mjs";

/** @import { HookOptions } from "../support/hook-client.mjs" */

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

/**
 * A hook that has its state.
 * @param {string} userId
 * @param {HookOptions} [options]
 */
async function mounted(userId, options) {
  const hook = new HookClient(server, userId, options);
  await hook.until(({ isLoading }) => !isLoading, "its first state");
  return hook;
}

/** @param {HookClient[]} hooks */
const closePages = (hooks) => Promise.all(hooks.map((hook) => hook.closePage()));

test("the hook's device id arrives as the hook has written it, unencoded as it sends it", async () => {
  const hook = await mounted("device-id");
  assert.match(hook.deviceId, /^Mozilla\/5\.0 \(X11; Li-\d{13}$/);
  const first = JSON.parse(hook.frames[0]);
  assert.deepEqual([first.type, first.deviceId], ["initial_state", hook.deviceId]);
  assert.deepEqual(Object.keys(first).sort(), [
    "activeGames",
    "deviceId",
    "lastActive",
    "presence",
    "type",
    "userId",
  ]);
  await hook.closePage();
});

test("two tabs with the hook follow each other's games and presence", async () => {
  const tabs = [await mounted("tabs"), await mounted("tabs")];
  const [first, second] = tabs;
  first.joinGame("chess");
  await second.until(({ state }) => state?.activeGames.length === 1, "the join");
  second.joinGame("go");
  await first.until(({ state }) => state?.activeGames.length === 2, "the other join");
  second.leaveGame("chess");
  await first.until(({ state }) => state?.activeGames.length === 1, "the leave");
  first.updatePresence("away");
  for (const tab of tabs) await tab.until(({ state }) => state?.presence === "away", "the presence");
  const calls = [
    ["onGameJoined", "chess"],
    ["onGameJoined", "go"],
    ["onGameLeft", "chess"],
    ["onPresenceChanged", "away"],
  ];
  for (const { state, calls: made, warnings, error } of tabs) {
    assert.deepEqual([state?.activeGames, state?.presence], [["go"], "away"]);
    assert.deepEqual(made, calls);
    assert.deepEqual([warnings, error], [[], null]);
  }
  await closePages(tabs);
});

test("a reload of one tab is invisible to the other", async () => {
  const calm = await mounted("reload");
  calm.updatePresence("away");
  const tab = await mounted("reload");
  await calm.until(({ state }) => state?.presence === "away", "the presence");
  await tab.closePage();
  const reloaded = await mounted("reload");
  assert.equal(reloaded.state?.presence, "away");
  assert.deepEqual(calm.calls, [["onPresenceChanged", "away"]]);
  await closePages([calm, reloaded]);
});

test("the hook's heartbeat is answered every 30 s, and bothers nobody", async () => {
  const timers = new ManualTimers();
  const hook = await mounted("heartbeat", { timers });
  assert.deepEqual(timers.due(), [30_000]);
  for (let beats = 1; beats <= 3; beats++) {
    timers.advance(30_000);
    await hook.until(({ frames }) => frames.length === 1 + beats, "the pong");
  }
  assert.deepEqual(hook.frames.slice(1), Array(3).fill('{"type":"pong"}'));
  assert.deepEqual([hook.calls, hook.warnings], [[], []]);
  await hook.closePage();
});

test("a refused frame becomes the hook's error and changes nothing else", async () => {
  const hook = await mounted("error");
  hook.joinGame("");
  await hook.until(({ error }) => error !== null, "the error");
  assert.deepEqual(hook.state?.activeGames, []);
  assert.equal(hook.isConnected, true);
  hook.joinGame("chess");
  await hook.until(({ state }) => state?.activeGames.length === 1, "the join");
  assert.notEqual(hook.error, null);
  await hook.closePage();
});

test("a logout by one tab ends both for good: no hook comes back", async () => {
  const timers = [new ManualTimers(), new ManualTimers()];
  const tabs = await Promise.all(timers.map((own) => mounted("logout", { timers: own })));
  tabs[0].logoutAllDevices();
  for (const [at, tab] of tabs.entries()) {
    await tab.until(({ calls }) => calls.length > 0, "the logout");
    assert.deepEqual(tab.calls, [["onLoggedOut"]]);
    assert.deepEqual(tab.endings, [{ code: 1000, reason: LOGOUT_REASON }]);
    assert.deepEqual([tab.isConnected, tab.socketCount, timers[at].due()], [false, 0, []]);
  }
  tabs[0].joinGame("chess");
  assert.deepEqual(tabs[0].warnings, ["not connected"]);
  const { connectedDevices, activeGames } = await stateOf(server, "logout");
  assert.deepEqual([connectedDevices, activeGames], [0, []]);
});

test("after any other close the hook comes back after its back-off, and has its state again", async () => {
  const timers = new ManualTimers();
  const hook = await mounted("back-off", { timers });
  hook.joinGame("chess");
  await hook.until(({ state }) => state?.activeGames.length === 1, "the join");
  for (let times = 1; times <= 2; times++) {
    hook.joinGame("x".repeat(1_048_577));
    await hook.until(({ isConnected }) => !isConnected, "the close");
    assert.equal(hook.endings[hook.endings.length - 1].code, 1009);
    assert.equal(timers.due()[0], 1_000);
    timers.advance(1_000);
    await hook.until(({ frames }) => frames.length === 2 + times, "the state");
    assert.deepEqual(hook.state?.activeGames, ["chess"]);
  }
  assert.deepEqual(hook.calls, [["onGameJoined", "chess"]]);
  await hook.closePage();
});

test("a hook that can't connect waits 1, 2, 4 … 30 s and gives up after ten times", async () => {
  const timers = new ManualTimers();
  const hook = new HookClient({ ws: `ws://127.0.0.1:${await freePort()}` }, "nobody", { timers });
  const waits = [];
  for (let failures = 1; failures <= 11; failures++) {
    await hook.until(({ endings }) => endings.length === failures, "the failure");
    const [wait] = timers.due();
    if (wait === undefined) break;
    waits.push(wait / 1_000);
    timers.advance(wait);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
  assert.equal(hook.opened, 0);
});

test("a hook that comes back after its page was left is served as the device it is", async () => {
  const timers = new ManualTimers();
  const calm = await Device.connect(server, "ghost");
  const hook = await mounted("ghost", { timers });
  hook.unmount();
  await hook.until(({ endings }) => endings.length === 1, "the close");
  assert.deepEqual(hook.endings[0].code === 1006, false);
  assert.equal((await stateOf(server, "ghost")).connectedDevices, 1);
  timers.advance(1_000);
  await hook.until(({ frames }) => frames.length === 2, "the state");
  assert.equal((await stateOf(server, "ghost")).connectedDevices, 2);
  await hook.closePage();
  assert.equal(calm.frames.length, 1);
  await calm.close();
});

test("tabs that connect at the same moment all get the same state", async () => {
  const tabs = await Promise.all(Array.from({ length: 20 }, () => mounted("at-once")));
  tabs[0].joinGame("chess");
  for (const tab of tabs) {
    await tab.until(({ state }) => state?.activeGames.length === 1, "the join");
    const { activeGames, presence } = tab.state ?? {};
    assert.deepEqual({ activeGames, presence }, { activeGames: ["chess"], presence: "online" });
    assert.deepEqual([tab.calls.length, tab.warnings.length, tab.error], [1, 0, null]);
  }
  assert.equal((await stateOf(server, "at-once")).connectedDevices, 20);
  await closePages(tabs);
  assert.equal((await stateOf(server, "at-once")).connectedDevices, 0);
});
