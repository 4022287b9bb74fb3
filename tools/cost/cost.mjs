/**
 * Prints what a population costs in a month: `npm run cost -- --users 10000 --json`. The counts are
 * measured at the real Worker, the prices stand in `prices.mjs`.
 */

import { readArguments } from "../../scripts/lib/arguments.mjs";
import { Failure, main } from "../../scripts/lib/run.mjs";
import { DEFAULT_POPULATION } from "./designs.mjs";
import { measure } from "./measure.mjs";
import { PRICES } from "./prices.mjs";
import { assumptions, priceAll, reportOf } from "./report.mjs";

/** @import { Population } from "./designs.mjs" */

/** What each number of the population is called on the command line. */
const OPTIONS = /** @type {Record<string, keyof Population>} */ ({
  users: "users",
  days: "days",
  hours: "hours",
  connects: "connects",
  messages: "messages",
  changes: "changes",
  heartbeat: "heartbeat",
  poll: "poll",
  "cpu-ms": "cpuMs",
  "log-kb": "logKb",
});

await main(async () => {
  const { population, json } = readArgs();
  const measured = await measure();
  if (!json) {
    console.log(reportOf(population, measured, PRICES));
    return;
  }
  const designs = priceAll(population, measured, PRICES);
  const assumed = assumptions(population, measured, PRICES);
  console.log(JSON.stringify({ population, prices: PRICES, measured, designs, assumptions: assumed }, null, 2));
});

/** @throws {Failure} If the arguments make no population. */
function readArgs() {
  const options = Object.fromEntries(
    Object.keys(OPTIONS).map((name) => [name, { type: /** @type {const} */ ("string") }]),
  );
  const names = Object.keys(OPTIONS).map((name) => `  --${name} <n>`);
  const usage = ["npm run cost -- [options]", "", ...names, "  --json"].join("\n");
  const config = { options: { ...options, json: { type: /** @type {const} */ ("boolean") } } };
  /** @type {Record<string, string | boolean | undefined>} */
  const values = readArguments(config, usage).values;
  const population = { ...DEFAULT_POPULATION };
  for (const [name, key] of Object.entries(OPTIONS)) {
    const given = values[name];
    if (given !== undefined) population[key] = readNumber(name, String(given));
  }
  checkPopulation(population);
  return { population, json: values.json === true };
}

/**
 * @param {string} name
 * @param {string} text
 */
function readNumber(name, text) {
  const value = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Failure(`--${name} ${text} is not a number from 0 on.`);
  return value;
}

/** @param {Population} population */
function checkPopulation({ users, days, hours, messages, changes, poll }) {
  if (changes > messages) throw new Failure("--changes are some of the --messages, and can't be more.");
  if (hours > 24) throw new Failure("--hours are those of a day.");
  for (const [name, value] of Object.entries({ users, days, poll })) {
    if (value === 0) throw new Failure(`--${name} must be more than 0.`);
  }
}
