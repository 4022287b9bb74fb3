/** The checks of `npm test`, in order. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { clangTidy } from "./clang-tidy.mjs";
import { buildClient } from "./client.mjs";
import { buildConfigured, buildPreset } from "./cmake.mjs";
import { checkFuzzTargets } from "./fuzz.mjs";
import { noteLeftOut } from "./left-out.mjs";
import { Failure, root, run } from "./run.mjs";
import { cppFiles } from "./sources.mjs";

/**
 * @typedef {object} Selection
 * @property {string[]} files Of `node --test`.
 * @property {string[]} patterns Regular expressions: a test runs if its name matches one, or if there
 *     is none.
 */

/**
 * @typedef {object} Step
 * @property {string} name What `node scripts/test.mjs` calls it.
 * @property {string} title
 * @property {(env: NodeJS.ProcessEnv, selection: Selection) => Promise<unknown>} check
 */

const TEST_TIMEOUT_MS = 600_000;

/** How many files of tests run at a time: more than there are processors, since many wait for an object to sleep. */
const TEST_FILES = availableParallelism() + 1;

/**
 * Where node keeps the compiled code of what it has loaded. Each file of tests is a process, most of them load wrangler's
 * 15 MB, and so do the commands that they start: with it that takes three quarters of the time.
 */
const COMPILED = join(root, "build/node-compile-cache");

/** What tsc checks, besides the client, which is built. */
const TYPED = ["tsconfig.json", "tsconfig.node.json", "tsconfig.examples.json", "demo/tsconfig.json"];

/** The reporter that counts the tests run by `node --test`. */
const COUNTER = join(root, "scripts/lib/test-count.mjs");

/** Node's options that end a test, or a process of tests, that would not end by itself. */
export const TEST_LIMITS = [
  `--test-timeout=${TEST_TIMEOUT_MS}`,
  `--import=${new URL("test-deadline.mjs", import.meta.url).href}`,
];

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
  { name: "native", title: "C++ tests under ASan and UBSan (GoogleTest)", check: nativeTests },
  {
    name: "fuzz",
    title: "Fuzz targets, the kept corpus and a fixed run (libFuzzer)",
    check: checkFuzzTargets,
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

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {Selection} selection
 */
async function nativeTests(env, { patterns }) {
  await buildPreset("native", env);
  if (patterns.length > 0) {
    const failure = "C++ tests failed, or none has such a name, see above.";
    await run("ctest", ["--preset", "native", "-R", patterns.join("|")], { env, failure });
    return;
  }
  // CTest starts a process for each test, which takes three times as long as the tests do.
  const shards = Array.from({ length: availableParallelism() }, (_, at) => String(at));
  const runs = shards.map((GTEST_SHARD_INDEX) => {
    const sharded = { ...env, GTEST_TOTAL_SHARDS: String(shards.length), GTEST_SHARD_INDEX };
    return run("build/native/session_tests", ["--gtest_brief=1"], {
      env: sharded,
      failure: "C++ tests failed, see above.",
    });
  });
  await Promise.all(runs);
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {Selection} selection
 * @returns {Promise<number>} How many tests have run.
 */
async function nodeTests(env, { files, patterns }) {
  const folder = mkdtempSync(join(tmpdir(), "tests-"));
  const counted = join(folder, "count");
  const reporters = [
    ["spec", "stdout"],
    [COUNTER, counted],
  ].flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]);
  const names = patterns.map((pattern) => `--test-name-pattern=${pattern}`);
  const options = [...TEST_LIMITS, `--test-concurrency=${TEST_FILES}`];
  try {
    await run("node", ["--test", ...options, ...names, ...reporters, ...files], {
      env: { ...env, NODE_COMPILE_CACHE: COMPILED, TEST_RUN_FOLDER: folder },
      group: true,
      failure: "tests failed, see above.",
    });
    /** @type {import("./test-count.mjs").Count} */
    const { tests: count, leftOut } = JSON.parse(readFileSync(counted, "utf8"));
    noteLeftOut(leftOut);
    if (count === 0) {
      throw new Failure(`no test in ${files.join(", ")} has a name with ${patterns.join(" or ")}.`);
    }
    return count;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
