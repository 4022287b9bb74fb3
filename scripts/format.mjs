/** Formats the C++ files in place. */

import { readArguments } from "./lib/arguments.mjs";
import { main, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";
import { cppFiles } from "./lib/sources.mjs";

await main(async () => {
  readArguments({}, "npm run format: formats the C++ files in place; it takes no arguments");
  await run("clang-format-22", ["-i", ...cppFiles()], { env: await setUp("test") });
});
