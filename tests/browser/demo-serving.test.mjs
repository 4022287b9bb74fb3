import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { start } from "../../scripts/lib/run.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX } from "../support/requests.mjs";
import { OPEN } from "../support/server.mjs";

const READY_MS = 60_000;

/** @returns {Promise<number>} A port that nobody has. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

test("wrangler dev --assets build/demo serves the page, and leaves all other paths to the Worker", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "demo-"));
  const port = await freePort();
  const args = [
    ...["dev", "--ip=127.0.0.1", `--port=${port}`, "--inspector-port=0", `--persist-to=${folder}`],
    ...["--show-interactive-dev-session=false", "--assets=build/demo"],
    ...Object.entries(OPEN).map(([name, value]) => `--var=${name}:${value}`),
  ];
  const server = start("wrangler", args, { group: true, quiet: true });
  t.after(async () => {
    server.signal("SIGTERM");
    await server.ended;
    await rm(folder, { recursive: true, force: true });
  });
  let printed = "";
  for (const stream of [server.child.stdout, server.child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text) => (printed += text));
  }
  await eventually("wrangler to be ready", () => printed.includes("Ready on"), READY_MS).catch((error) => {
    throw new Error(`${error.message}\n${printed}`);
  });
  /** @param {string} path @param {RequestInit} [init] */
  const get = async (path, init) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: response.status, type: response.headers.get("Content-Type"), text: await response.text() };
  };
  const page = await get("/");
  assert.equal(page.status, 200);
  assert.match(page.text, /<h1>One user/);
  for (const path of ["/main.js", "/client/index.js"]) {
    const { status, type } = await get(path);
    assert.deepEqual([status, type], [200, "text/javascript; charset=utf-8"], path);
  }
  for (const path of ["/no/such/page", "/client", "/tsconfig.json"]) {
    const { status, text } = await get(path);
    assert.deepEqual([status, JSON.parse(text).error.code], [404, "not_found"], path);
  }
  assert.equal(JSON.parse((await get(`${PREFIX}/state?userId=u`)).text).userId, "u");
  const pushed = await get(`${PREFIX}?userId=u`, { method: "POST", body: '{"type":"news"}' });
  assert.deepEqual(JSON.parse(pushed.text), { delivered: 0 });
});
