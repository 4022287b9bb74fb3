/** Every format that was ever stored is still read from the real storage, and rewritten at a change. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  GAMES, LAST_ACTIVE, LEGACY, NEWEST_LOGOUT, NEWEST_SNAPSHOT, SNAPSHOTS, WITH_LOGOUT, readFormat,
} from "../support/formats.mjs";
import { stateOf } from "../support/logout.mjs";
import { V2Device, pushed, restOf } from "../support/v2-device.mjs";
import { startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/** @param {string} name */
const stored = (name) => ({ bytes: [...readFormat(name)] });

/** @param {string} userId */
async function assertRead(userId) {
  const { activeGames, lastActive } = await stateOf(server, userId);
  assert.deepEqual({ activeGames, lastActive }, { activeGames: GAMES, lastActive: LAST_ACTIVE });
}

for (const name of SNAPSHOTS) {
  test(`${name} is read, and written in the newest form with the next change`, async () => {
    await server.plant(name, { session: stored(name) });
    await assertRead(name);
    await server.call(name, "joinGame", "chess");
    await server.call(name, "leaveGame", "chess");
    const newest = name.includes("-v3") ? name : NEWEST_SNAPSHOT;
    assert.deepEqual(await server.stored(name), {
      session: stored(newest),
      ...(WITH_LOGOUT.has(name) ? { "session.logout": stored(NEWEST_LOGOUT) } : {}),
    });
  });
}

test("what the server in TypeScript has left is read once and written in the newest form", async () => {
  const user = "legacy";
  const entries = Object.entries(LEGACY).map(([key, value]) => [key, { value }]);
  await server.plant(user, Object.fromEntries(entries));
  await assertRead(user);
  assert.deepEqual(await server.stored(user), { session: stored(NEWEST_SNAPSHOT) });
});

test("what waited in release 0.1.0 becomes messages, once, and the row of then is gone", async () => {
  const user = "kept";
  await server.plant(user, { session: stored("devices-v2.bin"), "session.kept": stored("kept-v1.bin") });
  const desk = await V2Device.open(server, user, "desk");
  assert.deepEqual(pushed(await restOf(desk)), [1, 2]);
  assert.equal(desk.initial.devices[0].name, "Desk");
  const keys = ["session", "session.inbox", "session.inbox.0", "session.inbox.1"];
  assert.deepEqual(Object.keys(await server.stored(user)), keys);
  await server.restart(user);
  const again = await V2Device.open(server, user, "desk");
  assert.deepEqual(pushed(await restOf(again)), [1, 2]);
  assert.deepEqual(Object.keys(await server.stored(user)), keys);
  await again.close();
});
