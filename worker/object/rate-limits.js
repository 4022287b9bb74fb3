/**
 * Reads the owner's limits of how often one user may do something. They are applied in `src/`.
 */

import { notice } from "../common/log.js";
import { lookAlikes } from "../common/names.js";

/** @import { RateLimits, Rate } from "../../bindings/wire.js" */

const MS_PER_MINUTE = 60_000;
const MS_PER_SECOND = 1_000;

// All connections of a user together may do this many times as much as one.
const USER_FACTOR = 10;

// No limit needs a larger count, and the session multiplies with it.
const COUNT_MAX = 1_000_000;

/**
 * The variables, each with its default and its least value. A variable whose least value is 0 turns its limit off
 * with it.
 */
export const LIMITS = {
  CONNECTS_PER_MINUTE: { usual: 120, min: 0 },
  FRAMES_PER_SECOND: { usual: 30, min: 0 },
  FRAME_BURST: { usual: 60, min: 1 },
  MAX_DEVICES: { usual: 128, min: 1 },
};

/** @typedef {{[name in keyof typeof LIMITS]?: unknown}} LimitEnv */

// JavaScript also reads "", " 5", "1e3" and "0x10" as numbers, which are likely slips.
const WHOLE_NUMBER = /^(?:0|[1-9]\d*)$/;

/**
 * @param {LimitEnv} env
 * @returns {RateLimits}
 */
export function readRateLimits(env) {
  for (const line of lookAlikes(env, Object.keys(LIMITS))) notice("configuration", line);
  const perSecond = whole(env, "FRAMES_PER_SECOND");
  const burst = whole(env, "FRAME_BURST");
  const connects = whole(env, "CONNECTS_PER_MINUTE");
  return {
    frames: rate(perSecond, MS_PER_SECOND, burst),
    userFrames: rate(perSecond * USER_FACTOR, MS_PER_SECOND, burst * USER_FACTOR),
    connects: rate(connects, MS_PER_MINUTE, connects),
    devicesMax: whole(env, "MAX_DEVICES"),
  };
}

/**
 * @param {LimitEnv} env
 * @param {keyof typeof LIMITS} name
 */
function whole(env, name) {
  const { usual, min } = LIMITS[name];
  const set = env[name];
  // workerd gives `null` for a missing variable.
  if (set === undefined || set === null || set === "") return usual;
  const isText = typeof set === "string" && WHOLE_NUMBER.test(set);
  const value = isText ? Number(set) : set;
  const isWhole = typeof value === "number" && Number.isInteger(value);
  if (isWhole && value >= min && value <= COUNT_MAX) return value;
  const expected = `expected a whole number from ${min} to ${COUNT_MAX}`;
  notice("configuration", `${name}: ${expected}; it is taken as ${usual}`);
  return usual;
}

/**
 * @param {number} count
 * @param {number} perMs
 * @param {number} burst
 * @returns {Rate}
 */
function rate(count, perMs, burst) {
  return { count, perMs, burst };
}
