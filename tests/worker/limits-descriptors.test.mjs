/** What happens when workerd has no descriptors for one more object's database. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { stateOf } from "../support/logout.mjs";
import { PREFIX, UPGRADE, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { startWorkerd } from "../support/workerd.mjs";

const USERS = 10;

/** What a connection takes. With none left at all workerd itself ends: docs/platform.md. */
const CONNECTION = 2;

/** "At once": no busy machine explains more. */
const AT_ONCE_MS = 1_000;

const skip = process.platform !== "linux" && "it takes /proc and prlimit";

/** @type {import("../support/workerd.mjs").Workerd} */
let server;
before(async () => {
  if (!skip) server = await startWorkerd();
});
after(async () => {
  await server?.kill();
  await server?.stop();
});

const openDescriptors = () => readdirSync(`/proc/${server.pid}/fd`).length;

/** @param {number} most How many it may have open. */
async function limitDescriptors(most) {
  await promisify(execFile)("prlimit", [`--pid=${server.pid}`, `--nofile=${most}:`]);
}

/**
 * Sends a request when workerd has closed what earlier ones left behind: beside one more descriptor
 * the connection itself would be cut.
 * @param {number} open How many are open when all is quiet.
 * @param {Parameters<typeof requestAsWritten>} request
 */
async function requestWhenQuiet(open, ...request) {
  await eventually(`${open} open descriptors`, () => openDescriptors() === open);
  const begin = performance.now();
  const answer = await requestAsWritten(...request);
  assert.ok(performance.now() - begin < AT_ONCE_MS);
  return answer;
}

test("a user whose database can't be opened is told to come back, the others are served", { skip }, async () => {
  const devices = [];
  for (let user = 0; user < USERS; user++) {
    const device = await Device.connect(server, `user-${user}`);
    await device.next();
    devices.push(device);
  }
  const open = openDescriptors();
  await limitDescriptors(open + CONNECTION);
  const refused = [
    await requestWhenQuiet(open, server, `${PREFIX}?userId=late`, { headers: UPGRADE }),
    await requestWhenQuiet(open, server, `${PREFIX}/state?userId=late`),
  ];
  for (const { status, headers, text } of refused) {
    assert.equal(status, 503);
    assert.equal(headers["retry-after"], "5");
    assertRefusal(text, "unavailable", /try again/);
  }
  for (const device of devices) assert.equal((await device.ask({ type: "sync_state" })).type, "state");
  await limitDescriptors(open + 100);
  const late = await Device.connect(server, "late");
  assert.equal((await late.next()).type, "initial_state");
  assert.equal((await stateOf(server, "late")).connectedDevices, 1);
});
