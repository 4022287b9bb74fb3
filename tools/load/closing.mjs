/**
 * Whether workerd survives it that many devices go at once whose objects are asleep. What dies is
 * workerd and not the session, so this finds out and fails nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { stateOf } from "../../tests/support/logout.mjs";
import { number, table } from "../bench/report.mjs";
import { Stage, UNTIL_ASLEEP_MS } from "./stage.mjs";

/** @import { PartingWay } from "./fleet-process.mjs" */

/** How long workerd has to die, or to have noticed that all have gone. */
const WATCHED_MS = 30_000;

const INTERVAL_MS = 100;

/** @typedef {PartingWay | "killed"} Way The devices' process can also be killed. */

/**
 * @typedef {object} Trial
 * @property {"one" | "many"} objects All devices of one user, or each of another.
 * @property {number} sockets
 * @property {Way} way
 */

/**
 * @typedef {object} Finding
 * @property {string | null} death How workerd ended and what it printed last, if it did.
 * @property {number | null} noticedMs When the objects of a workerd that lives knew that all had gone.
 * @property {number} woken How many instances it had to make for that.
 * @property {string[]} logs What workerd printed, each line once.
 */

/**
 * @param {Trial} trial
 * @returns {Promise<Finding>}
 */
export async function tryClosing({ objects, sockets, way }) {
  const stage = await Stage.start();
  const [users, devices] = objects === "one" ? [1, sockets] : [sockets, 1];
  try {
    await stage.connect(users, devices);
    await sleep(UNTIL_ASLEEP_MS);
    const before = await stage.instances();
    const begin = performance.now();
    if (way === "killed") await stage.fleet.leave();
    else await stage.fleet.call("part", way);
    const noticedMs = await untilNoticed(stage, users, begin);
    const woken = await stage.instances().then((made) => made - before, () => NaN);
    const logs = new Set(stage.server.logs());
    return { death: await stage.stop(), noticedMs, woken, logs: [...logs] };
  } catch (error) {
    throw new Error(`before the closing: ${await stage.stop()}`, { cause: error });
  }
}

/**
 * @param {Stage} stage
 * @param {number} users
 * @param {number} begin
 */
async function untilNoticed(stage, users, begin) {
  while (performance.now() - begin < WATCHED_MS && stage.isAlive()) {
    await sleep(INTERVAL_MS);
    // The first and the last to connect: closings come in no known order.
    const states = [0, users - 1].map((user) => stateOf(stage.server, `load-${user}`));
    const known = await Promise.all(states).catch(() => []);
    if (known.length > 0 && known.every(({ connectedDevices }) => connectedDevices === 0)) {
      return performance.now() - begin;
    }
  }
  return null;
}

/**
 * Tries every way of going, with more sockets each time.
 * @param {{sockets: number[], repeats: number}} options
 */
export async function measureClosing({ sockets, repeats }) {
  const findings = [];
  for (const objects of /** @type {const} */ (["one", "many"])) {
    for (const way of /** @type {const} */ (["close", "cut", "reset", "killed"])) {
      for (const count of sockets) {
        for (let repeat = 0; repeat < repeats; repeat++) {
          const trial = { objects, way, sockets: count };
          findings.push({ ...trial, ...(await tryClosing(trial)) });
        }
      }
    }
  }
  return findings;
}

/** @param {Awaited<ReturnType<typeof measureClosing>>} findings */
export function closingText(findings) {
  const head = ["objects, way of going", "sockets", "noticed after ms", "woken", "workerd"];
  const rows = findings.map(({ objects, way, sockets, noticedMs, woken, death }) => [
    `${objects}, ${way}`,
    String(sockets),
    noticedMs === null ? `over ${WATCHED_MS}` : number(noticedMs),
    String(woken),
    death ?? "lives",
  ]);
  return table([head, ...rows]);
}
