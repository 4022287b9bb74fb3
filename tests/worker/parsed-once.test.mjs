/** A connect is parsed once at the Worker and once at the object: more would cost every device's every visit. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SECRET, secretToken } from "../support/auth.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { V2Device } from "../support/v2-device.mjs";

/** @import { Server } from "../support/server.mjs" */

/** @type {Server} */
let server;
before(async () => {
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
  server = await startServer(`${ROOT}tests/worker/fixtures/counted.wrangler.jsonc`, vars);
});
after(() => server?.close());

/** @returns {Promise<{urls: number, subprotocols: number, settings: number}>} */
async function counts() {
  return /** @type {any} */ (await (await fetch(`${server.http}/test/counts`)).json());
}

test("a connect of version 2 has its URL and its subprotocols read once by each of the two", async () => {
  const before = await counts();
  const device = await V2Device.open(server, "kim", "desk", { token: secretToken("kim"), tabId: "tab" });
  const { urls, subprotocols } = await counts();
  await device.close();
  assert.deepEqual([urls - before.urls, subprotocols - before.subprotocols], [2, 2]);
});

test("the settings are checked for the first connect, and for no other of the same deployment", async () => {
  const connect = async () => {
    const before = await counts();
    const device = await V2Device.open(server, "lea", "desk", { token: secretToken("lea"), tabId: "tab" });
    await device.close();
    return (await counts()).settings - before.settings;
  };
  await connect();
  const { settings } = await counts();
  assert.ok(settings > 0, "the count sees no check at all");
  assert.equal(await connect(), 0);
});
