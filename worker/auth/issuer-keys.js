/**
 * The keys that an issuer publishes: fetched when they are needed, kept, and asked for by one request
 * at a time, so that whoever forges tokens can't make us flood the issuer.
 */
import { createLocalJWKSet } from "jose";
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";

import { summary } from "../shared/log.js";

/** @import { JWTVerifyGetKey } from "jose" */

const TIMEOUT_MS = 2_000;

/** How long keys are good. */
const FRESH_MS = 600_000;

/** How long a key that is not among them is not looked up again. */
const COOLDOWN_MS = 30_000;

/** How long a failure counts: until then nobody asks again. */
const RETRY_MS = 1_000;

/** How often a request looks whether another one has got the keys. */
const LOOK_MS = 20;

/** The issuer's keys could not be had. */
class KeysUnavailableError extends Error {}

/** The keys of one issuer, as long as this isolate lives. @type {{url: string, find: JWTVerifyGetKey} | null} */
let cached = null;

/**
 * What finds an issuer's key for a token. It throws an error that isn't jose's when the keys can't be
 * had.
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
 * Fetches keys when there are none, when they are old, and when the one that is looked for is not
 * among them; one fetch serves all who ask while it is under way, and there is none while the last
 * failure is fresh. They share the keys, not a promise: the platform lets no request wait for what
 * another one has begun.
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
      throw error;
    } finally {
      startedAt = 0;
    }
  };
  return async (header, token) => {
    if (!isWithin(fetchedAt, FRESH_MS)) await load();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof JWKSNoMatchingKey) || isWithin(fetchedAt, COOLDOWN_MS)) throw error;
    }
    await load();
    return keys(header, token);
  };
}

/** @param {string} url */
async function fetchKeys(url) {
  const response = await fetch(url, {
    headers: { Accept: "application/json, application/jwk-set+json" },
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}: expected 200`);
  const set = JSON.parse(text);
  if (!Array.isArray(set?.keys)) throw new Error("expected JSON with a list of keys");
  return set;
}
