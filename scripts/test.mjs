/**
 * Runs the project's checks, stopping at the first that fails. Without arguments: all of them.
 * Names of steps (see scripts/lib/steps.mjs) run those; files and folders of tests run those, after
 * building the module and the client that they load.
 */

import { Failure, main } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";
import { steps } from "./lib/steps.mjs";

await main(async () => {
  const { chosen, paths } = choose(process.argv.slice(2));
  const env = await setUp("test");
  /** @type {[string, number][]} */
  const times = [];
  for (const { title, check } of chosen) {
    console.log(`\n== ${title}`);
    const begin = performance.now();
    try {
      await check(env, paths);
    } catch (error) {
      if (error instanceof Failure) throw new Failure(`${title}: ${error.message}`);
      throw error;
    }
    times.push([title, performance.now() - begin]);
  }
  console.log("\n== All passed");
  for (const [title, time] of times) {
    console.log(`${(time / 1000).toFixed(1).padStart(7)} s  ${title}`);
  }
});

/** @param {string[]} args Names of steps, and paths. */
function choose(args) {
  const names = new Set(args.filter((arg) => steps.some(({ name }) => name === arg)));
  const paths = args.filter((arg) => !names.has(arg));
  if (paths.length > 0) names.add("wasm").add("client").add("node");
  return { chosen: steps.filter(({ name }) => args.length === 0 || names.has(name)), paths };
}
