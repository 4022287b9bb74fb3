/** What a run says of many measurements, without assuming how they are distributed. */

/** How sure an interval shall be to hold the true median. */
const CONFIDENCE = 0.95;

/**
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} min
 * @property {number} max
 */

/**
 * A median and where the true one lies.
 * @typedef {object} Interval
 * @property {number} median
 * @property {number} low
 * @property {number} high
 * @property {number} coverage How probable it is that the true median lies between: at least 0.95
 *   from six values on. Fewer can't say that, and give all they have.
 */

/**
 * The value below which a fraction of the values lies, by linear interpolation.
 * @param {ArrayLike<number>} sorted In ascending order, at least one.
 * @param {number} fraction From 0 to 1.
 */
export function quantile(sorted, fraction) {
  const position = (sorted.length - 1) * fraction;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** @param {number[]} values At least one. */
export function median(values) {
  return quantile(ascending(values), 0.5);
}

/**
 * @param {number[]} values At least one.
 * @returns {Summary}
 */
export function summary(values) {
  const sorted = ascending(values);
  return { median: quantile(sorted, 0.5), min: sorted[0], max: sorted[sorted.length - 1] };
}

/**
 * The median with the narrowest symmetric pair of the values themselves that holds the true one with
 * the wanted confidence: each value is as likely above it as below, whatever the distribution.
 * @param {number[]} values At least one.
 * @returns {Interval}
 */
export function medianInterval(values) {
  const sorted = ascending(values);
  const count = sorted.length;
  let outside = 0;
  let coverage = 1 - 2 * halfPower(count);
  while (outside + 1 < count / 2) {
    const narrower = coverage - 2 * combinations(count, outside + 1) * halfPower(count);
    if (narrower < CONFIDENCE) break;
    coverage = narrower;
    outside++;
  }
  const [low, high] = [sorted[outside], sorted[count - 1 - outside]];
  return { median: quantile(sorted, 0.5), low, high, coverage: Math.max(0, coverage) };
}

/** @param {number[]} values */
function ascending(values) {
  if (values.length === 0) throw new Error("there is nothing to summarize");
  return values.toSorted((a, b) => a - b);
}

/** @param {number} exponent */
function halfPower(exponent) {
  return 0.5 ** exponent;
}

/**
 * How many ways there are to choose some of several.
 * @param {number} count
 * @param {number} chosen
 */
function combinations(count, chosen) {
  let ways = 1;
  for (let at = 1; at <= chosen; at++) ways *= (count - chosen + at) / at;
  return ways;
}
