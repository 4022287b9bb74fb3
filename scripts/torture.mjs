/**
 * Kills the server again and again while devices are at work; see tests/torture/torture.mjs for its
 * arguments.
 */

import { buildPreset } from "./lib/cmake.mjs";
import { main, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

await main(async () => {
  const env = await setUp("build");
  await buildPreset("wasm", env, { quiet: true });
  await run("node", ["tests/torture/torture.mjs", ...process.argv.slice(2)], {
    env,
    failure: "something was lost, see above.",
  });
});
