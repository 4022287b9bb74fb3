/** What must survive a deploy: devices come back, and versions may follow each other back and forth. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { SECRET, SERVICE_TOKEN, bearer, secretToken } from "../support/auth.mjs";
import { buildBundle } from "../support/bundle.mjs";
import { Device } from "../support/device.mjs";
import { freePort } from "../support/free-port.mjs";
import { HookClient } from "../support/hook-client.mjs";
import { stateOf } from "../support/logout.mjs";
import { leave } from "../support/leaving.mjs";
import { PREFIX } from "../support/requests.mjs";
import { ROOT } from "../support/server.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { startWatchedServer } from "../support/watched.mjs";
import { startWorkerd } from "../support/workerd.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Timers } from "../support/hook-client.mjs" */
/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */
/** @import { WorkerDescription, Workerd } from "../support/workerd.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/** How much faster the hooks' time passes. */
const SPEED = 20;

/** What the hook waits before its first try. */
const FIRST_RETRY_MS = 1_000;
const PING_MS = 30_000;

const TODAY = "tests/worker/fixtures/watched.wrangler.jsonc";
const LATER = "tests/worker/fixtures/later.wrangler.jsonc";
/** The module of `tests/later`, whose every record has a field more. */
const LATER_MODULE = join(ROOT, "build/wasm/later.wasm");

/**
 * Some hooks of a user, all with their state, and what they have waited for, in their own time.
 * @param {Pick<Server, "ws">} where
 * @param {string} userId
 * @param {number} count
 */
async function mountedHooks(where, userId, count) {
  /** @type {number[]} */
  const waits = [];
  /** @type {Timers} */
  const timers = {
    setTimeout(action, ms) {
      if (ms !== PING_MS) waits.push(ms);
      return setTimeout(action, ms / SPEED).unref();
    },
    clearTimeout,
  };
  const hooks = Array.from({ length: count }, () => new HookClient(where, userId, { timers }));
  for (const hook of hooks) await hook.until(({ isLoading }) => !isLoading, "its first state");
  return { hooks, waits };
}

/**
 * Waits until every hook is back and has the games it should have.
 * @param {HookClient[]} hooks
 * @param {number} opened How often each must have connected.
 * @param {string[]} games
 */
async function allBack(hooks, opened, games) {
  for (const hook of hooks) {
    await hook.until((one) => one.opened === opened && one.isConnected, `connection ${opened}`);
    const isSo = (/** @type {HookClient} */ { state }) => String(state?.activeGames) === String(games);
    await hook.until(isSo, `the games ${games}`);
  }
}

test("devices whose object restarts come back at their first try and see one state", async () => {
  const user = "restarted";
  const { hooks, waits } = await mountedHooks(server, user, 3);
  /** @type {string[]} */
  const games = [];
  for (const [at, hook] of hooks.entries()) {
    games.push(`game-${at}`);
    hook.joinGame(`game-${at}`);
    hook.updatePresence("away");
    await allBack(hooks, at + 1, games);
    await server.restart(user);
    await allBack(hooks, at + 2, games);
    const { activeGames, presence, connectedDevices } = await stateOf(server, user);
    // Presence is of the devices, which were all gone for a moment.
    assert.deepEqual([activeGames, presence, connectedDevices], [games, "online", hooks.length]);
    for (const hook of hooks) await hook.until(({ state }) => state?.presence === presence, `the presence ${presence}`);
  }
  assert.deepEqual(waits, Array(hooks.length * hooks.length).fill(FIRST_RETRY_MS));
  assert.ok(hooks.every(({ calls }) => calls.every(([name]) => name !== "onLoggedOut")));
  await Promise.all(hooks.map((hook) => hook.closePage()));
});

/** @param {number[]} bytes */
function text(bytes) {
  return [...new Uint8Array(new Uint32Array([bytes.length]).buffer), ...bytes];
}

/**
 * The bytes of a snapshot.
 * @param {number} version
 * @param {string[]} games
 * @param {number[]} extension
 */
function snapshotBytes(version, games, extension) {
  const lastActive = [...new Uint8Array(new BigInt64Array([1_700_000_000_123n]).buffer)];
  const count = [...new Uint8Array(new Uint32Array([games.length]).buffer)];
  const texts = games.flatMap((game) => text([...Buffer.from(game)]));
  return [version, ...lastActive, ...count, ...texts, ...text(extension)];
}

test("what a later version keeps in the extension survives every change of today's code", async (t) => {
  for (const size of [1, 300, 70_000]) {
    await t.test(`${size} bytes`, async () => {
      const user = `extension ${size}`;
      // The first byte is the extension's version: one that no release has yet.
      const extension = Array.from({ length: size }, (_, at) => (at * 7 + 203) % 256);
      const device = await Device.connect(server, user, "d");
      await device.next();
      await server.restart(user);
      await server.plant(user, { session: { bytes: snapshotBytes(3, ["go", "chess"], extension) } });
      await server.restart(user);
      const again = await Device.connect(server, user, "d");
      assert.deepEqual((await again.next()).activeGames, ["go", "chess"]);
      await again.ask({ type: "leave_game", gameId: "go" });
      await again.ask({ type: "join_game", gameId: "é🎲" });
      await again.close();
      const { session, ...others } = await server.stored(user);
      assert.ok("bytes" in session);
      const expected = snapshotBytes(3, ["chess", "é🎲"], extension);
      // Between the version and the games is the time.
      const { bytes } = session;
      assert.equal(bytes[0], 3);
      // A comparison by elements would take minutes to say what differs.
      assert.equal(Buffer.from(bytes.slice(9)).toString("hex"), Buffer.from(expected.slice(9)).toString("hex"));
      assert.deepEqual(others, {});
    });
  }
});

/**
 * A folder for what is stored and a server on it, which other versions take the place of.
 * @param {TestContext} t
 * @param {Record<string, string>} [vars]
 */
async function deployable(t, vars) {
  const storage = await mkdtemp(join(tmpdir(), "deploys-"));
  // Every version has the same, which nobody else may be given between two of them.
  const port = await freePort();
  /** @type {Workerd | undefined} */
  let running;
  t.after(async () => {
    await running?.kill();
    await running?.stop();
    await rm(storage, { recursive: true, force: true });
  });
  /** @param {string} config @param {Record<string, string>} [more] @param {string} [module] In place of the Worker's own. */
  return async (config, more = {}, module) => {
    // Before the stop: devices don't wait for ever.
    const bundle = await buildBundle(config);
    const modules = bundle.modules.map((one) => (module && one.path.endsWith(".wasm") ? { ...one, path: module } : one));
    await running?.stop();
    /** @type {WorkerDescription} */
    const description = { modules, storage, port };
    if (vars) description.vars = { ...vars, ...more };
    running = await startWorkerd(description);
    return running;
  };
}

/**
 * Everything that is stored of a user.
 * @param {Workerd} where
 * @param {string} userId
 * @returns {Promise<Record<string, {bytes: number[]}>>}
 */
async function storedBy({ http }, userId) {
  return /** @type {any} */ (await fetch(`${http}/test/stored?userId=${userId}`)).json();
}

/** @param {{bytes: number[]}} row */
const readsOf = ({ bytes }) => /\{"reads":(\d+)\}$/.exec(Buffer.from(bytes).toString())?.[1];

test("connected devices come back from each deploy, forward and back, and nothing is lost", async (t) => {
  const deploy = await deployable(t);
  const user = "deployed";
  const first = await deploy(TODAY);
  const { hooks } = await mountedHooks(first, user, 3);
  /** @type {string[]} */
  const games = [];
  for (const [at, version] of [LATER, TODAY, LATER].entries()) {
    games.push(`game-${at}`);
    hooks[at].joinGame(`game-${at}`);
    await allBack(hooks, at + 1, games);
    const running = await deploy(version);
    await allBack(hooks, at + 2, games);
    const { activeGames, presence, connectedDevices } = await stateOf(running, user);
    assert.deepEqual([activeGames, presence, connectedDevices], [games, "online", hooks.length]);
    const { session } = await storedBy(running, user);
    assert.equal(readsOf(session), String(at === 2 ? 2 : 1));
  }
  await Promise.all(hooks.map((hook) => hook.closePage()));
});

test("devices of version 2 go on over a release whose records have more, and back over it", async (t) => {
  const deploy = await deployable(t, { AUTH_MODE: "none", SERVICE_TOKEN });
  const user = "both-ways";
  let running = await deploy(TODAY);
  let laptop = await V2Device.open(running, user, "laptop");
  let phone = await V2Device.open(running, user, "phone");
  for (const [at, module] of [LATER_MODULE, undefined].entries()) {
    const asked = { type: "broadcast", event: "asked", data: at };
    const id = laptop.sendRequest(asked);
    await restOf(laptop);
    // It has seen that by now.
    await restOf(phone);
    await leave(running, phone, user, 1);
    await laptop.request({ type: "broadcast", event: "missed", data: at });
    const push = { method: "POST", headers: bearer(SERVICE_TOKEN), body: `{"type":"kept-${at}"}` };
    const pushed = await fetch(`${running.http}${PREFIX}?userId=${user}&keep=600`, push);
    assert.equal(pushed.status, 200);
    await leave(running, laptop, user, 0);
    running = await deploy(TODAY, {}, module);
    laptop = await laptop.again(running);
    assert.equal(laptop.initial.reset, undefined);
    assert.equal((await laptop.repeat(id, asked)).repeated, true);
    phone = await phone.again(running);
    assert.equal(phone.initial.reset, undefined);
    assert.deepEqual(phone.initial.devices.map((/** @type {any} */ { deviceId }) => deviceId), ["laptop", "phone"]);
    assert.equal(phone.initial.inbox.unread, at + 1);
    const brought = (await restOf(phone)).map(({ event, body }) => event ?? body.type);
    assert.deepEqual(brought, ["missed", `kept-${at}`]);
  }
});

test("a roll-back over a version that is unknown keeps its bytes, and the logout holds throughout", async (t) => {
  const deploy = await deployable(t, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN });
  const user = "rolled-back";
  const token = secretToken(user);
  const before = await deploy(TODAY);
  const device = new Device(`${before.ws}${PREFIX}?userId=${user}`, { headers: bearer(token) });
  await device.next();
  await device.ask({ type: "join_game", gameId: "go" });
  device.send({ type: "logout_all" });
  await device.closed();
  const { "session.logout": logout } = await storedBy(before, user);
  assert.ok(logout);

  /** @param {Workerd} running @param {string} credential */
  const ask = (running, credential) =>
    fetch(`${running.http}${PREFIX}/state?userId=${user}`, { headers: bearer(credential) });
  /** @param {Workerd} running */
  const assertLogoutHolds = async (running) => {
    assert.equal((await ask(running, token)).status, 401);
    assert.deepEqual((await storedBy(running, user))["session.logout"], logout);
  };
  const later = await deploy(LATER, { FORMAT: "4" });
  const { session: unknown } = await storedBy(later, user);
  assert.equal(unknown.bytes[0], 4);

  const back = await deploy(TODAY);
  await assertLogoutHolds(back);
  const state = /** @type {any} */ (await (await ask(back, SERVICE_TOKEN)).json());
  assert.deepEqual(state.activeGames, []);
  const { session, "session.logout": kept, ...aside } = await storedBy(back, user);
  assert.deepEqual([session, kept], [undefined, logout]);
  assert.match(Object.keys(aside).join(), /^session\.unreadable\.\d+$/);
  assert.deepEqual(Object.values(aside), [unknown]);
  const reports = back.logs().filter((line) => /damaged or of an unknown version/.test(line));
  assert.equal(reports.length, 1);

  const forward = await deploy(LATER);
  await assertLogoutHolds(forward);
  assert.deepEqual(await storedBy(forward, user), { ...aside, "session.logout": logout });
});
