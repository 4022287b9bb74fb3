/** `npm run bench -- --before`: a comparison of two commits must not turn out to be one of something else. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { CONTENDERS } from "../../tools/bench/contenders.mjs";
import { differenceOf } from "../../tools/bench/exchange.mjs";
import { readOptions } from "../../tools/bench/options.mjs";
import { throughputTable } from "../../tools/bench/report.mjs";
import { outcomesOf } from "../../tools/bench/throughput.mjs";
import { ROOT } from "../support/server.mjs";

/** @import { ContenderName } from "../../tools/bench/contenders.mjs" */
/** @import { Plan, Sample } from "../../tools/bench/throughput.mjs" */

const STORAGE = "/dev/shm";

/** @param {string[]} args */
function optionsOf(...args) {
  const options = readOptions(args);
  assert.ok(options);
  return options;
}

/** @param {Plan[]} plans */
function referencesOf(plans) {
  return Object.fromEntries(plans.map(({ workload, references }) => [workload, references]));
}

test("another commit is compared with in every workload, in version 2 where ours is", () => {
  const { plans, wants, folders } = optionsOf("--before", ROOT);
  for (const { references } of plans) {
    assert.ok(references.includes("before"));
    assert.equal(references.includes("before-v2"), references.includes("v2"));
  }
  assert.ok(plans.some(({ references }) => references.includes("before-v2")));
  assert.ok(wants("before"));
  assert.equal(`${folders.before}/`, ROOT);
});

test("another commit takes part beside the references that are named, or alone if it is named", () => {
  const few = optionsOf("--only", "event,ping,plain", "--before", ROOT);
  assert.deepEqual(referencesOf(few.plans), { event: ["before", "plain"], ping: ["before", "plain"] });
  const alone = optionsOf("--only", "event,before", "--before", ROOT);
  assert.deepEqual(referencesOf(alone.plans), { event: ["before"] });
  const newer = optionsOf("--only", "event,v2", "--before", ROOT);
  assert.deepEqual(referencesOf(newer.plans), { event: ["before", "v2", "before-v2"] });
});

test("without another commit none is compared with, and naming it is refused", () => {
  const { plans, wants } = optionsOf();
  assert.ok(!plans.flatMap(({ references }) => references).some((name) => name.startsWith("before")));
  assert.ok(!wants("before"));
  assert.throws(() => readOptions(["--only", "before"]), /there is no before\n/);
  assert.throws(() => readOptions(["--before", STORAGE]), /another checkout .* no wrangler.jsonc in \/dev\/shm/);
});

test("another commit runs from its own folder, in the same settings as ours", async () => {
  const folders = { storage: STORAGE, before: "/elsewhere" };
  const { vars } = await CONTENDERS.ours.describe(folders);
  for (const name of /** @type {const} */ (["before", "before-v2"])) {
    assert.deepEqual(await CONTENDERS[name].describe(folders), { root: "/elsewhere", vars });
    await assert.rejects(CONTENDERS[name].describe({ storage: STORAGE }), /no checkout/);
  }
});

test("version 2 of another commit is compared with ours in version 2, and the report says so", () => {
  /** @param {number} cpu @returns {Sample[]} */
  const taking = (cpu) => [{ cpu, rate: 1, p50: 1, p99: 1 }];
  /** @type {Map<ContenderName, Sample[]>} */
  const samples = new Map([
    ["ours", taking(6)],
    ["before", taking(12)],
    ["v2", taking(8)],
    ["before-v2", taking(2)],
  ]);
  const outcomes = outcomesOf(samples);
  const ratios = outcomes.map(({ name, base, ratio }) => [name, base, ratio?.median]);
  assert.deepEqual(ratios, [
    ["ours", undefined, undefined],
    ["before", "ours", 0.5],
    ["v2", "ours", 0.75],
    ["before-v2", "v2", 4],
  ]);
  const plan = { ...optionsOf().plans[0], outcomes };
  assert.match(throughputTable(plan), /^ +before .* 0\.500 .*$/m);
  assert.match(throughputTable(plan), /^ +before-v2 .* v2 ÷ it: 4\.00 .*$/m);
});

test("where two servers answer differently is told, also if one says less or more at the end", () => {
  const said = ["a", "b", "c", "d"];
  assert.equal(differenceOf(said, [...said]), null);
  const told = "does not answer as ours does. Ours:\nb\nc\nd\nIt:\nb\nc";
  assert.equal(differenceOf(said, ["a", "b", "c", "x"]), `${told}\nx`);
  assert.equal(differenceOf(said, ["a", "b", "c"]), told);
  assert.match(differenceOf(["a"], ["a", "b"]) ?? "", /It:\na\nb$/);
});
