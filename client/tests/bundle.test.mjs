/** What a page loads that imports the package. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { ROOT } from "../../tests/support/server.mjs";

/**
 * Bundles a page's import.
 * @param {string} code
 */
async function bundled(code) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: "esm",
    external: ["react"],
    metafile: true,
    write: false,
  });
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return {
    files: inputs.map(([path]) => path).filter((path) => path !== "<stdin>"),
    external: output?.imports.map(({ path }) => path),
    kB: gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length / 1_000,
  };
}

const CLIENT = 'export { UserSessionClient } from "user-session-worker/client";';
const HOOK = 'export { useUserSession } from "user-session-worker/react";';

test("a page that imports the client loads no React, and neither it nor the hook brings any of the server", async () => {
  const [client, hook] = await Promise.all([bundled(CLIENT), bundled(HOOK)]);
  assert.deepEqual([client.external, hook.external], [[], ["react"]]);
  for (const { files } of [client, hook]) {
    assert.ok(files.length > 0 && files.every((path) => path.startsWith("client/dist/")), String(files));
  }
  assert.ok(!client.files.includes("client/dist/react.js"));
});

test("the docs tell what it weighs", async () => {
  const docs = readFileSync(`${ROOT}docs/client.md`, "utf8");
  const told = /the client has ([\d.]+) kB, with the hook ([\d.]+) kB/.exec(docs.replaceAll("\n", " "));
  const [client, hook] = await Promise.all([bundled(CLIENT), bundled(HOOK)]);
  for (const [at, { kB }] of [client, hook].entries()) {
    // Not every zlib compresses alike.
    const said = Number(told?.[at + 1]);
    assert.ok(Math.abs(said - kB) < 0.15, `it has ${kB} kB, and docs/client.md says ${said}: write ${kB.toFixed(1)}`);
  }
});
