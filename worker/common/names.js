/**
 * Finds settings whose names are mistyped and that are missed nowhere else. Names that must not be mistyped belong to
 * auth/settings.js.
 */

/**
 * Finds names that look like settings which are not set.
 * @param {object} env
 * @param {Record<string, RegExp>} patterns What a mistyped name of each setting looks like. The name itself may fit.
 * @returns {string[]} A sentence for each.
 */
export function lookAlikes(env, patterns) {
  const values = /** @type {Record<string, unknown>} */ (env);
  return Object.entries(patterns).flatMap(([name, pattern]) => {
    // workerd gives `null` for a missing variable.
    if (values[name] !== undefined && values[name] !== null) return [];
    const found = Object.keys(env).find((key) => key !== name && pattern.test(key));
    return found === undefined ? [] : [`${found} has no effect on the server: is it ${name}, mistyped?`];
  });
}
