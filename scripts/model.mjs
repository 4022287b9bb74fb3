/** Checks the models of tests/model within bounds that take minutes, and prints what each check took. */

import { DEEP_CHECKS } from "../tests/model/models.mjs";
import { verify } from "../tests/model/spin.mjs";
import { readArguments } from "./lib/arguments.mjs";
import { Failure, main } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

const USAGE = `npm run model -- [words]

  words   only the checks whose titles contain all of them, such as: places deploy

Checks: ${DEEP_CHECKS.map(({ title }) => `\n  ${title}`).join("")}`;

await main(async () => {
  const { positionals } = readArguments({ allowPositionals: true }, USAGE);
  const checks = DEEP_CHECKS.filter(({ title }) => positionals.every((word) => title.includes(word)));
  if (checks.length === 0) throw new Failure(`no check has ${positionals.join(" and ")} in its title.`);
  await setUp("test");
  for (const check of checks) {
    const { broken, isComplete, states, seconds, memoryMiB } = await verify(check);
    if (broken !== null) throw new Failure(`${check.title}: ${broken} is broken.`);
    if (!isComplete) throw new Failure(`${check.title}: the search is not complete.`);
    console.log(`${check.title}: holds; ${states} states, ${seconds} s, ${memoryMiB} MiB`);
  }
});
