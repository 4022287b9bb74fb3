/** Who speaks version 2 and who does not: an app that asks for it must not get the other by mistake. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SECRET, SERVICE_TOKEN, bearer, secretToken } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { PROTOCOL } from "../support/v2-device.mjs";
import { PREFIX, UPGRADE, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";

/** @import { Server } from "../support/server.mjs" */

/** @type {Server} */
let server;
/** @type {Server} */
let checked;
before(async () => {
  server = await startServer();
  checked = await startServer(undefined, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN });
});
after(async () => {
  await server?.close();
  await checked?.close();
});

const kim = secretToken("kim");

/** @type {[offered: string[], echoed: string | undefined][]} */
const OFFERS = [
  [[], undefined],
  [["user-session.v1"], "user-session.v1"],
  [[PROTOCOL], PROTOCOL],
  [[`bearer.${kim}`, PROTOCOL], PROTOCOL],
  [[PROTOCOL, `bearer.${kim}`], PROTOCOL],
  [["user-session.v1", PROTOCOL], PROTOCOL],
  [[PROTOCOL, "user-session.v1", `bearer.${kim}`], PROTOCOL],
  [["user-session.v1", `bearer.${kim}`], "user-session.v1"],
  [["user-session.v20", "user-session.v1"], "user-session.v1"],
];

for (const [offered, echoed] of OFFERS) {
  const names = offered.map((name) => name.replace(kim, "<token>")).join(", ") || "nothing";
  test(`who offers ${names} speaks ${echoed ?? "version 1, unasked"}`, async () => {
    for (const where of offered.some((name) => name.includes(kim)) ? [server, checked] : [server]) {
      const query = "?userId=kim&deviceId=d";
      // A browser takes no protocol that it has not offered, and none is not one.
      const headers = { ...UPGRADE, ...(offered[0] && { "Sec-WebSocket-Protocol": offered.join(", ") }) };
      const answer = await requestAsWritten(where, PREFIX + query, { headers });
      assert.equal(answer.status, 101);
      assert.equal(answer.headers["sec-websocket-protocol"], echoed);
      const device = new Device(`${where.ws}${PREFIX}${query}`, { protocols: offered });
      const first = await device.next();
      const isV2 = echoed === PROTOCOL;
      const { type, deviceId } = first;
      assert.deepEqual([type, deviceId], ["initial_state", "d"]);
      for (const key of ["epoch", "seq", "devices", "inbox"]) assert.equal(key in first, isV2, key);
      await device.close();
    }
  });
}

test("version 1 gets the very bytes it always got, whatever only version 2 understands stands beside it", async () => {
  const query = new URLSearchParams({ userId: "bytes", deviceId: "d", tabId: "x".repeat(200), since: "no place", run: "no run", inbox: "none" });
  const device = new Device(`${server.ws}${PREFIX}?${query}`);
  const text = await device.nextText();
  const masked = text.replace(/"lastActive":\d+/, '"lastActive":T');
  const expected =
    '{"type":"initial_state","userId":"bytes","activeGames":[],"presence":"online","lastActive":T,"deviceId":"d"}';
  assert.equal(masked, expected);
  device.send({ type: "join_game", gameId: "go", id: "a", to: ["nobody"] });
  assert.equal(await device.nextText(), '{"type":"game_joined","gameId":"go","activeGames":["go"]}');
  for (const type of ["set_device", "logout_others", "logout_device", "mark_read"]) {
    const { code, id } = await device.ask({ type, name: "n", deviceId: "d", inbox: 0, id: "b" });
    assert.deepEqual([code, id], ["unknown_type", undefined]);
  }
  await device.close();
});

const LONG = "x".repeat(129);

/** @type {[what: string, query: Record<string, string>, code: string, message: RegExp][]} */
const REFUSED = [
  ["no deviceId", {}, "invalid_request", /^deviceId is missing/],
  ["an empty deviceId", { deviceId: "" }, "invalid_request", /^deviceId is missing/],
  ["a deviceId of 129 bytes", { deviceId: LONG }, "limit_reached", /^deviceId is too long/],
  ["a deviceId of 65 letters and 130 bytes", { deviceId: "é".repeat(65) }, "limit_reached", /^deviceId/],
  ["a tabId of 129 bytes", { deviceId: "d", tabId: LONG }, "limit_reached", /^tabId is too long/],
  ...["short", "r".repeat(15), "r".repeat(25), "run of a program", "runofaprogramm.1", "é".repeat(10), "%".repeat(16)].map(
    (run) => /** @type {[string, Record<string, string>, string, RegExp]} */ ([
      `run=${JSON.stringify(run)}`,
      { deviceId: "d", run },
      "invalid_message",
      /^run must be 16 to 24 characters/,
    ]),
  ),
];

test("version 2 says what it can't use, and takes no other thing for it", async (t) => {
  for (const [what, query, code, message] of REFUSED) {
    await t.test(what, async () => {
      const path = `${PREFIX}?${new URLSearchParams({ userId: "strict", ...query })}`;
      const headers = { ...UPGRADE, "Sec-WebSocket-Protocol": PROTOCOL };
      const answer = await requestAsWritten(server, path, { headers });
      assert.equal(answer.status, 400, answer.text);
      assertRefusal(answer.text, code, message);
      const older = await requestAsWritten(server, path, { headers: UPGRADE });
      assert.equal(older.status, 101);
    });
  }
  /** @type {Record<string, string>[]} */
  const taken = [
    { deviceId: "x".repeat(128), tabId: "é".repeat(64) },
    { deviceId: "d", run: "A_z-0123456789ab" },
    { deviceId: "d", run: "r".repeat(24) },
    { deviceId: "d", since: "no place", inbox: "none" },
    { deviceId: "d", since: "9007199254740993.9007199254740993", inbox: "-1" },
  ];
  for (const query of taken) {
    const url = `${server.ws}${PREFIX}?${new URLSearchParams({ userId: "strict", ...query })}`;
    const device = new Device(url, { protocols: [PROTOCOL] });
    assert.equal((await device.next()).type, "initial_state");
    await device.close();
  }
});

/** What comes at the door from a page, and from elsewhere. */
const WITHOUT_PAGE = { ...UPGRADE, "Sec-WebSocket-Protocol": PROTOCOL };

/** @type {[what: string, headers: Record<string, string>, status: number, code: number][]} */
const TURNED_AWAY = [
  ["nobody", {}, 401, 4401],
  ["a token of somebody else's", bearer(secretToken("lee")), 403, 4403],
  ["a token that has expired", bearer(secretToken("kim", { iat: 1, exp: 2 })), 401, 4401],
  ["a server", bearer(SERVICE_TOKEN), 403, 4403],
];

for (const [who, headers, status, code] of TURNED_AWAY) {
  test(`${who} at the door learns why: ${status}, and in a page ${code}, which alone a page can read`, async () => {
    const path = `${PREFIX}?userId=kim&deviceId=d`;
    const answer = await requestAsWritten(checked, path, { headers: { ...WITHOUT_PAGE, ...headers } });
    assert.equal(answer.status, status);
    const asPage = { ...headers, Origin: checked.http };
    const older = await requestAsWritten(checked, path, { headers: { ...UPGRADE, ...asPage } });
    assert.equal(older.status, status, "to version 1 nothing changes");
    const page = new Device(`${checked.ws}${path}`, { protocols: [PROTOCOL], headers: asPage });
    assert.equal((await page.closed()).code, code);
    assert.equal(page.socket.protocol, PROTOCOL);
    assert.deepEqual(page.frames, []);
  });
}

test("a foreign page with the user's cookie is turned away with 4403, and has been no device", async () => {
  const headers = { Origin: "https://evil.example", Cookie: `session=${secretToken("eve")}` };
  const page = new Device(`${checked.ws}${PREFIX}?userId=eve&deviceId=d`, { protocols: [PROTOCOL], headers });
  assert.equal((await page.closed()).code, 4403);
  const state = `${PREFIX}/state?userId=eve`;
  const { text } = await requestAsWritten(checked, state, { headers: bearer(SERVICE_TOKEN) });
  assert.equal(JSON.parse(text).lastActive, 0);
});

test("a page whose credential a logout has ended is told so by the close code", async () => {
  const token = secretToken("ann");
  const headers = { ...bearer(token), Origin: checked.http };
  const url = `${checked.ws}${PREFIX}?userId=ann&deviceId=d`;
  const device = new Device(url, { protocols: [PROTOCOL], headers });
  assert.equal((await device.next()).type, "initial_state");
  device.send({ type: "logout_all" });
  await device.closed();
  const again = new Device(url, { protocols: [PROTOCOL], headers });
  const { code, reason } = await again.closed();
  const expected = "logged out: sign in again for a new credential";
  assert.deepEqual([code, reason, again.frames.length], [4401, expected, 0]);
  const bare = await requestAsWritten(checked, `${PREFIX}?userId=ann&deviceId=d`, {
    headers: { ...WITHOUT_PAGE, ...bearer(token) },
  });
  assert.equal(bare.status, 401);
});
