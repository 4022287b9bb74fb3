/** How long a device waits for its first frame, and what a connection and its close cost. */
import { mirrored, withContenders } from "./contenders.mjs";
import { interval, range, table } from "./report.mjs";
import { median, medianInterval, summary } from "./statistics.mjs";
import { userName } from "./workloads.mjs";

/** @import { Contender, ContenderName, Folders } from "./contenders.mjs" */
/** @import { ConnectTime, Manner } from "./crowd-process.mjs" */
/** @import { Interval, Summary } from "./statistics.mjs" */

/**
 * @typedef {"another" | "first"} Guest Whether the user has a device connected, whose object is
 *   awake then, or has never had one.
 */

/**
 * One contender in one round: medians of its connections in milliseconds, and the processor time of
 * each in microseconds.
 * @typedef {{open: number, greeted: number, cpu: number}} Sample
 */

/**
 * @typedef {object} Outcome
 * @property {ContenderName} name
 * @property {Record<keyof Sample, Summary>} figures
 * @property {Interval} [ratio] Our CPU time ÷ its, paired.
 * @property {Sample[]} samples
 */

/** @type {Record<Guest, string>} */
const TITLES = {
  another: "Another device of an active user connects and closes",
  first: "The first device of a new user connects and closes",
};

/** How many connections warm a server up. */
const WARM_UP = 200;

/**
 * @param {ContenderName[]} references
 * @param {{manner: Manner, visits: number, rounds: number, folders: Folders}} options
 */
export async function measureConnecting(references, { manner, visits, rounds, folders }) {
  return withContenders(["ours", ...references], folders, async (contenders) => {
    for (const contender of contenders) {
      await contender.connect({ manner, users: 1, devices: 1 });
      await visit(contender, manner, residents(WARM_UP));
    }
    const results = [];
    for (const guest of /** @type {const} */ (["another", "first"])) {
      /** @type {Map<ContenderName, Sample[]>} */
      const samples = new Map(contenders.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round++) {
        for (const [name, sample] of await measureRound(contenders, round, guest, manner, visits)) {
          samples.get(name)?.push(sample);
        }
      }
      results.push({ guest, manner, outcomes: outcomesOf(samples) });
    }
    return results;
  });
}

/**
 * @param {Awaited<ReturnType<typeof measureConnecting>>[number]} result
 */
export function connectingText({ guest, outcomes }) {
  const head = ["", "CPU µs a visit", "ours ÷ it", "first frame ms", "open ms"];
  const rows = outcomes.map(({ name, ratio, figures: { cpu, greeted, open } }) => [
    name,
    range(cpu),
    ratio ? interval(ratio) : "",
    // An echo says nothing by itself.
    name === "echo" ? "" : range(greeted),
    range(open),
  ]);
  return `${TITLES[guest]}\n${table([head, ...rows])}`;
}

/** @param {number} count */
function residents(count) {
  return Array.from({ length: count }, () => userName(0));
}

let newcomers = 0;

/** @param {number} count */
function newUsers(count) {
  return Array.from({ length: count }, () => `newcomer-${newcomers++}`);
}

/**
 * @param {Contender} contender
 * @param {Manner} manner
 * @param {string[]} users
 */
async function visit({ server, dialect, crowd }, manner, users) {
  const hasGreeting = dialect === "session";
  return crowd.call("visit", { base: server.ws, manner, hasGreeting, users });
}

/**
 * @param {Contender[]} contenders
 * @param {number} round
 * @param {Guest} guest
 * @param {Manner} manner
 * @param {number} visits
 */
async function measureRound(contenders, round, guest, manner, visits) {
  /** @type {Map<ContenderName, {times: ConnectTime[], cpu: number}>} */
  const sums = new Map(contenders.map(({ name }) => [name, { times: [], cpu: 0 }]));
  for (const contender of mirrored(contenders, round)) {
    const users = guest === "another" ? residents(visits) : newUsers(visits);
    const before = contender.cpu();
    const times = await visit(contender, manner, users);
    const sum = sums.get(contender.name);
    sum?.times.push(...times);
    if (sum) sum.cpu += contender.cpu() - before;
  }
  return [...sums].map(([name, { times, cpu }]) => {
    const open = median(times.map((time) => time.open));
    const greeted = median(times.map((time) => time.greeted));
    return /** @type {const} */ ([name, { open, greeted, cpu: cpu / times.length }]);
  });
}

/**
 * @param {Map<ContenderName, Sample[]>} samples
 * @returns {Outcome[]}
 */
function outcomesOf(samples) {
  const ours = samples.get("ours") ?? [];
  return [...samples].map(([name, its]) => {
    /** @param {keyof Sample} figure */
    const of = (figure) => summary(its.map((sample) => sample[figure]));
    const ratios = ours.map(({ cpu }, round) => cpu / its[round].cpu);
    return {
      name,
      figures: { open: of("open"), greeted: of("greeted"), cpu: of("cpu") },
      ...(name !== "ours" && { ratio: medianInterval(ratios) }),
      samples: its,
    };
  });
}
