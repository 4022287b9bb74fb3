/** One broadcast to a crowd: when the last device has it, and what each of them costs. */
import { mirrored, withContenders } from "./contenders.mjs";
import { interval, range, table } from "./report.mjs";
import { medianInterval, summary } from "./statistics.mjs";

/** @import { ContenderName, Folders } from "./contenders.mjs" */
/** @import { Interval, Summary } from "./statistics.mjs" */

/** What workerd needs for itself, and two for each socket. */
const SPARE_DESCRIPTORS = 200;

/** How many broadcasts warm a server up. */
const WARM_UP = 5;

/**
 * One contender in one round: the processor time of each delivery in microseconds, and when the last
 * device had the frame, in milliseconds.
 * @typedef {{cpu: number, last: number}} Sample
 */

/**
 * @typedef {object} Outcome
 * @property {ContenderName} name
 * @property {Record<keyof Sample, Summary>} figures
 * @property {Interval} [ratio] Our CPU time ÷ its, paired.
 * @property {Sample[]} samples
 */

/**
 * How large a crowd may be: as many as wanted, or as this system lets a process have open.
 * @param {number} wanted
 */
export function crowdOf(wanted) {
  const { hard } = /** @type {any} */ (process.report.getReport()).userLimits.open_files;
  if (typeof hard !== "number") return wanted;
  return Math.min(wanted, Math.floor((hard - SPARE_DESCRIPTORS) / 2));
}

/**
 * @param {ContenderName[]} references
 * @param {{devices: number, rounds: number, folders: Folders}} options
 * @returns {Promise<Outcome[]>}
 */
export async function measureFanOut(references, { devices, rounds, folders }) {
  return withContenders(["ours", ...references], folders, async (contenders) => {
    const broadcast = { workload: /** @type {const} */ ("event"), inFlight: 1, senders: 1 };
    for (const contender of contenders) {
      await contender.connect({ manner: "browser", users: 1, devices });
      await contender.crowd.call("load", { ...broadcast, messages: WARM_UP });
    }
    /** @type {Map<ContenderName, Sample[]>} */
    const samples = new Map(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      const sums = new Map(contenders.map(({ name }) => [name, { cpu: 0, last: 0 }]));
      for (const contender of mirrored(contenders, round)) {
        const before = contender.cpu();
        const { latencies } = await contender.crowd.call("load", { ...broadcast, messages: 1 });
        const sum = /** @type {Sample} */ (sums.get(contender.name));
        // Each has two turns in a round.
        sum.cpu += (contender.cpu() - before) / devices / 2;
        sum.last += latencies[0] / 2;
      }
      for (const [name, sample] of sums) samples.get(name)?.push(sample);
    }
    return outcomesOf(samples);
  });
}

/**
 * @param {Outcome[]} outcomes
 * @param {number} devices
 */
export function fanOutText(outcomes, devices) {
  const head = ["", "CPU µs a delivery", "ours ÷ it", "the last has it after ms"];
  const rows = outcomes.map(({ name, ratio, figures: { cpu, last } }) => [
    name,
    range(cpu),
    ratio ? interval(ratio) : "",
    range(last),
  ]);
  return `One event to ${devices} devices of one user\n${table([head, ...rows])}`;
}

/**
 * @param {Map<ContenderName, Sample[]>} samples
 * @returns {Outcome[]}
 */
function outcomesOf(samples) {
  const ours = samples.get("ours") ?? [];
  return [...samples].map(([name, its]) => ({
    name,
    figures: {
      cpu: summary(its.map(({ cpu }) => cpu)),
      last: summary(its.map(({ last }) => last)),
    },
    ...(name !== "ours" && { ratio: medianInterval(ours.map(({ cpu }, at) => cpu / its[at].cpu)) }),
    samples: its,
  }));
}
