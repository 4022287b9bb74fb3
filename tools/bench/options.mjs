/** What the command line asks for. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { Failure } from "../../scripts/lib/run.mjs";
import { REFERENCES, SHAPES } from "./throughput.mjs";
import { WORKLOADS } from "./workloads.mjs";

/** @import { Folders, ReferenceName } from "./contenders.mjs" */
/** @import { Manner } from "./crowd-process.mjs" */
/** @import { Effort, Plan, ShapeName } from "./throughput.mjs" */
/** @import { WorkloadName } from "./workloads.mjs" */

/** What is measured besides workloads. */
export const PARTS = /** @type {const} */ (["connect", "sleep", "fan-out", "values", "cursor"]);

/** @typedef {typeof PARTS[number]} Part */

/** @type {Record<Manner, string>} */
export const MANNERS = { browser: "as a browser connects", bare: "without offering compression" };

/** A folder in memory: a disk that syncs would be measured instead of what is compared. */
const MEMORY = "/dev/shm";

/**
 * How much is done of the rest.
 * @typedef {object} Sizes
 * @property {number} visits Connections of each contender in a round.
 * @property {number} rounds Of the connections and the fan-out.
 * @property {number} sleepers Users whose objects go to sleep.
 * @property {number} woken How many of them are woken one by one.
 * @property {number} idle Sockets that say nothing.
 * @property {number} repeats How often memory is measured, and a cursor followed.
 * @property {number} crowd Devices of the one user who hears a broadcast.
 */

/**
 * @typedef {object} Options
 * @property {boolean} isShort
 * @property {Folders} folders
 * @property {string | undefined} json
 * @property {Plan[]} plans
 * @property {Part[]} parts
 * @property {(name: ReferenceName) => boolean} wants Whether a reference is to be compared with.
 * @property {Effort} effort
 * @property {Sizes} sizes
 */

/** @type {{full: Effort, short: Effort}} */
const EFFORTS = {
  full: { pairs: 21, passes: 4, sliceMs: 50, warmUpMs: 600, hasFreshServers: true },
  short: { pairs: 9, passes: 2, sliceMs: 30, warmUpMs: 400, hasFreshServers: false },
};

/** @type {{full: Sizes, short: Sizes}} */
const SIZES = {
  full: {
    ...{ visits: 50, rounds: 21, sleepers: 1_000, woken: 1_000 },
    ...{ idle: 2_000, repeats: 7, crowd: 9_000 },
  },
  short: {
    ...{ visits: 10, rounds: 9, sleepers: 300, woken: 300 },
    ...{ idle: 500, repeats: 1, crowd: 1_000 },
  },
};

/** What the short mode leaves to the full one. */
const SHORT_WORKLOADS = ["event", "sync", "join-leave"];
const SHORT_SHAPE = "50x2";
const SHORT_MANNER = "browser";

const HELP = `npm run bench -- [options]

  --short           about a minute: fewer pairs, workloads and connections
  --only <names>    comma-separated: workloads (${Object.keys(WORKLOADS).join(", ")}), shapes
                    (${Object.keys(SHAPES).join(", ")}), ways to connect (${Object.keys(MANNERS).join(", ")}),
                    references (plain, party, echo, echo-one, echo-put,
                    v2: ours in version 2 of the protocol) and
                    other parts (${PARTS.join(", ")}: memory and waking are in sleep)
  --pairs <n>       instead of ${EFFORTS.full.pairs}, or ${EFFORTS.short.pairs} with --short; so often is memory measured, too
  --before <dir>    another checkout of the project; its server is built there and is one more
                    reference, before, which --only may name; if v2 is compared, before-v2
                    is the same server in version 2, and its ratio is v2 ÷ it
  --storage <dir>   where the objects' storage lies; default: ${MEMORY}, a disk without fsync
  --json <file>     the results, with every sample`;

/**
 * @param {string[]} args
 * @returns {Options | null} `null` if it only asks for help, which is printed.
 */
export function readOptions(args) {
  const { values } = parse(args);
  if (values.help) {
    console.log(HELP);
    return null;
  }
  const isShort = values.short === true;
  const mode = isShort ? "short" : "full";
  const only = values.only?.split(",").map((name) => name.trim()) ?? [];
  const before = values.before === undefined ? undefined : checkoutIn(values.before);
  const choose = chooser(only, isShort, before !== undefined);
  const sizes = SIZES[mode];
  const pairs = values.pairs === undefined ? EFFORTS[mode].pairs : Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Failure("--pairs takes a number from 1 on");
  return {
    isShort,
    folders: { storage: values.storage ?? MEMORY, before },
    json: values.json,
    ...choose,
    effort: { ...EFFORTS[mode], pairs },
    sizes: values.pairs === undefined ? sizes : { ...sizes, rounds: pairs, repeats: pairs },
  };
}

/** @param {string} given */
function checkoutIn(given) {
  const folder = resolve(given);
  if (existsSync(join(folder, "wrangler.jsonc"))) return folder;
  throw new Failure(`--before takes another checkout of the project; there is no wrangler.jsonc in ${folder}`);
}

/** @param {string[]} args */
function parse(args) {
  const text = /** @type {const} */ ({ type: "string" });
  const flag = /** @type {const} */ ({ type: "boolean" });
  const values = { only: text, pairs: text, before: text, storage: text, json: text };
  const options = { ...values, short: flag, help: flag };
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new Failure(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}

/**
 * Finds out what the names of `--only` leave: of each kind those that are named, and all of a kind
 * of which none is. Naming only workloads leaves out the other parts, and the other way round.
 * Another commit takes part whenever there is one, and alone if it is the only reference named.
 * @param {string[]} only
 * @param {boolean} isShort
 * @param {boolean} hasBefore
 */
function chooser(only, isShort, hasBefore) {
  const kinds = {
    workloads: Object.keys(WORKLOADS),
    shapes: Object.keys(SHAPES),
    manners: Object.keys(MANNERS),
    references: [...new Set(Object.values(REFERENCES).flat())].filter(
      (name) => name !== "before-v2" && (hasBefore || name !== "before"),
    ),
    parts: [...PARTS],
  };
  const known = Object.values(kinds).flat();
  const unknown = only.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Failure(`there is no ${unknown.join(", ")}\n\n${HELP}`);
  /** @param {string[]} names @param {string[]} [usual] */
  const chosen = (names, usual = names) => {
    const named = names.filter((name) => only.includes(name));
    return named.length > 0 ? named : usual;
  };
  const namesPart = kinds.parts.some((name) => only.includes(name));
  const namesLoad = [...kinds.workloads, ...kinds.shapes, ...kinds.manners].some((name) =>
    only.includes(name),
  );
  const named = chosen(kinds.references);
  const ofBefore = named.includes("v2") ? ["before", "before-v2"] : ["before"];
  const references = hasBefore ? [...named, ...ofBefore] : named;
  const plans = chosen(kinds.manners, isShort ? [SHORT_MANNER] : kinds.manners).flatMap((manner) =>
    chosen(kinds.workloads, isShort ? SHORT_WORKLOADS : kinds.workloads).flatMap((workload) =>
      chosen(kinds.shapes, isShort ? [SHORT_SHAPE] : kinds.shapes).map((shape) => ({
        manner: /** @type {Manner} */ (manner),
        workload: /** @type {WorkloadName} */ (workload),
        shape: /** @type {ShapeName} */ (shape),
        references: REFERENCES[/** @type {WorkloadName} */ (workload)].filter((name) =>
          references.includes(name),
        ),
      })),
    ),
  );
  return {
    plans: namesPart && !namesLoad ? [] : plans.filter((plan) => plan.references.length > 0),
    parts: namesLoad && !namesPart ? [] : /** @type {Part[]} */ (chosen(kinds.parts)),
    wants: (/** @type {ReferenceName} */ name) => references.includes(name),
  };
}
