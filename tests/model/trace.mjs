/**
 * Checks a trace of the real core against the models. A trace is a list of steps, one a line, each with what
 * the core was seen to do (README.md, "Traces"); each model takes those steps that concern it.
 */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { definitions, inFolder } from "./spin.mjs";
import { inboxSteps, placesSteps, requestsSteps } from "./trace-steps.mjs";

const execute = promisify(execFile);

/**
 * @typedef {object} Line
 * @property {number} line
 * @property {string} step What happened, without what it is about.
 * @property {string[]} words What it is about.
 * @property {Record<string, string[]>} seen What was seen of it, by keyword.
 */

/** @typedef {{line: number, text: string}} Step A line of the trace, and what the model does for it. */

/**
 * @typedef {object} Script What one model is to do.
 * @property {string} model
 * @property {Record<string, number>} bounds
 * @property {Step[]} steps
 */

/** The words that begin a part of an outcome. */
const KEYWORDS = new Set(["new", "reset", "exact", "brings", "inbox", "last", "read", "lost", "messages", "number", "carries", "uncounted", "answer", "row"]);

/**
 * @param {string} text
 * @returns {Line[]}
 */
export function parseTrace(text) {
  /** @type {Line[]} */
  const lines = [];
  for (const [index, whole] of text.split("\n").entries()) {
    const [told, outcome = ""] = whole.replace(/#.*/, "").split("->");
    const [step, ...words] = told.trim().split(/\s+/);
    if (step !== "") lines.push({ line: index + 1, step, words, seen: partsOf(outcome) });
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
  const runs = new Set(asked.map(({ words }) => words[1].split(".")[0]));
  return [placesSteps(lines), inboxSteps(lines), ...[...runs].map((run) => requestsSteps(lines, run))];
}

/**
 * Says why the models do not allow a trace.
 * @param {string} text
 * @returns {Promise<string | null>} `null` if they do.
 */
export async function whyRefused(text) {
  for (const script of scriptsOf(parseTrace(text))) {
    const why = await whyScriptRefused(script);
    if (why !== null) return why;
  }
  return null;
}

/**
 * @param {Script} script
 * @returns {Promise<string | null>}
 */
function whyScriptRefused({ model, bounds, steps }) {
  return inFolder(async (cwd) => {
    const body = steps.map(({ line, text }) => `  printf("line ${line}\\n");\n  ${text};\n  check();`);
    writeFileSync(join(cwd, "trace.pml"), `active proctype story() {\n${body.join("\n")}\n  skip\n}\n`);
    const args = ["-T", "-B", ...definitions({ model, bounds, defined: ["TRACE"] }), `${model}.pml`];
    // Spin ends with 1 for a failed assertion, as for a model that it can't read.
    const ended = await execute("spin", args, { cwd }).catch((error) => error);
    const printed = `${ended.stdout}${ended.stderr}`;
    const failed = /text of failed assertion: assert\((.*)\)/.exec(printed)?.[1];
    const line = [...printed.matchAll(/^\s*line (\d+)$/gm)].at(-1)?.[1];
    if (failed !== undefined) return `${model}, line ${line}: ${failed.replaceAll(/[!()]/g, "")}`;
    if (ended instanceof Error || /^spin: .*(?:Error|error)/m.test(printed)) throw new Error(`${model}: ${printed}`);
    return null;
  });
}
