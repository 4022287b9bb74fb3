/**
 * How much one user may ask for, as the owner has set it.
 */

import { notice } from "./log.js";

/** @import { Allowance, Rate } from "./wire.js" */

const MS_PER_MINUTE = 60_000;
const MS_PER_SECOND = 1_000;

// What all connections of a user may do together, in what one may do.
const USER_FACTOR = 10;

// No rate needs more, and the session multiplies with it.
const COUNT_MAX = 1_000_000;

/**
 * @typedef {object} LimitEnv
 * @property {string} [CONNECTS_PER_MINUTE] 120; 0 is no limit.
 * @property {string} [FRAMES_PER_SECOND] 30; 0 is no limit.
 * @property {string} [FRAME_BURST] 60
 * @property {string} [MAX_DEVICES] 128
 */

/**
 * @param {LimitEnv} env
 * @returns {Allowance}
 */
export function readAllowance(env) {
  const perSecond = whole(env, "FRAMES_PER_SECOND", 30, 0);
  const burst = whole(env, "FRAME_BURST", 60, 1);
  const connects = whole(env, "CONNECTS_PER_MINUTE", 120, 0);
  return {
    frames: rate(perSecond, MS_PER_SECOND, burst),
    userFrames: rate(perSecond * USER_FACTOR, MS_PER_SECOND, burst * USER_FACTOR),
    connects: rate(connects, MS_PER_MINUTE, connects),
    devicesMax: whole(env, "MAX_DEVICES", 128, 1),
  };
}

/**
 * @param {LimitEnv} env
 * @param {"CONNECTS_PER_MINUTE" | "FRAMES_PER_SECOND" | "FRAME_BURST" | "MAX_DEVICES"} name
 * @param {number} usual
 * @param {number} min
 */
function whole(env, name, usual, min) {
  const text = env[name];
  if (text === undefined || text === "") return usual;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= COUNT_MAX) return value;
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
