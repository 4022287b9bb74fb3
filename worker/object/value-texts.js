/**
 * Takes the rows of the values apart, and keeps their texts for the module: it knows what a row's header says and refers
 * to a text by its slot (src/state/values.h), so that no text is in memory twice.
 */

/** The size of the header's length, at the beginning of a row. */
const LENGTH_BYTES = 2;

const NO_BYTES = new Uint8Array(0);

export class ValueTexts {
  /** @type {Map<number, Uint8Array>} */
  #texts = new Map();

  /**
   * Keeps a copy of the text in a row, without the header, which the module has.
   * @param {number} slot
   * @param {Uint8Array} row
   */
  keep(slot, row) {
    this.#texts.set(slot, row.slice(textAtOf(row)));
  }

  clear() {
    this.#texts.clear();
  }

  /**
   * The text of a value; empty if there is no such row.
   * @param {number} slot
   */
  of(slot) {
    return this.#texts.get(slot) ?? NO_BYTES;
  }
}

/**
 * Takes out of a row the part that a waking session reads: its header, and how long the text is.
 * @param {number} slot
 * @param {Uint8Array} row
 */
export function headerOf(slot, row) {
  const textAt = textAtOf(row);
  return { slot, header: row.subarray(LENGTH_BYTES, textAt), textSize: Math.max(0, row.length - textAt) };
}

/** @param {Uint8Array} row */
function textAtOf(row) {
  return row.length < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + row[0] + (row[1] << 8);
}
