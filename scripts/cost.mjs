/**
 * Prints what a population of users costs in a month, from counts at the real Worker and Cloudflare's
 * prices; see tests/cost/cost.mjs for its arguments.
 */

import { buildPreset } from "./lib/cmake.mjs";
import { main, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

await main(async () => {
  const env = await setUp("build");
  await buildPreset("wasm", env, { quiet: true });
  await run("node", ["tests/cost/cost.mjs", ...process.argv.slice(2)], {
    env,
    failure: "the cost could not be worked out, see above.",
  });
});
