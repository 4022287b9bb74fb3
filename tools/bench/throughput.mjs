/** How much work a message is to workerd: ours and the references by turns. */
import { setTimeout as sleep } from "node:timers/promises";

import { CONTENDERS, mirrored, withContenders } from "./contenders.mjs";
import { medianInterval, quantile, summary } from "./statistics.mjs";

/** @import { Contender, ContenderName, Folders, ReferenceName } from "./contenders.mjs" */
/** @import { LoadResult, Manner } from "./crowd-process.mjs" */
/** @import { Interval, Summary } from "./statistics.mjs" */
/** @import { WorkloadName } from "./workloads.mjs" */

/** @typedef {{users: number, devices: number, inFlight: number}} Shape */
/** @typedef {keyof typeof SHAPES} ShapeName */

/** @satisfies {Record<string, Shape>} */
export const SHAPES = {
  "50x2": { users: 50, devices: 2, inFlight: 1 },
  "1x100": { users: 1, devices: 100, inFlight: 1 },
  "1x2": { users: 1, devices: 2, inFlight: 32 },
};

/**
 * What each workload is compared with.
 * @type {Record<WorkloadName, ReferenceName[]>}
 */
export const REFERENCES = {
  event: ["before", "plain", "echo", "party", "v2", "before-v2"],
  sync: ["before", "plain", "echo-one", "party", "v2", "before-v2"],
  "join-leave": ["before", "plain", "echo-put", "party", "v2", "before-v2"],
  ping: ["before", "plain", "echo", "party"],
};

/**
 * @typedef {object} Plan
 * @property {WorkloadName} workload
 * @property {ShapeName} shape
 * @property {Manner} manner
 * @property {ReferenceName[]} references
 */

/**
 * How long it goes on.
 * @typedef {object} Effort
 * @property {number} pairs
 * @property {number} passes How often it goes there and back again in a pair.
 * @property {number} sliceMs Short, so that what disturbs the machine disturbs all alike.
 * @property {number} warmUpMs
 * @property {boolean} hasFreshServers Whether each pair gets processes of its own: what a process
 *   happens to be like, its memory's layout for instance, is then measured too.
 */

/**
 * One contender in one pair.
 * @typedef {object} Sample
 * @property {number} cpu Microseconds a message.
 * @property {number} rate Messages a second.
 * @property {number} p50 Milliseconds.
 * @property {number} p99
 */

/**
 * What is known of one contender.
 * @typedef {object} Outcome
 * @property {ContenderName} name
 * @property {Record<keyof Sample, Summary>} figures
 * @property {ContenderName} [base] Whose CPU time is compared with its own. Not there for ours.
 * @property {Interval} [ratio] The base's CPU time ÷ its, paired.
 * @property {Sample[]} samples
 */

/** @typedef {Plan & {outcomes: Outcome[]}} ThroughputResult */

/** What the machine gets between two slices, so that one's last work does not count as the next's. */
const PAUSE_MS = 5;

/**
 * @param {Plan} plan
 * @param {Effort} effort
 * @param {Folders} folders
 * @returns {Promise<ThroughputResult>}
 */
export async function measureThroughput(plan, effort, folders) {
  /** @type {ContenderName[]} */
  const names = ["ours", ...plan.references];
  /** @type {Map<ContenderName, Sample[]>} */
  const samples = new Map(names.map((name) => [name, []]));
  const visits = effort.hasFreshServers ? effort.pairs : 1;
  const roundsEach = effort.pairs / visits;
  for (let visit = 0; visit < visits; visit++) {
    await withContenders(names, folders, async (contenders) => {
      for (const contender of contenders) await prepare(contender, plan, effort);
      for (let round = visit; round < visit + roundsEach; round++) {
        const measured = await measureRound(contenders, round, plan, effort);
        for (const [name, sample] of measured) samples.get(name)?.push(sample);
      }
    });
  }
  return { ...plan, outcomes: outcomesOf(samples) };
}

/**
 * Connects the devices and lets the compilers find out what is hot.
 * @param {Contender} contender
 * @param {Plan} plan
 * @param {Effort} effort
 */
async function prepare(contender, { workload, shape, manner }, { warmUpMs }) {
  const { users, devices, inFlight } = SHAPES[shape];
  await contender.connect({ manner, users, devices });
  const isSession = contender.dialect === "session" || contender.dialect === "v2";
  if (isSession) await contender.crowd.call("joinStandingGames");
  await contender.crowd.call("load", { workload, inFlight, forMs: warmUpMs });
}

/**
 * @param {Contender[]} contenders
 * @param {number} round
 * @param {Plan} plan
 * @param {Effort} effort
 */
async function measureRound(contenders, round, { workload, shape }, { passes, sliceMs }) {
  const { inFlight } = SHAPES[shape];
  /** @type {Map<ContenderName, {cpu: number, load: LoadResult}[]>} */
  const slices = new Map(contenders.map(({ name }) => [name, []]));
  for (let pass = 0; pass < passes; pass++) {
    for (const contender of mirrored(contenders, round + pass)) {
      const before = contender.cpu();
      const load = await contender.crowd.call("load", { workload, inFlight, forMs: sliceMs });
      await sleep(PAUSE_MS);
      slices.get(contender.name)?.push({ cpu: contender.cpu() - before, load });
    }
  }
  return [...slices].map(([name, its]) => /** @type {const} */ ([name, sampleOf(its)]));
}

/**
 * @param {{cpu: number, load: LoadResult}[]} slices
 * @returns {Sample}
 */
function sampleOf(slices) {
  const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
  const messages = sum(slices.map(({ load }) => load.messages));
  const elapsedMs = sum(slices.map(({ load }) => load.elapsedMs));
  const latencies = slices.flatMap(({ load }) => [...load.latencies]).sort((a, b) => a - b);
  return {
    cpu: sum(slices.map(({ cpu }) => cpu)) / messages,
    rate: (messages / elapsedMs) * 1000,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

/**
 * @param {Map<ContenderName, Sample[]>} samples
 * @returns {Outcome[]}
 */
export function outcomesOf(samples) {
  return [...samples].map(([name, its]) => {
    const outcome = { name, figures: figuresOf(its), samples: its };
    if (name === "ours") return outcome;
    const { base = "ours" } = CONTENDERS[name];
    return { ...outcome, base, ratio: pairedRatio(samples.get(base) ?? [], its) };
  });
}

/** @param {Sample[]} samples */
function figuresOf(samples) {
  /** @param {keyof Sample} figure */
  const of = (figure) => summary(samples.map((sample) => sample[figure]));
  return { cpu: of("cpu"), rate: of("rate"), p50: of("p50"), p99: of("p99") };
}

/**
 * @param {Sample[]} base
 * @param {Sample[]} theirs
 */
function pairedRatio(base, theirs) {
  return medianInterval(base.map(({ cpu }, pair) => cpu / theirs[pair].cpu));
}
