import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { build } from "esbuild";

import { REACT, SCHEMAS, checkTypes, makeConsumer, runTool } from "../support/consumer.mjs";
import { ROOT, startServer } from "../support/server.mjs";

/** @type {import("../support/consumer.mjs").Consumer} */
let page;
before(async () => {
  page = await makeConsumer("tests/package/fixture", [...REACT, ...SCHEMAS]);
});
after(() => page?.remove());

/**
 * The files of some folders, without what only git reads.
 * @param {string[]} folders
 */
function inGit(...folders) {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", ...folders];
  const listed = execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
  return listed.filter((path) => !path.endsWith(".gitignore"));
}

test("the package brings everything it needs and nothing else", () => {
  const server = inGit("worker", "bindings").filter((path) => /\.(c?js|d\.c?ts)$/.test(path));
  const client = readdirSync(join(ROOT, "client/src")).flatMap((name) => {
    const stem = name.replace(/\.ts$/, "");
    return [`${stem}.d.ts`, `${stem}.js`];
  });
  const needed = [
    ...["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "docs/asyncapi.json"],
    ...inGit("examples", "docs/images"),
    ...readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
    ...server,
    ...client.map((name) => `client/dist/${name}`),
    ...["dist/session.wasm", "package.json", "worker-shim.js"],
  ];
  assert.deepEqual(page.packed, needed.sort());
});

test("publint finds nothing in the package, not even a suggestion", async () => {
  const output = await runTool(page.folder, "publint", ["run", page.tarball, "--strict"]);
  assert.match(output, /All good!/);
});

test("every export has types for whoever can import ES modules", async () => {
  const args = [page.tarball, "--profile", "esm-only", "--format", "json"];
  const { analysis, problems } = JSON.parse(await runTool(page.folder, "attw", args));
  const entrypoints = Object.keys(analysis.entrypoints);
  assert.deepEqual(entrypoints, [".", "./client", "./react", "./session", "./better-auth", "./package.json"]);
  // CommonJS and resolution without `exports` are not served, and said to be so.
  for (const found of Object.values(problems).flat()) {
    assert.match(found.resolutionKind, /^node(?:10|16-cjs)$/, JSON.stringify(found));
  }
});

test("an app in the oldest and the newest TypeScript is told the types of the client and of the hook", async () => {
  await checkTypes(page.folder);
});

test("an import that a page makes no use of costs it nothing", async () => {
  const contents = 'import { UserSessionClient } from "user-session-worker/client";';
  const stdin = { contents, resolveDir: page.folder };
  const { outputFiles } = await build({ stdin, bundle: true, minify: true, write: false, format: "esm" });
  assert.equal(outputFiles[0].text, "");
});

test("two devices of the packed client are in sync by the Worker", async (t) => {
  const server = await startServer();
  t.after(() => server.close());
  const args = ["two-devices.mjs", `${server.http}/__user-session`];
  assert.equal(await runTool(page.folder, process.execPath, args), '{"type":"gameJoined","gameId":"chess"}\n');
});
