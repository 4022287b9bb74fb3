/**
 * The simulator itself: a seed is the same world each time, what is promised holds in a fixed list of worlds, each
 * fault in them changes something, and the simulator notices what is wrong.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { root } from "../../scripts/lib/run.mjs";
import { loadRelease, loadReleases } from "../../tools/simulate/bundle.mjs";
import { Campaign } from "../../tools/simulate/campaign.mjs";
import { firstCatch, mutatedRelease } from "../../tools/simulate/mutate.mjs";
import { MUTANTS } from "../../tools/simulate/mutant-table.mjs";
import { planOf } from "../../tools/simulate/plan.mjs";
import { PROPERTIES } from "../../tools/simulate/properties.mjs";
import { runPlan } from "../../tools/simulate/run.mjs";
import { shrink } from "../../tools/simulate/shrink.mjs";
import { storyOf } from "../../tools/simulate/story.mjs";

/** @import { Plan } from "../../tools/simulate/plan.mjs" */

const SEEDS = 240;

/** Of every so many seeds one is run again without each of its faults. */
const EFFECTS_EVERY = 16;

/** Rare kinds need more worlds than there is time for here; a large run names those that changed nothing. */
const TRIED_MIN = 18;

/** The mutants of the module take minutes to build, and one that needs many worlds as long to find. */
const QUICK = MUTANTS.filter(({ file, seeds }) => !file.startsWith("src/") && seeds <= 10);

test("a seed makes the same world each time, also in a fresh copy of the code", async () => {
  const plan = planOf(3);
  const { hash, tasks } = await runPlan(plan, [await loadRelease(root)]);
  const again = await runPlan(planOf(3), [await loadRelease(root)], { isKept: true });
  assert.deepEqual([again.hash, again.tasks], [hash, tasks]);
  const other = await runPlan({ ...plan, seed: 4 }, [await loadRelease(root)]);
  assert.notEqual(other.hash, hash);
});

test(`what is promised holds in ${SEEDS} worlds, and most faults change something in them`, async (t) => {
  const releases = await loadReleases();
  const campaign = new Campaign({ releases, first: 1, last: SEEDS, effectsEvery: EFFECTS_EVERY, failuresMax: Infinity });
  const { failures, hours, seconds } = await campaign.run();
  t.diagnostic(`${hours.toFixed(1)} hours of a user's time in ${seconds.toFixed(1)} s`);
  assert.deepEqual(failures.map(({ plan, outcome }) => [plan.seed, outcome.violations]), []);
  const tried = [...campaign.tallies.values()].filter(({ changed }) => changed > 0);
  assert.ok(tried.length >= TRIED_MIN, `only ${tried.length} kinds of faults changed anything`);
});

test("every mutant is of the code as it is, and has a property that notices it", () => {
  for (const { name, file, from, caughtBy } of MUTANTS) {
    const times = readFileSync(join(root, file), "utf8").split(from).length - 1;
    assert.equal(times, 1, `${name}: ${file} has what is to be changed ${times} times`);
    assert.ok(PROPERTIES.includes(caughtBy), `${name}: there is no ${caughtBy}`);
  }
});

for (const mutant of QUICK) {
  test(`the simulator notices it if ${mutant.name}`, async (t) => {
    const wrong = await mutatedRelease(mutant, process.env);
    const found = await firstCatch(wrong, await loadRelease(root), mutant.seeds);
    assert.ok(found, `no property broke in ${mutant.seeds} worlds`);
    assert.ok(PROPERTIES.includes(found.property));
    t.diagnostic(`${found.property}, seed ${found.seed}`);
  });
}

test("a failing world is told as its shortest story", async () => {
  const [mutant] = MUTANTS.filter(({ name }) => name === "an event is told to the app twice");
  const releases = [await mutatedRelease(mutant, process.env)];
  const breaks = async (/** @type {Plan} */ plan) =>
    (await runPlan(plan, releases)).violations.some(({ property }) => property === mutant.caughtBy);
  const plan = await shrink(planOf(1), breaks);
  // Hardly a step is needed: what everybody is sent at the end is seen twice.
  assert.equal(plan.steps.length, 1);
  assert.match(storyOf(plan, await runPlan(plan, releases, { isKept: true })), /once-in-order: .*-last twice/);
});
