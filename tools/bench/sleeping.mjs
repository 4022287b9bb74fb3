/**
 * What users cost in memory, awake and asleep, and how long one who sleeps keeps a device waiting.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { mirrored, withContenders } from "./contenders.mjs";
import { interval, range, table } from "./report.mjs";
import { medianInterval, summary } from "./statistics.mjs";

/** @import { Contender, ContenderName, Folders } from "./contenders.mjs" */

/** The platform puts an object to sleep after 10 s without an event. */
const UNTIL_ASLEEP_MS = 13_000;

/** Between two questions, so that none waits for what the one before has left to do. */
const PAUSE_MS = 1;

const BYTES_PER_KIB = 1_024;

/**
 * One contender in one repeat, in KiB.
 * @typedef {object} Memory
 * @property {number} active An object with one device that has just sent frames.
 * @property {number} asleep One that has gone to sleep, its socket open: by how much more the process
 *   has grown for as many sleeping and active ones than for the active ones alone. What sleep sets
 *   free does not leave the process, but serves whoever comes next.
 * @property {number} idleSocket One of many sockets of one user, which have never said anything.
 */

/**
 * From the question to the answer in milliseconds, one each for every user that was asleep.
 * @typedef {{waking: number[], awake: number[]}} Answers
 */

/**
 * @typedef {object} Sizes
 * @property {number} sleepers
 * @property {number} woken
 * @property {number} idle
 * @property {number} repeats
 * @property {Folders} folders
 */

/**
 * @typedef {object} Outcome
 * @property {ContenderName} name
 * @property {Memory[]} memory One a repeat.
 * @property {Answers} answers
 */

/**
 * Lets two crowds of each contender fall asleep at the same time: many users with a device each, and
 * one user with many.
 * @param {ContenderName[]} references
 * @param {Sizes} sizes
 * @returns {Promise<Outcome[]>}
 */
export async function measureSleeping(references, sizes) {
  /** @type {ContenderName[]} */
  const names = ["ours", ...references];
  /** @type {Outcome[]} */
  const outcomes = names.map((name) => ({ name, memory: [], answers: { waking: [], awake: [] } }));
  for (let repeat = 0; repeat < sizes.repeats; repeat++) {
    await withContenders([...names, ...names], sizes.folders, async (contenders) => {
      const many = contenders.slice(0, names.length);
      const one = contenders.slice(names.length);
      const memory = await measureMemory(many, one, sizes);
      for (const [at, outcome] of outcomes.entries()) outcome.memory.push(memory[at]);
      await wakeAll(many, outcomes, sizes.woken);
    });
  }
  return outcomes;
}

/**
 * @param {Contender[]} many
 * @param {Contender[]} one
 * @param {Sizes} sizes
 * @returns {Promise<Memory[]>} In the order of the contenders.
 */
async function measureMemory(many, one, { sleepers, idle }) {
  /** @type {number[]} */
  const idleSockets = [];
  for (const contender of one) {
    const before = await warmMemory(contender);
    await contender.connect({ manner: "browser", users: 1, devices: idle });
    idleSockets.push(contender.memory() - before);
  }
  /** @type {number[]} */
  const actives = [];
  for (const contender of many) {
    const before = await warmMemory(contender);
    await connectActive(contender, 0, sleepers);
    actives.push(contender.memory() - before);
  }
  await sleep(UNTIL_ASLEEP_MS);
  /** @type {number[]} */
  const asleep = [];
  for (const contender of many) {
    const before = contender.memory();
    await connectActive(contender, sleepers, sleepers);
    asleep.push(contender.memory() - before);
  }
  const each = (/** @type {number} */ bytes, /** @type {number} */ count) =>
    bytes / count / BYTES_PER_KIB;
  return many.map((_, at) => ({
    active: each(actives[at], sleepers),
    asleep: each(asleep[at], sleepers),
    idleSocket: each(idleSockets[at], idle),
  }));
}

/**
 * Connects users with one device each, who then send frames.
 * @param {Contender} contender
 * @param {number} first
 * @param {number} users
 */
async function connectActive(contender, first, users) {
  await contender.connect({ manner: "browser", users, devices: 1 });
  const range = /** @type {[number, number]} */ ([first, first + users]);
  await contender.crowd.call("load", { workload: "event", inFlight: 1, messages: 2, range });
}

/**
 * The memory of a server that has served somebody before.
 * @param {Contender} contender
 */
async function warmMemory(contender) {
  const { server, crowd, dialect } = contender;
  const users = ["first-visitor", "first-visitor", "second-visitor"];
  const hasGreeting = dialect === "session";
  await crowd.call("visit", { base: server.ws, manner: "browser", hasGreeting, users });
  return contender.memory();
}

/**
 * Wakes users one after another, and asks each a second time at once.
 * @param {Contender[]} contenders
 * @param {Outcome[]} outcomes Get the answers.
 * @param {number} woken
 */
async function wakeAll(contenders, outcomes, woken) {
  for (let user = 0; user < woken; user++) {
    const order = mirrored(contenders, user);
    for (const contender of order.slice(0, contenders.length)) {
      const outcome = outcomes.find(({ name }) => name === contender.name);
      outcome?.answers.waking.push(await ask(contender, user));
      outcome?.answers.awake.push(await ask(contender, user));
    }
  }
}

/**
 * @param {Contender} contender
 * @param {number} user
 */
async function ask({ crowd }, user) {
  await sleep(PAUSE_MS);
  const range = /** @type {[number, number]} */ ([user, user + 1]);
  const load = { workload: /** @type {const} */ ("event"), inFlight: 1, messages: 1, range };
  const { latencies } = await crowd.call("load", load);
  return latencies[0];
}

/**
 * @param {Outcome[]} outcomes
 * @param {Sizes} sizes
 */
export function sleepingText(outcomes, { sleepers, idle, repeats }) {
  const crowds = `${sleepers} users with a device each, and one user with ${idle}`;
  return [
    `Memory, KiB: ${crowds}, as a browser connects; measured ${repeats} times`,
    memoryTable(outcomes),
    "",
    `The first answer of each of ${outcomes[0].answers.waking.length} objects asleep side by side, and its second, ms`,
    wakeTable(outcomes),
  ].join("\n");
}

/** @param {Outcome[]} outcomes */
function memoryTable(outcomes) {
  const head = ["", "active object", "asleep", "idle socket", "ours ÷ it (idle socket)"];
  const rows = outcomes.map(({ name, memory }) => {
    /** @param {keyof Memory} figure */
    const of = (figure) => range(summary(memory.map((one) => one[figure])));
    const ratios = memory.map(({ idleSocket }, at) => outcomes[0].memory[at].idleSocket / idleSocket);
    const ratio = name === "ours" ? "" : interval(medianInterval(ratios));
    return [name, of("active"), of("asleep"), of("idleSocket"), ratio];
  });
  const echo = outcomes.find(({ name }) => name === "echo");
  const over = echo?.memory.map(({ active }, at) => outcomes[0].memory[at].active - active);
  const line = over ? `\n  An active object of ours over echo's: ${interval(medianInterval(over))}` : "";
  return table([head, ...rows]) + line;
}

/** @param {Outcome[]} outcomes */
function wakeTable(outcomes) {
  const head = ["", "waking", "awake", "waking, ours − it"];
  const rows = outcomes.map(({ name, answers }) => {
    const differences = outcomes[0].answers.waking.map((time, user) => time - answers.waking[user]);
    const difference = name === "ours" ? "" : interval(medianInterval(differences));
    return [name, range(summary(answers.waking)), range(summary(answers.awake)), difference];
  });
  return table([head, ...rows]);
}
