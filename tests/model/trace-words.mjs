/** The words of a trace, as the models have them: names are numbers there, and sets are bits. */

/** @import { Line, Step } from "./trace.mjs" */

/** Gives names numbers, from `first` on, in the order in which they come. */
export class Names {
  /** @type {Map<string, number>} */
  #numbers = new Map();
  #first;

  /** @param {number} first */
  constructor(first) {
    this.#first = first;
  }

  /** @param {string} name */
  of(name) {
    const known = this.#numbers.get(name) ?? this.#first + this.#numbers.size;
    this.#numbers.set(name, known);
    return known;
  }

  get size() {
    return this.#numbers.size;
  }
}

/**
 * @param {Line[]} lines
 * @param {(line: Line) => string[]} callsOf
 * @returns {Step[]}
 */
export function stepsOf(lines, callsOf) {
  return lines.flatMap((line) => {
    const calls = callsOf(line);
    return calls.length === 0 ? [] : [{ line: line.line, text: calls.join("; ") }];
  });
}

/**
 * A name and a number. What is no number is -1, which no model has.
 * @param {string} place
 */
export function split(place) {
  const at = place.lastIndexOf(".");
  const number = Number(place.slice(at + 1));
  return { name: place.slice(0, at), number: Number.isNaN(number) ? -1 : number };
}

/**
 * The word that follows another one.
 * @param {string[]} words
 * @param {string} word
 * @returns {string | undefined}
 */
export function after(words, word) {
  return words.includes(word) ? words[words.indexOf(word) + 1] : undefined;
}

/**
 * A bit for each name.
 * @param {string[]} names
 * @param {Names} numbers
 */
export function bitsOf(names, numbers) {
  return names.reduce((bits, name) => bits | (1 << numbers.of(name)), 0);
}

/** Numbers of messages are times, and so higher than any number of a frame. */
const NUMBER_MAX = 10_000;

/**
 * The highest number of a frame in a trace.
 * @param {Line[]} lines
 */
export function highest(lines) {
  const places = lines.flatMap(({ words, seen }) => [...words, ...Object.values(seen).flat()]);
  const numbers = places.map((word) => Number(/^(?:[^.]+\.)?(\d+)$/.exec(word)?.[1] ?? 0));
  return Math.max(0, ...numbers.filter((number) => number < NUMBER_MAX));
}

/**
 * Smaller numbers that are in the same order. A run's window sees no difference between a gap that is wider than
 * itself and one that is wider still.
 * @param {number[]} numbers
 * @param {number} window
 */
export function compressed(numbers, window) {
  /** @type {Map<number, number>} */
  const smaller = new Map();
  let [before, last] = [0, 0];
  for (const number of new Set(numbers.toSorted((a, b) => a - b))) {
    last += Math.min(number - before, window + 1);
    before = number;
    smaller.set(number, last);
  }
  return smaller;
}
