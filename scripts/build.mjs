/** Builds what the package ships, and the demo. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readArguments } from "./lib/arguments.mjs";
import { buildClient } from "./lib/client.mjs";
import { buildPreset } from "./lib/cmake.mjs";
import { Failure, main, root } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

const USAGE = `npm run build -- [options]: dist/session.wasm, client/dist, and the demo

  --module  the first alone
  --quiet   print nothing unless it fails`;

await main(async () => {
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  const { values } = readArguments({ options: { module: flag, quiet: flag } }, USAGE);
  const env = await setUp("build");
  try {
    await buildPreset("wasm", env, { quiet: values.quiet });
  } catch (error) {
    // wrangler dev buries the compiler's messages below its own when its build command fails.
    if (!(error instanceof Failure) || !process.env.SERVE_LAST_BUILD) throw error;
    console.error(`\nerror: ${error.message}\nThe server goes on with the last module that built.`);
  }
  if (!values.module) await buildClient(env);
  if (!values.quiet) reportSize();
});

function reportSize() {
  const module = readFileSync(join(root, "dist/session.wasm"));
  console.log(`dist/session.wasm: ${module.length} bytes, ${gzipSync(module).length} gzipped`);
}
