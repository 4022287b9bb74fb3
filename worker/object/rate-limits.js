/**
 * How much one user may ask for, as the owner has set it.
 */

import { notice } from "../shared/log.js";

/** @import { RateLimits, Rate } from "../../bindings/wire.js" */

const MS_PER_MINUTE = 60_000;
const MS_PER_SECOND = 1_000;

// What all connections of a user may do together, in what one may do.
const USER_FACTOR = 10;

// No rate needs more, and the session multiplies with it.
const COUNT_MAX = 1_000_000;

/**
 * The variables that are numbers: what each is if nobody sets it, and the least that it may be. Where
 * that is 0, it means no limit.
 */
export const LIMITS = {
  CONNECTS_PER_MINUTE: { usual: 120, min: 0 },
  FRAMES_PER_SECOND: { usual: 30, min: 0 },
  FRAME_BURST: { usual: 60, min: 1 },
  MAX_DEVICES: { usual: 128, min: 1 },
};

/** @typedef {{[name in keyof typeof LIMITS]?: unknown}} LimitEnv */

// Stricter than JavaScript, which also reads "", " 5", "1e3" and "0x10" as numbers: they are likely slips.
const WHOLE_NUMBER = /^(?:0|[1-9]\d*)$/;

/**
 * @param {LimitEnv} env
 * @returns {RateLimits}
 */
export function readRateLimits(env) {
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
  // workerd gives `null` for what its environment has not.
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
