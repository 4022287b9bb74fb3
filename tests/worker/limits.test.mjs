import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { stateOf } from "../support/logout.mjs";
import { PREFIX, UPGRADE, requestAsWritten } from "../support/requests.mjs";
import { OPEN, ROOT, startServer } from "../support/server.mjs";
import { restOf } from "../support/v2-device.mjs";

// Without CONNECT_LIMITER, so that the object counts connections itself.
const CONFIG = `${ROOT}tests/worker/fixtures/watched.wrangler.jsonc`;
const BURST = 20;

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  const limits = {
    FRAMES_PER_SECOND: "10",
    FRAME_BURST: String(BURST),
    CONNECTS_PER_MINUTE: "30",
    MAX_DEVICES: "3",
  };
  server = await startServer(CONFIG, { ...OPEN, ...limits });
});
after(() => server.close());

test("who sends too many frames is told when to go on, and closed if that is not heeded", async () => {
  const flooder = await Device.connect(server, "flood", "flooder");
  const calm = await Device.connect(server, "flood", "calm");
  const stranger = await Device.connect(server, "another", "stranger");
  for (const device of [flooder, calm, stranger]) await device.next();
  for (let at = 0; at < 4 * BURST; at++) flooder.send({ type: "join_game", gameId: `game-${at}` });
  const { code, reason } = await flooder.closed();
  assert.deepEqual({ code, reason }, { code: 1008, reason: "too many frames" });
  const refusals = flooder.unread().filter(({ type }) => type === "error");
  assert.ok(refusals.length >= BURST, `${refusals.length} refusals`);
  for (const refusal of refusals) {
    assert.equal(refusal.code, "rate_limited");
    assert.ok(refusal.retryAfterMs > 0 && refusal.retryAfterMs <= 100, `${refusal.retryAfterMs} ms`);
  }
  // What was refused was not done, and what was done reached the other device, which is served on.
  const { activeGames } = await stateOf(server, "flood");
  assert.deepEqual((await restOf(calm)).map(({ gameId }) => gameId), activeGames);
  assert.ok(activeGames.length < 2 * BURST, `${activeGames.length} games`);
  assert.deepEqual((await calm.ask({ type: "sync_state" })).activeGames, activeGames);
  assert.equal((await stranger.ask({ type: "sync_state" })).type, "state");
  await Promise.all([calm.close(), stranger.close()]);
});

test("one device too many is refused, and let in once another has gone", async () => {
  const path = `${PREFIX}?userId=many&deviceId=d`;
  const devices = [];
  for (let at = 0; at < 3; at++) devices.push(await Device.connect(server, "many", `d${at}`));
  const refused = await requestAsWritten(server, path, { headers: UPGRADE });
  assert.equal(refused.status, 429);
  assert.equal(refused.headers["retry-after"], "1");
  assert.equal(JSON.parse(refused.text).error.code, "limit_reached");
  await devices[0].close();
  const next = await Device.connect(server, "many", "next");
  assert.equal((await next.next()).type, "initial_state");
  assert.equal((await stateOf(server, "many")).connectedDevices, 3);
  await Promise.all([...devices.slice(1), next].map((device) => device.close()));
});

test("who connects too often is told to come back, and another user is not", async () => {
  const connect = (/** @type {string} */ userId) =>
    requestAsWritten(server, `${PREFIX}?userId=${userId}`, { headers: UPGRADE });
  const answers = [];
  for (let at = 0; at < 40; at++) answers.push(await connect("often"));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0);
  for (const { headers, text } of refused) {
    assert.equal(headers["retry-after"], "1");
    assert.match(JSON.parse(text).error.code, /^(rate_limited|limit_reached)$/);
  }
  assert.equal((await connect("seldom")).status, 101);
});

test("frames that name prototypes and paths are data like any other", async () => {
  const device = await Device.connect(server, "data", "d");
  await device.next();
  for (const gameId of ["__proto__", "constructor", "../../etc/passwd", "${7*7}", "<script>"]) {
    const { type, activeGames } = await device.ask({ type: "join_game", gameId });
    assert.equal(type, "game_joined");
    assert.equal(activeGames.at(-1), gameId);
  }
  for (const type of ["__proto__", "toString", "../clear", "Woken"]) {
    assert.equal((await device.ask({ type })).code, "unknown_type");
  }
  const { activeGames } = await stateOf(server, "data");
  assert.equal(activeGames.length, 5);
  await device.close();
});
