/**
 * Secrets that can be changed without a gap: each has a second variable with its value before, and both are good as
 * long as both are set. Which variables those are is decided in settings.js.
 */

/** @import { AuthEnv } from "./identity.js" */
/** @import { ServiceToken } from "./service-tokens.js" */

/**
 * A secret that can be changed without a gap, by the name of its variable.
 * @typedef {"AUTH_JWT_SECRET" | ServiceToken} Secret
 */

/**
 * Makes the name of the variable that has a secret's value before, which is good beside the new one.
 * @template {string} Name
 * @param {Name} name The secret's own variable.
 * @returns {`${Name}_PREVIOUS`}
 */
export function previousOf(name) {
  return `${name}_PREVIOUS`;
}

/**
 * Reads the values of a secret, the newest first.
 * @param {AuthEnv} env
 * @param {Secret} name
 * @returns {string[]} None if the variable is not set.
 */
export function valuesOf(env, name) {
  return [env[name], env[previousOf(name)]].flatMap((value) => value || []);
}
