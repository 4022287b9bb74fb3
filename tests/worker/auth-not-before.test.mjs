/** CREDENTIALS_NOT_BEFORE: after a restored backup or an incident, nothing that was issued before opens a door. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { SECRET, SERVICE_TOKEN, ask, bearer, seconds, secretToken } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { LOGOUT_CODE, LOGOUT_REASON } from "../support/logout.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { PREFIX, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { PROTOCOL, V2Device } from "../support/v2-device.mjs";
import { startWorkerd } from "../support/workerd.mjs";

/** @import { Server } from "../support/server.mjs" */

const SIGNED = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN };
const REFUSED = "issued before CREDENTIALS_NOT_BEFORE: sign in again for a new credential";

const DATE = seconds() - 3_600;
const SINCE_DATE = { CREDENTIALS_NOT_BEFORE: new Date(DATE * 1_000).toISOString() };

/** @type {Server} */
let server;
before(async () => {
  server = await startServer(`${ROOT}tests/worker/fixtures/redeployed.wrangler.jsonc`, SIGNED);
});
beforeEach(() => deploy({}));
after(() => server?.close());

/** @param {Record<string, string>} vars The variables that have changed. */
async function deploy(vars) {
  const { status } = await fetch(`${server.http}/test/deploy`, { method: "POST", body: JSON.stringify(vars) });
  assert.equal(status, 200);
}

/** @param {Pick<Server, "http">} where @param {string} userId @param {Record<string, unknown>} claims */
async function statusesOf(where, userId, claims) {
  const headers = bearer(secretToken(userId, claims));
  const exported = `${PREFIX}/export?userId=${userId}`;
  const answers = [
    await ask(where, "connect", userId, headers),
    await ask(where, "state", userId, headers),
    await requestAsWritten(where, exported, { headers }),
    await ask(where, "clear", userId, headers),
  ];
  for (const { status, text } of answers) {
    if (status === 401) assert.equal(JSON.parse(text).error.message, REFUSED);
  }
  return answers.map(({ status }) => status);
}

const REFUSED_EVERYWHERE = [401, 401, 401, 401];
const SERVED_EVERYWHERE = [101, 200, 200, 200];

/** @type {[string, Record<string, unknown>, number[]][]} */
const credentials = [
  ["issued before the date", { iat: DATE - 86_400 }, REFUSED_EVERYWHERE],
  ["issued in the second before the date", { iat: DATE - 1 }, REFUSED_EVERYWHERE],
  ["issued when nobody knows", { iat: 0 }, REFUSED_EVERYWHERE],
  ["minted now by a sign-in of before", { auth_time: DATE - 1 }, REFUSED_EVERYWHERE],
  ["issued in the second of the date", { iat: DATE }, SERVED_EVERYWHERE],
  ["issued now", {}, SERVED_EVERYWHERE],
];
for (const [at, [what, claims, expected]] of credentials.entries()) {
  test(`a credential that was ${what} opens ${expected === SERVED_EVERYWHERE ? "every" : "no"} way in`, async () => {
    const user = `ways-${at}`;
    assert.deepEqual(await statusesOf(server, user, claims), SERVED_EVERYWHERE);
    await server.hibernate(user);
    await deploy(SINCE_DATE);
    assert.deepEqual(await statusesOf(server, user, claims), expected);
  });
}

test("a page whose credential is older is told by the close that it must sign in", async () => {
  await deploy(SINCE_DATE);
  const token = secretToken("page", { iat: DATE - 1 });
  const headers = { ...bearer(token), Origin: server.http, "Sec-WebSocket-Protocol": PROTOCOL };
  const page = await RawDevice.open(server, `${PREFIX}?userId=page&deviceId=d`, headers);
  await page.until(() => page.closeFrame !== null);
  page.destroy();
  assert.deepEqual(page.closeFrame, { code: 4401, reason: REFUSED });
});

test("servers go on with their token, and by the binding", async () => {
  await deploy(SINCE_DATE);
  const headers = bearer(SERVICE_TOKEN);
  for (const action of /** @type {const} */ (["state", "push", "clear"])) {
    assert.equal((await ask(server, action, "served", headers)).status, 200, action);
  }
});

/** @param {string} userId @param {number} iat */
async function connectedAs(userId, iat) {
  const device = new Device(`${server.ws}${PREFIX}?userId=${userId}`, {
    headers: bearer(secretToken(userId, { iat })),
  });
  assert.equal((await device.next()).type, "initial_state");
  // Node's client notices a close late if it has never sent a frame and another socket stays open.
  await device.ask({ type: "sync_state" });
  return device;
}

/** @param {string} userId @param {number} iat */
async function connectedAsV2(userId, iat) {
  const device = await V2Device.open(server, userId, "v2", { token: secretToken(userId, { iat }) });
  await device.ask({ type: "sync_state" });
  return device;
}

test("sockets that slept over the deploy end at the next waking, and get nothing that wakes the object", async () => {
  const user = "asleep";
  const old = [await connectedAs(user, DATE - 1), await connectedAsV2(user, DATE - 1)];
  const good = await connectedAs(user, DATE);
  await server.hibernate(user);
  await deploy(SINCE_DATE);
  await good.ask({ type: "broadcast", event: "after" });
  for (const device of old) {
    const { code, reason } = await device.closed();
    assert.deepEqual([code, reason], [LOGOUT_CODE, LOGOUT_REASON]);
    assert.ok(!device.frames.some((text) => text.includes("after")));
  }
  assert.deepEqual(await statusesOf(server, user, { iat: DATE - 1 }), REFUSED_EVERYWHERE);
  await good.close();
});

test("a frame from such a socket wakes the object and does nothing more", async () => {
  const user = "by-itself";
  const old = await connectedAs(user, DATE - 1);
  await server.hibernate(user);
  await deploy(SINCE_DATE);
  old.send({ type: "join_game", gameId: "chess" });
  assert.equal((await old.closed()).code, LOGOUT_CODE);
  const state = await ask(server, "state", user, bearer(SERVICE_TOKEN));
  assert.deepEqual(JSON.parse(state.text).activeGames, []);
});

test("a date that can't be read lets nobody in, and ends no socket that is open", async () => {
  const user = "mistyped";
  const old = await connectedAs(user, DATE - 1);
  for (const CREDENTIALS_NOT_BEFORE of ["yesterday", "", "2999-01-01"]) {
    await deploy({ CREDENTIALS_NOT_BEFORE });
    const { status, text } = await ask(server, "state", user, bearer(secretToken(user)));
    const { code, message } = JSON.parse(text).error;
    assert.deepEqual([status, code], [503, "not_configured"]);
    assert.match(message, /^CREDENTIALS_NOT_BEFORE: expected .* like 2026-11-25T10:00:00Z/);
  }
  await deploy({ CREDENTIALS_NOT_BEFORE: "yesterday" });
  await server.hibernate(user);
  assert.equal((await old.ask({ type: "sync_state" })).type, "state");
  await server.hibernate(user);
  await deploy(SINCE_DATE);
  old.send({ type: "sync_state" });
  assert.equal((await old.closed()).code, LOGOUT_CODE);
});

test("where nobody is checked there is no credential that could be too old", async () => {
  await deploy({ ...SINCE_DATE, AUTH_MODE: "none" });
  const device = await Device.connect(server, "nobody");
  await device.ask({ type: "sync_state" });
  await server.hibernate("nobody");
  assert.equal((await device.ask({ type: "sync_state" })).type, "state");
  await device.close();
});

test("a workerd that is started with the date holds to it", async (t) => {
  const user = "restored";
  const running = await startWorkerd({ vars: { ...SIGNED, ...SINCE_DATE } });
  t.after(() => running.stop());
  assert.deepEqual(await statusesOf(running, user, { iat: DATE - 1 }), REFUSED_EVERYWHERE);
  assert.deepEqual(await statusesOf(running, user, { iat: DATE }), SERVED_EVERYWHERE);
});
