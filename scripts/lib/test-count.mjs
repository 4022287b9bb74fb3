/**
 * A reporter for `node --test` that writes how many tests have run: node itself counts a file
 * without any as a test that has passed.
 * @param {AsyncIterable<import("node:test/reporters").TestEvent>} events
 */
export default async function* count(events) {
  let tests = 0;
  for await (const { type, data } of events) {
    if (type === "test:summary" && data.file !== undefined) tests += data.counts.tests;
  }
  yield String(tests);
}
