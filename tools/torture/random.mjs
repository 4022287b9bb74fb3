/**
 * Numbers that look random and are the same for the same seed, so that a run can be repeated as far
 * as the machine's own timing allows.
 */

/**
 * @typedef {object} Random
 * @property {() => number} next From 0 up to 1, which it never is.
 * @property {(low: number, high: number) => number} between A whole number, both ends included.
 * @property {<T>(choices: readonly T[]) => T} pick
 */

/**
 * @param {number} seed
 * @returns {Random}
 */
export function randomOf(seed) {
  let state = seed >>> 0;
  // Mulberry32.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** @param {number} low @param {number} high */
  const between = (low, high) => low + Math.floor(next() * (high - low + 1));
  return { next, between, pick: (choices) => choices[between(0, choices.length - 1)] };
}
