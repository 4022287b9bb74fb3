import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { passiveDevices, stateOf } from "../support/logout.mjs";
import { PREFIX, UPGRADE, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { OPEN } from "../support/server.mjs";
import { startWorkerd } from "../support/workerd.mjs";

const DEVICES = 9_000;

/** How many connect at a time: each waits only so long for its first frame. */
const BATCH = 100;

/** What workerd needs: two a socket, and some for itself. */
const DESCRIPTORS = 2 * DEVICES + 200;

const { hard } = /** @type {any} */ (process.report.getReport()).userLimits.open_files;
const skip = hard < DESCRIPTORS && `it takes ${DESCRIPTORS} open files, and ${hard} are allowed`;

/** @type {import("../support/workerd.mjs").Workerd} */
let server;
before(async () => {
  if (!skip) server = await startWorkerd({ vars: { ...OPEN, MAX_DEVICES: String(DEVICES) } });
});
after(async () => {
  // Asked to stop, workerd would wait for every device.
  await server?.kill();
  await server?.stop();
});

/** @param {string} userId */
async function connectAll(userId) {
  /** @type {Device[]} */
  const devices = [];
  while (devices.length < DEVICES) devices.push(...(await passiveDevices(server, userId, BATCH)));
  for (const device of devices) assert.equal((await device.next()).type, "initial_state");
  return devices;
}

/**
 * Has one of them broadcast, and waits until every one has been told something.
 * @param {Device} sender
 * @param {Device[]} devices
 * @param {string} event
 */
async function broadcast(sender, devices, event) {
  sender.send({ type: "broadcast", event });
  await Promise.all(devices.map((device) => device.nextText()));
}

/**
 * What devices have been told since they connected, and how many of them just that.
 * @param {Device[]} devices
 */
function told(devices) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const { frames, ending } of devices) {
    const events = frames.slice(1).map((text) => JSON.parse(text).event);
    const all = [...events, ...(ending ? [`closed with ${ending.code}`] : [])].join(", ");
    counts[all] = (counts[all] ?? 0) + 1;
  }
  return counts;
}

// Lost would be MAX_DEVICES as the only limit there is: work that grows with the square of the
// devices, or a table that skips or repeats some of them, does not show with three.
test("9,000 devices are told each event once, and do not notice one too many", { skip }, async () => {
  const userId = "crowd";
  const devices = await connectAll(userId);
  assert.equal((await stateOf(server, userId)).connectedDevices, DEVICES);

  const path = `${PREFIX}?userId=${userId}`;
  const refused = await requestAsWritten(server, path, { headers: UPGRADE });
  assert.equal(refused.status, 429);
  assertRefusal(refused.text, "limit_reached", /too many devices/);
  assert.equal((await stateOf(server, userId)).connectedDevices, DEVICES);

  await broadcast(devices[0], devices, "first");
  assert.deepEqual(told(devices), { first: DEVICES });

  await devices.pop()?.close();
  const newcomer = await Device.connect(server, userId, "newcomer");
  assert.equal((await newcomer.next()).type, "initial_state");
  assert.equal((await stateOf(server, userId)).connectedDevices, DEVICES);
  // Frames of a socket keep their order, so whatever came too often would have come before this one.
  await broadcast(newcomer, [...devices, newcomer], "second");
  assert.deepEqual(told(devices), { "first, second": DEVICES - 1 });
  assert.deepEqual(told([newcomer]), { second: 1 });
});
