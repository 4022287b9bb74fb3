/**
 * Reads effects where the module has left them in its memory, as `wire.h` describes. Carrying them out belongs
 * to the host.
 */
import { EffectKind, isRow } from "./wire.js";

/** @import { Effect, Kind } from "./wire.js" */

/** The size of an effect's record, in words. */
const RECORD_WORDS = 5;

const NO_BYTES = new Uint8Array(0);

// A byte order mark is data like any other character.
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/**
 * Views of the module's memory, good until the module's next call.
 * @typedef {object} MemoryView
 * @property {Uint8Array<ArrayBuffer>} bytes
 * @property {Uint32Array} words
 */

/**
 * Reads the effects of a step.
 * @param {MemoryView} memory
 * @param {number} outcomeAt The address of three words: where the records are, how many, and where their
 *   texts are.
 * @returns {Effect[]}
 */
export function readEffects({ bytes, words }, outcomeAt) {
  const outcome = outcomeAt >>> 2;
  const count = words[outcome + 1];
  const textsAt = words[outcome + 2];
  let record = words[outcome] >>> 2;
  const effects = [];
  let text = "";
  let textAt = 0;
  let textEnd = 0;
  for (let read = 0; read < count; read++) {
    const kind = /** @type {Kind} */ (words[record]);
    const start = textsAt + words[record + 3];
    const end = start + words[record + 4];
    const isText = !hasBytes(kind);
    // One frame to several devices is there once, so it is decoded once.
    if (isText && (start !== textAt || end !== textEnd)) {
      text = decoder.decode(bytes.subarray(start, end));
      [textAt, textEnd] = [start, end];
    }
    effects.push({
      kind,
      connection: words[record + 1],
      number: words[record + 2],
      text: isText ? text : "",
      bytes: isText ? NO_BYTES : bytes.subarray(start, end),
    });
    record += RECORD_WORDS;
  }
  return effects;
}

/**
 * Whether an effect is about bytes that are no text.
 * @param {Kind} kind
 */
function hasBytes(kind) {
  return isRow(kind) || kind === EffectKind.StoreMessage || kind === EffectKind.SetAttachment;
}
