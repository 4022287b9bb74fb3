/**
 * The client believes only frames of the protocol's shape. An app's push that is called like one of them
 * must not log a tab out or become its state.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { FRAMES } from "../dist/frames.js";
import { accept, fakeClient, initialState, olderState } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */

/** Collects the warnings that the client writes to the console. @param {TestContext} t @returns {string[]} */
function heardWarnings(t) {
  /** @type {string[]} */
  const said = [];
  t.mock.method(console, "warn", (/** @type {unknown} */ text) => said.push(String(text)));
  return said;
}

/** A connected client of version 2. @param {TestContext} t */
function newer(t) {
  const fake = fakeClient(t);
  fake.client.connect();
  accept(fake.newest(), { activeGames: ["go"] });
  return { ...fake, said: heardWarnings(t) };
}

/** A connected client whose server speaks version 1. @param {TestContext} t */
function older(t) {
  const fake = fakeClient(t);
  fake.client.connect();
  fake.newest().open("");
  fake.newest().receive(olderState({ activeGames: ["go"] }));
  return { ...fake, said: heardWarnings(t) };
}

/** @param {string} name @param {unknown} data @param {number | null} [inbox] */
const pushed = (name, data, inbox = null) => ({ type: "event", event: { name, data, from: null, inbox } });

const DEVICE = { deviceId: "x", name: "", firstSeen: 1, lastActive: 1, presence: "online", tabs: 1 };
const STATE = { type: "state", userId: "kim", activeGames: ["x"], presence: "away", lastActive: 2 };

/** Frames that are not of version 2, by the harm that believing them would do. @type {[what: string, frames: object[]][]} */
const UNBELIEVABLE = [
  ["a state without its fields, or with others'", [
    { type: "state" },
    { type: "state", street: "Elm" },
    ...Object.keys(STATE).filter((key) => key !== "type").map((key) => ({ ...STATE, [key]: undefined })),
    { ...STATE, userId: 7 },
    { ...STATE, activeGames: "go" },
    { ...STATE, activeGames: ["go", 7] },
    { ...STATE, activeGames: { length: 0 } },
    { ...STATE, presence: "busy" },
    { ...STATE, presence: ["away"] },
    { ...STATE, lastActive: "now" },
    { ...STATE, lastActive: -1 },
    { ...STATE, epoch: 1.5, seq: 1 },
    { ...STATE, epoch: 1, seq: "1" },
    { ...STATE, epoch: 1, seq: 11, devices: [{}] },
    { ...STATE, epoch: 1, seq: 11, inbox: { last: 1, read: 1 } },
  ]],
  ["a presence that is none", [
    { type: "presence_updated" },
    { type: "presence_updated", presence: "busy", seq: 11 },
    { type: "presence_updated", presence: null, seq: 11 },
    { type: "presence_updated", presence: "toString", seq: 11 },
  ]],
  ["a game without an id, or games that are none", [
    { type: "game_joined", seq: 11, activeGames: ["x"] },
    { type: "game_joined", seq: 11, gameId: 7, activeGames: ["x"] },
    { type: "game_left", seq: 11, gameId: "go" },
    { type: "game_left", seq: 11, gameId: "go", activeGames: null },
    { type: "game_left", seq: 11, gameId: "go", activeGames: [null] },
  ]],
  ["a number that does not count", [1.5, -1, "11", 2 ** 53, null, {}].map((seq) => (
    { type: "game_joined", gameId: "x", activeGames: ["x"], seq }
  ))],
  ["an event without name or sender", [
    { type: "event", data: 1, from: "x" },
    { type: "event", event: 7, from: "x" },
    { type: "event", event: "e", data: 1 },
    { type: "event", event: "e", data: 1, from: null },
  ]],
  ["a device that is none", [
    { type: "device_connected", seq: 11 },
    { type: "device_connected", seq: 11, device: "x" },
    { type: "device_connected", seq: 11, device: [] },
    ...Object.keys(DEVICE).map((key) => ({ type: "device_updated", seq: 11, device: { ...DEVICE, [key]: {} } })),
    { type: "device_disconnected", seq: 11 },
    { type: "device_disconnected", seq: 11, deviceId: 7 },
  ]],
  ["a logout or a replacement that an app has named", [
    { type: "logged_out" },
    { type: "logged_out", friend: "Kim" },
    { type: "logged_out", scope: "friends" },
    { type: "logged_out", scope: "all", friend: "Kim" },
    { type: "replaced", by: "Kim" },
    { type: "replaced", "": "Kim" },
  ]],
  ["an error that has no code or no message", [
    { type: "error" },
    { type: "error", message: "Kim has lost" },
    { type: "error", code: 7, message: "Kim has lost" },
    { type: "error", code: "lost" },
    { type: "error", code: "lost", message: "Kim has lost", id: 7 },
  ]],
  ["a push without a body that has a type", [
    { type: "push" },
    { type: "push", seq: 11, body: "news" },
    { type: "push", seq: 11, body: null },
    { type: "push", seq: 11, body: {} },
    { type: "push", seq: 11, body: { type: 7 } },
    { type: "push", seq: 11.5, body: { type: "news" } },
    { type: "push", inbox: "1", body: { type: "news" } },
    { type: "push", inbox: 1, expiresAt: "soon", body: { type: "news" } },
  ]],
  ["a word of what was read that says no number", [
    { type: "inbox_read", seq: 11 },
    { type: "inbox_read", seq: 11, inbox: 5 },
    { type: "inbox_read", seq: 11, inbox: "5", unread: 0 },
    { type: "inbox_read", seq: 11, inbox: 5, unread: -1 },
  ]],
  ["a second first frame", [initialState({ activeGames: ["x"], presence: "away" })]],
  ["what no version has, or an object's own names", ["news", "", "toString", "__proto__", "constructor"].map((type) => (
    { type, seq: 11 }
  ))],
];

for (const [what, frames] of UNBELIEVABLE) {
  test(`version 2: ${what} changes nothing, tells nothing, and is said once`, (t) => {
    const { client, newest, changes, said } = newer(t);
    const before = client.getSnapshot();
    for (const frame of [...frames, ...frames]) {
      newest().receive(frame);
      assert.equal(client.getSnapshot(), before, JSON.stringify(frame));
    }
    assert.deepEqual([changes, newest().closedWith], [[], null]);
    const types = new Set(frames.map((frame) => /** @type {{type: string}} */ (frame).type));
    assert.equal(said.length, types.size, said.join("\n"));
    for (const type of types) assert.ok(said.some((text) => text.includes(JSON.stringify(type))), type);
    newest().fail();
    t.mock.timers.tick(1_000);
    assert.equal(newest().url.searchParams.get("since"), "7.10", "nor is it counted");
  });
}

test("version 2: an answer that is none settles nothing", (t) => {
  const { client, newest } = newer(t);
  void client.publish("e", 1);
  const [{ id }] = newest().requests;
  for (const frame of [{ type: "ack" }, { type: "ack", id: 7 }, { type: "ack", id, repeated: 1 }]) newest().receive(frame);
  assert.equal(client.getSnapshot().pendingRequests, 1);
  newest().receive({ type: "ack", id });
  assert.equal(client.getSnapshot().pendingRequests, 0);
});

test("version 2: a pong that says more is an app's, and no sign of life", (t) => {
  const { newest, said, client } = newer(t);
  newest().receive({ type: "pong", score: 3 });
  assert.deepEqual([said.length, client.getMetrics().roundTripMs], [1, null]);
});

test("version 2: a first frame that is not whole makes no connection", (t) => {
  const { client, newest } = fakeClient(t);
  const said = heardWarnings(t);
  client.connect();
  newest().open();
  const whole = initialState();
  const bad = [
    ...Object.keys(whole).filter((key) => !["type", "deviceId"].includes(key)).map((key) => ({ ...whole, [key]: undefined })),
    ...[{}, [7], [{}], [{ ...DEVICE, current: "yes" }], [{ ...DEVICE, current: true, tabs: -1 }]].map((devices) => ({ ...whole, devices })),
    ...[{}, 7, { last: 1, read: 0 }, { last: 1, read: 0, unread: "1" }].map((inbox) => ({ ...whole, inbox })),
    ...[{ epoch: 7.5 }, { seq: -1 }, { reset: "yes" }, { activeGames: [1] }, { lost: 1 }].map((more) => ({ ...whole, ...more })),
  ];
  for (const frame of bad) newest().receive(frame);
  assert.deepEqual([client.getMetrics().connections, client.getSnapshot().state, said.length], [0, null, 1]);
  newest().receive(whole);
  assert.equal(client.getSnapshot().connectionStatus, "connected");
});

test("version 2: a push is an event with its whole body, whatever its names are in the protocol", (t) => {
  const { client, newest, changes } = newer(t);
  const bodies = [...FRAMES.keys(), "news", "constructor"].map((type) => ({ type, seq: 99, epoch: 9, inbox: 7, scope: "all", id: 1 }));
  bodies.forEach((body, at) => newest().receive({ type: "push", seq: 11 + at, body }));
  newest().receive({ type: "push", body: { type: "aimed" } });
  newest().receive({ type: "push", inbox: 3, expiresAt: 9, body: { type: "late" } });
  assert.deepEqual(changes, [
    ...bodies.map((body) => pushed(body.type, body)),
    pushed("aimed", { type: "aimed" }),
    pushed("late", { type: "late" }, 3),
  ]);
  newest().fail();
  t.mock.timers.tick(1_000);
  assert.equal(newest().url.searchParams.get("since"), `7.${10 + bodies.length}`, "the wrapper's number counts, and no body's");
  assert.deepEqual(client.getSnapshot().state?.activeGames, ["go"]);
});

test("version 2: a newer server may say more than the client knows", (t) => {
  const { client, newest, said } = newer(t);
  newest().receive({ type: "game_joined", gameId: "x", activeGames: ["go", "x"], seq: 11, by: "desk" });
  newest().receive({ type: "device_connected", device: { ...DEVICE, battery: 3 }, seq: 12 });
  assert.deepEqual(client.getSnapshot().state?.activeGames, ["go", "x"]);
  assert.deepEqual([client.getSnapshot().devices.length, said], [1, []]);
});

for (const scope of ["all", "others", "device", "credential"]) {
  test(`a logout is believed that has ended ${scope}`, (t) => {
    const { client, newest, said } = newer(t);
    newest().receive({ type: "logged_out", scope });
    assert.deepEqual([client.getSnapshot().connectionStatus, said], ["logged_out", []]);
  });
}

test("version 1: what is no frame of that version is an app's push, also one that an older server lets through", (t) => {
  const { client, newest, changes, said } = older(t);
  const before = client.getSnapshot();
  const bodies = [
    ...UNBELIEVABLE.flatMap(([, frames]) => frames).filter((frame) => !("seq" in frame || "epoch" in frame || "id" in frame)),
    { type: "ack", id: 1 },
    { type: "pong", score: 3 },
    { type: "logged_out", scope: "all" },
    { type: "replaced" },
    { type: "push", body: { type: "news" } },
    { type: "device_connected", device: DEVICE },
    { type: "device_disconnected", deviceId: "desk" },
    { type: "news", inbox: 5, seq: 3 },
    { type: "inbox_read", inbox: 5, unread: 0 },
    olderState({ activeGames: ["x"] }),
  ].map((body) => JSON.parse(JSON.stringify(body)));
  for (const body of bodies) newest().receive(body);
  assert.deepEqual(changes, bodies.map((body) => pushed(body.type, body)));
  assert.equal(client.getSnapshot(), before);
  assert.deepEqual([said, newest().closedWith], [[], null]);
});

test("version 1: its own frames are believed, whatever number they carry", (t) => {
  const { client, newest, changes } = older(t);
  newest().receive({ type: "game_joined", gameId: "x", activeGames: ["go", "x"], seq: 1.5 });
  newest().receive({ type: "presence_updated", presence: "away" });
  newest().receive({ type: "event", event: "e", from: "phone" });
  newest().receive({ ...STATE, epoch: 3, seq: 4 });
  assert.deepEqual(changes.map(({ type }) => type), ["gameJoined", "presenceChanged", "event"]);
  assert.deepEqual(client.getSnapshot().state?.activeGames, ["x"]);
  newest().fail(1001);
  t.mock.timers.tick(1_000);
  assert.equal(newest().url.searchParams.get("since"), null);
});

test("version 1: a first frame tells nothing that only version 2 has, whatever it calls so", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  newest().open("");
  newest().receive(olderState({ devices: [null], epoch: 7, seq: 10 }));
  const { connectionStatus, devices } = client.getSnapshot();
  assert.deepEqual([connectionStatus, devices], ["connected", []]);
});

test("version 1: a first frame may lack what the hook in production does not need", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  newest().open("");
  newest().receive({ type: "initial_state", userId: "kim" });
  assert.deepEqual(client.getSnapshot().state, { userId: "kim", activeGames: [], presence: "online", lastActive: 0 });
});
