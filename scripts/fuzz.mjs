/** Explores with the fuzz targets for a while, then runs what they found in both modules. */

import { replayStories, storyFiles } from "../tests/wasm/stories.mjs";
import { readArguments } from "./lib/arguments.mjs";
import { buildPreset } from "./lib/cmake.mjs";
import { explore, fuzzTargets, keepCorpus, WORKING_CORPUS } from "./lib/fuzz.mjs";
import { Failure, main } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

const USAGE = `npm run fuzz -- [targets] [options]

  --seconds <n>  how long each target runs; default: 60
  --minutes <n>  the same in minutes
  --keep         what is worth keeping of build/fuzz/corpus goes to tests/fuzz/corpus

Targets: ${fuzzTargets.join(", ")}; default: all. The seed is another each time.`;

await main(async () => {
  const { targets, seconds, keep } = choose();
  const env = await setUp("test");
  await explore(targets, env, seconds);
  await replay(env);
  if (keep) for (const target of targets) await keepCorpus(target, env);
});

function choose() {
  const config = /** @type {const} */ ({
    allowPositionals: true,
    options: {
      seconds: { type: "string" },
      minutes: { type: "string" },
      keep: { type: "boolean", default: false },
    },
  });
  const { values, positionals } = readArguments(config, USAGE);
  const seconds = Number(values.seconds ?? (values.minutes ? Number(values.minutes) * 60 : 60));
  if (!Number.isInteger(seconds) || seconds < 1) {
    throw new Failure("--seconds or --minutes: expected whole seconds, at least one.");
  }
  const unknown = positionals.filter((name) => !fuzzTargets.includes(name));
  if (unknown.length > 0) {
    throw new Failure(`there is no target ${unknown.join(", ")}, but ${fuzzTargets.join(", ")}.`);
  }
  const targets = positionals.length > 0 ? positionals : fuzzTargets;
  return { targets, seconds, keep: values.keep };
}

/** @param {NodeJS.ProcessEnv} env */
async function replay(env) {
  for (const preset of ["wasm", "emscripten"]) await buildPreset(preset, env, { quiet: true });
  // It reads the modules when it is loaded.
  const { builds } = await import("../tests/wasm/modules.mjs");
  const files = storyFiles(WORKING_CORPUS);
  try {
    await replayStories(files, builds, "fuzz");
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
  console.log(`modules: ${files.length} stories as in the native session`);
}
