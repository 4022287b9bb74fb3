/** The tests that need a tool which can't be installed here: they are skipped, and `npm test` says at its end how many. */

/** How the reason begins for which such a test is skipped. */
export const LEFT_OUT = "left out: ";

/** How many tests were left out, by the reason. @type {Map<string, number>} */
const tests = new Map();

/** @param {Record<string, number>} counts */
export function noteLeftOut(counts) {
  for (const [reason, count] of Object.entries(counts)) tests.set(reason, (tests.get(reason) ?? 0) + count);
}

/** A line for each reason. */
export function linesLeftOut() {
  return [...tests].map(([reason, count]) => `${reason}: ${count} test${count === 1 ? "" : "s"}`);
}
