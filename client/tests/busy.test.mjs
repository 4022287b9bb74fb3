/** A process that was too busy to read what had arrived: its connection is healthy. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startServer } from "../../tests/support/server.mjs";

/** @import { Server } from "../../tests/support/server.mjs" */

const BUSY_PROCESS = fileURLToPath(new URL("support/busy-process.mjs", import.meta.url));

/** @type {Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test("a process that was busy when its heartbeat was answered keeps its connection", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [BUSY_PROCESS, server.http, "busy"]);
  const { timeouts, attempts, status } = JSON.parse(stdout);
  assert.deepEqual([timeouts, attempts, status], [0, 0, "connected"]);
});
