/**
 * Hands a user's counts to Cloudflare's Analytics Engine, if the owner has bound a dataset as `METRICS`. A data
 * point has at most 20 numbers. Counting belongs to `src/`.
 */
import { notice, summary } from "../common/log.js";
import { lookAlikes } from "../common/names.js";

// An index has at most 96 bytes, and a UTF-16 unit takes at most three.
const INDEX_LENGTH_MAX = 32;

/**
 * The binding that an owner may set.
 * @typedef {object} MetricsEnv
 * @property {{writeDataPoint: (point: {indexes: string[], doubles: number[]}) => void}} [METRICS]
 */

/**
 * Makes the function that takes a user's counts.
 * @param {MetricsEnv} env
 * @param {() => string} userId
 * @returns {((counts: number[]) => void) | null} `null` if nobody collects them.
 */
export function collectorOf(env, userId) {
  for (const line of lookAlikes(env, ["METRICS"])) notice("configuration", line);
  const { METRICS: dataset } = env;
  if (!dataset) return null;
  return (counts) => {
    try {
      dataset.writeDataPoint({ indexes: [userId().slice(0, INDEX_LENGTH_MAX)], doubles: counts });
    } catch (error) {
      notice("metrics", `METRICS did not take a data point: ${summary(error)}`);
    }
  };
}
