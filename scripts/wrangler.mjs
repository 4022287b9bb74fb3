/** Runs a wrangler command, such as `deploy`, with the Node and the settings it needs. */

import { main, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

await main(async () => {
  await run("wrangler", process.argv.slice(2), { env: await setUp("build"), input: true });
});
