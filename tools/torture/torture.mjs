/**
 * `npm run torture`: kills the server at random moments, hundreds of times, and reports what was lost.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { Failure, main } from "../../scripts/lib/run.mjs";
import { Checker } from "./checker.mjs";
import { torture } from "./harness.mjs";

const HELP = `npm run torture -- [options]

  --kills <n>      how often the server is killed; default: 300
  --users <n>      each with two to four devices; default: 24
  --seed <n>       of all that is chosen at random; default: another each time, which is printed
  --storage <dir>  an empty folder on the disk; default: one in the system's temporary folder
  --record <file>  gets all that was sent and seen, one entry a line
  --check <file>   kills nothing and checks such a record`;

/** How often it tells how far it is. */
const KILLS_A_LINE = 25;

const COMPLAINTS_SHOWN = 20;

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  if (!options) return;
  const checked = options.check === undefined ? await run(options) : await readRecord(options.check);
  report(checked);
  if (checked.complaints.length > 0) throw new Failure("what devices were told did not hold, see above.");
});

/** @param {import("./harness.mjs").TortureOptions} options */
async function run(options) {
  console.log(`${options.kills} kills, ${options.users} users, seed ${options.seed}`);
  const onKill = (/** @type {number} */ kills) => {
    if (kills % KILLS_A_LINE === 0) console.log(`${kills} kills`);
  };
  const outcome = await torture({ ...options, onKill });
  console.log(`\nin ${outcome.seconds.toFixed(0)} s:`);
  return outcome;
}

/** @param {string} file */
async function readRecord(file) {
  const checker = new Checker();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    checker.take(JSON.parse(line));
  }
  checker.end();
  return checker;
}

/** @param {Pick<Checker, "complaints" | "counts">} checked */
function report({ complaints, counts }) {
  console.log(`${row(counts.kills)}kills
${row(counts.sent)}frames sent
${row(counts.seen)}frames seen
${row(counts.changes)}changes of games announced
${row(counts.checkedAfterKill)}games that had to be there after a kill
${row(counts.unsureAfterKill)}games of which nobody could know: asked for and not announced
${row(counts.unplaced)}connections too short to compare their order with others'
${row(counts.lastActiveBackMs)}ms at most that lastActive was older after a kill than what had been shown
${row(counts.forgotten)}answers after a kill that the user was never here: nothing had been stored yet
${row(counts.resumed)}returns of devices of version 2 from where they had been, brought ${counts.brought} frames
${row(counts.reset)}returns that were told to reset
${row(counts.answered)}answers to requests
${row(counts.again)}requests sent again that had no answer
${row(counts.unknown)}answers that nobody knows whether a request was done
${row(counts.repeated)}requests sent again that were done
${row(counts.pushed)}answers to kept pushes
${row(counts.kept)}times that a device was given a message
${row(counts.lost)}times that a device was told that there was no room for all of them
${row(complaints.length)}complaints`);
  for (const { kind, what, life } of complaints.slice(0, COMPLAINTS_SHOWN)) {
    console.log(`\n${kind}, start ${life}: ${what}`);
  }
}

/** @param {number} count */
function row(count) {
  return `${String(count).padStart(9)}  `;
}

/** @param {string[]} args */
function readOptions(args) {
  const text = /** @type {const} */ ({ type: "string" });
  const options = { kills: text, users: text, seed: text, storage: text, record: text, check: text };
  const { values } = parse({ ...options, help: /** @type {const} */ ({ type: "boolean" }) }, args);
  if (values.help) {
    console.log(HELP);
    return null;
  }
  return {
    kills: readCount("kills", values.kills, 300),
    users: readCount("users", values.users, 24),
    seed: readCount("seed", values.seed, Date.now() % 1_000_000),
    storage: values.storage,
    record: values.record,
    check: values.check,
  };
}

/**
 * @template {import("node:util").ParseArgsOptionsConfig} T
 * @param {T} options
 * @param {string[]} args
 */
function parse(options, args) {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new Failure(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}

/**
 * @param {string} name
 * @param {string | undefined} given
 * @param {number} usual
 */
function readCount(name, given, usual) {
  const value = given === undefined ? usual : Number(given);
  if (!Number.isInteger(value) || value < 1) throw new Failure(`--${name} takes a number from 1 on.`);
  return value;
}
