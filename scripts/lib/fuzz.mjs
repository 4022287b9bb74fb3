/** Runs the fuzz targets of tests/fuzz. */

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { buildPreset } from "./cmake.mjs";
import { Failure, root, run, start } from "./run.mjs";

/** The longest inputs: beyond them a target finds nothing but slowness. */
const BYTES_MAX = new Map([
  ["frame", 2048],
  ["newer", 400],
  ["operations", 512],
  ["codec", 512],
  ["sleep", 512],
]);

export const fuzzTargets = [...BYTES_MAX.keys()];

/** What was found by earlier runs, for later ones. */
export const WORKING_CORPUS = "build/fuzz/corpus";
const KEPT_CORPUS = "tests/fuzz/corpus";
const FOUND = "build/fuzz/found/";

const INPUT_SECONDS_MAX = 10;
const MEMORY_MIB_MAX = 2048;

/**
 * Builds the targets and runs them, as many at a time as there are processors.
 * @param {string[]} targets
 * @param {NodeJS.ProcessEnv} env
 * @param {{seconds: number, corpus?: string}} options Without a working corpus each run begins with
 *     the kept one alone.
 * @throws {Failure} If one breaks its invariant.
 */
export async function fuzz(targets, env, { seconds, corpus }) {
  await buildPreset("fuzz", env, { quiet: true });
  const queue = [...targets];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      await runTarget(next, env, seconds, corpus);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

/**
 * @param {string} target
 * @param {NodeJS.ProcessEnv} env
 * @param {number} seconds
 * @param {string | undefined} corpus
 */
async function runTarget(target, env, seconds, corpus) {
  const working = join(corpus ?? "build/fuzz/scratch", target);
  if (!corpus) rmSync(join(root, working), { recursive: true, force: true });
  for (const folder of [working, FOUND]) mkdirSync(join(root, folder), { recursive: true });
  const binary = `build/fuzz/${target}_fuzz`;
  const { child, ended } = start(
    binary,
    [
      `-max_total_time=${seconds}`,
      `-max_len=${BYTES_MAX.get(target)}`,
      `-timeout=${INPUT_SECONDS_MAX}`,
      `-rss_limit_mb=${MEMORY_MIB_MAX}`,
      `-artifact_prefix=${FOUND}${target}-`,
      working,
      join(KEPT_CORPUS, target),
    ],
    { env, quiet: true },
  );
  let printed = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => (printed += text));
  const code = await ended;
  if (code === 0) return console.log(`${target}: ${summary(printed)}`);
  console.error(printed.split("\n").filter((line) => !/^#\d+\s/.test(line)).join("\n"));
  const reproducer = /Test unit written to (\S+)/.exec(printed)?.[1];
  throw new Failure(
    `${target} broke its invariant, see above` +
      (reproducer ? `; to see it again: ${binary} ${reproducer}` : `: ${binary} ended with ${code}`),
  );
}

/** @param {string} printed */
function summary(printed) {
  const [, runs, took] = /Done (\d+) runs in (\d+) second/.exec(printed) ?? [];
  const [, points, features] = /^#\d+\s+DONE\s+cov: (\d+) ft: (\d+)/m.exec(printed) ?? [];
  const rate = Math.round(Number(runs) / Number(took));
  return `${runs} inputs, ${rate} a second; ${points} points of the code, ${features} features`;
}

/**
 * Makes the kept corpus anew from itself and the working one: the fewest inputs that reach all the
 * code that theirs do.
 * @param {string} target
 * @param {NodeJS.ProcessEnv} env
 */
export async function keepCorpus(target, env) {
  const kept = join(KEPT_CORPUS, target);
  const fewest = join("build/fuzz/fewest", target);
  rmSync(join(root, fewest), { recursive: true, force: true });
  for (const folder of [kept, fewest]) mkdirSync(join(root, folder), { recursive: true });
  const options = ["-set_cover_merge=1", "-use_counters=0", `-max_len=${BYTES_MAX.get(target)}`];
  const folders = [fewest, kept, join(WORKING_CORPUS, target)];
  await run(`build/fuzz/${target}_fuzz`, [...options, ...folders], { env, quiet: true });
  rmSync(join(root, kept), { recursive: true });
  cpSync(join(root, fewest), join(root, kept), { recursive: true });
}
