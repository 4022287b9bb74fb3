/** A user's data in one piece: all of it for whom it is, none of it for others, nothing once erased. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SECRET, SERVICE_TOKEN, bearer, secretToken } from "../support/auth.mjs";
import { eventually } from "../support/eventually.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { PREFIX, requestAsWritten } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";

/** @import { Server } from "../support/server.mjs" */

const LISTED = "https://app.example";

/** @type {Server} */
let server;
before(async () => {
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN, ALLOWED_ORIGINS: LISTED };
  server = await startServer(undefined, vars);
});
after(() => server?.close());

/**
 * @param {string} userId
 * @param {Record<string, string>} headers
 */
async function ask(userId, headers) {
  const path = `${PREFIX}/export?userId=${userId}`;
  const { status, text } = await requestAsWritten(server, path, { headers });
  return { status, text, body: JSON.parse(text) };
}

/** @param {string} userId */
async function exportOf(userId) {
  const { status, body } = await ask(userId, bearer(SERVICE_TOKEN));
  assert.equal(status, 200);
  return body;
}

/** @param {string} userId */
async function pushKept(userId) {
  const answer = await fetch(`${server.http}${PREFIX}?userId=${userId}&keep=600&pushId=p`, {
    method: "POST",
    headers: bearer(SERVICE_TOKEN),
    body: '{"type":"news","n":1}',
  });
  assert.equal(answer.status, 200);
}

/** @type {[who: string, headers: Record<string, string>, status: number][]} */
const ASKERS = [
  ["nobody", {}, 401],
  ["the user", bearer(secretToken("kim")), 200],
  ["the user by a cookie", { Cookie: `session=${secretToken("kim")}` }, 200],
  ["another user", bearer(secretToken("lee")), 403],
  ["a server", bearer(SERVICE_TOKEN), 200],
  ["a forger", bearer(secretToken("kim", {}, "another secret of more than 32 bytes")), 401],
  ["a listed page", { ...bearer(secretToken("kim")), Origin: LISTED }, 200],
  ["a foreign page", { ...bearer(secretToken("kim")), Origin: "https://evil.example" }, 403],
];

for (const [who, headers, status] of ASKERS) {
  test(`${who} asks for a user's data: ${status}`, async () => {
    const answer = await ask("kim", headers);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.body.userId, status === 200 ? "kim" : undefined);
  });
}

test("only a GET is answered", async () => {
  const { status, headers } = await requestAsWritten(server, `${PREFIX}/export?userId=kim`, {
    method: "POST",
    headers: bearer(SERVICE_TOKEN),
  });
  assert.deepEqual([status, headers.allow], [405, "GET"]);
});

/** What is known of a user about whom nothing is stored. */
const EMPTY = {
  ...{ activeGames: [], presence: "offline", lastActive: 0, connectedDevices: 0, isHibernating: true },
  ...{ loggedOutAt: 0, endedCredentials: 0, devices: [], frames: [], values: {} },
};

test("it holds the games, the devices, the frames, the messages and the values, and after a clear the devices' ids alone", async () => {
  const user = "ann";
  const token = secretToken(user);
  const desk = await V2Device.open(server, user, "desk", { token });
  await desk.request({ type: "set_device", name: "Desk" });
  await desk.request({ type: "join_game", gameId: "go" });
  await desk.request({ type: "broadcast", event: "e", data: { a: 1 } });
  desk.send({ type: "set_value", key: "theme", value: "dark" });
  await pushKept(user);
  const [{ version }] = (await restOf(desk)).filter(({ type }) => type === "value_changed");
  const { body } = await ask(user, bearer(token));
  const { devices, lastActive, ...rest } = body;
  const { firstSeen } = desk.initial.devices[0];
  assert.deepEqual(devices, [
    { deviceId: "desk", name: "Desk", firstSeen, lastActive: devices[0].lastActive, presence: "online", tabs: 1 },
  ]);
  assert.ok(lastActive >= devices[0].lastActive && devices[0].lastActive >= firstSeen);
  const news = { type: "news", n: 1 };
  const [{ inbox, expiresAt }] = rest.inbox.messages;
  assert.ok(Math.abs(expiresAt - inbox - 600_000) < 1_000, "its number is the time");
  assert.deepEqual(rest, {
    userId: user,
    activeGames: ["go"],
    presence: "online",
    connectedDevices: 1,
    isHibernating: false,
    loggedOutAt: 0,
    endedCredentials: 0,
    epoch: desk.epoch,
    seq: desk.seq,
    frames: [
      { type: "game_joined", gameId: "go", activeGames: ["go"], seq: 2 },
      { type: "event", event: "e", data: { a: 1 }, from: "desk", seq: 3 },
    ],
    inbox: { last: inbox, read: 0, messages: [{ inbox, expiresAt, body: news }] },
    pushIds: 1,
    runs: 1,
    values: { theme: { value: "dark", version } },
  });
  await server.hibernate(user);
  assert.deepEqual(await exportOf(user), body);
  await desk.close();
  await eventually("the device to be gone", async () => (await exportOf(user)).connectedDevices === 0);
  const left = await exportOf(user);
  assert.deepEqual(left.frames, body.frames);
  await server.restart(user);
  assert.deepEqual(await exportOf(user), left);
  const clear = `${PREFIX}/clear?userId=${user}`;
  assert.equal((await requestAsWritten(server, clear, { method: "POST", headers: bearer(token) })).status, 200);
  for (const restarts of [false, true]) {
    if (restarts) await server.restart(user);
    const { epoch, seq, ...empty } = await exportOf(user);
    assert.notEqual(epoch, desk.epoch);
    assert.ok(seq > desk.seq, "numbers go on");
    const counted = { inbox: { last: inbox, read: inbox, messages: [] }, pushIds: 1, runs: 1 };
    // A device whose id is erased could not be logged out any more.
    const [device] = left.devices;
    assert.deepEqual(empty, { userId: user, ...EMPTY, ...counted, devices: [{ ...device, name: "" }] });
  }
});

test("a credential that was ended gets nothing, and what was ended stays on record", async () => {
  const user = "eve";
  const token = secretToken(user, { jti: "phone" });
  const desk = await V2Device.open(server, user, "desk", { token: secretToken(user, { jti: "desk" }) });
  const phone = await V2Device.open(server, user, "phone", { token });
  await restOf(phone);
  const closing = phone.closed();
  await desk.request({ type: "logout_others" });
  await closing;
  assert.equal((await ask(user, bearer(token))).status, 401);
  const others = await exportOf(user);
  assert.ok(Math.abs(others.loggedOutAt - Date.now() / 1_000) < 60, "the second of a logout of others counts");
  await desk.request({ type: "logout_credential", credentialId: "never seen" });
  assert.equal((await exportOf(user)).endedCredentials, 1);
  desk.send({ type: "logout_all" });
  await desk.closed();
  const { loggedOutAt, endedCredentials } = await exportOf(user);
  assert.ok(Math.abs(loggedOutAt - Date.now() / 1_000) < 60);
  // One whose issuer's clock is ahead may be newer than the logout.
  assert.equal(endedCredentials, 1);
  assert.equal((await ask(user, bearer(token))).status, 401);
});

test("a user who was never here has nothing, and asking leaves nothing behind", async () => {
  const before = await exportOf("stranger");
  assert.deepEqual([before.lastActive, before.devices, before.loggedOutAt], [0, [], 0]);
  await server.restart("stranger");
  assert.deepEqual(await exportOf("stranger"), before);
});
