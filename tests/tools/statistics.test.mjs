import assert from "node:assert/strict";
import { test } from "node:test";

import { median, medianInterval, quantile, summary } from "../../tools/bench/statistics.mjs";

/**
 * The numbers from 1 on, out of order.
 * @param {number} count
 */
function shuffled(count) {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  return [...numbers.filter((n) => n % 2 === 0).reverse(), ...numbers.filter((n) => n % 2 === 1)];
}

test("medians and quantiles", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([10, 9]), 9.5);
  assert.equal(quantile([0, 10], 0.99), 9.9);
  assert.equal(quantile([7], 0.5), 7);
  assert.deepEqual(summary(shuffled(5)), { median: 3, min: 1, max: 5 });
  assert.throws(() => median([]), /nothing/);
});

// The ranks and coverages of the sign test's tables.
test("the interval of a median takes the ranks that hold it with 95 %", () => {
  for (const [count, low, coverage] of [
    [6, 1, 0.9688],
    [9, 2, 0.9609],
    [10, 2, 0.9785],
    [21, 6, 0.9734],
    [30, 10, 0.9572],
    [100, 40, 0.9648],
  ]) {
    const interval = medianInterval(shuffled(count));
    assert.deepEqual([interval.low, interval.high], [low, count + 1 - low], `of ${count}`);
    assert.equal(interval.coverage.toFixed(4), coverage.toFixed(4));
    assert.equal(interval.median, (count + 1) / 2);
  }
});

test("too few values give all they have, and say how little that is", () => {
  assert.deepEqual(medianInterval([4]), { median: 4, low: 4, high: 4, coverage: 0 });
  assert.deepEqual(medianInterval(shuffled(5)), { median: 3, low: 1, high: 5, coverage: 0.9375 });
});
