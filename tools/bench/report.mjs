/** Tables for a terminal. */

import { medianInterval } from "./statistics.mjs";

/** @import { Interval, Summary } from "./statistics.mjs" */
/** @import { ThroughputResult } from "./throughput.mjs" */

/** Digits that say something. */
const PRECISION = 3;

/**
 * A number with three digits that say something, or more in front of the point.
 * @param {number} value
 */
export function number(value) {
  const whole = Math.floor(Math.abs(value)) === 0 ? 0 : String(Math.floor(Math.abs(value))).length;
  return value.toFixed(Math.min(PRECISION, Math.max(0, PRECISION - whole)));
}

/** @param {Summary} summary */
export function range({ median, min, max }) {
  return `${number(median)} (${number(min)}–${number(max)})`;
}

/**
 * A median and its interval, or that there is none.
 * @param {Interval} interval
 */
export function interval({ median, low, high, coverage }) {
  if (coverage === 0) return `${number(median)} (measured once)`;
  return `${number(median)} [${number(low)}, ${number(high)}]`;
}

/** @param {string[][]} rows The first is the head; the first column is aligned left. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => {
      const cells = row.map((cell, at) =>
        at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]),
      );
      return `  ${cells.join("   ")}`.trimEnd();
    })
    .join("\n");
}

/** @param {ThroughputResult} result */
export function throughputTable({ outcomes }) {
  const head = ["", "CPU µs a message", "ours ÷ it", "messages/s", "p50 ms", "p99 ms"];
  const rows = outcomes.map(({ name, figures: { cpu, rate, p50, p99 }, base, ratio }) => [
    name,
    range(cpu),
    ratio ? `${base === "ours" ? "" : `${base} ÷ it: `}${interval(ratio)}` : "",
    range(rate),
    range(p50),
    range(p99),
  ]);
  return table([head, ...rows]);
}

/**
 * What an interval is worth.
 * @param {number} pairs
 */
export function confidence(pairs) {
  const { coverage } = medianInterval(Array.from({ length: pairs }, (_, at) => at));
  const sure = `${(coverage * 100).toFixed(1)} %`;
  return `[…] holds the true median of the paired ratios with ${sure} (order statistics of ${pairs} pairs).`;
}
