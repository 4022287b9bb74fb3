/** Everybody at once: connecting, asking, and coming back after a crash. */
import { memoryOf } from "../bench/usage.mjs";
import { quantile } from "../bench/statistics.mjs";
import { withStage } from "./stage.mjs";

/** How many of many users wait for an answer at a time. */
const ASKING_MAX = 100;

/**
 * What a part of the run has found.
 * @typedef {object} Finding
 * @property {string} name
 * @property {Record<string, number>} figures
 * @property {string[]} failures What must not be, in words.
 */

/**
 * Connects users with one device each, and has each of them ask at the same moment.
 * @param {number} users
 * @returns {Promise<Finding>}
 */
export async function measureUsers(users) {
  return withStage(async (stage) => {
    const connectMs = await stage.connect(users, 1);
    const memory = memoryOf(stage.server.pid);
    const { right, latencies } = await stage.askAll(ASKING_MAX);
    const failures = right === users ? [] : [`${users - right} of ${users} got no right answer`];
    return {
      name: `${users} users with one device each: all are greeted, all ask`,
      figures: {
        "connections/s": users / (connectMs / 1_000),
        "answered": right,
        "instances": await stage.instances(),
        ...percentiles(latencies),
        "MiB": memory / 2 ** 20,
      },
      failures,
    };
  });
}

/**
 * Kills workerd under connected users, starts it anew, and waits until each device is back by itself.
 * @param {number} users
 * @param {number} devices
 * @returns {Promise<Finding>}
 */
export async function measureReturn(users, devices) {
  return withStage(async (stage) => {
    await stage.connect(users, devices);
    const first = await stage.fleet.call("turnAll", 0);
    await stage.fleet.call("expectLoss");
    await stage.restart();
    const { times, wrong, tries } = await stage.fleet.call("backAgain");
    const { right } = await stage.askAll(users * devices);
    const again = await stage.fleet.call("turnAll", 1);
    const sorted = times.toSorted();
    const failures = [...first, ...again];
    if (wrong > 0) failures.push(`${wrong} devices came back to another state`);
    if (right < users * devices) failures.push(`${users * devices - right} got no right answer`);
    return {
      name: `${users} users × ${devices} devices: workerd is killed, all come back at once`,
      figures: {
        "back": times.length,
        "half after ms": quantile(sorted, 0.5),
        "all after ms": quantile(sorted, 1),
        "most tries": tries,
        "MiB": memoryOf(stage.server.pid) / 2 ** 20,
      },
      failures,
    };
  });
}

/** @param {Float64Array} latencies In milliseconds. */
export function percentiles(latencies) {
  const sorted = latencies.toSorted();
  if (sorted.length === 0) return { "p50 ms": NaN, "p99 ms": NaN };
  return { "p50 ms": quantile(sorted, 0.5), "p99 ms": quantile(sorted, 0.99) };
}
