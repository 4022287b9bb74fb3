/** How a device's own close ends, polite or not: it sees its own code, and the server forgets it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { stateOf } from "../support/logout.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { startServer } from "../support/server.mjs";

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const TEXT = 1;
const CLOSE = 8;

/**
 * Waits until a user has so many devices.
 * @param {string} userId
 * @param {number} count
 */
async function assertDevices(userId, count) {
  await eventually(`${count} connected devices`, async () => {
    const { connectedDevices } = await stateOf(server, userId);
    return connectedDevices === count;
  });
}

/** @type {[name: string, close: [code?: number, reason?: string], seen: [code: number, reason: string]][]} */
const OWN_CLOSES = [
  ["no code, as the hook does", [], [1000, ""]],
  ["1000", [1000], [1000, ""]],
  ["1000 with a reason", [1000, "bye"], [1000, "bye"]],
  ["1001, as a browser that leaves the page", [1001], [1001, ""]],
  ["1011", [1011], [1011, ""]],
  ["3000", [3000], [3000, ""]],
  ["4000 with a reason", [4000, "the device's reason"], [4000, "the device's reason"]],
  ["4999 with the longest reason", [4999, `${"é".repeat(61)}x`], [4999, `${"é".repeat(61)}x`]],
];

for (const asleep of [false, true]) {
  test(`a device that closes sees its own code${asleep ? " while the object sleeps" : ""}`, async (t) => {
    for (const [name, close, seen] of OWN_CLOSES) {
      await t.test(name, async () => {
        const user = `own ${name} ${asleep}`;
        const device = await Device.connect(server, user, "leaves");
        const other = await Device.connect(server, user, "stays");
        if (asleep) await server.hibernate(user);
        const { code, reason } = await device.close(...close);
        assert.deepEqual([code, reason], seen);
        await assertDevices(user, 1);
        await other.next();
        assert.equal((await other.ask({ type: "sync_state" })).presence, "online");
        await other.close();
        await assertDevices(user, 0);
        assert.equal((await stateOf(server, user)).presence, "offline");
      });
    }
  });

  test(`a device that vanishes without a word is noticed${asleep ? " while the object sleeps" : ""}`, async () => {
    const user = `vanished ${asleep}`;
    const device = await Device.connect(server, user, "vanishes");
    const other = await Device.connect(server, user, "stays");
    if (asleep) await server.hibernate(user);
    device.socket.terminate();
    await assertDevices(user, 1);
    other.socket.terminate();
    await assertDevices(user, 0);
    assert.equal((await stateOf(server, user)).presence, "offline");
  });
}

const REPLACED = Buffer.alloc(123, 0xff);

/** @type {[name: string, misbehave: (raw: RawDevice) => void][]} */
const IMPOLITE = [
  ["a code nobody may send: 1004", (raw) => raw.sendClose(1004)],
  ["a code nobody may send: 1005", (raw) => raw.sendClose(1005)],
  ["a code nobody may send: 1006", (raw) => raw.sendClose(1006)],
  ["a code nobody may send: 1015", (raw) => raw.sendClose(1015)],
  ["a code below all codes: 0", (raw) => raw.sendClose(0)],
  ["a code below all codes: 999", (raw) => raw.sendClose(999)],
  ["a code above all codes: 5000", (raw) => raw.sendClose(5000)],
  ["a code above all codes: 65535", (raw) => raw.sendClose(65_535)],
  ["a reason that grows when it is read as UTF-8", (raw) => raw.sendClose(4000, REPLACED)],
  ["half a code", (raw) => raw.sendFrame(CLOSE, Buffer.of(3))],
  ["a frame of an unknown kind", (raw) => raw.sendFrame(5, Buffer.of(1))],
  ["a frame with reserved bits", (raw) => raw.sendFrame(0x70 | TEXT, Buffer.from("{}"))],
  ["a continuation of nothing", (raw) => raw.sendFrame(0, Buffer.from("{}"))],
];

test("a device that ends its socket in a way that is not allowed is forgotten all the same", async (t) => {
  for (const [name, misbehave] of IMPOLITE) {
    await t.test(name, async () => {
      const user = `impolite ${name}`;
      const other = await Device.connect(server, user, "stays");
      await other.next();
      const raw = await RawDevice.connect(server, user);
      await assertDevices(user, 2);
      misbehave(raw);
      await assertDevices(user, 1);
      assert.equal((await other.ask({ type: "sync_state" })).type, "state");
      raw.destroy();
      await other.close();
      await assertDevices(user, 0);
    });
  }
});

test("every code that a close frame can carry is answered, so that no device hangs", async (t) => {
  for (const [name, code, reason] of /** @type {[string, number, Buffer?][]} */ ([
    ["1004", 1004],
    ["999", 999],
    ["5000", 5000],
    ["2999", 2999],
    ["4000 with a reason that is no UTF-8", 4000, REPLACED],
  ])) {
    await t.test(name, async () => {
      const raw = await RawDevice.connect(server, `answered ${name}`);
      raw.sendClose(code, reason);
      await raw.until(() => raw.closeFrame !== null);
      await assertDevices(`answered ${name}`, 0);
      raw.destroy();
    });
  }
});
