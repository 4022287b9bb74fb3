/**
 * Numbers by chance, each stream named after what it is for. A stream depends on the seed and its name alone, so
 * leaving out a step of a world does not change the chances of the others.
 */
import { randomOf } from "../torture/random.mjs";

/** @import { Random } from "../torture/random.mjs" */

/**
 * @param {number} seed
 * @param {string} name
 * @returns {Random}
 */
export function streamOf(seed, name) {
  return randomOf(hashOf(`${seed} ${name}`));
}

/**
 * Hashes a text to 32 bits (FNV-1a, then mixed).
 * @param {string} text
 * @param {number} [begin] The hash of what stands before it.
 */
export function hashOf(text, begin = 0x811c9dc5) {
  let hash = begin;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}

/**
 * Makes the parts of the global `Math` and `crypto` that are up to chance.
 * @param {Random} random
 */
export function chanceGlobals(random) {
  const own = { random: { value: random.next } };
  const math = Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(Math), ...own });
  const crypto = {
    /** @param {Uint8Array} bytes */
    getRandomValues(bytes) {
      const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < view.length; at++) view[at] = random.between(0, 255);
      return bytes;
    },
    randomUUID: () => [8, 4, 4, 4, 12].map((length) => hex(random, length)).join("-"),
    // Whoever signs in is known without a secret here, so nothing is ever compared by it.
    subtle: { timingSafeEqual: () => false },
  };
  return { Math: math, crypto };
}

/**
 * @param {Random} random
 * @param {number} length
 */
function hex(random, length) {
  return Array.from({ length }, () => random.between(0, 15).toString(16)).join("");
}
