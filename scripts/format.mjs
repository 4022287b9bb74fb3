/** Formats the C++ files in place. */

import { main, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";
import { cppFiles } from "./lib/sources.mjs";

await main(async () => {
  await run("clang-format-22", ["-i", ...cppFiles()], { env: await setUp("test") });
});
