/** The presence that was chosen by hand: a break makes the server forget it, and must not change it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, olderState } from "./support/fake-socket.mjs";

/** @import { FakeSocket } from "./support/fake-socket.mjs" */
/** @import { Presence } from "user-session-worker/client" */

/** @type {Presence[]} */
const PRESENCES = ["online", "away", "offline"];

const DESK = { deviceId: "desk", name: "", firstSeen: 1, lastActive: 100_000, presence: "online", tabs: 1, current: true };
const PHONE = { ...DESK, deviceId: "phone", tabs: 0, current: false };

/** @param {FakeSocket} socket */
const said = ({ requests }) => requests.filter(({ type }) => type === "update_presence").map(({ presence }) => presence);

/**
 * A client that has said something, and been heard.
 * @param {import("node:test").TestContext} t
 * @param {Presence} presence
 * @param {object[]} [devices]
 */
function saying(t, presence, devices = [DESK]) {
  const fake = fakeClient(t);
  fake.client.connect();
  accept(fake.newest(), { devices });
  void fake.client.updatePresence(presence);
  heard(fake.newest(), presence, 11);
  return fake;
}

/** The server does what was asked last. @param {FakeSocket} socket @param {Presence} presence @param {number} seq */
function heard(socket, presence, seq) {
  socket.receive({ type: "presence_updated", presence, seq });
  socket.receive({ type: "ack", id: socket.requests.at(-1).id });
}

/**
 * The connection breaks, and there is another after a second.
 * @param {import("node:test").TestContext} t
 * @param {ReturnType<typeof fakeClient>} fake
 * @param {object} more What its first frame says.
 */
function comeBack(t, { newest }, more) {
  newest().fail();
  t.mock.timers.tick(1_000);
  accept(newest(), { devices: [DESK], epoch: 8, reset: true, ...more });
}

for (const presence of PRESENCES) {
  for (const word of PRESENCES.filter((other) => other !== presence)) {
    test(`${presence} by hand is said again to a server that says ${word} after a break`, (t) => {
      const fake = saying(t, presence);
      comeBack(t, fake, { presence: word });
      assert.deepEqual(said(fake.newest()), [presence]);
      heard(fake.newest(), presence, 12);
      assert.equal(fake.client.getSnapshot().state?.presence, presence);
      fake.newest().fail();
      t.mock.timers.tick(2_000);
      accept(fake.newest(), { devices: [DESK], presence: word });
      assert.deepEqual(said(fake.newest()), [presence], "at the second break, too");
    });
  }

  test(`${presence} by hand is not said again to a server that has kept it: a half-open break`, (t) => {
    const fake = saying(t, presence);
    comeBack(t, fake, { presence });
    assert.deepEqual(said(fake.newest()), []);
  });
}

test("what was never said is not said again", (t) => {
  const fake = fakeClient(t);
  fake.client.connect();
  accept(fake.newest(), { devices: [DESK], presence: "away" });
  comeBack(t, fake, { presence: "online" });
  assert.deepEqual(said(fake.newest()), []);
});

test("what another device has said since stands, also over a break", (t) => {
  const fake = saying(t, "away", [DESK, { ...PHONE, tabs: 1 }]);
  fake.newest().receive({ type: "presence_updated", presence: "offline", seq: 12 });
  fake.newest().receive({ type: "device_disconnected", deviceId: "phone", seq: 13 });
  comeBack(t, fake, { presence: "online", devices: [DESK, PHONE] });
  assert.deepEqual(said(fake.newest()), []);
});

test("another device that says the same leaves the word ours", (t) => {
  const fake = saying(t, "away", [DESK, { ...PHONE, tabs: 1 }]);
  fake.newest().receive({ type: "presence_updated", presence: "away", seq: 12 });
  fake.newest().receive({ type: "device_disconnected", deviceId: "phone", seq: 13 });
  comeBack(t, fake, { presence: "online", devices: [DESK, PHONE] });
  assert.deepEqual(said(fake.newest()), ["away"]);
});

test("a device that says something before ours is heard is not what stands", (t) => {
  const fake = fakeClient(t);
  fake.client.connect();
  accept(fake.newest(), { devices: [DESK] });
  void fake.client.updatePresence("away");
  fake.newest().receive({ type: "presence_updated", presence: "offline", seq: 11 });
  heard(fake.newest(), "away", 12);
  comeBack(t, fake, { presence: "online" });
  assert.deepEqual(said(fake.newest()), ["away"]);
});

/** Who may have spoken for the user. @type {[what: string, devices: object[]][]} */
const OTHERS = [
  ["another device is connected", [DESK, { ...PHONE, tabs: 1 }]],
  ["another tab of this device is connected", [{ ...DESK, tabs: 2 }]],
  ["another device was there and left", [DESK, { ...PHONE, lastActive: 99_500 }]],
  ["a new device was there and left", [DESK, { ...PHONE, deviceId: "tablet", lastActive: 99_500 }]],
];

for (const [what, devices] of OTHERS) {
  test(`nothing is said again where ${what}: it may have spoken`, (t) => {
    const fake = saying(t, "away", [DESK, { ...PHONE, lastActive: 50_000 }]);
    comeBack(t, fake, { presence: "online", devices });
    assert.deepEqual(said(fake.newest()), []);
    fake.newest().fail();
    t.mock.timers.tick(2_000);
    accept(fake.newest(), { devices: [DESK], presence: "online" });
    assert.deepEqual(said(fake.newest()), [], "and from then on what it left stands");
  });
}

test("whoever has spoken while this machine slept is not spoken over, though its monotonic clock stood still", (t) => {
  const fake = saying(t, "away", [DESK, { ...PHONE, lastActive: 50_000 }]);
  fake.setClock(3_600_000);
  const lastActive = 3_700_000;
  comeBack(t, fake, { presence: "online", devices: [{ ...DESK, lastActive }, { ...PHONE, lastActive: 1_000_000 }] });
  assert.deepEqual(said(fake.newest()), []);
});

test("a device that was away all the time keeps nobody from saying it again", (t) => {
  const fake = saying(t, "away", [DESK, { ...PHONE, lastActive: 50_000 }]);
  comeBack(t, fake, { presence: "online", devices: [DESK, { ...PHONE, lastActive: 50_000 }] });
  assert.deepEqual(said(fake.newest()), ["away"]);
});

test("a device that left before the break was heard of, and keeps nobody either", (t) => {
  const fake = saying(t, "away", [DESK, { ...PHONE, lastActive: 50_000, tabs: 1 }]);
  fake.newest().receive({ type: "device_disconnected", deviceId: "phone", seq: 12 });
  // Its last heartbeat came long after the list that the client knows.
  comeBack(t, fake, { presence: "online", devices: [DESK, { ...PHONE, lastActive: 98_000 }] });
  assert.deepEqual(said(fake.newest()), ["away"]);
});

test("what is asked anew while there is no connection is said once, and alone", (t) => {
  const fake = saying(t, "away");
  fake.newest().fail();
  void fake.client.updatePresence("offline");
  t.mock.timers.tick(1_000);
  accept(fake.newest(), { devices: [DESK] });
  assert.deepEqual(said(fake.newest()), ["offline"]);
});

test("after a logout nothing that was said before is said again", (t) => {
  const fake = saying(t, "away");
  fake.newest().receive({ type: "logged_out", scope: "all" });
  fake.client.reconnect();
  accept(fake.newest(), { devices: [DESK] });
  assert.deepEqual(said(fake.newest()), []);
});

test("a word that is no presence is refused once, and not asked again at every connection", (t) => {
  const fake = saying(t, /** @type {any} */ ("busy"));
  comeBack(t, fake, { presence: "online" });
  assert.deepEqual(said(fake.newest()), []);
});

test("version 1 lists no devices, so nobody can know who else was there, and nothing is said again", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  newest().open("");
  newest().receive(olderState());
  await client.updatePresence("away");
  newest().receive({ type: "presence_updated", presence: "away" });
  newest().fail(1001);
  t.mock.timers.tick(1_000);
  newest().open("");
  newest().receive(olderState({ presence: "online" }));
  assert.deepEqual([client.getMetrics().connections, said(newest())], [2, []]);
});
