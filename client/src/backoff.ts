const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** After these closes it is not worth coming back soon: how many failures they count for. */
export const FAILURES_BY_CLOSE = new Map([
  [1008, 5],
  [1013, 2],
]);

/**
 * How long to wait before the next try: 1, 2, 4 … 30 s, each shortened by up to a half at random, so
 * that devices which were cut off together don't come back together.
 * @param failures How many tries have failed in a row before, from 0.
 * @returns Milliseconds.
 */
export function backoffMs(failures: number): number {
  const longest = Math.min(FIRST_MS * 2 ** Math.min(failures, 16), LONGEST_MS);
  return longest * (0.5 + Math.random() / 2);
}
