/**
 * Reads effects where the module has left them in its memory, as `wire.h` describes. Carrying them out belongs
 * to the host.
 */
import { EffectKind, isRow } from "./wire.js";

/** @import { Effect, Kind } from "./wire.js" */

/** The size of an effect's record, in words. */
const RECORD_WORDS = 6;

/** A reference to a value: its first byte, which no UTF-8 has, and its size (append_reference in src/json/frame.h). */
const REFERENCE_MARK = 0xff;
const REFERENCE_BYTES = 3;

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
 * @param {(slot: number) => Uint8Array} valueOf The texts of values, to which frames and answers refer by slots.
 * @returns {Effect[]}
 */
export function readEffects({ bytes, words }, outcomeAt, valueOf) {
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
      const written = bytes.subarray(start, end);
      const fullSize = words[record + 5];
      text = decoder.decode(fullSize > 0 ? withValues(written, fullSize, valueOf) : written);
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
 * Puts values in the place of their references.
 * @param {Uint8Array} text
 * @param {number} fullSize The size of the result.
 * @param {(slot: number) => Uint8Array} valueOf
 */
function withValues(text, fullSize, valueOf) {
  const full = new Uint8Array(fullSize);
  let size = 0;
  let from = 0;
  /** @param {Uint8Array} part */
  const append = (part) => {
    full.set(part, size);
    size += part.length;
  };
  for (let mark = text.indexOf(REFERENCE_MARK); mark >= 0; mark = text.indexOf(REFERENCE_MARK, mark + 1)) {
    // Each byte has four bits of the slot. A mark alone comes from a damaged row, as whatever is no UTF-8.
    const [high, low] = [text[mark + 1], text[mark + 2]];
    if (high >> 4 !== 8 || low >> 4 !== 8) continue;
    append(text.subarray(from, mark));
    append(valueOf(((high & 0xf) << 4) | (low & 0xf)));
    from = mark + REFERENCE_BYTES;
  }
  append(text.subarray(from));
  if (size !== fullSize) throw new Error(`a frame with values has ${size} bytes: expected ${fullSize}`);
  return full;
}

/**
 * Whether an effect is about bytes that are no text.
 * @param {Kind} kind
 */
function hasBytes(kind) {
  return isRow(kind) || kind === EffectKind.StoreMessage || kind === EffectKind.StoreValue || kind === EffectKind.SetAttachment;
}
