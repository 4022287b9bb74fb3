/**
 * A reporter for `node --test` that writes how many tests have run, since node itself counts a file without any as a
 * test that has passed, and how many were left out for want of a tool, by the reason.
 */
import { LEFT_OUT } from "./left-out.mjs";

/** @typedef {{tests: number, leftOut: Record<string, number>}} Count */

/** @param {AsyncIterable<import("node:test/reporters").TestEvent>} events */
export default async function* count(events) {
  /** @type {Count} */
  const counted = { tests: 0, leftOut: {} };
  for await (const { type, data } of events) {
    if (type === "test:summary" && data.file !== undefined) counted.tests += data.counts.tests;
    if (type !== "test:pass" || typeof data.skip !== "string" || !data.skip.startsWith(LEFT_OUT)) continue;
    counted.leftOut[data.skip] = (counted.leftOut[data.skip] ?? 0) + 1;
  }
  yield JSON.stringify(counted);
}
