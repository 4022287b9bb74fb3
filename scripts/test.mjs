/**
 * Runs the project's checks, stopping at the first that fails: all of them, or those that the
 * arguments name. Whatever the chosen tests load is built before.
 */

import { readArguments } from "./lib/arguments.mjs";
import { linesLeftOut } from "./lib/left-out.mjs";
import { Failure, main } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";
import { steps } from "./lib/steps.mjs";
import { asPattern, testFiles } from "./lib/test-files.mjs";

/** @import { Selection, Step } from "./lib/steps.mjs" */

const USAGE = `npm test -- [steps] [files and folders of tests] [--name <text>]

  npm test                                   every step
  npm test -- tests/worker/rows.test.mjs     one file of tests; a folder works, too
  npm test -- tests/worker/rows.test.mjs --name "a row"
                                             its tests whose names contain the text
  npm run test:native -- --name Journal      C++ tests, by the same

  --name <text>                  only tests whose names contain it; may be repeated
  --test-name-pattern <regexp>   only tests whose names match it; may be repeated

Steps: ${steps.map(({ name }) => name).join(", ")}`;

/** The steps that run tests which have names. */
const NAMED = ["native", "node"];

await main(async () => {
  const { chosen, selection } = choose();
  const env = await setUp("test");
  /** @type {[string, number][]} */
  const times = [];
  for (const { title, check } of chosen) {
    console.log(`\n== ${title}`);
    const begin = performance.now();
    try {
      await check(env, selection);
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
  for (const line of linesLeftOut()) console.log(line);
});

/** @returns {{chosen: Step[], selection: Selection}} */
function choose() {
  const several = /** @type {const} */ ({ type: "string", multiple: true });
  const options = { name: several, "test-name-pattern": several };
  const { values, positionals } = readArguments({ options, allowPositionals: true }, USAGE);
  const patterns = [...(values.name ?? []).map(asPattern), ...(values["test-name-pattern"] ?? [])];
  const names = new Set(positionals.filter((word) => steps.some(({ name }) => name === word)));
  const paths = positionals.filter((word) => !names.has(word));
  const isAll = positionals.length === 0 && patterns.length === 0;
  const files = names.size === 0 || names.has("node") || paths.length > 0 ? testFiles(paths) : [];
  if (files.length > 0) names.add("wasm").add("client").add("node");
  if (files.some((file) => file.startsWith("tests/wasm/"))) names.add("emscripten");
  if (patterns.length > 0 && !NAMED.some((name) => names.has(name))) {
    throw new Failure(`--name chooses among tests; only the steps ${NAMED.join(" and ")} have any.`);
  }
  return { chosen: steps.filter(({ name }) => isAll || names.has(name)), selection: { files, patterns } };
}
