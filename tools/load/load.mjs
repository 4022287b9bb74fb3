/**
 * Many users at once on one workerd: what they are told is counted, and nothing may be missing, come
 * twice or in another order. `--help` says how to ask for less.
 */
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";

import { Failure, main } from "../../scripts/lib/run.mjs";
import { RUNTIME } from "../../tests/support/workerd.mjs";
import { number, table } from "../bench/report.mjs";
import { closingText, measureClosing } from "./closing.mjs";
import { measureReturn, measureUsers } from "./everybody.mjs";
import { readOptions } from "./options.mjs";
import { DESCRIPTORS, roomFor } from "./stage.mjs";
import { measureSustained } from "./sustained.mjs";

/** @import { Finding } from "./everybody.mjs" */
/** @import { Options } from "./options.mjs" */

// Each server and each fleet watches over the end of this process.
process.setMaxListeners(0);

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options) await load(options);
});

/** @param {Options} options */
async function load(options) {
  const { parts, users, devices, json } = options;
  const machine = `${cpus()[0].model}, ${availableParallelism()} threads`;
  const facts = { machine, load: loadavg()[0], workerd: RUNTIME.version, node: process.version };
  console.log(`workerd ${facts.workerd}, Node ${facts.node}, ${machine}, load ${facts.load.toFixed(2)}`);
  console.log(`A process may have ${DESCRIPTORS} descriptors.`);
  /** @type {Finding[]} */
  const findings = [];
  if (parts.includes("users")) findings.push(shown(await measureUsers(options.many)));
  if (parts.includes("return")) {
    const returning = Math.min(users, roomFor(devices));
    findings.push(shown(await measureReturn(returning, devices)));
  }
  if (parts.includes("sustain")) findings.push(shown(await measureSustained(options)));
  const closing = parts.includes("closing") ? await measureClosing(options) : [];
  if (closing.length > 0) console.log(`\nSleeping devices that go at once\n${closingText(closing)}`);
  if (json) await writeFile(json, `${JSON.stringify({ ...facts, findings, closing }, null, 2)}\n`);
  const failures = findings.flatMap((finding) => finding.failures);
  if (failures.length > 0) throw new Failure(failures.join("\n"));
  if (findings.length > 0) console.log("\nNothing was lost.");
}

/**
 * Prints what a part has found.
 * @param {Finding} finding
 */
function shown(finding) {
  const { name, figures, failures } = finding;
  const rows = Object.entries(figures).map(([title, value]) => [
    title,
    Number.isInteger(value) ? String(value) : number(value),
  ]);
  console.log(`\n${name}\n${table(rows)}`);
  for (const failure of failures) console.log(`  FAILED: ${failure}`);
  return finding;
}
