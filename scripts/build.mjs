/** Builds the module alone: dist/session.wasm. With `--quiet` it only speaks when it fails. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildPreset } from "./lib/cmake.mjs";
import { Failure, main, root } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

const quiet = process.argv.includes("--quiet");

await main(async () => {
  try {
    await buildPreset("wasm", await setUp("build"), { quiet });
  } catch (error) {
    // wrangler dev buries the compiler's messages below its own when its build command fails.
    if (!(error instanceof Failure) || !process.env.SERVE_LAST_BUILD) throw error;
    console.error(`\nerror: ${error.message}\nThe server goes on with the last module that built.`);
  }
  if (!quiet) reportSize();
});

function reportSize() {
  const module = readFileSync(join(root, "dist/session.wasm"));
  console.log(`dist/session.wasm: ${module.length} bytes, ${gzipSync(module).length} gzipped`);
}
