/**
 * The gate for phones belongs to `npm run dev -- --lan` alone: nothing that is deployed or published has it, and nothing
 * else turns it on.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { runTool } from "../support/consumer.mjs";
import { ROOT } from "../support/server.mjs";

/** What a deployed Worker consists of, besides the tools' own additions. */
const DEPLOYED = /^(?:worker-shim\.js$|worker\/|bindings\/|dist\/session\.wasm$|node_modules\/jose\/)/;

/** @param {string[]} folders */
function inGit(...folders) {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", ...folders];
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
}

/** @param {string} file */
const textOf = (file) => readFileSync(join(ROOT, file), "utf8");

/** The files that import one whose path ends so. @param {string} path */
function importersOf(path) {
  const code = inGit().filter((file) => /\.(?:c?js|mjs|ts|tsx)$/.test(file) && !file.startsWith("tests/"));
  const imported = new RegExp(`\\b(?:from|import) ?\\(?"[^"]*${path}"`);
  return code.filter((file) => imported.test(textOf(file))).sort();
}

test("a deployment is made of the server's files alone, without anything of the gate or of what it needs", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "deployment-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const metafile = join(folder, "meta.json");
  await runTool(ROOT, "wrangler", ["deploy", "--dry-run", `--outdir=${folder}`, `--metafile=${metafile}`]);
  const inputs = Object.keys(JSON.parse(readFileSync(metafile, "utf8")).inputs);
  assert.ok(inputs.includes("worker/router.js"), String(inputs));
  assert.deepEqual(inputs.filter((path) => !DEPLOYED.test(path)), []);
});

test("the package has neither the gate nor the demo, and brings nobody what draws its codes", async () => {
  const [packed] = Object.values(JSON.parse(await runTool(ROOT, "npm", ["pack", "--dry-run", "--json", "--ignore-scripts"])));
  const paths = packed.files.map((/** @type {{path: string}} */ { path }) => path);
  assert.ok(paths.includes("worker-shim.js"));
  assert.deepEqual(paths.filter((/** @type {string} */ path) => /^(?:scripts|demo)\/|lan|uqr/.test(path)), []);
  const { dependencies, peerDependencies, devDependencies } = JSON.parse(textOf("package.json"));
  assert.ok("uqr" in devDependencies);
  assert.ok(!("uqr" in { ...dependencies, ...peerDependencies }));
});

test("npm run deploy knows no --lan", async () => {
  await assert.rejects(runTool(ROOT, "npm", ["run", "deploy", "--", "--dry-run", "--lan"]), /Unknown argument: lan/);
});

test("only npm run dev opens the gate, and only for its argument: no variable, script or configuration is asked", () => {
  assert.deepEqual(importersOf("lan/open-gate.mjs"), ["scripts/lib/serve-demo.mjs"]);
  assert.deepEqual(importersOf("serve-demo.mjs"), ["scripts/dev.mjs"]);
  assert.deepEqual(importersOf("/gate.mjs"), ["scripts/lib/lan/open-gate.mjs", "scripts/lib/serve-demo.mjs"]);
  for (const file of ["scripts/dev.mjs", ...inGit("scripts/lib/lan")]) {
    assert.doesNotMatch(textOf(file), /process\.env|wrangler\.jsonc|readFile/, file);
  }
  for (const [name, command] of Object.entries(JSON.parse(textOf("package.json")).scripts)) {
    assert.doesNotMatch(command, /--lan/, name);
  }
  assert.doesNotMatch(textOf("wrangler.jsonc"), /\blan\b/);
});
