/**
 * The keys that an issuer publishes: fetched when they are needed, kept, and asked for by one request
 * at a time, so that whoever forges tokens can't make us flood the issuer.
 */
import { createRemoteJWKSet, customFetch, errors } from "jose";

import { summary } from "./refusals.js";

/** @import { JWTVerifyGetKey, RemoteJWKSet } from "jose" */

const TIMEOUT_MS = 2_000;

/** How long a failure counts: until then nobody asks again. */
const RETRY_MS = 1_000;

/** How often a request looks whether another one has got the keys. */
const LOOK_MS = 20;

/** The issuer's keys could not be had. */
class KeysUnavailableError extends Error {}

/** The keys of one issuer, as long as this isolate lives. @type {{url: string, keys: RemoteJWKSet} | null} */
let cached = null;

/**
 * What finds an issuer's key for a token. It throws an error that isn't jose's when the keys can't be
 * had.
 * @param {string} url
 * @returns {JWTVerifyGetKey}
 */
export function keysOf(url) {
  if (cached?.url !== url) {
    const options = { timeoutDuration: TIMEOUT_MS, [customFetch]: sharedFetch() };
    cached = { url, keys: createRemoteJWKSet(new URL(url), options) };
  }
  const { keys } = cached;
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      const isTheirFault =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys;
      if (isTheirFault) throw error;
      throw new KeysUnavailableError(`AUTH_JWKS_URL: ${summary(error)}`);
    }
  };
}

/**
 * A fetch that serves all who ask while it is under way with one answer, and none while its last
 * failure is fresh. They share text, not a promise: the platform lets no request wait for what
 * another one has begun.
 */
function sharedFetch() {
  let startedAt = 0;
  let failedAt = 0;
  let latest = "";
  const isFetching = () => Date.now() < startedAt + TIMEOUT_MS;
  return async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
    const isWaiter = isFetching();
    while (isFetching()) await scheduler.wait(LOOK_MS);
    if (Date.now() < failedAt + RETRY_MS) throw new Error("it failed a moment ago");
    if (isWaiter && latest !== "") return new Response(latest);
    startedAt = Date.now();
    try {
      latest = await fetchKeys(url, init);
      return new Response(latest);
    } catch (error) {
      failedAt = Date.now();
      throw error;
    } finally {
      startedAt = 0;
    }
  };
}

/**
 * @param {string} url
 * @param {RequestInit} init
 */
async function fetchKeys(url, init) {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}: expected 200`);
  if (!Array.isArray(JSON.parse(text)?.keys)) throw new Error("expected JSON with a list of keys");
  return text;
}
