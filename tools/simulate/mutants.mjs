/**
 * `npm run simulate:mutants`: shows that the simulator would notice. Each mutant has one small mistake in it, and a
 * property has to break within a number of seeds.
 */
import { parseArgs } from "node:util";

import { Failure, main, root } from "../../scripts/lib/run.mjs";
import { loadRelease } from "./bundle.mjs";
import { firstCatch, mutatedRelease } from "./mutate.mjs";
import { MUTANTS } from "./mutant-table.mjs";

const HELP = `npm run simulate:mutants -- [options]

  --name <text>  only the mutants whose name or file contains it
  --seeds <n>    how many worlds each gets; default: as many as the table says`;

await main(async () => {
  const text = /** @type {const} */ ({ type: "string" });
  const { values } = parseArgs({ options: { name: text, seeds: text, help: { type: "boolean" } } });
  if (values.help) return console.log(HELP);
  const wanted = MUTANTS.filter(({ name, file }) => `${name} ${file}`.includes(values.name ?? ""));
  const right = await loadRelease(root);
  let missed = 0;
  for (const mutant of wanted) {
    const seeds = Number(values.seeds ?? mutant.seeds);
    const found = await firstCatch(await mutatedRelease(mutant, process.env), right, seeds);
    if (!found) missed++;
    const how = found ? `${found.property}, seed ${found.seed}: ${found.what.slice(0, 100)}` : `not within ${seeds} seeds`;
    const isOther = found && found.property !== mutant.caughtBy ? ` (the table says ${mutant.caughtBy})` : "";
    console.log(`${found ? "caught" : "MISSED"}  ${mutant.name}\n        ${how}${isOther}`);
  }
  console.log(`\n${wanted.length - missed} of ${wanted.length} mutants are caught`);
  if (missed > 0) throw new Failure("mutants live, see above.");
});
