/** The client and the real Worker: what each promises must be what the other expects. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SECRET, bearer, secretToken } from "../../tests/support/auth.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { stateOf } from "../../tests/support/logout.mjs";
import { push } from "../../tests/support/requests.mjs";
import { startServer } from "../../tests/support/server.mjs";
import { OlderSocket, RememberedSocket, connected, newClient } from "./support/clients.mjs";

/** @import { Server } from "../../tests/support/server.mjs" */

const DONE = { ok: true, credentialShared: false };

/** @type {Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test("two devices see each other's joins, leaves, presence and events, each once", async (t) => {
  const [desk, phone] = [await connected(t, server, "pair", "desk"), await connected(t, server, "pair", "phone")];
  assert.deepEqual(await desk.client.joinGame("gö ☺"), DONE);
  assert.deepEqual(await desk.client.joinGame("gö ☺"), DONE);
  assert.deepEqual(await phone.client.joinGame("chess"), DONE);
  assert.deepEqual(await phone.client.leaveGame("gö ☺"), DONE);
  assert.deepEqual(await desk.client.updatePresence("away"), DONE);
  assert.deepEqual(await desk.client.publish("move", { from: [1, 2] }), DONE);
  const expected = [
    { type: "gameJoined", gameId: "gö ☺" },
    { type: "gameJoined", gameId: "chess" },
    { type: "gameLeft", gameId: "gö ☺" },
    { type: "presenceChanged", presence: "away" },
    { type: "event", event: { name: "move", data: { from: [1, 2] }, from: "desk", inbox: null } },
  ];
  for (const { client, changes, games } of [desk, phone]) {
    await eventually("all to arrive", () => changes.length >= expected.length);
    assert.deepEqual(changes, expected);
    assert.deepEqual([games(), client.getSnapshot().state?.presence], [["chess"], "away"]);
  }
});

test("a refused join is taken back: the 257th game", async (t) => {
  const { client, games } = await connected(t, server, "full", "desk", { requestsPerSecond: 1_000 });
  const outcomes = Array.from({ length: 256 }, (_, at) => client.joinGame(`${at}`));
  assert.ok((await Promise.all(outcomes)).every(({ ok }) => ok));
  const last = client.joinGame("one more");
  assert.equal(games().length, 257);
  const refused = await last;
  assert.equal(!refused.ok && refused.code, "limit_reached");
  assert.equal(games().length, 256);
  assert.ok(client.getSnapshot().error);
  assert.equal((await client.joinGame("")).ok, false);
});

test("devices list: who is here, by what name, and who has gone", async (t) => {
  const desk = await connected(t, server, "devices", "desk", { deviceName: "Desk" });
  const phone = await connected(t, server, "devices", "phone");
  const list = () => desk.client.getSnapshot().devices.map(({ deviceId, name, tabs, current }) => [deviceId, name, tabs, current]);
  const expected = [["desk", "Desk", 1, true], ["phone", "Kim's phone", 1, false]];
  assert.deepEqual(await phone.client.setDeviceName("Kim's phone"), DONE);
  await eventually("the names", () => JSON.stringify(list()) === JSON.stringify(expected));
  phone.client.close();
  await eventually("the phone to go", () => list()[1]?.[2] === 0);
});

test("events for some devices reach those alone", async (t) => {
  const [desk, phone] = [await connected(t, server, "aim", "desk"), await connected(t, server, "aim", "phone")];
  await desk.client.publish("others", 1, { except: ["self"] });
  await desk.client.publish("mine", 2, { to: ["self"] });
  await desk.client.publish("all");
  /** @param {import("./support/clients.mjs").Told} told */
  const names = ({ changes }) => changes.map((change) => change.type === "event" && change.event.name);
  await eventually("the last", () => [desk, phone].every((one) => names(one).includes("all")));
  assert.deepEqual([names(desk), names(phone)], [["mine", "all"], ["others", "all"]]);
});

test("whatever breaks the connection, events and changes are told once and in order, and requests are done once", async (t) => {
  const user = "breaks";
  const desk = await connected(t, server, user, "desk");
  const phone = await connected(t, server, user, "phone", { WebSocket: RememberedSocket });
  RememberedSocket.all.length = 1;
  /** @type {Promise<unknown>[]} */
  const asked = [];
  for (let round = 0; round < 12; round++) {
    asked.push(desk.client.publish("tick", round), phone.client.publish("tock", round));
    asked.push(phone.client.joinGame(`game ${round}`));
    // In mid-air, so that the answers are lost.
    if (round % 3 === 1) {
      RememberedSocket.all.at(-1)?.close();
      await phone.until("reconnecting");
      asked.push(desk.client.publish("tick", round + 0.5), phone.client.publish("tock", round + 0.5));
      phone.client.reconnect();
      await phone.until("connected");
    }
  }
  await Promise.all(asked);
  const ticks = (/** @type {typeof desk} */ { changes }, /** @type {string} */ name) =>
    changes.flatMap((change) => (change.type === "event" && change.event.name === name ? [change.event.data] : []));
  const expected = Array.from({ length: 12 }, (_, at) => (at % 3 === 1 ? [at, at + 0.5] : [at])).flat();
  for (const device of [desk, phone]) {
    const isAllThere = () => ["tick", "tock"].every((name) => ticks(device, name).length >= expected.length);
    await eventually("the last", () => isAllThere() && device.games().length === 12);
    for (const name of ["tick", "tock"]) assert.deepEqual(ticks(device, name), expected);
    assert.equal(device.changes.filter(({ type }) => type === "gameJoined").length, 12);
    assert.ok(device.changes.every(({ type }) => type !== "reset"));
  }
  assert.equal((await stateOf(server, user)).activeGames.length, 12);
});

/** Keeps a push for an hour. @param {string} userId @param {string} body */
async function keep(userId, body) {
  const query = new URLSearchParams({ userId, keep: "3600" });
  const response = await fetch(`${server.http}/__user-session?${query}`, { method: "POST", body });
  assert.equal(response.status, 200);
}

test("what a server pushes and keeps while a device is away arrives when it is back, and counts until it is read anywhere", async (t) => {
  const user = "kept";
  const phone = await connected(t, server, user, "phone");
  phone.client.close();
  await eventually("the phone to go", async () => (await stateOf(server, user)).connectedDevices === 0);
  await keep(user, '{"type":"invitation","from":"Lee"}');
  const back = newClient(t, server, user, "phone");
  /** @type {import("user-session-worker/client").SessionEvent[]} */
  const invitations = [];
  back.client.onEvent("invitation", (event) => invitations.push(event));
  back.client.connect();
  await eventually("the invitation", () => invitations.length > 0);
  assert.deepEqual(invitations[0]?.data, { type: "invitation", from: "Lee" });
  assert.ok(Number(invitations[0]?.inbox) > 0);
  await push(server, user, '{"type":"invitation"}');
  await keep(user, '{"type":"invitation"}');
  await eventually("the next", () => invitations.length === 3);
  assert.equal(invitations[1]?.inbox, null);
  const desk = await connected(t, server, user, "desk");
  await eventually("both on another device", () => desk.changes.filter(({ type }) => type === "event").length === 2);
  const unread = () => [back, desk].map(({ client }) => client.getSnapshot().unread);
  assert.deepEqual(unread(), [2, 2]);
  assert.deepEqual(await desk.client.markRead(invitations[0]?.inbox ?? 0), DONE);
  await eventually("the mark on both", () => String(unread()) === "1,1");
  assert.deepEqual(await back.client.markRead(), DONE);
  await eventually("all to be read", () => String(unread()) === "0,0");
});

test("a page that is loaded anew has what the user has not read, and tells none of it again", async (t) => {
  const user = "reloaded";
  const phone = await connected(t, server, user, "phone");
  await keep(user, '{"type":"invitation","n":1}');
  await eventually("the invitation", () => phone.changes.length === 1);
  phone.client.close();
  await eventually("the phone to go", async () => (await stateOf(server, user)).connectedDevices === 0);
  await keep(user, '{"type":"invitation","n":2}');
  const reloaded = await connected(t, server, user, "phone");
  await eventually("the next", () => reloaded.changes.length > 0);
  const told = reloaded.changes.map((change) => change.type === "event" && change.event.data);
  assert.deepEqual([told, reloaded.client.getSnapshot().unread], [[{ type: "invitation", n: 2 }], 2]);
});

for (const isHeard of [true, false]) {
  test(`a presence chosen by hand survives a break that the server ${isHeard ? "hears of" : "does not hear of"}`, async (t) => {
    const user = `by hand ${isHeard}`;
    const sockets = RememberedSocket.all;
    const phone = await connected(t, server, user, "phone");
    const desk = await connected(t, server, user, "desk", { WebSocket: RememberedSocket });
    phone.client.close();
    await eventually("the phone to go", async () => (await stateOf(server, user)).connectedDevices === 1);
    assert.deepEqual(await desk.client.updatePresence("away"), DONE);
    const broken = sockets.at(-1);
    // A tab that connects again while the server holds the old socket for open replaces it.
    if (isHeard) broken?.close();
    else broken?.onclose?.(new CloseEvent("close", { code: 1006 }));
    await eventually("the next connection", () => sockets.at(-1) !== broken && desk.client.getSnapshot().connectionStatus === "connected");
    await eventually("the word to stand", async () => (await stateOf(server, user)).presence === "away");
    await eventually("all to be answered", () => desk.client.getSnapshot().pendingRequests === 0);
    assert.equal(desk.client.getSnapshot().state?.presence, "away");
  });
}

test("what a device says that came meanwhile and left stands: a break does not undo it", async (t) => {
  const user = "meanwhile";
  let isCut = false;
  class Cut extends RememberedSocket {
    /** @param {string | URL} url @param {string | string[]} [protocols] */
    constructor(url, protocols) {
      super(isCut ? "ws://127.0.0.1:1" : url, protocols);
    }
  }
  const desk = await connected(t, server, user, "desk", { WebSocket: Cut });
  assert.deepEqual(await desk.client.updatePresence("away"), DONE);
  isCut = true;
  RememberedSocket.all.at(-1)?.close();
  const phone = await connected(t, server, user, "phone");
  assert.deepEqual(await phone.client.updatePresence("online"), DONE);
  phone.client.close();
  await eventually("the phone to go", async () => (await stateOf(server, user)).connectedDevices === 0);
  isCut = false;
  desk.client.reconnect();
  await eventually("the desk to be back", () => desk.client.getSnapshot().connectionStatus === "connected");
  assert.deepEqual(await desk.client.joinGame("go"), DONE);
  assert.equal((await stateOf(server, user)).presence, "online");
});

for (const action of /** @type {const} */ (["hibernate", "restart"])) {
  test(`a server that does ${action} is nothing a user sees`, async (t) => {
    const user = `server ${action}`;
    const [desk, phone] = [await connected(t, server, user, "desk"), await connected(t, server, user, "phone")];
    await desk.client.joinGame("go");
    await server[action](user);
    const outcomes = [desk.client.joinGame("chess"), phone.client.leaveGame("go")];
    assert.deepEqual(await Promise.all(outcomes), [DONE, DONE]);
    for (const { games, client } of [desk, phone]) {
      await eventually("the change", () => String(games()) === "chess");
      await eventually("the connection", () => client.getSnapshot().connectionStatus === "connected");
    }
  });
}

test("log out everywhere ends every device, and only on purpose do they come back", async (t) => {
  const devices = [];
  for (const id of ["a", "b", "c"]) devices.push(await connected(t, server, "logout", id));
  const ended = { sockets: 3, credentials: 0 };
  assert.deepEqual(await devices[0]?.client.logoutAllDevices(), { ...DONE, ended, complete: true });
  for (const { until, changes, client } of devices) {
    await until("logged_out");
    assert.deepEqual(changes, [{ type: "loggedOut" }]);
    assert.equal(client.getMetrics().attempts, 1);
  }
  assert.equal((await stateOf(server, "logout")).connectedDevices, 0);
  devices[1]?.client.reconnect();
  await devices[1]?.until("connected");
});

test("logging out one device, or all others, ends just those", async (t) => {
  const [a, b, c, d] = await Promise.all(["a", "b", "c", "d"].map((id) => connected(t, server, "some", id)));
  assert.ok(a && b && c && d);
  assert.equal((await a.client.logoutDevice("b")).ok, true);
  await b.until("logged_out");
  assert.deepEqual(b.changes, [{ type: "loggedOut" }]);
  assert.equal(c.client.getSnapshot().connectionStatus, "connected");
  assert.equal((await a.client.logoutOthers()).ok, true);
  await Promise.all([c.until("logged_out"), d.until("logged_out")]);
  assert.equal((await a.client.joinGame("go")).ok, true);
  assert.equal((await a.client.logoutDevice("nobody")).ok, false);
});

test("a logout of one credential ends the page that came by it, and says how much it has ended", async (t) => {
  const signedIn = await startServer(undefined, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET });
  t.after(() => signedIn.close());
  const page = (/** @type {string} */ id, /** @type {string} */ sid) =>
    connected(t, signedIn, "kim", id, { token: secretToken("kim", { sid }) });
  const [a, b, c] = [await page("a", "mine"), await page("b", "stolen"), await page("c", "mine")];
  const ended = { sockets: 1, credentials: 1 };
  assert.deepEqual(await a.client.logoutCredential("stolen"), { ...DONE, ended, complete: true });
  await b.until("logged_out");
  assert.deepEqual([b.changes, b.client.getMetrics().attempts], [[{ type: "loggedOut" }], 1]);
  const shared = await a.client.logoutDevice("c");
  const none = { sockets: 1, credentials: 0 };
  assert.deepEqual(shared, { ok: true, credentialShared: true, ended: none, complete: true });
  await c.until("logged_out");
  assert.equal((await a.client.joinGame("go")).ok, true);
  // Its own, too: the answer comes before the end.
  assert.deepEqual(await a.client.logoutCredential("mine"), { ...DONE, ended, complete: true });
  await a.until("logged_out");
});

test("the same tab elsewhere replaces this one, which stays out", async (t) => {
  // Both are of this process, which is one tab.
  const first = await connected(t, server, "replaced", "desk");
  const second = await connected(t, server, "replaced", "desk");
  await first.until("replaced");
  assert.equal(second.client.getSnapshot().connectionStatus, "connected");
  assert.deepEqual(first.changes, []);
});

test("a server of version 1: all that it can do works", async (t) => {
  const older = await connected(t, server, "older", "desk", { WebSocket: OlderSocket });
  const newer = await connected(t, server, "older", "phone");
  assert.deepEqual(await older.client.joinGame("go"), DONE);
  assert.deepEqual(await older.client.joinGame("go"), DONE);
  const refused = await older.client.joinGame("");
  assert.equal(!refused.ok && refused.code, "invalid_message");
  assert.deepEqual(await newer.client.publish("e", 7), DONE);
  await eventually("the event", () => older.changes.length === 2);
  assert.deepEqual(older.changes, [
    { type: "gameJoined", gameId: "go" },
    { type: "event", event: { name: "e", data: 7, from: "phone", inbox: null } },
  ]);
  assert.deepEqual([older.games(), older.client.getSnapshot().devices], [["go"], []]);
  assert.deepEqual(await older.client.logoutAllDevices(), DONE);
  await Promise.all([older.until("logged_out"), newer.until("logged_out")]);
});

test("a user whose taps come faster than the server takes them has them all done, and is never closed", async (t) => {
  // As a deploy has it by default.
  const limited = await startServer(undefined, { AUTH_MODE: "none" });
  t.after(() => limited.close());
  const { client, games } = await connected(t, limited, "fast", "desk");
  const outcomes = Array.from({ length: 80 }, (_, at) => client.joinGame(`${at}`));
  assert.equal(games().length, 80);
  assert.ok((await Promise.all(outcomes)).every(({ ok }) => ok));
  assert.equal(games().length, 80);
  assert.equal(client.getMetrics().attempts, 1);
});

test("tokens: one that is good lets in, and a bad one ends the session after one attempt, outside of a page, too", async (t) => {
  const checked = await startServer(undefined, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET });
  t.after(() => checked.close());
  let made = 0;
  const token = async () => {
    made++;
    return secretToken("kim", { jti: `${made}` });
  };
  const kim = await connected(t, checked, "kim", "desk", { token });
  const lee = newClient(t, checked, "lee", "phone", { token: secretToken("kim") });
  lee.client.connect();
  await lee.until("forbidden");
  assert.match(String(lee.client.getSnapshot().problem?.message), /^userId is not/);
  assert.deepEqual([lee.client.getMetrics().attempts, lee.client.getMetrics().lastClose], [1, null]);
  assert.equal(made, 1);
  await kim.client.joinGame("go");
  const response = await fetch(`${checked.http}/__user-session/state?userId=kim`, { headers: bearer(secretToken("kim")) });
  assert.equal(response.status, 200);
});
