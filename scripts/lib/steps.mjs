/** The checks of `npm test`, in order. */

import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { clangTidy } from "./clang-tidy.mjs";
import { buildClient } from "./client.mjs";
import { buildConfigured, buildPreset } from "./cmake.mjs";
import { fuzz, fuzzTargets } from "./fuzz.mjs";
import { Failure, root, run } from "./run.mjs";
import { cppFiles, filesBelow } from "./sources.mjs";

/**
 * @typedef {object} Step
 * @property {string} name What `node scripts/test.mjs` calls it.
 * @property {string} title
 * @property {(env: NodeJS.ProcessEnv, paths: string[]) => Promise<unknown>} check
 */

const TEST_TIMEOUT_MS = 600_000;

/** How many files of tests run at a time: two at least, since many wait for an object to sleep. */
const TEST_FILES = Math.max(2, availableParallelism() - 1);

/** What tsc checks, besides the client, which is built. */
const TYPED = ["tsconfig.json", "tsconfig.node.json", "tsconfig.examples.json", "demo/tsconfig.json"];

/** For each target; `npm run fuzz` takes longer. */
const FUZZ_SECONDS = 15;

/** @type {Step[]} */
export const steps = [
  { name: "format", title: "C++ formatting (clang-format)", check: checkFormat },
  { name: "tidy", title: "C++ lint (clang-tidy)", check: clangTidy },
  { name: "client", title: "The client (tsc)", check: buildClient },
  { name: "eslint", title: "JavaScript lint (eslint)", check: eslint },
  { name: "wasm", title: "The module (clang)", check: buildModule },
  { name: "types", title: "JavaScript types (tsc)", check: checkTypes },
  {
    name: "emscripten",
    title: "The module (Emscripten)",
    check: (env) => buildPreset("emscripten", env),
  },
  { name: "native", title: "C++ tests under ASan and UBSan (ctest)", check: nativeTests },
  {
    name: "fuzz",
    title: "Fuzz targets, a little (libFuzzer)",
    check: (env) => fuzz(fuzzTargets, env, { seconds: FUZZ_SECONDS }),
  },
  { name: "node", title: "Module, Worker, client and browser tests (node --test)", check: nodeTests },
];

/**
 * Builds the module, and beside it the one with planted faults.
 * @param {NodeJS.ProcessEnv} env
 */
async function buildModule(env) {
  await buildPreset("wasm", env);
  await buildConfigured("faulty", env);
}

/** @param {NodeJS.ProcessEnv} env */
async function checkFormat(env) {
  await run("clang-format-22", ["--dry-run", "--Werror", ...cppFiles()], {
    env,
    failure: "files are not formatted, see above; `npm run format` formats them.",
  });
}

/**
 * Reads what tsc made of the client, too, since eslint can't read TypeScript.
 * @param {NodeJS.ProcessEnv} env
 */
async function eslint(env) {
  await run("eslint", ["--max-warnings=0", "."], { env, failure: "eslint objects, see above." });
}

/** @param {NodeJS.ProcessEnv} env */
async function checkTypes(env) {
  await run("wrangler", ["types", "--check"], {
    env,
    quiet: true,
    failure: "worker-configuration.d.ts is not up to date; `npm run types` makes it anew.",
  });
  for (const project of TYPED) {
    await run("tsc", ["-p", project], { env, failure: `tsc objects (${project}), see above.` });
  }
}

/** @param {NodeJS.ProcessEnv} env */
async function nativeTests(env) {
  await buildPreset("native", env);
  await run("ctest", ["--preset", "native"], { env, failure: "C++ tests failed, see above." });
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} paths Files and folders of tests; none: all.
 */
async function nodeTests(env, paths) {
  const files = (paths.length > 0 ? paths : ["tests", "client/tests"]).flatMap(testFiles);
  const options = [`--test-timeout=${TEST_TIMEOUT_MS}`, `--test-concurrency=${TEST_FILES}`];
  await run("node", ["--test", ...options, ...files], {
    env,
    group: true,
    failure: "tests failed, see above.",
  });
}

/** @param {string} path */
function testFiles(path) {
  const entry = statSync(join(root, path), { throwIfNoEntry: false });
  const files = entry?.isDirectory() ? filesBelow([path], /\.test\.mjs$/) : [path];
  if (!entry || files.length === 0) throw new Failure(`there is no test in ${path}.`);
  return files;
}
