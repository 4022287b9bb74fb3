import { setTimeout as sleep } from "node:timers/promises";

import { PATIENCE_MS } from "./patience.mjs";

/** The shortest and the longest pause between two questions. */
const [SHORTEST_MS, LONGEST_MS] = [10, 200];

/** The part of the time waited so far by which a pause makes the wait longer at most. What is asked costs as much as work. */
const PART = 1 / 8;

/**
 * How long to wait before one asks again.
 * @param {number} waitedMs How long one has waited already.
 */
export function pauseAfter(waitedMs) {
  return Math.min(Math.max(waitedMs * PART, SHORTEST_MS), LONGEST_MS);
}

/**
 * Asks again and again until the answer is a yes.
 * @template T
 * @param {string} what It stands in the failure's message.
 * @param {() => T | Promise<T>} ask
 * @param {number} [patienceMs] Another than all tests have, where giving up is what is expected.
 * @returns {Promise<T>} The first answer that is truthy.
 */
export async function eventually(what, ask, patienceMs = PATIENCE_MS) {
  const start = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    const waited = performance.now() - start;
    if (waited > patienceMs) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await sleep(pauseAfter(waited));
  }
}
