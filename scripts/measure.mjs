/**
 * Runs a file of measurements or trials, the first argument, with the rest of the arguments, after
 * building the modules and the client that it loads.
 */

import { buildClient } from "./lib/client.mjs";
import { buildConfigured, buildPreset } from "./lib/cmake.mjs";
import { main, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

await main(async () => {
  const env = await setUp("build");
  await buildPreset("wasm", env, { quiet: true });
  await buildConfigured("faulty", env, { quiet: true });
  await buildClient(env);
  const [file, ...args] = process.argv.slice(2);
  await run("node", [file, ...args], { env, failure: `${file} failed, see above.` });
});
