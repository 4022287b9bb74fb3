/**
 * Runs a plan in a world of its own, from the first step until all has been checked.
 */
import { checkAgreement, checkDeploys, checkInbox, checkRequests, checkSight, checkStrangers, whyNotWell } from "./properties.mjs";
import { inOwnTask } from "./clock.mjs";
import { isQuiet } from "./plan.mjs";
import { perform } from "./steps.mjs";
import { checkValues } from "./steps-values.mjs";
import { World } from "./world.mjs";

/** @import { Release } from "./bundle.mjs" */
/** @import { Plan, Step } from "./plan.mjs" */
/** @import { Violation } from "./properties.mjs" */

/** How long clients may take to be well again when nothing fails any more: a heartbeat and its answer, the longest pause before a try, a try that hangs, and some work. */
const RECOVERY_MS = 180_000;
/** How long a client may take to find out that its connection is dead, and to make another. */
const HEARTBEAT_MS = 45_000;
const CHECK_MS = 1_000;
const LAST_WORDS_MS = 8_000;

/** How many credentials are tried at the end, and how fast, so that not too many connect in a short time. */
const TRIED_MAX = 24;
const TRY_MS = 600;

/**
 * @typedef {object} Outcome
 * @property {Violation[]} violations
 * @property {string} hash Of everything that happened, and when.
 * @property {string} told What the apps were told, without the times.
 * @property {number} hours Simulated.
 * @property {number} tasks
 * @property {Step[]} acted The steps that did something.
 * @property {{at: number, text: string}[]} lines
 */

/**
 * @param {Plan} plan
 * @param {Release[]} releases
 * @param {{isKept?: boolean}} [how] Whether to keep the trace.
 * @returns {Promise<Outcome>}
 */
export async function runPlan(plan, releases, { isKept = false } = {}) {
  /** @type {Violation[]} */
  const unhandled = [];
  const hear = (/** @type {Error} */ error) => {
    unhandled.push({ property: "no-complaints", what: `a promise is rejected: ${error?.stack}`, at: 0 });
  };
  process.on("unhandledRejection", hear);
  try {
    const outcome = await inOwnTask(() => simulate(plan, releases, isKept));
    // Node tells of what nobody has handled when the task is over.
    await new Promise((resolve) => void setImmediate(resolve));
    return { ...outcome, violations: [...outcome.violations, ...unhandled] };
  } finally {
    process.off("unhandledRejection", hear);
  }
}

/**
 * @param {Plan} plan
 * @param {Release[]} releases
 * @param {boolean} isKept
 * @returns {Outcome}
 */
function simulate(plan, releases, isKept) {
  const { seed, profiles, steps, hasThieves } = plan;
  const world = new World({ seed, profiles, releases, isMixed: hasThieves, isKept });
  /** @type {Step[]} */
  const acted = [];
  for (const step of steps) {
    world.clock.after(step.at, () => {
      if (perform(world, step)) acted.push(step);
    });
  }
  world.clock.runUntil((steps.at(-1)?.at ?? 0) + CHECK_MS);
  conclude(world);
  if (isQuiet(plan)) checkDeploys(world);
  return {
    violations: world.violations,
    hash: (world.hash >>> 0).toString(16).padStart(8, "0"),
    told: JSON.stringify([...world.told]),
    hours: world.clock.now / 3_600_000,
    tasks: world.clock.count,
    acted,
    lines: world.lines ?? [],
  };
}

/** @param {World} world */
function conclude(world) {
  world.calm();
  const { clock } = world;
  const deadline = clock.now + RECOVERY_MS;
  clock.runUntil(clock.now + HEARTBEAT_MS);
  let why = whyNotWell(world);
  while (why !== null && clock.now < deadline) {
    clock.runUntil(clock.now + CHECK_MS);
    why = whyNotWell(world);
  }
  if (why !== null) world.violate("recovers", `after ${RECOVERY_MS / 1000} s without faults ${why}`);
  clock.runUntil(clock.now + CHECK_MS);
  // What everybody sees last shows what somebody has missed before.
  void world.server.call("push", { type: "p-last" });
  world.running()[0]?.ask("e-last", true, (client) => client.publish("e-last"));
  clock.runUntil(clock.now + LAST_WORDS_MS);
  /** @type {any} */
  let told = null;
  void world.server.call("getState").then((/** @type {any} */ state) => (told = state));
  /** @type {any} */
  let values = null;
  void world.server.call("getValues").then((/** @type {any} */ all) => (values = all));
  clock.runUntil(clock.now + CHECK_MS);
  checkRequests(world);
  checkStrangers(world);
  checkSight(world);
  checkInbox(world);
  if (why === null) checkAgreement(world, told);
  if (why === null) checkValues(world, values);
  if (world.options.isMixed) tryCredentials(world);
}

/** Whoever was ever given a credential comes once more; witness.mjs sees what becomes of it. @param {World} world */
function tryCredentials(world) {
  const { clock } = world;
  const thief = world.thief("last");
  for (const credential of [...world.server.issuer.credentials.values()].slice(-TRIED_MAX)) {
    clock.after(1, () => {
      thief.ask(credential, "export");
      thief.connect(credential, { version: 2, device: "last", isBrief: true });
    });
    clock.runUntil(clock.now + TRY_MS);
  }
  clock.runUntil(clock.now + CHECK_MS);
}
