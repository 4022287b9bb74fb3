/**
 * Checks a trace of the real core against the models. A trace is a list of steps, one a line, each with what
 * the core was seen to do (README.md, "Traces"); each model takes those steps that concern it.
 */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { definitions, inFolder, outcomeOf } from "./spin.mjs";
import { Calls } from "./trace-calls.mjs";
import { inboxSteps, placesSteps, requestsSteps } from "./trace-steps.mjs";
import { split } from "./trace-words.mjs";

const execute = promisify(execFile);

/**
 * @typedef {object} Line
 * @property {number} line Its number, or that which it gives itself: `@12 sleep`.
 * @property {string} step What happened, without what it is about.
 * @property {string[]} words What it is about.
 * @property {Record<string, string[]>} seen What was seen of it, by keyword.
 */

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** A long trace has a state of many frames. */
const STATE_BYTES_MAX = 32_768;

/** @typedef {{line: number, text: string}} Step A line of the trace, and what the model does for it. */

/**
 * @typedef {object} Script What one model is to do.
 * @property {string} model
 * @property {Record<string, number>} bounds
 * @property {Step[]} steps
 */

/** The words that begin a part of an outcome. */
const KEYWORDS = new Set([
  "new", "reset", "exact", "brings", "inbox", "last", "read", "lost", "messages", "number", "carries", "sent", "uncounted", "answer",
  "row", "stored", "epochs", "carrier", "runs", "rowruns", "inboxrow",
]);

/**
 * @param {string} text
 * @returns {Line[]}
 */
export function parseTrace(text) {
  /** @type {Line[]} */
  const lines = [];
  for (const [index, whole] of text.split("\n").entries()) {
    const [told, outcome = ""] = whole.replace(/#.*/, "").split("->");
    const [, at, step, rest = ""] = /^\s*(?:@(\d+)\s+)?(\S+)(.*)/.exec(told) ?? [];
    const words = rest.split(/\s+/).filter(Boolean);
    if (step !== undefined) lines.push({ line: Number(at ?? index + 1), step, words, seen: partsOf(outcome) });
  }
  return lines;
}

/**
 * @param {string} outcome
 * @returns {Record<string, string[]>}
 */
function partsOf(outcome) {
  /** @type {Record<string, string[]>} */
  const parts = {};
  let keyword = "";
  for (const word of outcome.trim().split(/\s+/)) {
    if (KEYWORDS.has(word)) parts[(keyword = word)] = [];
    else if (word !== "") parts[keyword].push(word);
  }
  return parts;
}

/**
 * @param {Line[]} lines
 * @returns {Script[]} One for places, one for the inbox, one for each run.
 */
function scriptsOf(lines) {
  const asked = lines.filter(({ step }) => step === "ask");
  const runs = new Set(asked.map(({ words }) => split(words[1]).name));
  // Without any message there is nothing to be seen of the inbox.
  const hasInbox = lines.some(({ step, seen }) => step === "keep" || (seen.last ?? ["0"])[0] !== "0");
  return [placesSteps(lines), ...(hasInbox ? [inboxSteps(lines)] : []), ...[...runs].map((run) => requestsSteps(lines, run))];
}

/**
 * Says why the models do not allow each of some traces.
 * @param {string[]} texts
 * @returns {Promise<(string | null)[]>} `null` for one that they allow.
 */
export async function whyRefused(texts) {
  const scripts = texts.flatMap((text, trace) => scriptsOf(parseTrace(text)).map((script) => ({ trace, ...script })));
  /** @type {(string | null)[]} */
  const refusals = texts.map(() => null);
  for (const model of new Set(scripts.map((script) => script.model))) {
    const own = scripts.filter((script) => script.model === model);
    const whys = await inFolder((cwd) => follow(cwd, model, own));
    for (const [index, why] of whys.entries()) refusals[own[index].trace] ??= why;
  }
  return refusals;
}

/**
 * Makes one verifier for all traces, since that is what takes time. What they call is in it, and each trace is a file
 * of calls.
 * @param {string} cwd
 * @param {string} model
 * @param {Script[]} scripts
 */
async function follow(cwd, model, scripts) {
  const calls = new Calls();
  const traces = scripts.map(({ steps }) => steps.flatMap((step) => calls.numbersOf(step)).join("\n"));
  writeFileSync(join(cwd, "trace.pml"), calls.story());
  const bounds = mostOf(scripts.map((script) => script.bounds));
  await execute("spin", ["-a", ...definitions({ model, bounds, defined: ["TRACE"] }), `${model}.pml`], { cwd });
  await execute("cc", ["-w", "-O0", "-DSAFETY", `-DVECTORSZ=${STATE_BYTES_MAX}`, "-o", "pan", "pan.c"], { cwd });
  const whys = [];
  for (const trace of traces) {
    writeFileSync(join(cwd, "trace"), trace);
    const { stdout } = await execute("./pan", ["-m10", "-w10"], { cwd, maxBuffer: OUTPUT_BYTES_MAX });
    whys.push(whyOf(model, stdout));
  }
  return whys;
}

/**
 * @param {string} model
 * @param {string} printed
 */
function whyOf(model, printed) {
  const broken = outcomeOf(printed).broken;
  const line = [...printed.matchAll(/^line (\d+)$/gm)].at(-1)?.[1];
  if (broken !== null) return `${model}, line ${line}: ${broken}`;
  if (!/^the trace has ended$/m.test(printed)) throw new Error(`${model}: ${printed}`);
  return null;
}

/**
 * For each bound, the highest.
 * @param {Record<string, number>[]} all
 */
function mostOf(all) {
  const names = new Set(all.flatMap((bounds) => Object.keys(bounds)));
  return Object.fromEntries([...names].map((name) => [name, Math.max(...all.map((bounds) => bounds[name]))]));
}
