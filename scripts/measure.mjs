/**
 * Runs a file of measurements or trials, the first argument, with the rest of the arguments, after
 * building the module that it loads.
 */

import { buildPreset } from "./lib/cmake.mjs";
import { main, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

await main(async () => {
  const env = await setUp("build");
  await buildPreset("wasm", env, { quiet: true });
  const [file, ...args] = process.argv.slice(2);
  await run("node", [file, ...args], { env, failure: `${file} failed, see above.` });
});
