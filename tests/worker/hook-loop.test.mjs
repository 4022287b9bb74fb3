import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { Device } from "../support/device.mjs";
import { HookClient } from "../support/hook-client.mjs";
import { LOGOUT_REASON, stateOf } from "../support/logout.mjs";
import { PREFIX, UPGRADE, requestAsWritten } from "../support/requests.mjs";
import { OPEN, ROOT, startServer } from "../support/server.mjs";

const UNLIMITED_CONFIG = `${ROOT}tests/worker/fixtures/watched.wrangler.jsonc`;

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  // Without the limit on connections, which would slow the loop down.
  server = await startServer(UNLIMITED_CONFIG, OPEN);
});
after(() => server.close());

/** After so many connections a tab with inline callbacks has been left to itself long enough. */
const ROUNDS = 40;

/**
 * A tab whose hook closes and reopens its socket at every state change, well under way.
 * @param {string} userId
 */
async function loopingTab(userId) {
  const tab = new HookClient(server, userId, { hasInlineCallbacks: true });
  await tab.until(({ opened }) => opened >= 5, "some rounds");
  return tab;
}

/**
 * Lets its callbacks keep their identity, so that it stays connected.
 * @param {HookClient} tab
 */
async function calmDown(tab) {
  tab.hasInlineCallbacks = false;
  await tab.until((one) => one.isConnected && one.socketCount === 1, "its last socket");
}

test("a tab in the reconnect loop stays invisible to a calm device, and is never locked out", async (t) => {
  const userId = "loop";
  const calm = await Device.connect(server, userId, "calm");
  await calm.next();
  await calm.ask({ type: "update_presence", presence: "away" });
  const tab = await loopingTab(userId);
  /** @type {number[]} */
  const counts = [];
  for (; tab.opened < ROUNDS; await delay(50)) {
    const { connectedDevices, presence } = await stateOf(server, userId);
    assert.equal(presence, "away");
    counts.push(connectedDevices);
  }
  await calmDown(tab);
  t.diagnostic(`${tab.opened} connections, at most ${Math.max(...counts)} devices at a time`);
  assert.ok(Math.max(...counts) <= 6, `up to ${Math.max(...counts)} devices`);
  assert.ok(tab.endings.every(({ code }) => code !== 1006), "a close was not answered");
  assert.equal((await stateOf(server, userId)).connectedDevices, 2);
  assert.equal(tab.state?.presence, "away");
  assert.deepEqual(calm.unread(), []);
  tab.joinGame("chess");
  assert.equal((await calm.next()).type, "game_joined");
  await tab.until(({ state }) => state?.activeGames.length === 1, "its own join");
  await tab.closePage();
  assert.equal((await stateOf(server, userId)).connectedDevices, 1);
  await calm.close();
});

test("what others change is right in a tab that reconnects at every change", async () => {
  const userId = "loop-changes";
  const calm = await Device.connect(server, userId, "calm");
  await calm.next();
  const tab = await loopingTab(userId);
  const games = Array.from({ length: 20 }, (_, at) => `game-${at}`);
  for (const gameId of games) {
    assert.deepEqual((await calm.ask({ type: "join_game", gameId })).gameId, gameId);
    await tab.until(({ state }) => state?.activeGames.includes(gameId) ?? false, gameId);
  }
  await calmDown(tab);
  assert.deepEqual(tab.state?.activeGames, games);
  assert.deepEqual(calm.unread(), []);
  await tab.closePage();
  await calm.close();
});

test("a user whose only tab is in the reconnect loop is online after it, and keeps the games", async () => {
  const userId = "loop-alone";
  const before = await Device.connect(server, userId);
  await before.next();
  await before.ask({ type: "join_game", gameId: "chess" });
  await before.close();
  const tab = await loopingTab(userId);
  await calmDown(tab);
  const { presence, activeGames, connectedDevices } = await stateOf(server, userId);
  assert.deepEqual([presence, activeGames, connectedDevices], ["online", ["chess"], 1]);
  await tab.closePage();
  assert.equal((await stateOf(server, userId)).presence, "offline");
});

test("three tabs in the reconnect loop end with the true number of devices", async () => {
  const userId = "loop-three";
  const tabs = await Promise.all(Array.from({ length: 3 }, () => loopingTab(userId)));
  await delay(500);
  await Promise.all(tabs.map(calmDown));
  assert.equal((await stateOf(server, userId)).connectedDevices, 3);
  await server.hibernate(userId);
  await tabs[0].closePage();
  assert.equal((await stateOf(server, userId)).connectedDevices, 2);
  await Promise.all(tabs.slice(1).map((tab) => tab.closePage()));
  assert.equal((await stateOf(server, userId)).connectedDevices, 0);
});

test("a logout amid the reconnect loop ends the calm device, and the user gets in again", async () => {
  const userId = "loop-logout";
  const calm = await Device.connect(server, userId, "calm");
  const tab = await loopingTab(userId);
  calm.send({ type: "logout_all" });
  const { code, reason } = await calm.closed();
  assert.deepEqual({ code, reason }, { code: 1000, reason: LOGOUT_REASON });
  assert.ok(tab.endings.every((ending) => ending.code !== 1006));
  await tab.closePage();
  const again = await Device.connect(server, userId);
  await again.next();
  assert.equal((await again.ask({ type: "sync_state" })).presence, "online");
  assert.equal((await stateOf(server, userId)).connectedDevices, 1);
  await again.close();
});

test("the limit on connections slows the loop and locks nobody out for good", async (t) => {
  const vars = { ...OPEN, CONNECTS_PER_MINUTE: "600", MAX_DEVICES: "1000" };
  const limited = await startServer(UNLIMITED_CONFIG, vars);
  t.after(() => limited.close());
  const userId = "loop-limited";
  const calm = await Device.connect(limited, userId, "calm");
  await calm.next();
  // Uses up what is there faster than it comes back, and is refused then.
  const path = `${PREFIX}?userId=${userId}`;
  /** @type {string[]} */
  const outcomes = [];
  while (!outcomes.some((outcome) => outcome !== "101")) {
    const some = Array.from({ length: 200 }, () => requestAsWritten(limited, path, { headers: UPGRADE }));
    outcomes.push(...(await Promise.all(some)).map(({ status, text }) => (status === 101 ? "101" : `${status} ${JSON.parse(text).error.code}`)));
  }
  const letIn = outcomes.filter((outcome) => outcome === "101").length;
  assert.ok(letIn >= 599, `${letIn} of ${outcomes.length} let in`);
  assert.deepEqual([...new Set(outcomes)].sort(), ["101", "429 rate_limited"]);
  assert.deepEqual(calm.unread(), []);
  // Ten a second come back, so the next tab of that user gets in within its back-off.
  const tab = new HookClient(limited, userId);
  await tab.until(({ isConnected }) => isConnected, "its connection");
  await tab.closePage();
  await calm.close();
});
