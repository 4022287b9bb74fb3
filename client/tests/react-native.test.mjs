/** The client as Metro bundles it, in an engine with React Native's globals and no more, against the real Worker. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { eventually } from "../../tests/support/eventually.mjs";
import { bundleByMetro, runNative } from "./support/native-engine.mjs";
import { appStateOf, asyncStorage } from "./support/native-parts.mjs";
import { startSurroundings } from "./runtimes/surroundings.mjs";

/** @type {Awaited<ReturnType<typeof startSurroundings>>} */
let around;
/** @type {string} */
let code;
before(async () => {
  [around, code] = await Promise.all([startSurroundings(), bundleByMetro()]);
});
after(() => around.close());

const UUIDS = { randomUUID: () => crypto.randomUUID() };

/**
 * Starts the app anew.
 * @param {import("node:test").TestContext} t
 * @param {string} userId
 * @param {import("user-session-worker/client").Environment | undefined} environment
 * @param {Record<string, unknown>} [globals]
 */
async function start(t, userId, environment, globals) {
  const { UserSessionClient } = runNative(code, globals);
  const token = () => fetch(`${around.origin}/test/token?userId=${userId}`, { method: "POST" }).then((answer) => answer.text());
  const client = new UserSessionClient({ userId, url: around.origin, token, environment, presenceFromVisibility: true });
  t.after(() => client.close());
  client.connect();
  await eventually("a connection", () => client.getSnapshot().connectionStatus === "connected");
  return client;
}

test("Metro finds the client and the hook by the package's exports, and nothing of the server", () => {
  assert.match(code, /useSyncExternalStore/);
  assert.doesNotMatch(code, /session\.wasm|DurableObject/);
});

test("an app connects, publishes and hears, goes into the background and comes back as the same device", async (t) => {
  const { map } = asyncStorage();
  /** @type {string[]} */
  const said = [];
  const quiet = { console: { warn: (/** @type {string} */ text) => said.push(text) } };
  const appState = appStateOf();
  const client = await start(t, "native", { storage: asyncStorage(map), appState, ...UUIDS }, quiet);
  /** @type {unknown[]} */
  const heard = [];
  client.onEvent("move", ({ data }) => void heard.push(data));
  assert.equal((await client.publish("move", 1)).ok, true);
  appState.move("background");
  await eventually("the socket to be closed", () => around.open("native") === 0);
  const other = await start(t, "native", { storage: asyncStorage(), ...UUIDS });
  assert.notEqual(other.deviceId, client.deviceId);
  assert.equal((await other.publish("move", 2)).ok, true);
  appState.move("active");
  await eventually("what it has missed", () => heard.length === 2);
  assert.deepEqual(heard, [1, 2]);
  client.close();
  const later = await start(t, "native", { storage: asyncStorage(map), ...UUIDS }, quiet);
  assert.equal(later.deviceId, client.deviceId);
  assert.deepEqual(said, []);
});

test("an app that gives nothing connects, too, and the console says what to install", async (t) => {
  /** @type {string[]} */
  const said = [];
  await start(t, "bare", undefined, { console: { warn: (/** @type {string} */ text) => said.push(text) } });
  assert.match(String(said), /react-native-get-random-values/);
});
