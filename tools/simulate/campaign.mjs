/**
 * Runs many seeds, and counts what happened in them. A fault counts as tried only if leaving it out changes what
 * the apps were told: of some seeds each kind of fault is left out once, and both runs are compared.
 */
import { hashOf, streamOf } from "./chance.mjs";
import { isFault, planOf } from "./plan.mjs";
import { runPlan } from "./run.mjs";

/** @import { Release } from "./bundle.mjs" */
/** @import { Limits, Plan } from "./plan.mjs" */
/** @import { Outcome } from "./run.mjs" */

/**
 * What became of one kind of step.
 * @typedef {object} Tally
 * @property {number} happened
 * @property {number} leftOut How often a run without it was compared.
 * @property {number} changed How often the apps were told something else then.
 */

/**
 * @typedef {object} Failure
 * @property {Plan} plan
 * @property {Outcome} outcome
 */

/**
 * @typedef {object} CampaignOptions
 * @property {Release[]} releases
 * @property {number} first The first seed.
 * @property {number} [last] The last one, if there is one.
 * @property {number} [hours] How much of a user's time is to be simulated, at least, if there is no last seed.
 * @property {number} [minutes] How long it may take, but for the world that is then under way.
 * @property {number} [failuresMax] After so many failing seeds it ends.
 * @property {number} [effectsEvery] Of every so many seeds one has its faults left out; 0 for none.
 * @property {Limits} [limits] What may happen.
 * @property {(campaign: Campaign) => void} [onSeed]
 */

export class Campaign {
  seeds = 0;
  hours = 0;
  tasks = 0;
  seconds = 0;
  /** Of all runs, in their order. */
  hash = 0x811c9dc5;
  /** @type {Map<string, Tally>} */
  tallies = new Map();
  /** @type {Failure[]} */
  failures = [];
  #options;

  /** @param {CampaignOptions} options */
  constructor(options) {
    this.#options = options;
  }

  async run() {
    const { first, last = Infinity, hours = Infinity, minutes = Infinity, failuresMax = 1 } = this.#options;
    const { onSeed = () => {} } = this.#options;
    const beganAt = performance.now();
    const goesOn = () => this.hours < hours && this.seconds < minutes * 60 && this.failures.length < failuresMax;
    for (let seed = first; seed <= last && goesOn(); seed++) {
      await this.#runSeed(seed);
      this.seconds = (performance.now() - beganAt) / 1_000;
      onSeed(this);
    }
    return this;
  }

  /** The kinds of faults that happened, and never changed anything when they were left out. */
  untried() {
    const untried = [...this.tallies].filter(([kind, { changed }]) => isFault(kind) && changed === 0);
    return untried.map(([kind]) => kind);
  }

  /** @param {number} seed */
  async #runSeed(seed) {
    const { releases, effectsEvery = 0, limits } = this.#options;
    const plan = planOf(seed, limits);
    const outcome = await runPlan(plan, releases);
    this.#count(outcome);
    if (outcome.violations.length > 0) this.failures.push({ plan, outcome });
    else if (effectsEvery > 0 && seed % effectsEvery === 0) await this.#leaveOut(plan, outcome);
  }

  /** @param {Outcome} outcome */
  #count({ hours, tasks, hash, acted }) {
    this.seeds++;
    this.hours += hours;
    this.tasks += tasks;
    this.hash = hashOf(hash, this.hash);
    for (const { kind } of acted) this.#tally(kind).happened++;
  }

  /** @param {Plan} plan @param {Outcome} outcome */
  async #leaveOut(plan, outcome) {
    const random = streamOf(plan.seed, "left out");
    const kinds = new Set(outcome.acted.map(({ kind }) => kind).filter(isFault));
    for (const kind of kinds) {
      const left = random.pick(outcome.acted.filter((step) => step.kind === kind));
      const steps = plan.steps.filter((step) => step !== left);
      const without = await runPlan({ ...plan, steps }, this.#options.releases);
      const tally = this.#tally(kind);
      tally.leftOut++;
      if (without.told !== outcome.told) tally.changed++;
    }
  }

  /** @param {string} kind */
  #tally(kind) {
    const tally = this.tallies.get(kind) ?? { happened: 0, leftOut: 0, changed: 0 };
    this.tallies.set(kind, tally);
    return tally;
  }
}
