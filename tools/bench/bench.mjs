/**
 * Measures how far the session is from what workerd itself costs, and from what one could use
 * instead. `--help` says how to ask for less.
 */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";

import { main } from "../../scripts/lib/run.mjs";
import { buildBundle } from "../../tests/support/bundle.mjs";
import { ROOT } from "../../tests/support/server.mjs";
import { RUNTIME } from "../../tests/support/workerd.mjs";
import { connectingText, measureConnecting } from "./connecting.mjs";
import { cursorText, measureCursor } from "./cursor.mjs";
import { assertSameAnswers } from "./exchange.mjs";
import { crowdOf, fanOutText, measureFanOut } from "./fan-out.mjs";
import { MANNERS, readOptions } from "./options.mjs";
import { confidence, throughputTable } from "./report.mjs";
import { measureSleeping, sleepingText } from "./sleeping.mjs";
import { SHAPES, measureThroughput } from "./throughput.mjs";
import { measureValues, valuesText } from "./values.mjs";
import { WORKLOADS } from "./workloads.mjs";

/** @import { ReferenceName } from "./contenders.mjs" */
/** @import { Options } from "./options.mjs" */
/** @import { Plan } from "./throughput.mjs" */

/** @type {ReferenceName[]} */
const FULL_FUNCTION = ["before", "plain", "party"];

// Each server and each crowd watches over the end of this process.
process.setMaxListeners(0);

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options) await bench(options);
});

/** @param {Options} options */
async function bench(options) {
  const begin = performance.now();
  const setting = settingOf(options);
  console.log(setting.lines.join("\n"));
  await buildBundle();
  const compared = FULL_FUNCTION.filter(options.wants);
  for (const line of await assertSameAnswers(compared, options.folders)) console.log(line);
  const throughput = await measurePlans(options);
  const results = { ...setting.facts, throughput, ...(await measureParts(options)) };
  if (options.json) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\n${((performance.now() - begin) / 1000).toFixed(0)} s in all.`);
}

/** @param {Options} options */
async function measurePlans({ plans, effort, folders }) {
  const results = [];
  for (const plan of plans) {
    console.log(`\n${titleOf(plan)}`);
    const result = await measureThroughput(plan, effort, folders);
    console.log(throughputTable(result));
    results.push(result);
  }
  return results;
}

/** @param {Options} options */
async function measureParts({ parts, sizes, folders, wants }) {
  /** @type {Record<string, unknown>} */
  const results = {};
  /** @param {ReferenceName[]} names */
  const wanted = (...names) => names.filter(wants);
  if (parts.includes("connect")) {
    const setting = { ...sizes, manner: /** @type {const} */ ("browser"), folders };
    const connect = await measureConnecting(wanted("before", "plain", "party", "echo"), setting);
    for (const result of connect) console.log(`\n${connectingText(result)}`);
    results.connect = connect;
  }
  if (parts.includes("sleep")) {
    const setting = { ...sizes, folders };
    const sleep = await measureSleeping(wanted("before", "plain", "party", "echo"), setting);
    console.log(`\n${sleepingText(sleep, setting)}`);
    results.sleep = sleep;
  }
  if (parts.includes("fan-out")) {
    const devices = crowdOf(sizes.crowd);
    const setting = { devices, rounds: sizes.rounds, folders };
    const fanOut = await measureFanOut(wanted("before", "echo"), setting);
    console.log(`\n${fanOutText(fanOut, devices)}`);
    results.fanOut = { devices, outcomes: fanOut };
  }
  if (parts.includes("values")) {
    const values = await measureValues({ rounds: sizes.rounds, folders });
    console.log(`\n${valuesText(values)}`);
    results.values = values;
  }
  if (parts.includes("cursor")) {
    const cursor = await measureCursor({ repeats: sizes.repeats, folders });
    console.log(`\n${cursorText(cursor)}`);
    results.cursor = cursor;
  }
  return results;
}

/** @param {Plan} plan */
function titleOf({ workload, shape, manner }) {
  const { users, devices, inFlight } = SHAPES[shape];
  const crowd = `${users} ${users === 1 ? "user" : "users"} × ${devices} devices`;
  const depth = inFlight > 1 ? `, ${inFlight} in flight` : "";
  return `${WORKLOADS[workload].title}: ${crowd}${depth}, ${MANNERS[manner]}`;
}

/**
 * Where and how it is measured.
 * @param {Options} options
 */
function settingOf({ isShort, folders, effort }) {
  const machine = `${cpus()[0].model}, ${availableParallelism()} threads`;
  const load = loadavg()[0];
  const { storage, before } = folders;
  const commits = before && { ours: commitIn(ROOT), before: commitIn(before) };
  const software = { workerd: RUNTIME.version, node: process.version, commits };
  const facts = { machine, load, ...software, storage, effort };
  const servers = effort.hasFreshServers ? "new processes for each" : "the same processes for all";
  const lines = [
    `workerd ${RUNTIME.version}, Node ${process.version}, ${machine}, load ${load.toFixed(2)}`,
    `Storage in ${storage}; ${effort.pairs} pairs in mirrored order, ${servers}; median (min–max).`,
    confidence(effort.pairs),
  ];
  if (commits) lines.push(`ours is commit ${commits.ours}, before is ${commits.before}.`);
  if (isShort) {
    lines.push("The short mode: it proves nothing finer than the intervals it prints.");
  }
  return { facts, lines };
}

/**
 * The commit of a checkout, with a word that says whether files have changed since.
 * @param {string} folder
 */
function commitIn(folder) {
  return execFileSync("git", ["describe", "--always", "--dirty"], { cwd: folder, encoding: "utf8" }).trim();
}
