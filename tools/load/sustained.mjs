/** A rate of frames for minutes, over users who fall asleep and wake in turns. */
import { memoryOf } from "../bench/usage.mjs";
import { median } from "../bench/statistics.mjs";
import { percentiles } from "./everybody.mjs";
import { withStage } from "./stage.mjs";

/** @import { Finding } from "./everybody.mjs" */
/** @import { SustainResult } from "./fleet-process.mjs" */

/** Between two turns of a user lie 16 s, six more than it takes to fall asleep. */
const GROUPS = 5;
const TURN_MS = 4_000;

/** How many devices wait for an answer at a time when all are asked at the end. */
const ASKING_MAX = 100;

const SAMPLE_MS = 1_000;

/** By how much the memory of the last third may exceed that of the first. */
const GROWTH_MAX = 1.15;

/** Shorter runs end before memory has found its level, so they say nothing about growth. */
const GROWTH_MINUTES_MIN = 5;

/**
 * @param {{minutes: number, rate: number, users: number, devices: number}} options
 * @returns {Promise<Finding & {memory: number[]}>}
 */
export async function measureSustained({ minutes, rate, users, devices }) {
  return withStage(async (stage) => {
    await stage.connect(users, devices);
    const before = await stage.instances();
    /** @type {number[]} */
    const memory = [];
    const sampling = setInterval(() => {
      if (stage.isAlive()) memory.push(memoryOf(stage.server.pid));
    }, SAMPLE_MS);
    const forMs = minutes * 60_000;
    const options = { rate, forMs, groups: GROUPS, turnMs: TURN_MS };
    const result = await stage.fleet
      .call("sustain", options)
      .finally(() => clearInterval(sampling));
    const wakes = (await stage.instances()) - before;
    const { right } = await stage.askAll(ASKING_MAX);
    const [first, , last] = thirds(memory).map(median);
    const failures = faultsOf(result);
    if (right < users * devices) failures.push(`${users * devices - right} ended in another state`);
    if (wakes === 0 && forMs > GROUPS * TURN_MS) failures.push("nobody has slept");
    if (minutes >= GROWTH_MINUTES_MIN && last > first * GROWTH_MAX) failures.push("memory grew");
    return {
      name: `${rate} frames/s for ${minutes} min, ${users} users × ${devices} devices in ${GROUPS} groups`,
      figures: {
        "sent": result.sent,
        "sent/s": result.sent / (result.elapsedMs / 1_000),
        "told to all": result.arrived,
        wakes,
        ...percentiles(joined(result.latencies)),
        "p99 ms, 1st third": percentiles(result.latencies[0])["p99 ms"],
        "p99 ms, 3rd third": percentiles(result.latencies[2])["p99 ms"],
        "MiB, 1st third": first / 2 ** 20,
        "MiB, 3rd third": last / 2 ** 20,
        "MiB, most": Math.max(...memory) / 2 ** 20,
      },
      failures,
      memory,
    };
  });
}

/** @param {SustainResult} result */
function faultsOf({ sent, arrived, missing, faults, told, lost }) {
  const failures = [...told];
  if (arrived < sent || missing > 0) failures.push(`${sent - arrived} of ${sent} did not reach everybody`);
  if (faults > 0) failures.push(`${faults} frames came twice, in another order or changed`);
  if (lost > 0) failures.push(`${lost} sockets closed`);
  return failures;
}

/** @param {number[]} samples */
function thirds(samples) {
  const length = Math.ceil(samples.length / 3);
  return [0, 1, 2].map((part) => samples.slice(part * length, (part + 1) * length));
}

/** @param {Float64Array[]} parts */
function joined(parts) {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
