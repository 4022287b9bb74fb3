/** A process that was too busy to read what had arrived: its connection is healthy. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startServer } from "../../tests/support/server.mjs";

/** @import { Server } from "../../tests/support/server.mjs" */

const BUSY_PROCESS = fileURLToPath(new URL("support/busy-process.mjs", import.meta.url));
const BUSY_ASKING = fileURLToPath(new URL("support/busy-asking.mjs", import.meta.url));

/** @type {Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test("a process that was busy when its heartbeat was answered keeps its connection", async () => {
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
  const { stdout } = await promisify(execFile)(process.execPath, [BUSY_PROCESS, server.http, "busy"], { env });
  const { timeouts, attempts, status } = JSON.parse(stdout);
  assert.deepEqual([timeouts, attempts, status], [0, 0, "connected"]);
});

test("a process that was busy when it was told why its sockets fail knows it", async (t) => {
  /** @type {PromiseWithResolvers<void>} */
  const asked = Promise.withResolvers();
  const broken = createServer((_, response) => {
    asked.resolve();
    setTimeout(() => response.writeHead(500).end(), 500);
  });
  await new Promise((resolve) => broken.listen(0, "127.0.0.1", () => resolve(null)));
  t.after(() => broken.close());
  const { port } = /** @type {import("node:net").AddressInfo} */ (broken.address());
  broken.on("upgrade", (_, socket) => socket.destroy());
  const asking = promisify(execFile)(process.execPath, [BUSY_ASKING, `http://127.0.0.1:${port}`]);
  await asked.promise;
  asking.child.stdin?.write("asked");
  const { stdout } = await asking;
  assert.equal(stdout.trim(), "server_error");
});
