/**
 * Fetches and caches the keys that an issuer publishes. One fetch at a time is under way, so that forged
 * tokens can't make us flood the issuer. In an outage of the issuer the last keys stay good for a day, but a
 * key that it no longer publishes is gone with the next answer. Verifying a token belongs to jwt.js.
 */
import { createLocalJWKSet } from "jose";
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";

import { notice, summary } from "../common/log.js";

/** @import { JSONWebKeySet, JWTVerifyGetKey } from "jose" */

const TIMEOUT_MS = 2_000;

/** Maximum age of the keys while the issuer answers. */
const FRESH_MS = 600_000;

/** Maximum age of the keys. */
const GOOD_MS = 86_400_000;

/** Minimum age of the keys at which a token with an unknown key causes a new fetch. */
const COOLDOWN_MS = 30_000;

/** Pause after a fetch that has failed, for whoever can't be checked without another one. */
const RETRY_MS = 1_000;

/** The same for others, since the request that starts a fetch has to wait for it. */
const PATIENT_RETRY_MS = 10_000;

/** Interval in which a request looks whether another one's fetch has ended. */
const LOOK_MS = 20;

/** Minimum size of an RSA modulus (RFC 7518, 3.3). */
const RSA_BITS_MIN = 2_048;

/** The issuer's keys can't be fetched. */
class KeysUnavailableError extends Error {}

/** The keys of the last issuer that was asked for, kept as long as this isolate lives. @type {{url: string, find: JWTVerifyGetKey} | null} */
let cached = null;

/**
 * Makes the function that finds an issuer's key for a token. It throws an error that isn't jose's if the
 * keys can't be fetched.
 * @param {string} url
 * @returns {JWTVerifyGetKey}
 */
export function keysOf(url) {
  if (cached?.url !== url) cached = { url, find: finder(url) };
  const { find } = cached;
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      const isTheirFault =
        error instanceof JWKSNoMatchingKey || error instanceof JWKSMultipleMatchingKeys;
      if (isTheirFault) throw error;
      throw new KeysUnavailableError(`AUTH_JWKS_URL: ${summary(error)}`);
    }
  };
}

/**
 * Makes the function that finds a key, and fetches the keys if there are none, if they are old, or if the
 * one that is looked for is not among them. Requests share the keys and not the fetch's promise: the
 * platform lets no request wait for another one's promise.
 * @param {string} url
 * @returns {JWTVerifyGetKey}
 */
function finder(url) {
  let startedAt = 0;
  let failedAt = 0;
  let fetchedAt = 0;
  /** @type {JWTVerifyGetKey} */
  let keys;
  const isWithin = (/** @type {number} */ since, /** @type {number} */ ms) => Date.now() < since + ms;
  const areGood = () => isWithin(fetchedAt, GOOD_MS);
  const load = async () => {
    const before = fetchedAt;
    while (isWithin(startedAt, TIMEOUT_MS)) await scheduler.wait(LOOK_MS);
    if (isWithin(failedAt, RETRY_MS)) throw new Error("it failed a moment ago");
    if (fetchedAt > before) return;
    startedAt = Date.now();
    try {
      keys = createLocalJWKSet(await fetchKeys(url));
      fetchedAt = Date.now();
    } catch (error) {
      failedAt = Date.now();
      if (areGood()) notice("keys", `AUTH_JWKS_URL: ${summary(error)}: the keys of before stay good for a day at most`);
      throw error;
    } finally {
      startedAt = 0;
    }
  };
  const renew = async () => {
    const isOutage = failedAt > fetchedAt;
    const isTried = isWithin(failedAt, PATIENT_RETRY_MS) || isWithin(startedAt, TIMEOUT_MS);
    if (areGood() && isOutage && isTried) return;
    try {
      await load();
    } catch (error) {
      if (!areGood()) throw error;
    }
  };
  return async (header, token) => {
    if (!isWithin(fetchedAt, FRESH_MS)) await renew();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof JWKSNoMatchingKey) || isWithin(fetchedAt, COOLDOWN_MS)) throw error;
    }
    await load();
    return keys(header, token);
  };
}

/**
 * Fetches the keys that can verify a token at all: any other among them would fail tokens that are not its own.
 * @param {string} url
 * @returns {Promise<JSONWebKeySet>}
 */
async function fetchKeys(url) {
  const response = await fetch(url, {
    headers: { Accept: "application/json, application/jwk-set+json" },
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}: expected 200`);
  const published = JSON.parse(text)?.keys;
  const isSet = Array.isArray(published) && (published.length === 0 || published.some(isKey));
  if (!isSet) throw new Error("expected JSON with a list of keys");
  const keys = published.filter((entry) => isKey(entry) && !isWeak(entry));
  const left = published.length - keys.length;
  if (left > 0) {
    const why = `expected a public key with a kty in each, and of RSA at least ${RSA_BITS_MIN} bits`;
    notice("keys", `AUTH_JWKS_URL: ${left} of ${published.length} keys were left out, since they can verify nothing: ${why}`);
  }
  return { keys };
}

/**
 * @param {unknown} entry
 * @returns {entry is {kty: string, n?: unknown}}
 */
function isKey(entry) {
  const { kty, d } = /** @type {{kty?: unknown, d?: unknown}} */ (entry ?? {});
  // A private key signs, and whoever has published it has lost it.
  return typeof kty === "string" && d === undefined;
}

/**
 * Whether a key is of RSA and too small.
 * @param {{kty: string, n?: unknown}} key
 */
function isWeak({ kty, n }) {
  if (kty !== "RSA") return false;
  if (typeof n !== "string") return true;
  try {
    const bytes = atob(n.replaceAll("-", "+").replaceAll("_", "/")).replace(/^\0+/, "");
    return bytes.length * 8 - Math.clz32(bytes.charCodeAt(0)) + 24 < RSA_BITS_MIN;
  } catch {
    return true;
  }
}
