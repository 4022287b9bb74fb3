/**
 * Finds settings whose names are mistyped. What a slip in a name leads to belongs to whoever reads the setting.
 */

const SLIPS_MAX = 2;

// A word of an app's own is easily near to a name shorter than this: AUTHOR to AUTH.
const LONG_FROM = 8;

// Each name is compared with every setting, and to make its letters takes longer than to compare them. An isolate has
// the few names of one environment.
const LETTERS = new Map();

/**
 * Whether a name is that of a setting but for a slip or two: a letter too many, a missing one, a wrong one, or two
 * neighbours that changed places. Capitals and underscores don't count.
 * @param {string} name
 * @param {string} setting
 */
export function isSlip(name, setting) {
  const meant = lettersOf(setting);
  return isNear(lettersOf(name), meant, meant.length < LONG_FROM ? 1 : SLIPS_MAX);
}

/**
 * Finds names that look like settings which are not set: a slip, or only some of the words of a setting's name.
 * @param {object} env
 * @param {string[]} settings
 * @returns {string[]} A sentence for each.
 */
export function lookAlikes(env, settings) {
  const values = /** @type {Record<string, unknown>} */ (env);
  return Object.keys(env).filter((name) => !settings.includes(name)).flatMap((name) => {
    const meant = settings.filter((setting) => isSlip(name, setting) || isOfWordsOf(name, setting));
    // workerd gives `null` for a missing variable.
    const isSet = meant.some((setting) => (values[setting] ?? null) !== null);
    return isSet || meant.length === 0 ? [] : [`${name} has no effect on the server: is it ${meant[0]}, mistyped?`];
  });
}

/** @param {string} name */
function lettersOf(name) {
  const letters = LETTERS.get(name) ?? name.toUpperCase().replaceAll("_", "");
  LETTERS.set(name, letters);
  return letters;
}

/**
 * @param {string} name
 * @param {string} setting
 */
function isOfWordsOf(name, setting) {
  if (name.length > setting.length || !name.includes("_")) return false;
  const known = setting.split("_");
  return name.toUpperCase().split("_").every((word) => known.includes(word));
}

/**
 * @param {string} a
 * @param {string} b
 * @param {number} slips How many there may be at most.
 * @returns {boolean}
 */
function isNear(a, b, slips) {
  if (slips === 0 || a === b) return a === b;
  if (Math.abs(a.length - b.length) > slips) return false;
  let at = 0;
  while (a[at] === b[at]) at++;
  const next = (/** @type {number} */ ofA, /** @type {number} */ ofB) => isNear(a.slice(at + ofA), b.slice(at + ofB), slips - 1);
  return next(1, 1) || next(1, 0) || next(0, 1) || (a[at] === b[at + 1] && a[at + 1] === b[at] && next(2, 2));
}
