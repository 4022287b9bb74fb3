/**
 * Reads `CLOCK_SKEW_SECONDS`, by which an issuer's clock may be ahead of ours, and refuses for now what was issued
 * further ahead. Which times can be times at all is decided in identity.js.
 */
import { notYetGood } from "../http/refusals.js";

const MS_PER_SECOND = 1_000;

const USUAL = 10;
const MOST = 60;

// JavaScript also reads "", " 5", "1e1" and "0x10" as numbers, which are likely slips.
const WHOLE_NUMBER = /^(?:0|[1-9]\d?)$/;

/** What the variable may be, for its owner. */
export const SKEW_EXPECTED = `a whole number from 0 to ${MOST}`;

/** @param {string} text */
export function isClockSkew(text) {
  return WHOLE_NUMBER.test(text) && Number(text) <= MOST;
}

/**
 * Reads by how much an issuer's clock may be ahead of ours.
 * @param {{CLOCK_SKEW_SECONDS?: unknown}} env
 * @returns {number} Whole seconds, 0 to 60; 10 if there is no such variable, or no number in it: nobody is let in
 *   then (settings.js).
 */
export function clockSkewSeconds({ CLOCK_SKEW_SECONDS: text }) {
  return typeof text === "string" && isClockSkew(text) ? Number(text) : USUAL;
}

/**
 * Refuses a credential as long as it is from our future.
 * @param {number[]} times Those at which it was issued or is good from, in seconds since the epoch.
 * @param {{CLOCK_SKEW_SECONDS?: unknown}} env
 * @param {number} now Milliseconds since the epoch.
 * @returns {Response | null} The refusal, which says how long to wait; `null` if the credential is good now.
 */
export function refuseFuture(times, env, now) {
  const allowed = clockSkewSeconds(env);
  const ahead = Math.max(...times) - now / MS_PER_SECOND;
  if (ahead <= allowed) return null;
  const by = Math.ceil(ahead);
  return notYetGood(
    `the issuer's clock is ahead of ours by ${by} s, more than CLOCK_SKEW_SECONDS allows (${allowed})`,
    Math.ceil(ahead - allowed),
  );
}
