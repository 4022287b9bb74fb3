/** Runs the fuzz targets of tests/fuzz. */

import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { buildPreset } from "./cmake.mjs";
import { Failure, root, run, start } from "./run.mjs";

/**
 * @typedef {object} Target
 * @property {number} bytes The longest inputs: beyond them it finds nothing but slowness.
 * @property {number[]} runs The lengths of the fixed runs, in inputs: the first is from seed 1, the second from seed 2.
 */

/** @type {Record<string, Target>} What takes longest comes first, and twice if it is longer than all others. */
const TARGETS = {
  codec: { bytes: 512, runs: [30_000, 30_000] },
  frame: { bytes: 2048, runs: [80_000] },
  v2: { bytes: 400, runs: [2_000] },
  sleep: { bytes: 512, runs: [3_000] },
  operations: { bytes: 512, runs: [3_000] },
};

export const fuzzTargets = Object.keys(TARGETS);

/** What was found by earlier runs, for later ones. */
export const WORKING_CORPUS = "build/fuzz/corpus";
const KEPT_CORPUS = "tests/fuzz/corpus";
const FOUND = "build/fuzz/found/";

/** Names that libFuzzer gives; what a person has named stays, whatever it reaches. */
const NAMED_BY_CONTENT = /^[0-9a-f]{40}$/;

const MEMORY_MIB_MAX = 2048;

/** How long an input may take: minutes where it takes milliseconds, so that only a hang does. */
const INPUT_SECONDS_MAX = 300;

/**
 * The part of fuzzing whose outcome the commit alone decides: every file of the kept corpus, by name,
 * then for each target a run of a fixed length from a fixed seed.
 * @param {NodeJS.ProcessEnv} env
 * @throws {Failure} If a target breaks its invariant.
 */
export async function checkFuzzTargets(env) {
  await buildFixedTargets(env);
  // Who repeats what has broken sees all of it. Here noting where each block came from takes a seventh of the time.
  const brief = { ...env, ASAN_OPTIONS: "malloc_context_size=1" };
  const runs = fuzzTargets.flatMap((target) => TARGETS[target].runs.map((length, at) => ({ target, length, seed: at + 1 })));
  await eachOf(runs, async ({ target, length, seed }) => {
    const files = keptFiles(target);
    const binary = binaryOf(target, "native");
    if (seed === 1) await runTarget(binary, target, files, brief);
    // libFuzzer would read a folder in the order that the file system has.
    const list = join(root, "build/native", `${target}-${seed}.inputs`);
    writeFileSync(list, files.join(","));
    // A compared value can be an address, and a folder is read again by the clock.
    const fixed = [`-seed=${seed}`, `-runs=${length}`, "-use_cmp=0", "-reload=0", `-seed_inputs=@${list}`];
    const printed = await runTarget(binary, target, fixed, brief);
    console.log(`${target}: ${files.length} kept inputs, then from seed ${seed} ${summary(printed)}`);
  });
}

/**
 * Runs targets for a while from the kept corpus and the working one, with another seed each time.
 * @param {string[]} targets
 * @param {NodeJS.ProcessEnv} env
 * @param {number} seconds For each.
 * @throws {Failure} If one breaks its invariant.
 */
export async function explore(targets, env, seconds) {
  await buildPreset("fuzz", env, { quiet: true });
  await eachOf(targets, async (target) => {
    const working = join(WORKING_CORPUS, target);
    mkdirSync(join(root, working), { recursive: true });
    const folders = [working, join(KEPT_CORPUS, target)];
    const printed = await runTarget(binaryOf(target, "fuzz"), target, [`-max_total_time=${seconds}`, ...folders], env);
    console.log(`${target}: ${summary(printed)}`);
  });
}

/**
 * Builds the targets as `npm test` runs them, beside the C++ tests, whose objects they share.
 * @param {NodeJS.ProcessEnv} env
 */
export async function buildFixedTargets(env) {
  await buildPreset("native-fuzz", env, { configuration: "native", quiet: true });
}

/**
 * Does something with each of some things, as many at a time as there are processors.
 * @template T
 * @param {T[]} things
 * @param {(thing: T) => Promise<void>} action
 * @throws The first of the failures, when all that had begun has ended, so that nothing is printed after it.
 */
async function eachOf(things, action) {
  const queue = [...things];
  const work = async () => {
    try {
      for (let next = queue.shift(); next; next = queue.shift()) await action(next);
    } finally {
      queue.length = 0;
    }
  };
  const works = Array.from({ length: availableParallelism() }, work);
  await Promise.allSettled(works);
  await Promise.all(works);
}

/**
 * @param {string} target
 * @param {"fuzz" | "native"} configuration
 */
function binaryOf(target, configuration) {
  return `build/${configuration}/${target}_fuzz`;
}

/** @param {string} target */
function keptFiles(target) {
  const folder = join(KEPT_CORPUS, target);
  return readdirSync(join(root, folder)).sort().map((name) => join(folder, name));
}

/**
 * @param {string} binary
 * @param {string} target
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} What it printed.
 */
async function runTarget(binary, target, args, env) {
  mkdirSync(join(root, FOUND), { recursive: true });
  const common = [
    `-max_len=${TARGETS[target].bytes}`,
    `-timeout=${INPUT_SECONDS_MAX}`,
    `-rss_limit_mb=${MEMORY_MIB_MAX}`,
    `-artifact_prefix=${FOUND}${target}-`,
  ];
  const { child, ended } = start(binary, [...common, ...args], { env, quiet: true });
  let printed = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => (printed += text));
  const code = await ended;
  if (code === 0) return printed;
  console.error(printed.split("\n").filter((line) => !/^#\d+\s|^(Running|Executed) /.test(line)).join("\n"));
  throw new Failure(`${target} broke its invariant, see above${whatToDo(binary, target, printed, code)}`);
}

/**
 * @param {string} binary
 * @param {string} target
 * @param {string} printed
 * @param {number} code
 */
function whatToDo(binary, target, printed, code) {
  const found = /Test unit written to (\S+)/.exec(printed)?.[1];
  if (found) {
    return `.
To see it again:                 ${binary} ${found}
To keep it, along with its mend: cp ${found} ${join(KEPT_CORPUS, target)}/what-broke`;
  }
  const kept = [...printed.matchAll(/^Running: (\S+)/gm)].at(-1)?.[1];
  return kept ? `; to see it again: ${binary} ${kept}` : `: ${binary} ended with ${code}`;
}

/** @param {string} printed */
function summary(printed) {
  const [, runs] = /Done (\d+) runs in (\d+) second/.exec(printed) ?? [];
  const [, points, features] = /^#\d+\s+DONE\s+cov: (\d+) ft: (\d+)/m.exec(printed) ?? [];
  return `${runs} inputs; ${points} points of the code, ${features} features`;
}

/**
 * Makes the kept corpus anew from itself and the working one: the fewest inputs that reach all the
 * code that theirs do, and those that have a name.
 * @param {string} target
 * @param {NodeJS.ProcessEnv} env
 */
export async function keepCorpus(target, env) {
  const kept = join(KEPT_CORPUS, target);
  const fewest = join("build/fuzz/fewest", target);
  rmSync(join(root, fewest), { recursive: true, force: true });
  for (const folder of [kept, fewest]) mkdirSync(join(root, folder), { recursive: true });
  const options = ["-set_cover_merge=1", "-use_counters=0", `-max_len=${TARGETS[target].bytes}`];
  const folders = [fewest, kept, join(WORKING_CORPUS, target)];
  await run(binaryOf(target, "fuzz"), [...options, ...folders], { env, quiet: true });
  for (const name of readdirSync(join(root, kept))) {
    if (NAMED_BY_CONTENT.test(name)) rmSync(join(root, kept, name));
  }
  cpSync(join(root, fewest), join(root, kept), { recursive: true });
}
