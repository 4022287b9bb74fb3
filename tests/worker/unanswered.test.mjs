/** Sockets that the server has closed and whose clients never close them: one credential can't collect them. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { SECRET, secretToken } from "../support/auth.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { PREFIX } from "../support/requests.mjs";
import { V2Device } from "../support/v2-device.mjs";
import { startWorkerd } from "../support/workerd.mjs";

// The name is computed so that tsc does not follow it: it checks this file as Node's, that one as a Worker's.
const { UNANSWERED_MAX } = await import(`../../worker/object/${"logout-restart"}.js`);

const REPLACED = 4409;

test("a tab that connects again and again, and closes no socket, keeps none of them", async (t) => {
  const workerd = await startWorkerd({ vars: { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, CONNECTS_PER_MINUTE: "0" } });
  t.after(() => workerd.stop());
  const other = await V2Device.open(workerd, "lee", "desk", { token: secretToken("lee") });
  const headers = { "Sec-WebSocket-Protocol": "user-session.v2", Authorization: `Bearer ${secretToken("kim")}` };
  /** @type {RawDevice[]} */
  const tabs = [];
  for (let at = 0; at <= UNANSWERED_MAX + 1; at++) {
    const tab = await RawDevice.open(workerd, `${PREFIX}?userId=kim&deviceId=desk&tabId=tab`, headers);
    t.after(() => tab.destroy());
    await tab.until(() => tab.texts.length > 0);
    tabs.push(tab);
  }
  const replaced = tabs.slice(0, -1);
  await Promise.all(replaced.map((tab) => tab.until(() => tab.closeFrame !== null)));
  assert.deepEqual([...new Set(replaced.map((tab) => tab.closeFrame?.code))], [REPLACED]);

  await Promise.all(tabs.map((tab) => tab.ended()));

  const device = await V2Device.open(workerd, "kim", "desk", { token: secretToken("kim") });
  assert.deepEqual(device.initial.devices.map((/** @type {any} */ { deviceId, tabs: count }) => [deviceId, count]), [["desk", 1]]);
  await device.close();
  other.send({ type: "join_game", gameId: "chess" });
  assert.deepEqual((await other.next()).activeGames, ["chess"], "nobody else is cut");
  await other.close();
});
