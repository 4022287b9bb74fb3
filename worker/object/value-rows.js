/**
 * Keeps the rows of the values in memory, for the module: it knows what a row's header says and refers to a text by
 * its slot (src/state/values.h), so that no text is there twice.
 */

/** The size of the header's length, at the beginning of a row. */
const LENGTH_BYTES = 2;

const NO_BYTES = new Uint8Array(0);

export class ValueRows {
  /** @type {Map<number, Uint8Array>} */
  #rows = new Map();

  /**
   * @param {number} slot
   * @param {Uint8Array} row It must not be changed afterwards.
   */
  set(slot, row) {
    this.#rows.set(slot, row);
  }

  clear() {
    this.#rows.clear();
  }

  /** What a waking session is told of them: the headers, and how long the texts are. */
  woken() {
    return [...this.#rows].map(([slot, row]) => {
      const textAt = textAtOf(row);
      return { slot, header: row.subarray(LENGTH_BYTES, textAt), textSize: Math.max(0, row.length - textAt) };
    });
  }

  /**
   * The text of a value; empty if there is no such row.
   * @param {number} slot
   */
  textOf(slot) {
    const row = this.#rows.get(slot) ?? NO_BYTES;
    return row.subarray(textAtOf(row));
  }
}

/** @param {Uint8Array} row */
function textAtOf(row) {
  return row.length < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + row[0] + (row[1] << 8);
}
