/** QR codes in a terminal. */

/** The width of the light frame that the standard asks for. */
const QUIET_ZONE = 4;

/** Black on white, by numbers that a terminal's theme does not change as it does those of the first 16. */
const COLOURS = "\x1b[38;5;16;48;5;231m";
const PLAIN = "\x1b[0m";

/** By whether the upper and the lower half are dark. */
const HALVES = { none: " ", upper: "▀", lower: "▄", both: "█" };

/**
 * Draws a text as a QR code. A character shows two dots, one above the other, so the code is half as high in lines as it is
 * wide in columns.
 * @param {string} text
 * @returns {Promise<string>} Lines, without a line feed behind the last.
 */
export async function qrCode(text) {
  // The script that draws codes begins before the packages are installed.
  const { encode } = await import("uqr");
  const { data } = encode(text, { ecc: "L", boostEcc: true, border: QUIET_ZONE });
  const lines = [];
  for (let row = 0; row < data.length; row += 2) {
    const below = data[row + 1] ?? [];
    const characters = data[row].map((isDark, column) => half(isDark, below[column] ?? false));
    lines.push(COLOURS + characters.join("") + PLAIN);
  }
  return lines.join("\n");
}

/** @param {boolean} upper @param {boolean} lower */
function half(upper, lower) {
  if (upper) return lower ? HALVES.both : HALVES.upper;
  return lower ? HALVES.lower : HALVES.none;
}
