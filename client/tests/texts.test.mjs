/** Texts of an app: half a character, too many bytes, or no text at all, is no reason to lose anything. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { UserSessionClient, shareClient } from "user-session-worker/client";

import { utf8Bytes, wellFormed } from "../dist/texts.js";
import { FakeSocket, accept, fakeClient, olderState } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */

const HALF = "😀".slice(0, 1);
const OTHER_HALF = "😀".slice(1);
/** The character that the server reads in place of half a surrogate pair. */
const REPLACEMENT = "\u{fffd}";

/** Collects the warnings that the client writes to the console. @param {TestContext} t @returns {string[]} */
function heardWarnings(t) {
  /** @type {string[]} */
  const said = [];
  t.mock.method(console, "warn", (/** @type {unknown} */ text) => said.push(String(text)));
  return said;
}

/** Texts, what the server reads, and how many bytes that has. @type {[text: string, read: string, bytes: number][]} */
const TEXTS = [
  ["", "", 0],
  ["go", "go", 2],
  ["é€😀", "é€😀", 9],
  [HALF, REPLACEMENT, 3],
  [OTHER_HALF, REPLACEMENT, 3],
  [`see you ${HALF}`, `see you ${REPLACEMENT}`, 11],
  [OTHER_HALF + HALF, REPLACEMENT + REPLACEMENT, 6],
  [`${HALF}😀${OTHER_HALF}`, `${REPLACEMENT}😀${REPLACEMENT}`, 10],
  ["\0\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}", "\0\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}", 16],
];

for (const engine of ["an engine that knows toWellFormed", "one that does not"]) {
  test(`in ${engine} a text is read, and its bytes are counted, as the server does`, (t) => {
    const own = Object.getOwnPropertyDescriptor(String.prototype, "toWellFormed");
    if (engine === "one that does not") {
      delete (/** @type {any} */ (String.prototype).toWellFormed);
      t.after(() => own && Object.defineProperty(String.prototype, "toWellFormed", own));
    }
    for (const [text, read, bytes] of TEXTS) {
      assert.equal(wellFormed(text), read);
      assert.equal(utf8Bytes(text), bytes);
      assert.equal(new TextEncoder().encode(text).length, bytes);
    }
  });
}

for (const version of [1, 2]) {
  test(`version ${version}: half a character as a game's id is one game, joined, shown and left`, async (t) => {
    const { client, newest } = fakeClient(t);
    const games = () => client.getSnapshot().state?.activeGames;
    client.connect();
    newest().open(version === 2 ? undefined : "");
    if (version === 2) accept(newest());
    else newest().receive(olderState());
    const answer = () => version === 2 && newest().receive({ type: "ack", id: newest().requests.at(-1).id });
    const join = client.joinGame(HALF);
    assert.deepEqual(games(), [REPLACEMENT]);
    newest().receive({ type: "game_joined", gameId: REPLACEMENT, activeGames: [REPLACEMENT], ...(version === 2 && { seq: 11 }) });
    assert.deepEqual(games(), [REPLACEMENT], "it is not there twice");
    answer();
    assert.equal((await join).ok, true);
    const leave = client.leaveGame(HALF);
    assert.deepEqual(games(), []);
    newest().receive({ type: "game_left", gameId: REPLACEMENT, activeGames: [], ...(version === 2 && { seq: 12 }) });
    answer();
    assert.equal((await leave).ok, true);
    assert.deepEqual([games(), client.getSnapshot().pendingRequests], [[], 0]);
  });
}

test("half a character in a name or an id goes out as the server reads it, and in data as it was written", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  void client.publish(HALF, { [HALF]: [HALF] }, { to: [HALF], except: ["self", OTHER_HALF] });
  void client.setDeviceName(HALF);
  void client.logoutDevice(HALF);
  const [event, name, logout] = newest().requests.map((request) => ({ ...request, id: 1 }));
  const to = [REPLACEMENT];
  assert.deepEqual(event, { id: 1, type: "broadcast", event: REPLACEMENT, data: { [HALF]: [HALF] }, to, except: ["self", REPLACEMENT] });
  assert.deepEqual([name, logout], [
    { id: 1, type: "set_device", name: REPLACEMENT },
    { id: 1, type: "logout_device", deviceId: REPLACEMENT },
  ]);
  for (const text of newest().sent) assert.doesNotMatch(text, /\p{Surrogate}/u, "no text that a socket would change");
});

test("whoever listens for a name with half a character hears it, from devices and from servers", (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  /** @type {unknown[]} */
  const heard = [];
  client.onEvent(HALF, ({ data }) => heard.push(data));
  newest().receive({ type: "event", event: REPLACEMENT, data: HALF, from: "desk", seq: 11 });
  newest().receive({ type: "push", seq: 12, body: { type: HALF, text: OTHER_HALF } });
  assert.deepEqual(heard, [HALF, { type: HALF, text: OTHER_HALF }]);
});

test("half a character in the ids of user and device is the same session as the server's", (t) => {
  const { client, newest } = fakeClient(t, { userId: `kim${HALF}`, deviceId: OTHER_HALF });
  assert.equal(client.deviceId, REPLACEMENT);
  client.connect();
  assert.deepEqual(
    ["userId", "deviceId"].map((name) => newest().url.searchParams.get(name)),
    [`kim${REPLACEMENT}`, REPLACEMENT],
  );
});

test("a frame's size is counted in bytes of UTF-8: escaped halves have six", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  const frameOf = (/** @type {unknown} */ data) => {
    void client.publish("e", data);
    return newest().requests.length;
  };
  assert.equal(frameOf("😀".repeat(16_000)), 1);
  assert.equal(frameOf("😀".repeat(16_400)), 1);
  assert.equal(frameOf(HALF.repeat(10_900)), 2);
  assert.equal(frameOf(HALF.repeat(11_000)), 2);
});

const UNKNOWN = { devices: [{ deviceId: "desk", name: "old", tabs: 1, current: true }] };

/** The names that a device is given. @param {import("./support/fake-socket.mjs").FakeSocket} socket */
const named = ({ requests }) => requests.filter(({ type }) => type === "set_device").map(({ name }) => name);

/** Values of the option `deviceName`, and what the server is told. @type {[given: any, told: string[], isSaid: boolean][]} */
const NAMES = [
  [undefined, [], false],
  [null, [], false],
  ["", [], false],
  ["old", [], false],
  ["Desk", ["Desk"], false],
  [`Desk ${HALF}`, [`Desk ${REPLACEMENT}`], false],
  ["x".repeat(128), ["x".repeat(128)], false],
  ["x".repeat(129), ["x".repeat(128)], true],
  ["😀".repeat(40), ["😀".repeat(32)], true],
  [`x${"é".repeat(100)}`, [`x${"é".repeat(63)}`], true],
  [42, [], true],
  [{}, [], true],
];

test("a device's name that the server would refuse at each connection is one that it takes, or none", (t) => {
  for (const [deviceName, told, isSaid] of NAMES) {
    const said = heardWarnings(t);
    const { client, newest } = fakeClient(t, { deviceName });
    client.connect();
    accept(newest(), UNKNOWN);
    assert.deepEqual([named(newest()), said.length], [told, isSaid ? 1 : 0], String(deviceName));
    // The server calls it that now.
    if (told[0]) newest().receive({ type: "ack", id: newest().requests[0].id });
    newest().fail();
    t.mock.timers.tick(1_000);
    accept(newest(), { devices: [{ deviceId: "desk", name: told[0] ?? "old", tabs: 1, current: true }] });
    assert.deepEqual(named(newest()), []);
    client.close();
    t.mock.reset();
  }
});

/** Values that an app may give as an id, and how they are read. @type {[given: any, id: string][]} */
const IDS = [
  ["kim", "kim"],
  ["é", "é"],
  [42, "42"],
  [0, "0"],
  [42n, "42"],
  [2 ** 53 - 1, "9007199254740991"],
];

test("a whole number is an id in decimal, as databases call their users", (t) => {
  for (const [given, id] of IDS) {
    const { client, newest } = fakeClient(t, { userId: given, deviceId: given });
    client.connect();
    assert.deepEqual([newest().url.searchParams.get("userId"), client.deviceId], [id, id]);
    client.close();
    t.mock.reset();
  }
});

/** Values that are no id, and how the error describes them. @type {[given: any, found: RegExp][]} */
const NO_IDS = [
  ["", /is ""/],
  ["x".repeat(1_025), /has 1025/],
  ["😀".repeat(257), /has 1028/],
  [HALF.repeat(342), /has 1026/],
  [NaN, /is NaN/],
  [1.5, /is 1.5/],
  [2 ** 53, /is 9007199254740992/],
  [true, /is true/],
  [{}, /is an object/],
  [["kim"], /is an array/],
  [Symbol("kim"), /is a symbol/],
  [() => "kim", /is a function/],
];

test("what is no id is refused where it is given, in one sentence, and not by the server at each connection", () => {
  for (const [given, found] of NO_IDS) {
    for (const [name, bytes] of /** @type {const} */ ([["userId", 1_024], ["deviceId", 128]])) {
      assert.throws(() => new UserSessionClient({ userId: "kim", [name]: given }), (/** @type {Error} */ error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, found);
        assert.ok(error.message.includes(name) && error.message.includes(`1 to ${bytes} bytes of UTF-8`), error.message);
        return true;
      });
    }
  }
  for (const none of [undefined, null]) {
    const given = /** @type {any} */ (none);
    assert.throws(() => new UserSessionClient({ userId: given }), TypeError);
    assert.match(new UserSessionClient({ userId: "kim", deviceId: given }).deviceId, /^[a-z2-7]{20}$/);
  }
  assert.equal(new UserSessionClient({ userId: "x".repeat(1_024), deviceId: "x".repeat(128) }).deviceId.length, 128);
  assert.throws(() => new UserSessionClient({ userId: "kim", deviceId: "x".repeat(129) }), /has 129/);
});

test("the page's clients are one for a user, whichever way the id is written, and there is none for what is no id", (t) => {
  const options = { url: "wss://app.example", WebSocket: /** @type {any} */ (FakeSocket) };
  const held = [42, "42", 42n].map((userId) => shareClient({ ...options, userId: /** @type {any} */ (userId) }));
  t.after(() => held.forEach(({ release }) => release()));
  assert.equal(new Set(held.map(({ client }) => client)).size, 1);
  for (const [given] of NO_IDS) assert.throws(() => shareClient({ ...options, userId: given }), TypeError);
});

test("what is asked of the client with no text where one belongs throws nothing, and the server refuses it", async (t) => {
  const { client, newest } = fakeClient(t);
  client.connect();
  accept(newest());
  for (const given of /** @type {any[]} */ ([undefined, null, 42, {}, [], Symbol("x")])) {
    void client.joinGame(given);
    void client.leaveGame(given);
    void client.publish(given, 1, { to: given });
    void client.setDeviceName(given);
    void client.logoutDevice(given);
    void client.updatePresence(given);
    client.onEvent(given, () => {})();
  }
  for (let turns = 0; turns < 10; turns++) {
    for (const { id } of newest().requests) newest().receive({ type: "error", code: "invalid_message", message: "no", id });
    t.mock.timers.tick(1_000);
    newest().receive({ type: "pong" });
  }
  assert.deepEqual([client.getSnapshot().pendingRequests, client.getSnapshot().state?.activeGames], [0, []]);
});
