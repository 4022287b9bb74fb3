import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { SECRET, SERVICE_TOKEN, ask, bearer, seconds, secretToken } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";
import { shortLived } from "../support/short-lived.mjs";

/** @import { Server } from "../support/server.mjs" */

const EVERYTHING = /** @type {const} */ (["connect", "state", "clear"]);

/** @type {Server} */
let server;
before(async () => {
  server = await startServer(undefined, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN });
});
after(() => server?.close());

/** @param {string} userId @param {string} token */
async function connected(userId, token) {
  const headers = bearer(token);
  const device = new Device(`${server.ws}${PREFIX}?userId=${userId}`, { headers });
  assert.equal((await device.next()).type, "initial_state");
  return device;
}

/** @param {string} userId */
async function loggedOut(userId) {
  const token = secretToken(userId);
  const device = await connected(userId, token);
  await device.ask({ type: "join_game", gameId: "chess" });
  device.send({ type: "logout_all" });
  assert.equal((await device.closed()).code, 1000);
  return token;
}

test("a credential from before a logout opens nothing, by any route, ever", async () => {
  const token = await loggedOut("kim");
  const replayed = [
    bearer(token),
    { Cookie: `session=${token}` },
    bearer(secretToken("kim", { iat: seconds() - 86_400 })),
    bearer(secretToken("kim", { iat: 0 })),
    bearer(secretToken("kim", { iat: seconds() + 5, auth_time: seconds() - 10 })),
  ];
  const refused = async () => {
    for (const headers of replayed) {
      for (const action of EVERYTHING) {
        assert.equal((await ask(server, action, "kim", headers)).status, 401, action);
      }
    }
  };
  await refused();
  await server.hibernate("kim");
  await refused();
  const line = "user-session: refused with 401: logged out: sign in again for a new credential";
  await eventually(line, () => server.logs().includes(line));
  const state = await ask(server, "state", "kim", bearer(SERVICE_TOKEN));
  assert.deepEqual(JSON.parse(state.text).activeGames, ["chess"]);
  assert.equal((await ask(server, "clear", "kim", bearer(SERVICE_TOKEN))).status, 200);
  await refused();
  await server.hibernate("kim");
  await refused();
});

test("a credential of a later second is let in, and another user's was never touched", async () => {
  const token = await loggedOut("lee");
  assert.equal((await ask(server, "state", "max", bearer(secretToken("max")))).status, 200);
  assert.equal((await ask(server, "state", "lee", bearer(token))).status, 401);
  const device = await connected("lee", secretToken("lee", { iat: seconds() + 2 }));
  assert.deepEqual((await device.ask({ type: "sync_state" })).activeGames, ["chess"]);
  await device.close();
});

test("a credential that a logout has ended does not use up the connections of a new one", async () => {
  const token = await loggedOut("eve");
  const statuses = new Set();
  // The shipped limit counts in windows of a minute, and a new one may begin meanwhile.
  for (let at = 0; at < 2 * 130 && !statuses.has(429); at++) {
    statuses.add((await ask(server, "connect", "eve", bearer(token))).status);
  }
  assert.deepEqual([...statuses], [401, 429]);
  const device = await connected("eve", secretToken("eve", { iat: seconds() + 2 }));
  await device.close();
});

test("an open socket whose credential has ended is closed and gets nothing more", async () => {
  const staying = await connected("ann", secretToken("ann"));
  const ending = await shortLived(async (lifeSeconds) => {
    const device = await connected("ann", secretToken("ann", { exp: seconds() + lifeSeconds }));
    // Node's client notices a close late if it has never sent a frame and another socket stays open.
    await device.ask({ type: "sync_state" });
    return device;
  });
  let isOpen = true;
  ending.closed().then(() => {
    isOpen = false;
  });
  await eventually("the credential to end", async () => {
    // More often would be a flood.
    await delay(50);
    await staying.ask({ type: "sync_state" });
    return !isOpen;
  });
  await staying.ask({ type: "join_game", gameId: "chess" });
  assert.equal((await ending.closed()).code, 4401);
  assert.ok(!ending.frames.some((text) => text.includes("chess")));
  await staying.close();
});
