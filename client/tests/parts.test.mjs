/** The parts of the client that are loaded later, as a bundler splits them, when they never come. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { build } from "esbuild";

import { ROOT } from "../../tests/support/server.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { FakeSocket, accept } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */
/** @import { UserSessionClientOptions } from "user-session-worker/client" */
/** @typedef {typeof import("user-session-worker/client")} Client */

/** @type {string} */
let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "parts-"));
});
after(() => rm(folder, { recursive: true, force: true }));

let copies = 0;

/** The client as a page loads it that was just opened. */
async function freshPage() {
  const outdir = join(folder, String(copies++));
  const contents = 'export * from "user-session-worker/client"';
  const options = /** @type {const} */ ({ bundle: true, splitting: true, format: "esm", outExtension: { ".js": ".mjs" } });
  await build({ ...options, stdin: { contents, resolveDir: ROOT, sourcefile: "page.js" }, entryNames: "page", outdir });
  /** Takes a part away, as a network does that is down. @param {string} name @returns Puts it back. */
  const withhold = async (name) => {
    const file = (await readdir(outdir)).find((one) => one.startsWith(`${name}-`));
    assert.ok(file, `there is a part ${name}`);
    await rename(join(outdir, file), join(outdir, "away"));
    return () => rename(join(outdir, "away"), join(outdir, file));
  };
  const load = () => /** @type {Promise<Client>} */ (import(String(pathToFileURL(join(outdir, "page.mjs")))));
  return { withhold, load };
}

/**
 * @param {TestContext} t
 * @param {Client} page
 * @param {Partial<UserSessionClientOptions>} [options]
 */
function clientOf(t, { UserSessionClient }, options = {}) {
  /** @type {FakeSocket[]} */
  const sockets = [];
  class Socket extends FakeSocket {
    /** @param {string} url @param {string[]} protocols */
    constructor(url, protocols) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const url = "wss://app.example";
  const client = new UserSessionClient({ userId: "kim", url, deviceId: "desk", WebSocket: /** @type {any} */ (Socket), ...options });
  t.after(() => client.close());
  const status = () => client.getSnapshot().connectionStatus;
  return { client, sockets, newest: () => /** @type {FakeSocket} */ (sockets.at(-1)), status };
}

/** @param {TestContext} t */
function hearUnhandled(t) {
  /** @type {unknown[]} */
  const unhandled = [];
  const hear = (/** @type {unknown} */ error) => void unhandled.push(error);
  process.on("unhandledRejection", hear);
  t.after(() => process.off("unhandledRejection", hear));
  return unhandled;
}

test("without what tabs need to share a socket each has its own, at the latest after three seconds", async (t) => {
  const unhandled = hearUnhandled(t);
  const { withhold, load } = await freshPage();
  const restore = await withhold("tabs");
  const { client, sockets, newest, status } = clientOf(t, await load(), { shareTabs: true });
  client.connect();
  await eventually("the socket", () => sockets.length > 0);
  accept(newest());
  assert.deepEqual([status(), unhandled], ["connected", []]);
  await restore();
});

test("without what watches the app there is a connection, and the presence is what the app says", async (t) => {
  const unhandled = hearUnhandled(t);
  const { withhold, load } = await freshPage();
  const restore = await withhold("app");
  const { client, newest, status } = clientOf(t, await load(), { presenceFromVisibility: true });
  client.connect();
  accept(newest());
  void client.updatePresence("away");
  assert.deepEqual([status(), newest().requests.map(({ presence }) => presence), unhandled], ["connected", ["away"], []]);
  await restore();
});

test("without what looks for the cause a failure is a problem all the same", async (t) => {
  const unhandled = hearUnhandled(t);
  const { withhold, load } = await freshPage();
  await withhold("diagnosis");
  const { client, newest } = clientOf(t, await load());
  t.mock.method(globalThis, "fetch", async () => new Response("{}", { status: 503 }));
  client.connect();
  for (let failures = 0; failures < 3; failures++) {
    newest().fail();
    client.reconnect();
  }
  await eventually("the problem", () => client.getSnapshot().problem?.code === "unreachable");
  assert.deepEqual(unhandled, []);
});
