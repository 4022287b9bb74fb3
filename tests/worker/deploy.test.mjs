import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

import { unstable_readConfig as readConfig } from "wrangler";

import { buildBundle } from "../support/bundle.mjs";
import { runTool } from "../support/consumer.mjs";
import { ROOT } from "../support/server.mjs";
import { RUNTIME } from "../support/workerd.mjs";

/** The limit keeps a deployed Worker from growing unnoticed. docs/performance.md has the aim, which is less. */
const GZIP_BYTES_MAX = 78 * 1024;

/** Cloudflare refuses a Worker that takes a second to start. An idle machine needs some 20 ms. */
const STARTUP_MS_MAX = 1_000;

const DAY_MS = 86_400_000;
const COMPATIBILITY_DAYS_MAX = 60;

/** @type {string} */
let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "deploy-"));
});
after(() => rm(folder, { recursive: true, force: true }));

test("a deploy is prepared offline, without a warning, and stays small", async (t) => {
  const { modules, output } = await buildBundle();
  assert.doesNotMatch(output, /warning|error|deprecated|▲/i);
  assert.match(output, /--dry-run: exiting now/);

  assert.deepEqual(modules.map(({ name }) => name.replace(/^[0-9a-f]+-/, "")), [
    "worker-shim.js",
    "session.wasm",
  ]);
  let raw = 0;
  let gzipped = 0;
  for (const { path } of modules) {
    const bytes = await readFile(path);
    raw += bytes.length;
    gzipped += gzipSync(bytes).length;
  }
  const told = /Total Upload: ([\d.]+) KiB \/ gzip: ([\d.]+) KiB/.exec(output);
  assert.ok(told, output);
  t.diagnostic(`upload: ${raw} bytes, ${gzipped} gzipped; wrangler: ${told[0]}`);
  const over = gzipped - GZIP_BYTES_MAX;
  assert.ok(over <= 0, `${gzipped} bytes gzipped are ${over} over the limit of ${GZIP_BYTES_MAX}`);
  assert.ok(Number(told[2]) * 1024 < GZIP_BYTES_MAX, told[0]);
});

test("a deploy leaves the demo out", async () => {
  const { output } = await buildBundle();
  assert.doesNotMatch(output, /assets/i);
  assert.equal(readConfig({ config: join(ROOT, "wrangler.jsonc") }).assets, undefined);
  // So that the first line would see it.
  const withDemo = ["deploy", "--dry-run", "--assets=build/demo", `--outdir=${folder}`];
  assert.match(await runTool(ROOT, "wrangler", withDemo), /files from the assets directory/);
});

test("the committed types are those of wrangler.jsonc and of the installed runtime", async () => {
  const output = await runTool(ROOT, "wrangler", ["types", "--check"]);
  assert.match(output, /up to date/);
});

test("wrangler.jsonc declares the class, its storage and what keeps sockets cheap", () => {
  const config = readConfig({ config: join(ROOT, "wrangler.jsonc") });
  assert.deepEqual(config.durable_objects.bindings, [
    { name: "USER_SESSION_DO", class_name: "UserSessionDO" },
  ]);
  assert.deepEqual(config.exports, {
    UserSessionDO: { type: "durable-object", storage: "sqlite" },
  });
  assert.ok(config.compatibility_flags.includes("no_web_socket_compression"));
  assert.equal(config.observability?.enabled, true);
});

for (const folder of ["", "examples/standalone", "examples/existing-worker"]) {
  test(`a deploy of ${folder || "the project"} leaves sockets open, also those of users who play on`, () => {
    const { durable_objects: objects } = readConfig({ config: join(ROOT, folder, "wrangler.jsonc") });
    assert.deepEqual(objects.code_update_strategy, { mode: "deferred", max_delay: 3_600 });
  });
}

test("the compatibility date is one that the installed runtime knows, and not an old one", () => {
  const { compatibility_date: date = "" } = readConfig({ config: join(ROOT, "wrangler.jsonc") });
  const { version } = RUNTIME;
  const [, year, month, day] = /^\d+\.(\d{4})(\d{2})(\d{2})\./.exec(version) ?? [];
  assert.ok(day, version);
  const age = (Date.parse(`${year}-${month}-${day}`) - Date.parse(date)) / DAY_MS;
  assert.ok(age >= 0 && age <= COMPATIBILITY_DAYS_MAX, `${date} with workerd ${version}`);
});

test("no busy machine makes the Worker start so slowly that Cloudflare would refuse it", async (t) => {
  const profile = join(folder, "startup.cpuprofile");
  const output = await runTool(ROOT, "wrangler", ["check", "startup", `--outfile=${profile}`]);
  const active = /Active: ([\d.]+) ms/.exec(output);
  assert.ok(active, output);
  t.diagnostic(`active at startup: ${active[1]} ms`);
  assert.ok(Number(active[1]) < STARTUP_MS_MAX, `${active[0]} of ${STARTUP_MS_MAX}`);
});
