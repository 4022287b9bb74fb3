/**
 * Finds the shortest story in which a plan still fails: delta debugging over its steps (Zeller, Hildebrandt, 2002),
 * then fewer profiles, smaller numbers and shorter pauses.
 */

/** @import { Plan, Step } from "./plan.mjs" */

/** @typedef {(plan: Plan) => Promise<boolean>} Fails Whether a plan still fails, in the same way. */

/** The gaps between steps that are tried, in milliseconds: what needs a longer one keeps it. */
const GAPS_MS = [200, 2_000, 12_000, 60_000];

/**
 * @param {Plan} plan
 * @param {Fails} fails
 * @returns {Promise<Plan>}
 */
export async function shrink(plan, fails) {
  let best = await withoutSteps(plan, fails);
  best = await withoutProfiles(best, fails);
  best = await withSmallerNumbers(best, fails);
  best = await withShorterPauses(best, fails);
  return withoutSteps(best, fails);
}

/**
 * @param {Plan} plan
 * @param {Fails} fails
 */
async function withoutSteps(plan, fails) {
  let { steps } = plan;
  let parts = 2;
  while (steps.length > 1) {
    const size = Math.ceil(steps.length / parts);
    let isSmaller = false;
    for (let at = 0; at < steps.length && !isSmaller; at += size) {
      const rest = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (!(await fails({ ...plan, steps: rest }))) continue;
      steps = rest;
      isSmaller = true;
    }
    if (isSmaller) parts = Math.max(parts - 1, 2);
    else if (size === 1) break;
    else parts = Math.min(parts * 2, steps.length);
  }
  return { ...plan, steps };
}

/**
 * @param {Plan} plan
 * @param {Fails} fails
 */
async function withoutProfiles(plan, fails) {
  let best = plan;
  for (const name of Object.keys(plan.profiles).reverse()) {
    const profiles = Object.fromEntries(Object.entries(best.profiles).filter(([key]) => key !== name));
    const isUsed = best.steps.some(({ tab = "", to = "", profile = "" }) => [tab[0], to[0], profile].includes(name));
    if (isUsed || Object.keys(profiles).length === 0) continue;
    const fewer = { ...best, profiles };
    if (await fails(fewer)) best = fewer;
  }
  for (const name of Object.keys(best.profiles)) {
    const plain = { ...best, profiles: { ...best.profiles, [name]: { ...best.profiles[name], shareTabs: false } } };
    if (best.profiles[name].shareTabs && (await fails(plain))) best = plain;
  }
  return best;
}

/**
 * @param {Plan} plan
 * @param {Fails} fails
 */
async function withSmallerNumbers(plan, fails) {
  let best = plan;
  for (let at = 0; at < best.steps.length; at++) {
    for (const name of ["count", "frames"]) {
      for (let isSmaller = best.steps[at][name] > 1; isSmaller; ) {
        const half = Math.floor(best.steps[at][name] / 2);
        const less = withStep(best, at, { ...best.steps[at], [name]: half });
        const one = withStep(best, at, { ...best.steps[at], [name]: best.steps[at][name] - 1 });
        const smaller = (await fails(less)) ? less : (await fails(one)) ? one : null;
        best = smaller ?? best;
        isSmaller = smaller !== null && best.steps[at][name] > 1;
      }
    }
  }
  return best;
}

/**
 * @param {Plan} plan
 * @param {Fails} fails
 */
async function withShorterPauses(plan, fails) {
  let best = plan;
  for (let at = 1; at < best.steps.length; at++) {
    const gap = best.steps[at].at - best.steps[at - 1].at;
    for (const shorter of GAPS_MS.filter((ms) => ms < gap)) {
      const moved = best.steps.map((step, index) => (index < at ? step : { ...step, at: step.at - gap + shorter }));
      const sooner = { ...best, steps: moved };
      if (!(await fails(sooner))) continue;
      best = sooner;
      break;
    }
  }
  return best;
}

/** @param {Plan} plan @param {number} at @param {Step} step */
function withStep(plan, at, step) {
  return { ...plan, steps: plan.steps.map((one, index) => (index === at ? step : one)) };
}
