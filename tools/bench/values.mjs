/** The cost of values: a change beside a join, a connect that brings many, and the memory of an object that has them. */
import { V2Device, restOf } from "../../tests/support/v2-device.mjs";
import { withContenders } from "./contenders.mjs";
import { interval, range, table } from "./report.mjs";
import { medianInterval, summary } from "./statistics.mjs";
import { STANDING_GAMES, userName } from "./workloads.mjs";

/** @import { Contender, Folders } from "./contenders.mjs" */
/** @import { Interval, Summary } from "./statistics.mjs" */

/** So many changes, or connects, are measured at a time, one user after the other. */
const USERS = 20;
const CHANGES = 20;

const REPEATS = 5;
const BYTES_PER_KIB = 1_024;

/** The size of a row with a value of 1 KiB. */
const ROW_BYTES = 1_200;

const VALUES_MAX = 128;
const VALUE = "x".repeat(1_021);

/**
 * @typedef {object} Cost
 * @property {string} title
 * @property {Summary} with What it costs with values: µs of CPU, or KiB.
 * @property {Summary} without
 * @property {Interval} ratio The first ÷ the second, paired.
 */

/**
 * @param {{rounds: number, folders: Folders}} options
 * @returns {Promise<{costs: Cost[], memoryKiB: Summary}>}
 */
export async function measureValues({ rounds, folders }) {
  const costs = await withContenders(["v2"], folders, async ([contender]) => {
    const plain = await usersOf(contender, "plain");
    const full = await usersOf(contender, "full");
    for (const { device } of full) await fill(device, true);
    const works = /** @type {["value", "game"]} */ (["value", "game"]);
    const changes = await paired(contender, rounds, works, (what, round) =>
      Promise.all(plain.map(({ device }) => change(device, round, what))),
    );
    const connects = await paired(contender, rounds, [full, plain], visit);
    for (const { device } of [...plain, ...full]) await device.close();
    return [
      { title: "a value is changed ÷ a game is joined or left", ...changes },
      { title: `a connect with ${VALUES_MAX} values of 1 KiB ÷ one without`, ...connects },
    ];
  });
  return { costs, memoryKiB: await measureMemory(rounds, folders) };
}

/** @param {Awaited<ReturnType<typeof measureValues>>} result */
export function valuesText({ costs, memoryKiB }) {
  const head = ["Values", "CPU µs with", "without", "ratio"];
  const rows = costs.map(({ title, ratio, ...cost }) => [title, range(cost.with), range(cost.without), interval(ratio)]);
  return `${table([head, ...rows])}\nAn active object with ${VALUES_MAX} KiB of values has ${range(memoryKiB)} KiB more than one without, beside what its rows take.`;
}

/** @typedef {{name: string, device: V2Device, server: Contender["server"]}} User */

/**
 * @param {Contender} contender
 * @param {string} kind
 * @returns {Promise<User[]>}
 */
function usersOf({ server }, kind) {
  return Promise.all(
    Array.from({ length: USERS }, async (_, at) => {
      const name = `${kind}-${userName(at)}`;
      const device = await V2Device.open(server, name, "desk");
      for (const gameId of STANDING_GAMES) await device.request({ type: "join_game", gameId });
      return { name, device, server };
    }),
  );
}

/**
 * Sets as many values as a user may have, or one as often.
 * @param {V2Device} device
 * @param {boolean} isMany
 */
async function fill(device, isMany) {
  for (let at = 0; at < VALUES_MAX; at++) {
    device.send({ type: "set_value", key: `key-${isMany ? at : 0}`, value: `${VALUE}${at % 10}` });
  }
  await restOf(device);
}

/**
 * Changes something again and again.
 * @param {V2Device} device
 * @param {number} round
 * @param {"value" | "game"} what
 */
async function change(device, round, what) {
  for (let at = 0; at < CHANGES; at++) {
    const value = { piece: "queen", from: "d1", to: "h5", move: round * CHANGES + at };
    const isJoin = at % 2 === 0;
    const game = { type: isJoin ? "join_game" : "leave_game", gameId: "game-0000001" };
    await device.request(what === "game" ? game : { type: "set_value", key: "key-0", value });
  }
}

/** Another device of each user connects and closes. @param {User[]} users */
async function visit(users) {
  for (const { name, server } of users) await (await V2Device.open(server, name, "phone")).close();
}

/**
 * Measures two works in alternation.
 * @template What
 * @param {Contender} contender
 * @param {number} rounds
 * @param {[What, What]} works
 * @param {(work: What, round: number) => Promise<unknown>} run
 */
async function paired(contender, rounds, works, run) {
  /** @type {[number[], number[]]} */
  const samples = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const before = contender.cpu();
      await run(works[at], round);
      samples[at].push((contender.cpu() - before) / USERS);
    }
  }
  const ratio = medianInterval(samples[0].map((sample, round) => sample / samples[1][round]));
  return { with: summary(samples[0]), without: summary(samples[1]), ratio };
}

/**
 * The memory of an object with values over that of one without, and over what its rows take in a process that only
 * stores them: the platform's database keeps pages in memory. Each in a process of its own.
 * @param {number} rounds
 * @param {Folders} folders
 */
async function measureMemory(rounds, folders) {
  /** @type {number[]} */
  const differences = [];
  for (let round = 0; round < Math.min(rounds, REPEATS); round++) {
    const [full, plain] = [await memoryWith(true, folders), await memoryWith(false, folders)];
    const [rows, row] = [await memoryOfRows(true, folders), await memoryOfRows(false, folders)];
    differences.push((full - plain - (rows - row)) / USERS / BYTES_PER_KIB);
  }
  return summary(differences);
}

/**
 * @param {boolean} isFull
 * @param {Folders} folders
 */
function memoryWith(isFull, folders) {
  return withContenders(["v2"], folders, async ([contender]) => {
    for (const { device } of await usersOf(contender, "user")) await fill(device, isFull);
    return contender.memory();
  });
}

/**
 * @param {boolean} isMany
 * @param {Folders} folders
 */
function memoryOfRows(isMany, folders) {
  return withContenders(["rows"], folders, async ([contender]) => {
    for (let user = 0; user < USERS; user++) {
      const query = { userId: userName(user), count: VALUES_MAX, size: ROW_BYTES, many: isMany };
      const entries = Object.entries(query).map(([name, value]) => [name, String(value)]);
      await fetch(`${contender.server.http}/?${new URLSearchParams(entries)}`);
    }
    return contender.memory();
  });
}
