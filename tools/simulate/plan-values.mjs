/**
 * Steps with the user's values, and with events of which only the newest counts. These steps are chosen by a stream
 * of their own, so the rest of a plan does not depend on them.
 */
import { streamOf } from "./chance.mjs";

/** @import { Limits, Step } from "./plan.mjs" */

/** In so many worlds there are values. */
const SHARE = 0.6;

/** @typedef {{random: import("../torture/random.mjs").Random, tabs: string[], number: () => number}} Draft */

/** @param {Draft} draft */
const aTab = ({ random, tabs }) => ({ tab: random.pick(tabs) });

/** @type {Record<string, {weight: number, make: (draft: Draft) => object}>} */
export const VALUE_STEPS = {
  add: { weight: 8, make: (draft) => ({ ...aTab(draft), key: `v${draft.number()}`, count: draft.random.pick([1, 1, 1, 2, 5]) }) },
  // All of them at the same moment, which most of them refuse to each other.
  "add-all": { weight: 3, make: (draft) => ({ key: `v${draft.number()}` }) },
  set: { weight: 4, make: (draft) => ({ ...aTab(draft), key: `vs${draft.number()}`, count: draft.random.pick([1, 1, 2, 40]) }) },
  unset: { weight: 1, make: aTab },
  "server-sets": { weight: 2, make: (draft) => ({ key: `vs${draft.number()}` }) },
  point: { weight: 4, make: (draft) => ({ ...aTab(draft), count: draft.random.pick([1, 3, 80]) }) },
};

/**
 * Adds steps about values to a plan, if there are to be any.
 * @param {number} seed
 * @param {Step[]} steps
 * @param {string[]} tabs
 * @param {Limits} limits
 * @returns {Step[]}
 */
export function withValues(seed, steps, tabs, { without }) {
  const random = streamOf(seed, "values");
  if (random.next() >= SHARE) return steps;
  let count = 0;
  /** @type {Draft} */
  const draft = { random, tabs, number: () => ++count };
  const kinds = Object.entries(VALUE_STEPS).filter(([kind]) => random.next() < 0.8 && !without?.has(kind));
  const weights = kinds.flatMap(([kind, { weight }]) => Array.from({ length: weight }, () => kind));
  if (weights.length === 0) return steps;
  const end = steps.at(-1)?.at ?? 0;
  /** @type {Step[]} */
  const more = [];
  for (let left = random.between(5, 30); left > 0; left--) {
    // A break shortly before or behind it shows most.
    const near = random.pick(steps).at + random.between(-300, 700);
    const kind = random.pick(weights);
    more.push({ at: Math.min(Math.max(near, 1_500), end), kind, ...VALUE_STEPS[kind].make(draft) });
  }
  return [...steps, ...more].sort((one, other) => one.at - other.at);
}
