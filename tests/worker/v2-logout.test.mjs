/**
 * Signing out one device or all others: whoever is meant must not come back with what they had, and
 * whoever is not must not notice.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SECRET, SERVICE_TOKEN, ask, bearer, secretToken } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { assertLoggedOut } from "../support/logout.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";
import { PREFIX } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";
import { startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server} */
let server;
/** @type {Server & Watching} */
let watched;
before(async () => {
  server = await startServer(undefined, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN });
  watched = await startWatchedServer();
});
after(async () => {
  await server?.close();
  await watched?.close();
});

const EVERYTHING = /** @type {const} */ (["connect", "state", "clear"]);

/** When everybody signed in: a credential of the second after a logout would be a new one. */
const SIGNED_IN = Math.floor(Date.now() / 1_000);

/** @param {string} userId @param {string} jti */
function tokenOf(userId, jti) {
  return secretToken(userId, { jti, iat: SIGNED_IN });
}

/** A credential that no logout until now has ended, since clocks may differ. @param {string} userId @param {string} jti */
function laterToken(userId, jti) {
  return secretToken(userId, { jti, iat: Math.floor(Date.now() / 1_000) + 2 });
}

/**
 * Connects a device of version 2, all its frames read.
 * @param {string} userId
 * @param {string} deviceId
 * @param {string} [jti] Names its credential.
 */
async function newer(userId, deviceId, jti = deviceId) {
  const device = await V2Device.open(server, userId, deviceId, { token: tokenOf(userId, jti) });
  await restOf(device);
  return device;
}

/** @param {string} userId @param {string} jti */
async function older(userId, jti) {
  const url = `${server.ws}${PREFIX}?userId=${userId}&deviceId=hook`;
  const device = new Device(url, { headers: bearer(tokenOf(userId, jti)) });
  await device.next();
  await restOf(device);
  return device;
}

/**
 * @param {string} userId
 * @param {string} jti
 * @param {boolean} isEnded
 */
async function assertCredential(userId, jti, isEnded) {
  // Another token of the same id is the same credential.
  for (const token of [tokenOf(userId, jti), secretToken(userId, { jti, iat: SIGNED_IN, more: true })]) {
    for (const action of isEnded ? EVERYTHING : /** @type {const} */ (["connect", "state"])) {
      const { status } = await ask(server, action, userId, bearer(token));
      assert.equal(status, isEnded ? 401 : action === "connect" ? 101 : 200, `${jti}: ${action}`);
    }
  }
}

test("logout_others ends every other device and its credential, for ever, and spares its sender", async () => {
  const user = "others";
  const desk = await newer(user, "desk");
  const phone = await newer(user, "phone");
  const hook = await older(user, "hook");
  await desk.request({ type: "join_game", gameId: "go" });
  await Promise.all([phone, hook].map(restOf));
  const closings = [phone.closed(), hook.closed()];
  const ack = await desk.request({ type: "logout_others" });
  assert.deepEqual(ack, { type: "ack", id: `${desk.run}.2`, ended: { sockets: 2, credentials: 2 } });
  for (const closing of closings) assertLoggedOut(await closing);
  assert.deepEqual(phone.unread(), [{ type: "logged_out", scope: "others" }]);
  assert.deepEqual(hook.unread(), []);
  // The others' closes may be read before what the desk was sent with them.
  await restOf(desk);
  const gone = desk.frames.map((text) => JSON.parse(text)).filter(({ type }) => type === "device_disconnected");
  assert.deepEqual(gone.map(({ deviceId }) => deviceId).toSorted(), ["hook", "phone"]);
  const check = async () => {
    await assertCredential(user, "phone", true);
    await assertCredential(user, "hook", true);
    await assertCredential(user, "desk", false);
  };
  await check();
  assert.equal(desk.ending, null);
  await server.hibernate(user);
  await check();
  assert.deepEqual((await restOf(desk)).filter(({ type }) => type === "game_left"), []);
  assert.equal((await ask(server, "clear", user, bearer(SERVICE_TOKEN))).status, 200);
  await server.hibernate(user);
  await check();
  const page = { protocols: ["user-session.v2"], headers: { ...bearer(tokenOf(user, "phone")), Origin: server.http } };
  const told = new Device(`${server.ws}${PREFIX}?userId=${user}&deviceId=phone`, page);
  assert.equal((await told.closed()).code, 4401);
  const signedIn = await V2Device.open(server, user, "phone", { token: laterToken(user, "a new one") });
  await Promise.all([signedIn.close(), desk.close()]);
});

test("an ended device's frames do nothing from the moment of its logout", async () => {
  const user = "rights";
  const desk = await newer(user, "desk");
  const phone = await newer(user, "phone");
  desk.sendRequest({ type: "logout_device", deviceId: "phone" });
  for (let at = 0; at < 20 && phone.ending === null; at++) {
    phone.socket.send(JSON.stringify({ type: "join_game", gameId: `late ${at}` }));
    await restOf(desk);
  }
  await phone.closed();
  const frames = phone.frames.map((text) => JSON.parse(text));
  assert.deepEqual(frames.at(-1), { type: "logged_out", scope: "device" });
  const joined = frames.filter(({ type }) => type === "game_joined").length;
  assert.equal((await desk.ask({ type: "sync_state" })).activeGames.length, joined);
  await desk.close();
});

test("logout_device ends one device with all its tabs, and nobody else", async () => {
  const user = "device";
  const desk = await newer(user, "desk");
  const phone = await newer(user, "phone");
  const tab = await newer(user, "phone", "tab");
  const tablet = await newer(user, "tablet");
  const closings = [phone.closed(), tab.closed()];
  const ack = await desk.request({ type: "logout_device", deviceId: "phone" });
  assert.equal("credentialShared" in ack, false);
  for (const closing of closings) assertLoggedOut(await closing);
  for (const each of [phone, tab]) {
    assert.deepEqual(JSON.parse(String(each.frames.at(-1))), { type: "logged_out", scope: "device" });
  }
  await assertCredential(user, "phone", true);
  await assertCredential(user, "tab", true);
  await assertCredential(user, "desk", false);
  await assertCredential(user, "tablet", false);
  assert.ok((await restOf(tablet)).some(({ type, deviceId }) => type === "device_disconnected" && deviceId === "phone"));
  const unknown = await desk.request({ type: "logout_device", deviceId: "nobody" });
  assert.deepEqual([unknown.type, unknown.code], ["error", "invalid_message"]);
  await Promise.all([desk.close(), tablet.close()]);
});

test("a device that is away is ended, too, and finds out when it comes back", async () => {
  const user = "away";
  const desk = await newer(user, "desk");
  const phone = await newer(user, "phone");
  await phone.close();
  await eventually("the phone to be gone", async () =>
    (await restOf(desk)).some(({ type }) => type === "device_disconnected"),
  );
  await server.hibernate(user);
  assert.equal((await desk.request({ type: "logout_device", deviceId: "phone" })).type, "ack");
  await assertCredential(user, "phone", true);
  await desk.close();
});

test("the sender's own credential stays valid, wherever it is used, and the answer says so", async () => {
  const user = "shared";
  const desk = await newer(user, "desk", "one");
  const phone = await newer(user, "phone", "one");
  const closing = phone.closed();
  const ack = await desk.request({ type: "logout_device", deviceId: "phone" });
  assert.deepEqual([ack.ended, ack.credentialShared], [{ sockets: 1, credentials: 0 }, true]);
  assertLoggedOut(await closing);
  await assertCredential(user, "one", false);
  const back = await newer(user, "phone", "one");
  const others = await desk.request({ type: "logout_others" });
  assert.deepEqual([others.ended, others.credentialShared], [{ sockets: 0, credentials: 0 }, undefined]);
  await restOf(back);
  assert.equal(back.ending, null);
  await assertCredential(user, "one", false);
  await Promise.all([back.close(), desk.close()]);
});

test("a credential that another device uses, too, ends with a logout of one, and so do that device's sockets", async () => {
  const user = "two-devices";
  const desk = await newer(user, "desk");
  const phone = await newer(user, "phone", "shared");
  const tablet = await newer(user, "tablet", "shared");
  const closings = [phone.closed(), tablet.closed()];
  const { ended, credentialShared } = await desk.request({ type: "logout_device", deviceId: "phone" });
  assert.deepEqual([ended, credentialShared], [{ sockets: 2, credentials: 1 }, undefined]);
  for (const closing of closings) assertLoggedOut(await closing);
  await assertCredential(user, "shared", true);
  await assertCredential(user, "desk", false);
  await desk.close();
});

test("before logout_all closes it tells version 2 what happens, and version 1 nothing new", async () => {
  const user = "all";
  const desk = await newer(user, "desk");
  const phone = await newer(user, "phone");
  const hook = await older(user, "hook");
  await Promise.all([desk, phone].map(restOf));
  const id = desk.sendRequest({ type: "logout_all" });
  for (const device of [desk, phone, hook]) assertLoggedOut(await device.closed());
  const loggedOut = { type: "logged_out", scope: "all" };
  // Whoever closes on it need not miss the answer.
  assert.deepEqual(desk.unread(), [{ type: "ack", id, ended: { sockets: 3, credentials: 3 } }, loggedOut]);
  assert.deepEqual(phone.unread(), [loggedOut]);
  assert.deepEqual(hook.unread(), []);
  for (const jti of ["desk", "phone", "hook"]) await assertCredential(user, jti, true);
  const again = await V2Device.open(server, user, "desk", {
    token: secretToken(user, { iat: Math.floor(Date.now() / 1_000) + 2, jti: "later" }),
    since: desk.since,
  });
  assert.equal(again.initial.reset, undefined);
  await again.close();
});

test("a token that names no credential is the same one however its signature is written", async () => {
  const user = "nameless";
  const desk = await newer(user, "desk");
  const token = secretToken(user, { iat: SIGNED_IN });
  const phone = await V2Device.open(server, user, "phone", { token });
  await restOf(phone);
  const closing = phone.closed();
  assert.equal((await desk.request({ type: "logout_device", deviceId: "phone" })).type, "ack");
  assertLoggedOut(await closing);
  // The last letter has two bits more than the signature.
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const respelt = token.slice(0, -1) + letters[letters.indexOf(String(token.at(-1))) ^ 1];
  for (const written of [token, `${token}=`, respelt]) {
    for (const action of EVERYTHING) {
      assert.equal((await ask(server, action, user, bearer(written))).status, 401, written);
    }
  }
  await assertCredential(user, "desk", false);
  await desk.close();
});

test("tokens of one session are one credential, whatever else tells them apart", async () => {
  const user = "sid";
  const tokenOfSession = (/** @type {string} */ sid, /** @type {string} */ jti) =>
    secretToken(user, { sid, jti, iat: SIGNED_IN });
  const desk = await V2Device.open(server, user, "desk", { token: tokenOfSession("s1", "1") });
  const phone = await V2Device.open(server, user, "phone", { token: tokenOfSession("s2", "2") });
  await restOf(phone);
  const closing = phone.closed();
  await desk.request({ type: "logout_device", deviceId: "phone" });
  assertLoggedOut(await closing);
  assert.equal((await ask(server, "state", user, bearer(tokenOfSession("s2", "3")))).status, 401);
  assert.equal((await ask(server, "state", user, bearer(tokenOfSession("s3", "2")))).status, 200);
  await desk.close();
});

test("a call that names nothing ends nothing, and one that names no game changes none", async () => {
  const user = "no-device";
  const desk = await V2Device.open(watched, user, "desk");
  const fields = {
    ...{ logoutDevice: "deviceId", logoutCredential: "credentialId", logoutOthers: "exceptCredentialId" },
    ...{ joinGame: "gameId", leaveGame: "gameId" },
  };
  for (const [method, field] of Object.entries(fields)) {
    for (const name of ["", undefined, null, 7, {}]) {
      const { result } = await watched.call(user, method, name);
      assert.equal(result.error.code, "invalid_message");
      assert.equal(result.error.message, `${field}: expected a string, not empty`);
    }
  }
  assert.deepEqual((await restOf(desk)).map(({ type }) => type), []);
  await desk.close();
});

test("a call that names a credential as none can be called ends nothing, and says so", async () => {
  const user = "no-credential";
  const desk = await V2Device.open(watched, user, "desk");
  for (const [method, field] of [["logoutCredential", "credentialId"], ["logoutOthers", "exceptCredentialId"]]) {
    const message = `${field}: expected a string of 1 to 256 bytes`;
    for (const name of ["x".repeat(257), "é".repeat(129), "x".repeat(20_000)]) {
      const { result } = await watched.call(user, method, name);
      assert.deepEqual(result.error, { code: "invalid_message", message });
    }
    const { result } = await watched.call(`${user}-2`, method, "é".repeat(128));
    assert.notEqual(result.error?.message, message);
  }
  assert.deepEqual((await restOf(desk)).map(({ type }) => type), []);
  await desk.close();
});

test("a server ends one device by a call, and is told of one that there is not", async () => {
  const user = "call";
  const desk = await V2Device.open(watched, user, "desk");
  const phone = await V2Device.open(watched, user, "phone");
  // One that only ever listens gets the frame at once, but notices the close late.
  assert.equal((await phone.ask('{"type":"ping"}')).type, "pong");
  const ended = { sockets: 1, credentials: 0 };
  assert.deepEqual(await watched.call(user, "logoutDevice", "phone"), { result: { success: true, ended } });
  assert.deepEqual(await phone.next(), { type: "logged_out", scope: "device" });
  assertLoggedOut(await phone.closed());
  assert.deepEqual((await restOf(desk)).at(-1), { type: "device_disconnected", deviceId: "phone", seq: 2 });
  const { result } = await watched.call(user, "logoutDevice", "nobody");
  assert.equal(result.error.code, "invalid_message");
  assert.equal(desk.ending, null);
  await desk.close();
});

test("a logout of a device that was forgotten while it was connected says that it may not be all", async () => {
  const user = "crowded";
  const bySession = (/** @type {string} */ sid) => ({ token: secretToken(user, { sid, iat: SIGNED_IN }) });
  await (await V2Device.open(server, user, "desk", bySession("first"))).close();
  const desk = await V2Device.open(server, user, "desk", bySession("second"));
  const others = [];
  for (let at = 0; at < 66; at++) others.push(await V2Device.open(server, user, `other-${at}`, bySession("first")));
  const url = `${server.http}${PREFIX}/logout?userId=${user}&deviceId=desk`;
  const answer = await fetch(url, { method: "POST", headers: bearer(SERVICE_TOKEN) });
  assert.deepEqual(await answer.json(), { success: true, ended: { sockets: 1, credentials: 1 }, complete: false });
  for (const device of [desk, ...others]) device.socket.terminate();
});
