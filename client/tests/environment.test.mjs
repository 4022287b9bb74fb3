/** What an engine that is no browser gives by `environment`, as React Native does. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { shareClient, UserSessionClient } from "user-session-worker/client";

import { accept, fakeClient, settled } from "./support/fake-socket.mjs";
import { appStateOf, asyncStorage, netInfo } from "./support/native-parts.mjs";

const UUID = "11111111-2222-4333-8444-0123456789ab";
const KEY = "user-session-device-id";

const turns = async () => {
  for (let count = 0; count < 10; count++) await new Promise((resolve) => setImmediate(resolve));
};

test("a storage that answers by promises names the device before it connects, or each start would be a new device", async (t) => {
  const storage = asyncStorage(new Map([[KEY, "phone-of-kim"]]));
  const { client, sockets } = fakeClient(t, { deviceId: undefined, environment: { storage } });
  client.connect();
  assert.deepEqual([sockets.length, client.deviceId], [0, ""]);
  assert.deepEqual([client.getSnapshot().connectionStatus, client.getSnapshot().isLoading], ["connecting", true]);
  await turns();
  assert.equal(client.deviceId, "phone-of-kim");
  assert.equal(sockets[0]?.url.searchParams.get("deviceId"), "phone-of-kim");
});

test("the first start keeps an id that later ones find, and two clients of one start have the same", async (t) => {
  const storage = asyncStorage();
  const options = { userId: "kim", url: "wss://app.example", environment: { storage, randomUUID: () => UUID } };
  const { client } = fakeClient(t, { deviceId: undefined, ...options });
  const other = new UserSessionClient(options);
  client.connect();
  await turns();
  assert.equal(client.deviceId, "433384440123456789ab");
  assert.deepEqual([other.deviceId, storage.map.get(KEY)], [client.deviceId, client.deviceId]);
  const later = new UserSessionClient({ ...options, environment: { storage: asyncStorage(storage.map) } });
  await turns();
  assert.equal(later.deviceId, client.deviceId);
});

test("who closes while the storage is read gets no socket, and who connects again gets one", async (t) => {
  const { client, sockets } = fakeClient(t, { deviceId: undefined, environment: { storage: asyncStorage() } });
  client.connect();
  client.close();
  await turns();
  assert.equal(sockets.length, 0);
  client.connect();
  await turns();
  assert.equal(sockets.length, 1);
});

for (const [what, storage] of /** @type {const} */ ([
  ["rejects", { getItem: () => Promise.reject(new Error("full")), setItem: () => Promise.reject(new Error("full")) }],
  ["throws", { getItem: () => { throw new Error("full"); }, setItem: () => { throw new Error("full"); } }],
  ["has something else", { getItem: async () => /** @type {any} */ (7), setItem: async () => {} }],
])) {
  test(`a storage that ${what} leaves a device with an id for this start`, async (t) => {
    const { client, sockets } = fakeClient(t, { deviceId: undefined, environment: { storage } });
    client.connect();
    await turns();
    assert.match(client.deviceId, /^[a-z2-7]{20}$/);
    assert.equal(sockets.length, 1);
  });
}

test("a storage that answers by promises keeps what of the inbox was told, or an app would tell it again at each start", async (t) => {
  const storage = asyncStorage();
  const heard = async (/** @type {string} */ userId) => {
    const environment = { storage: asyncStorage(storage.map) };
    const { client, changes, newest } = fakeClient(t, { userId, environment });
    client.connect();
    await turns();
    accept(newest(), { lastActive: Date.now(), inbox: { last: 1, read: 0, unread: 1 } });
    newest().receive({ type: "push", inbox: 1, expiresAt: Date.now() + 60_000, body: { type: "invitation" } });
    client.close();
    t.mock.reset();
    return changes.filter(({ type }) => type === "event").length;
  };
  assert.equal(await heard("kim"), 1);
  const [key = "", mark = ""] = [...storage.map].find(([name]) => name.endsWith(" told")) ?? [];
  assert.equal(mark, "1");
  // This process remembers what it has told kim: another user's mark has been left by an earlier start alone.
  storage.map.set(key.replace("kim", "lee"), mark);
  assert.equal(await heard("lee"), 0);
});

test("in the background a device says that it is away and closes its socket; in front it is back", async (t) => {
  const appState = appStateOf();
  const { client, sockets, newest } = fakeClient(t, { environment: { appState }, presenceFromVisibility: true });
  client.connect();
  await settled();
  accept(newest());
  newest().receive({ type: "ack", id: newest().requests[0].id });
  appState.move("inactive");
  assert.equal(newest().closedWith, null);
  appState.move("background");
  assert.equal(newest().requests.at(-1).presence, "away");
  assert.equal(newest().closedWith, 1000);
  t.mock.timers.tick(60_000);
  assert.equal(sockets.length, 1);
  appState.move("active");
  assert.equal(sockets.length, 2);
  client.close();
  assert.equal(appState.listeners.size, 0);
});

test("without a network the problem is `offline`, and when there is one again it is tried at once", async (t) => {
  const { addEventListener, move, listeners } = netInfo();
  const { client, sockets, newest } = fakeClient(t, { environment: { online: addEventListener } });
  client.connect();
  await settled();
  accept(newest());
  move(false);
  newest().fail();
  t.mock.timers.tick(1_000);
  newest().fail();
  assert.equal(client.getSnapshot().problem?.code, "offline");
  const before = sockets.length;
  move(true);
  assert.equal(sockets.length, before + 1);
  client.close();
  assert.equal(listeners.size, 0);
});

/** @type {[given: any, says: RegExp][]} */
const WRONG = [
  [null, /^user-session: environment is null: expected an object with storage, randomUUID, appState, online$/],
  ["native", /environment is "native"/],
  [{ storage: "disk" }, /environment\.storage is "disk": expected an object with getItem and setItem$/],
  [{ storage: { getItem() {} } }, /environment\.storage is an object: expected an object with getItem and setItem/],
  [{ storage: null }, /environment\.storage is null/],
  [{ randomUUID: UUID }, /environment\.randomUUID is "1{8}.*: expected a function$/],
  [{ randomUUID: () => 5 }, /what environment\.randomUUID returned is 5: expected a UUID/],
  [{ appState: "active" }, /environment\.appState is "active": expected an object with addEventListener$/],
  [{ online: true }, /environment\.online is true: expected a function$/],
];

for (const [environment, says] of WRONG) {
  test(`a wrong environment is told at once, by the name of its field: ${says.source.slice(0, 60)}`, () => {
    const options = { userId: "kim", url: "wss://app.example", environment };
    for (const make of [() => new UserSessionClient(options), () => shareClient(options)]) {
      assert.throws(make, (error) => error instanceof TypeError && says.test(error.message));
    }
  });
}
