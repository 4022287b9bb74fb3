/** Builds the Worker and runs it: `npm start -- <options of workerd serve>`. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import { build } from "esbuild";

import { loadSecrets } from "./secrets.mjs";

/** @import { Readable } from "node:stream" */

/** workerd's binary, which its package names. @type {string} */
const WORKERD = createRequire(import.meta.url)("workerd").default;

/** The descriptor on which workerd tells where it listens. */
const CONTROL_FD = 3;

/**
 * How long open sockets may hold up the end. workerd would wait for the last of them, and serve no
 * newcomer meanwhile; ending it at once loses nothing that anybody has been told.
 */
const GRACE_MS = 2_000;

process.chdir(import.meta.dirname);
loadSecrets();
mkdirSync("data", { recursive: true });
await build({
  entryPoints: ["src/worker.js"],
  outdir: "build",
  bundle: true,
  minify: true,
  format: "esm",
  target: "esnext",
  // The package's root is the server under this condition alone.
  conditions: ["workerd"],
  external: ["cloudflare:workers"],
  // The module is a file of its own, since workerd compiles none at run time.
  loader: { ".wasm": "copy" },
  assetNames: "[name]",
});

const args = ["serve", "config.capnp", `--control-fd=${CONTROL_FD}`, ...process.argv.slice(2)];
const child = spawn(WORKERD, args, { stdio: ["inherit", "inherit", "inherit", "pipe"] });
const control = /** @type {Readable} */ (child.stdio[CONTROL_FD]);
createInterface({ input: control }).on("line", (line) => {
  console.log(`The session server listens on port ${JSON.parse(line).port}`);
});
let isStopping = false;
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => {
    isStopping = true;
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
  });
}
child.on("exit", (code) => process.exit(isStopping ? 0 : (code ?? 1)));
