/**
 * `npm run simulate`: whole worlds in virtual time, each from a seed, with faults everywhere. It prints how much
 * was simulated and what happened, and of the first world in which a promise did not hold the shortest story.
 */
import { parseArgs } from "node:util";

import { Failure, main, root } from "../../scripts/lib/run.mjs";
import { loadRelease, loadReleases } from "./bundle.mjs";
import { Campaign } from "./campaign.mjs";
import { DEEDS, FAULTS, PAGE_FAULTS, isFault, planOf } from "./plan.mjs";
import { runPlan } from "./run.mjs";
import { shrink } from "./shrink.mjs";
import { storyOf } from "./story.mjs";

/** @import { Release } from "./bundle.mjs" */
/** @import { Limits, Plan } from "./plan.mjs" */

const FAULT_KINDS = [...Object.keys(PAGE_FAULTS), ...Object.keys(FAULTS)];
const KINDS = [...DEEDS, ...FAULT_KINDS];

const HELP = `npm run simulate -- [options]

  --seeds <a-b>     the worlds that are simulated; default: 1-500
  --seed <n>        one world, whose story is told
  --hours <n>       so many hours of a user's time, from seed 1 on or the first of --seeds
  --minutes <n>     as many as it gets through in so many minutes of ours
  --only <kinds>    only these faults, separated by commas, of:
                    ${FAULT_KINDS.join(", ")}
  --without <kinds> leaves out these faults, or these actions:
                    ${DEEDS.join(", ")}
  --failures <n>    how many worlds may fail before it ends; default: 1
  --survey          counts the failing worlds of each property, and tells no story
  --effects <n>     of every n-th world each fault is left out once, to see what it changed; default: 20
  --other <folder>  another built checkout, which deploys bring and take back; default: the module of tests/later`;

const SEEDS_A_LINE = 500;

/** In so many worlds each kind of fault happens and changes something. */
const LARGE_RUN = 2_000;

/** A backup alone changes nothing, and a deploy must not. */
const UNNOTICED = new Set(["backup", "deploy"]);

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  if (!options) return;
  const releases = options.other ? [await loadRelease(root), await loadRelease(options.other)] : await loadReleases();
  if (options.seed !== null) await tellSeed(options.seed, releases, options.limits);
  else await simulate(options, releases);
});

/** @typedef {NonNullable<ReturnType<typeof readOptions>>} Options */

/** @param {Options} options @param {Release[]} releases */
async function simulate(options, releases) {
  const { first, last, hours, minutes, limits, effectsEvery, isSurvey } = options;
  const failuresMax = isSurvey ? Infinity : options.failuresMax;
  const onSeed = (/** @type {Campaign} */ { seeds, failures }) => {
    if (seeds % SEEDS_A_LINE === 0) console.log(`${seeds} seeds, ${failures.length} fail`);
  };
  const campaign = new Campaign({ releases, first, last, hours, minutes, limits, effectsEvery, failuresMax, onSeed });
  await campaign.run();
  report(campaign);
  if (isSurvey) survey(campaign);
  else for (const { plan } of campaign.failures) console.log(`\n${await shortest(plan, releases)}`);
  if (campaign.failures.length > 0) throw new Failure("what users are promised did not hold, see above.");
  const untried = effectsEvery > 0 && campaign.seeds >= LARGE_RUN ? missing(campaign, limits) : [];
  if (untried.length > 0) throw new Failure(`not tried: ${untried.join(", ")}.`);
}

/** The faults that were asked for, and never happened or never changed what an app was told. @param {Campaign} campaign @param {Limits} limits */
function missing({ tallies }, { only, without }) {
  const asked = FAULT_KINDS.filter((kind) => !without?.has(kind) && (only?.has(kind) ?? true));
  return asked.flatMap((kind) => {
    const tally = tallies.get(kind);
    if (!tally) return [`${kind} (never happened)`];
    return tally.changed > 0 || UNNOTICED.has(kind) ? [] : [`${kind} (changed nothing in ${tally.leftOut} worlds)`];
  });
}

/**
 * @param {number} seed
 * @param {Release[]} releases
 * @param {Limits} limits
 */
async function tellSeed(seed, releases, limits) {
  const plan = planOf(seed, limits);
  const outcome = await runPlan(plan, releases, { isKept: true });
  if (outcome.violations.length === 0) console.log(storyOf(plan, outcome));
  else console.log(await shortest(plan, releases));
  console.log(`\nseed ${seed}: ${plan.steps.length} steps, ${outcome.hours.toFixed(2)} h, trace ${outcome.hash}`);
  if (outcome.violations.length > 0) throw new Failure("what users are promised did not hold, see above.");
}

/**
 * Tells the shortest story in which the first property of a run still fails.
 * @param {Plan} plan
 * @param {Release[]} releases
 */
async function shortest(plan, releases) {
  const { violations } = await runPlan(plan, releases);
  const [{ property }] = violations;
  const fails = async (/** @type {Plan} */ shorter) =>
    (await runPlan(shorter, releases)).violations.some((violation) => violation.property === property);
  const story = await shrink(plan, fails);
  return storyOf(story, await runPlan(story, releases, { isKept: true }));
}

/** @param {Campaign} campaign */
function report({ seeds, hours, seconds, tasks, hash, tallies, failures }) {
  const speed = Math.round((hours * 3_600) / seconds);
  console.log(`${seeds} seeds, ${hours.toFixed(1)} hours of a user's time in ${seconds.toFixed(1)} s, ${speed} times as fast as life
${tasks} tasks, traces ${(hash >>> 0).toString(16).padStart(8, "0")}, ${failures.length} seeds fail

${"what happened".padEnd(16)}${column("times")}${column("left out")}${column("changed something")}`);
  for (const [kind, { happened, leftOut, changed }] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const effect = isFault(kind) ? `${column(leftOut)}${column(changed)}` : "";
    console.log(`${kind.padEnd(16)}${column(happened)}${effect}`);
  }
}

/** @param {Campaign} campaign */
function survey({ failures }) {
  /** @type {Map<string, number[]>} */
  const seeds = new Map();
  for (const { plan, outcome } of failures) {
    for (const property of new Set(outcome.violations.map((violation) => violation.property))) {
      seeds.set(property, [...(seeds.get(property) ?? []), plan.seed]);
    }
  }
  console.log("");
  for (const [property, failing] of seeds) {
    console.log(`${property}: ${failing.length} seeds, ${failing.slice(0, 10).join(", ")}${failing.length > 10 ? " …" : ""}`);
  }
}

/** @param {number | string} value */
function column(value) {
  return String(value).padStart(Math.max(10, String(value).length + 2));
}

/** @param {string[]} args */
function readOptions(args) {
  const text = /** @type {const} */ ({ type: "string" });
  const flag = /** @type {const} */ ({ type: "boolean" });
  const { values } = parse(args, {
    ...{ seeds: text, seed: text, hours: text, minutes: text, only: text, without: text, failures: text },
    ...{ effects: text, other: text, survey: flag, help: flag },
  });
  if (values.help) {
    console.log(HELP);
    return null;
  }
  const [, from, to] = /^(\d+)-(\d+)$/.exec(values.seeds ?? "1-500") ?? [];
  if (!from) throw new Failure(`--seeds takes two numbers, like 1-500.\n\n${HELP}`);
  const hours = values.hours === undefined ? undefined : readCount("hours", values.hours);
  const minutes = values.minutes === undefined ? undefined : readCount("minutes", values.minutes);
  return {
    seed: values.seed === undefined ? null : readCount("seed", values.seed),
    first: Number(from),
    last: hours === undefined && minutes === undefined ? Number(to) : undefined,
    hours,
    minutes,
    limits: {
      only: values.only === undefined ? undefined : readKinds("only", values.only, FAULT_KINDS),
      without: readKinds("without", values.without ?? "", KINDS),
    },
    failuresMax: readCount("failures", values.failures ?? "1"),
    effectsEvery: Number(values.effects ?? 20),
    isSurvey: values.survey ?? false,
    other: values.other,
  };
}

/** @param {string} name @param {string} text @param {string[]} known */
function readKinds(name, text, known) {
  const kinds = text.split(",").filter(Boolean);
  const stranger = kinds.find((kind) => !known.includes(kind));
  if (stranger !== undefined) throw new Failure(`--${name}: there is no ${stranger}.\n\n${HELP}`);
  return new Set(kinds);
}

/** @param {string} name @param {string} value */
function readCount(name, value) {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) throw new Failure(`--${name} takes a number from 1 on.`);
  return count;
}

/**
 * @template {import("node:util").ParseArgsOptionsConfig} T
 * @param {string[]} args
 * @param {T} options
 */
function parse(args, options) {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new Failure(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}
