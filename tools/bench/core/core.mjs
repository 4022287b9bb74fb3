/**
 * Times one frame through shim and module alone, in workerd, beside the same logic in plain
 * JavaScript in the same process, and the session natively. `--pairs n` takes other than 21.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { readArguments } from "../../../scripts/lib/arguments.mjs";
import { buildPreset } from "../../../scripts/lib/cmake.mjs";
import { Failure, main } from "../../../scripts/lib/run.mjs";
import { setUp } from "../../../scripts/lib/setup.mjs";
import { buildBundle } from "../../../tests/support/bundle.mjs";
import { Device } from "../../../tests/support/device.mjs";
import { OPEN, ROOT } from "../../../tests/support/server.mjs";
import { startWorkerd } from "../../../tests/support/workerd.mjs";
import { interval, range, table } from "../report.mjs";
import { medianInterval, summary } from "../statistics.mjs";
import { FRAMES } from "./frames.js";

/** @import { Workerd } from "../../../tests/support/workerd.mjs" */

const CONTENDERS = /** @type {const} */ (["ours", "plain"]);

/** @typedef {typeof CONTENDERS[number]} Contender */

/** What a request times: enough that its own cost, which is taken off, is small beside it. */
const FRAMES_A_REQUEST = 10_000;
const WARM_UP_REQUESTS = 6;

/** What browsers call themselves is the usual device id. */
const DEVICE_ID = "Mozilla/5.0 (X11; Li-1795383198465";

const USAGE = `npm run bench:core -- [options]

  --pairs <n>  how often both are timed; default: 21`;

await main(async () => {
  const options = /** @type {const} */ ({ pairs: { type: "string", default: "21" } });
  const { values } = readArguments({ options }, USAGE);
  const count = Number(values.pairs);
  if (!Number.isInteger(count) || count < 1) throw new Failure("--pairs takes a number from 1 on");
  const env = await setUp("test");
  await buildPreset("bench", env, { quiet: true });
  const native = await timeNatively();
  const { modules } = await buildBundle("tools/bench/core/wrangler.jsonc");
  const classes = [
    { name: "Session", binding: "ours" },
    { name: "Plain", binding: "plain" },
  ];
  const server = await startWorkerd({ modules, classes, vars: OPEN });
  try {
    console.log(await report(server, native, count));
  } finally {
    await server.kill();
    await server.stop();
  }
});

/**
 * @param {Workerd} server
 * @param {Map<string, number>} native
 * @param {number} count How many pairs.
 */
async function report(server, native, count) {
  for (const object of CONTENDERS) await connect(server, object);
  const head = ["µs a frame", "shim and module", "plain JavaScript", "ours ÷ plain", "native"];
  const rows = [head];
  for (const kind of Object.keys(FRAMES)) {
    const { ours, plain } = await timePairs(server, kind, count);
    const ratios = ours.map((value, at) => value / plain[at]);
    const ratio = interval(medianInterval(ratios));
    const alone = native.get(kind)?.toFixed(3) ?? "";
    rows.push([kind, range(summary(ours)), range(summary(plain)), ratio, alone]);
  }
  const pairs = `${count} pairs in alternating order, ${FRAMES_A_REQUEST} frames each`;
  return `${pairs}; median (min–max), ratio with its interval.\n${table(rows)}`;
}

/**
 * Opens the socket whose handler is timed.
 * @param {Workerd} server
 * @param {Contender} object
 */
async function connect(server, object) {
  const query = new URLSearchParams({ userId: "user", deviceId: DEVICE_ID, object });
  const device = new Device(`${server.ws}/__user-session?${query}`);
  await device.next();
}

/**
 * @param {Workerd} server
 * @param {string} kind
 * @param {number} pairs
 */
async function timePairs(server, kind, pairs) {
  for (const object of CONTENDERS) {
    for (let at = 0; at < WARM_UP_REQUESTS; at++) await request(server, object, kind, FRAMES_A_REQUEST);
  }
  /** @type {Record<Contender, number[]>} */
  const times = { ours: [], plain: [] };
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? CONTENDERS : CONTENDERS.toReversed();
    for (const object of order) {
      const empty = await request(server, object, kind, 0);
      const full = await request(server, object, kind, FRAMES_A_REQUEST);
      times[object].push(((full - empty) * 1_000) / FRAMES_A_REQUEST);
    }
  }
  return times;
}

/**
 * @param {Workerd} server
 * @param {Contender} object
 * @param {string} kind
 * @param {number} count
 * @returns {Promise<number>} How long it took, in milliseconds.
 */
async function request(server, object, kind, count) {
  const query = new URLSearchParams({ object, kind, count: String(count) });
  const begin = performance.now();
  const response = await fetch(`${server.http}/time?${query}`);
  const time = performance.now() - begin;
  if (response.status !== 204) throw new Error(`${object}, ${kind}: ${await response.text()}`);
  return time;
}

/** @returns {Promise<Map<string, number>>} Microseconds a frame of each kind. */
async function timeNatively() {
  const args = Object.entries(FRAMES).flatMap(([kind, frames]) => [kind, ...frames, "--"]);
  const { stdout } = await promisify(execFile)(`${ROOT}build/bench/session_bench`, args);
  const lines = stdout.trim().split("\n").map((line) => line.split(" "));
  return new Map(lines.map(([kind, time]) => [kind, Number(time)]));
}
