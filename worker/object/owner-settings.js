/**
 * Collects the settings of whoever deploys the server that each session needs. They are applied in `src/`.
 */
import { clockSkewSeconds } from "../auth/clock-skew.js";
import { credentialsNotBefore } from "../auth/not-before.js";
import { readRateLimits } from "./rate-limits.js";

/** @import { RateLimits } from "../../bindings/wire.js" */
/** @import { AuthEnv } from "../auth/identity.js" */
/** @import { LimitEnv } from "./rate-limits.js" */

/**
 * @typedef {object} OwnerSettings
 * @property {RateLimits} rateLimits
 * @property {number} notBefore Second before which no credential may have been issued; 0 if any may.
 * @property {number} clockSkew By how many seconds an issuer's clock may be ahead of ours.
 * @property {boolean} isNobodyChecked Whether everybody is let in without a credential.
 */

/**
 * @param {AuthEnv & LimitEnv} env
 * @returns {OwnerSettings}
 */
export function ownerSettings(env) {
  return {
    rateLimits: readRateLimits(env),
    notBefore: credentialsNotBefore(env),
    clockSkew: clockSkewSeconds(env),
    isNobodyChecked: env.AUTH_MODE === "none",
  };
}
