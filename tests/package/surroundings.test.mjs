/** The package's root where no Worker runs: one sentence that says what to do. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { build } from "esbuild";
import { build as buildByVite } from "vite";

import { makeConsumer, runTool } from "../support/consumer.mjs";
import { ROOT } from "../support/server.mjs";

const SENTENCE =
  /Error: user-session-worker is the session server and runs in Cloudflare Workers \(workerd\) only: in pages and in Node import user-session-worker\/client/;
const USE = 'import { UserSessionDO, routeUserSession } from "user-session-worker"; console.log(UserSessionDO, routeUserSession);';

/** @type {import("../support/consumer.mjs").Consumer} */
let reader;
before(async () => {
  reader = await makeConsumer("tests/docs/fixture");
});
after(() => reader?.remove());

/** @param {string[]} args */
function node(...args) {
  return runTool(reader.folder, process.execPath, args);
}

for (const [how, args] of Object.entries({
  "import of everything": ["--input-type=module", "-e", 'import "user-session-worker"'],
  "import of names": ["--input-type=module", "-e", USE],
  "import of the Worker": ["--input-type=module", "-e", 'import worker from "user-session-worker"; worker.fetch'],
  "import()": ["--input-type=module", "-e", 'await import("user-session-worker")'],
  "React on a server": ["--conditions=react-server", "--input-type=module", "-e", USE],
  "require()": ["--input-type=commonjs", "-e", 'require("user-session-worker")'],
})) {
  test(`plain Node is told where the server runs: ${how}`, async () => {
    await assert.rejects(node(...args), SENTENCE);
  });
}

test("a bundler without a loader for .wasm makes a page that says it", async () => {
  for (const platform of /** @type {const} */ (["browser", "node"])) {
    const outfile = join(reader.folder, `${platform}.mjs`);
    await build({ stdin: { contents: USE, resolveDir: reader.folder }, bundle: true, format: "esm", platform, outfile });
    await assert.rejects(node(outfile), SENTENCE);
  }
});

test("Vite without Cloudflare's plugin makes a page that says it", async () => {
  const [entry, outDir] = [join(reader.folder, "page.js"), join(reader.folder, "vite")];
  await writeFile(entry, USE);
  await buildByVite({
    ...{ root: reader.folder, configFile: false, logLevel: "error" },
    build: { outDir, lib: { entry, formats: ["es"], fileName: () => "page.mjs" } },
  });
  await assert.rejects(node(join(outDir, "page.mjs")), SENTENCE);
});

test("vitest without Cloudflare's plugin says it", async () => {
  const tests = join(reader.folder, "server.test.js");
  await writeFile(tests, `import { it } from "vitest"; ${USE} it("is never run", () => {});`);
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  await assert.rejects(node(vitest, "run", "--globals", "server.test.js"), SENTENCE);
});

test("the client brings nothing of the server into a bundle, and needs no loader", async () => {
  const contents = 'export * from "user-session-worker/client"; export * from "user-session-worker/react";';
  const { metafile } = await build({
    ...{ stdin: { contents, resolveDir: reader.folder }, bundle: true, write: false, metafile: true },
    external: ["react"],
  });
  const brought = Object.keys(metafile.inputs).filter((path) => path.includes("user-session-worker/"));
  assert.ok(brought.length > 0);
  assert.deepEqual(brought.filter((path) => !path.includes("/client/dist/")), []);
});

test("a definition of messages works in plain Node, and brings neither the client nor the server", async () => {
  const code =
    'import { defineSession, type } from "user-session-worker/session"; ' +
    'console.log(JSON.stringify(defineSession({ events: { wave: type() } }).check("events", "wave", 1)));';
  assert.equal(await node("--input-type=module", "-e", code), '{"ok":true,"value":1}\n');
  const stdin = { contents: code, resolveDir: reader.folder };
  const { metafile } = await build({ stdin, bundle: true, write: false, metafile: true });
  const [{ inputs }] = Object.values(metafile.outputs);
  const brought = Object.keys(inputs).map((path) => path.split("user-session-worker/")[1]).filter(Boolean);
  assert.ok(brought.includes("client/dist/session.js"), String(brought));
  assert.deepEqual(brought.filter((path) => !/^client\/dist\/(?:session|texts|warnings|page)\.js$/.test(path)), []);
});

test("better-auth's tools can read a configuration with the plugin in plain Node, without anything else", async () => {
  const code = 'import { userSessionPlugin } from "user-session-worker/better-auth"; console.log(userSessionPlugin(() => {}).id);';
  assert.equal(await node("--input-type=module", "-e", code), "user-session\n");
  const stdin = { contents: code, resolveDir: reader.folder };
  const { metafile } = await build({ stdin, bundle: true, write: false, metafile: true });
  const brought = Object.keys(metafile.inputs).map((path) => path.split("user-session-worker/")[1]);
  assert.deepEqual(brought.filter(Boolean).sort(), ["worker/better-auth/plugin.js", "worker/common/log.js"]);
});

test("every name of the server is one that an importer elsewhere finds", async () => {
  const [server, elsewhere] = await Promise.all(["worker-shim.js", "worker/elsewhere.js"].map(exportsOf));
  assert.deepEqual(server.filter((name) => !elsewhere.includes(name)), []);
});

/** @param {string} file */
async function exportsOf(file) {
  const { metafile } = await build({
    ...{ entryPoints: [join(ROOT, file)], bundle: true, write: false, metafile: true, outdir: reader.folder },
    ...{ format: "esm", external: ["cloudflare:workers", "jose"], loader: { ".wasm": "empty" } },
  });
  return Object.values(metafile.outputs).flatMap(({ exports }) => exports);
}
