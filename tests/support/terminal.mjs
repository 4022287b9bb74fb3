/** A terminal's picture of what was printed, and a scanner that looks at it. */
import { createRequire } from "node:module";

/** The package is CommonJS, whose default export its types do not describe as Node sees it. */
/** @type {typeof import("jsqr").default} */
const scan = createRequire(import.meta.url)("jsqr");

/** @typedef {[red: number, green: number, blue: number]} Colour */

/**
 * The colours that a user has chosen. A theme changes the first 16 of the palette as it likes.
 * @typedef {{text: Colour, ground: Colour, palette: (number: number) => Colour}} Theme
 */

/** @type {Record<string, Theme>} */
export const THEMES = {
  dark: { text: [220, 220, 220], ground: [0, 0, 0], palette: () => [90, 90, 90] },
  light: { text: [20, 20, 20], ground: [255, 255, 255], palette: () => [230, 230, 230] },
  beige: { text: [101, 123, 131], ground: [253, 246, 227], palette: () => [238, 232, 213] },
};

/** How large a half of a character is in the picture. */
const DOTS = 4;
/** What is around the text, in characters. */
const MARGIN = 2;

const ESCAPE = "\\u001b";
const CODE_LINE = new RegExp(`^${ESCAPE}\\[[\\d;]*m[ ▀▄█]{20,}`);
/** Changes of colour, and characters. */
const PARTS = new RegExp(`${ESCAPE}\\[([\\d;]*)m|[^${ESCAPE}]`, "g");

/** The halves of a character that are drawn in the text's colour. @type {Record<string, [upper: boolean, lower: boolean]>} */
const HALVES = { " ": [false, false], "▀": [true, false], "▄": [false, true], "█": [true, true] };

/**
 * The texts of the codes that stand among other lines, in their order.
 * @param {string} printed
 * @param {Theme} [theme]
 */
export function codesIn(printed, theme = THEMES.dark) {
  /** @type {string[][]} */
  const blocks = [[]];
  for (const line of printed.split("\n")) {
    if (CODE_LINE.test(line)) blocks[blocks.length - 1].push(line);
    else if (blocks[blocks.length - 1].length > 0) blocks.push([]);
  }
  return blocks.filter((lines) => lines.length > 0).map((lines) => codeIn(lines, theme));
}

/** @param {string[]} lines @param {Theme} theme */
function codeIn(lines, theme) {
  const rows = lines.map((line) => cellsOf(line, theme));
  const width = Math.max(...rows.map(({ length }) => length)) + 2 * MARGIN;
  const height = rows.length + 2 * MARGIN;
  const pixels = new Uint8ClampedArray(width * DOTS * height * 2 * DOTS * 4);
  for (let at = 0; at < pixels.length; at += 4) {
    const x = Math.floor((at / 4) % (width * DOTS) / DOTS) - MARGIN;
    const y = Math.floor(at / 4 / (width * DOTS) / DOTS) - 2 * MARGIN;
    const cell = rows[Math.floor(y / 2)]?.[x];
    pixels.set([...(cell?.[Math.abs(y % 2)] ?? theme.ground), 255], at);
  }
  // A camera's app need not know codes whose light and dark are exchanged.
  return scan(pixels, width * DOTS, height * 2 * DOTS, { inversionAttempts: "dontInvert" })?.data ?? null;
}

/**
 * The colours of a line's characters, of the upper and the lower half each.
 * @param {string} line
 * @param {Theme} theme
 */
function cellsOf(line, theme) {
  let { text, ground } = theme;
  /** @type {[Colour, Colour][]} */
  const cells = [];
  for (const [part, codes] of line.matchAll(PARTS)) {
    if (codes === undefined) {
      const [upper, lower] = HALVES[part];
      cells.push([upper ? text : ground, lower ? text : ground]);
      continue;
    }
    const numbers = codes.split(";").map(Number);
    while (numbers.length > 0) {
      const number = numbers.shift();
      if (number === 38) text = indexed(numbers, theme);
      else if (number === 48) ground = indexed(numbers, theme);
      else if (number === 0) ({ text, ground } = theme);
      else throw new Error(`the terminal does not know ${codes}`);
    }
  }
  return cells;
}

/**
 * A colour of the 256, by the numbers that follow 38 or 48.
 * @param {number[]} numbers What is used of them is taken away.
 * @param {Theme} theme
 * @returns {Colour}
 */
function indexed(numbers, { palette }) {
  const [kind, number] = numbers.splice(0, 2);
  if (kind !== 5) throw new Error(`the terminal does not know colours of kind ${kind}`);
  if (number < 16) return palette(number);
  if (number >= 232) return [8 + 10 * (number - 232), 8 + 10 * (number - 232), 8 + 10 * (number - 232)];
  const level = (/** @type {number} */ part) => (part === 0 ? 0 : 55 + 40 * part);
  const inCube = number - 16;
  return [level(Math.floor(inCube / 36)), level(Math.floor(inCube / 6) % 6), level(inCube % 6)];
}
