import { setTimeout as sleep } from "node:timers/promises";

import { PATIENCE_MS } from "./patience.mjs";

const INTERVAL_MS = 10;

/**
 * Asks again and again until the answer is a yes.
 * @template T
 * @param {string} what It stands in the failure's message.
 * @param {() => T | Promise<T>} ask
 * @param {number} [patienceMs] Another than all tests have, where giving up is what is expected.
 * @returns {Promise<T>} The first answer that is truthy.
 */
export async function eventually(what, ask, patienceMs = PATIENCE_MS) {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await sleep(INTERVAL_MS);
  }
}
