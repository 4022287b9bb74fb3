/**
 * What happens when an object's database can't be opened. Too few descriptors come to the same in
 * SQLite; a folder in the file's place does it every time.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { stateOf } from "../support/logout.mjs";
import { PREFIX, UPGRADE, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { startWorkerd } from "../support/workerd.mjs";

/** @type {string} */
let storage;
/** @type {import("../support/workerd.mjs").Workerd} */
let server;
before(async () => {
  storage = await mkdtemp(join(tmpdir(), "no-database-"));
});
after(async () => {
  await server?.kill();
  await server?.stop();
  await rm(storage, { recursive: true, force: true });
});

/**
 * Where the database of the only user is stored, which is removed.
 * @param {string} user
 */
async function pathOfDatabase(user) {
  const once = await startWorkerd({ storage });
  await (await Device.connect(once, user)).next();
  await once.kill();
  await once.stop();
  const [folder] = await readdir(storage);
  const files = await readdir(join(storage, folder));
  const database = files.find((file) => file.endsWith(".sqlite") && !file.startsWith("metadata"));
  assert.ok(database);
  await rm(join(storage, folder), { recursive: true });
  return join(storage, folder, database);
}

test("a user whose database can't be opened is told to come back, the others are served", async () => {
  const database = await pathOfDatabase("late");
  await mkdir(database, { recursive: true });
  server = await startWorkerd({ storage });
  const other = await Device.connect(server, "other");
  await other.next();
  for (const { target, options } of [
    { target: `${PREFIX}?userId=late`, options: { headers: UPGRADE } },
    { target: `${PREFIX}/state?userId=late`, options: {} },
  ]) {
    const { status, headers, text } = await requestAsWritten(server, target, options);
    assert.equal(status, 503);
    assert.equal(headers["retry-after"], "5");
    assertRefusal(text, "unavailable", /try again/);
  }
  assert.equal((await other.ask({ type: "sync_state" })).type, "state");
  await rmdir(database);
  const late = await Device.connect(server, "late");
  assert.equal((await late.next()).type, "initial_state");
  assert.equal((await stateOf(server, "late")).connectedDevices, 1);
});
