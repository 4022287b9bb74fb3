/**
 * `AUTH_MODE` `jwt`: the request carries a signed token, which says who its user is.
 */
import { jwtVerify } from "jose";
import {
  JOSEError,
  JWKSMultipleMatchingKeys,
  JWSSignatureVerificationFailed,
} from "jose/errors";

import { bearerToken, cookieValue, protocolToken } from "./credentials.js";
import { CLOCK_SKEW_SECONDS, hasExpired, identityProblem, tidyIdentity } from "./identity.js";
import { keysOf } from "./issuer-keys.js";
import { summary } from "./log.js";
import { cannotCheck, notConfigured, unauthorized } from "./refusals.js";
import { textHash } from "./secrets.js";
import { isSecureUrl } from "./urls.js";

/** @import { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from "jose" */
/** @import { AuthEnv, Identity } from "./identity.js" */

// Each kind of key has its own algorithms, so that nobody signs with a public key as the secret.
const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"];
const PUBLIC_KEY_ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

// HS256 is as strong as its key, and RFC 7518 asks for as many bits as the hash has.
const SECRET_BYTES_MIN = 32;

const TOKEN_LENGTH_MAX = 16_384;
const CREDENTIAL_ID_LENGTH_MAX = 256;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

const INVALID_TOKEN = "the token is not valid: sign in again for a new one";

/**
 * @typedef {object} Verifier
 * @property {Uint8Array | JWTVerifyGetKey} key
 * @property {string[]} algorithms
 */

/**
 * @param {Request} request
 * @param {AuthEnv} env
 * @returns {Promise<Identity | Response>} The refusal if there is no valid token.
 */
export async function verifyJwt(request, env) {
  const verifier = verifierOf(env);
  if (typeof verifier === "string") return notConfigured(verifier);
  const token = findToken(request, env);
  if (token === null) return unauthorized(`a token is missing: expected ${tokenPlaces(env)}`);
  if (token.length > TOKEN_LENGTH_MAX) return unauthorized(INVALID_TOKEN);
  /** @type {JWTVerifyOptions} */
  const options = {
    algorithms: verifier.algorithms,
    requiredClaims: ["sub", "iat"],
    clockTolerance: CLOCK_SKEW_SECONDS,
    ...(env.AUTH_JWT_ISSUER ? { issuer: env.AUTH_JWT_ISSUER } : {}),
    ...(env.AUTH_JWT_AUDIENCE ? { audience: list(env.AUTH_JWT_AUDIENCE) } : {}),
  };
  try {
    return await identityOf(await verify(token, verifier.key, options), token);
  } catch (error) {
    if (error instanceof JOSEError) return unauthorized(INVALID_TOKEN);
    return cannotCheck(summary(error));
  }
}

/**
 * @param {JWTPayload} claims
 * @param {string} token
 */
async function identityOf(claims, token) {
  const { sub, iat, auth_time: authTime = iat, exp, jti, sid } = claims;
  // A session outlives its tokens. The signature may be written in several ways, what it covers not.
  const signed = token.slice(0, token.lastIndexOf("."));
  const id = [sid, jti].find(isShortText) ?? (await textHash(signed));
  const identity = /** @type {Identity} */ ({
    userId: sub,
    issuedAt: authTime,
    ...(exp === undefined ? {} : { expiresAt: exp * 1_000 }),
    credentialId: id,
  });
  const now = Date.now();
  const isInvalid =
    identityProblem(identity, now) !== null ||
    identityProblem({ ...identity, issuedAt: iat }, now) !== null;
  if (isInvalid) return unauthorized(INVALID_TOKEN);
  if (hasExpired(identity, now)) return unauthorized("the token has expired: renew it");
  return tidyIdentity(identity);
}

/**
 * What tokens are verified with.
 * @param {AuthEnv} env
 * @returns {Verifier | string} What to set, if something is missing or wrong.
 */
function verifierOf(env) {
  const { AUTH_JWT_SECRET: secret, AUTH_JWKS_URL: url, AUTH_JWT_HEADER: header } = env;
  if (header && !HEADER_NAME.test(header)) return "AUTH_JWT_HEADER: expected the name of a header";
  if (secret && url) return "AUTH_JWT_SECRET and AUTH_JWKS_URL are both set: expected one";
  if (secret) {
    const key = new TextEncoder().encode(secret);
    if (key.length < SECRET_BYTES_MIN) {
      return `AUTH_JWT_SECRET is too short: expected at least ${SECRET_BYTES_MIN} bytes`;
    }
    return { key, algorithms: SECRET_ALGORITHMS };
  }
  if (!url) return "AUTH_MODE is jwt: set AUTH_JWT_SECRET or AUTH_JWKS_URL, see docs/deploying.md";
  if (!isSecureUrl(url)) return "AUTH_JWKS_URL: expected an https address";
  return { key: keysOf(url), algorithms: PUBLIC_KEY_ALGORITHMS };
}

/**
 * Verifies a token, with each of the issuer's keys in turn if it does not say which is its own.
 * @param {string} token
 * @param {Uint8Array | JWTVerifyGetKey} key
 * @param {JWTVerifyOptions} options
 */
async function verify(token, key, options) {
  if (key instanceof Uint8Array) return (await jwtVerify(token, key, options)).payload;
  try {
    return (await jwtVerify(token, key, options)).payload;
  } catch (error) {
    if (!(error instanceof JWKSMultipleMatchingKeys)) throw error;
    for await (const candidate of error) {
      try {
        return (await jwtVerify(token, candidate, options)).payload;
      } catch (failure) {
        if (!(failure instanceof JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new JWSSignatureVerificationFailed();
  }
}

/**
 * The first token that there is. Another is not tried when it turns out not to be valid.
 * @param {Request} request
 * @param {AuthEnv} env
 */
function findToken(request, env) {
  const header = env.AUTH_JWT_HEADER;
  return (
    bearerToken(request) ??
    protocolToken(request) ??
    (header ? request.headers.get(header) : null) ??
    cookieValue(request, cookieName(env))
  );
}

/** @param {AuthEnv} env */
function tokenPlaces(env) {
  const header = env.AUTH_JWT_HEADER ? `the header ${env.AUTH_JWT_HEADER}, ` : "";
  const cookie = `the cookie ${cookieName(env)}`;
  return `Authorization: Bearer, the subprotocol bearer.<token>, ${header}or ${cookie}`;
}

/** @param {AuthEnv} env */
function cookieName(env) {
  return env.AUTH_COOKIE || "session";
}

/** @param {string} text */
function list(text) {
  return text.split(",").map((entry) => entry.trim()).filter(Boolean);
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isShortText(value) {
  return typeof value === "string" && value !== "" && value.length <= CREDENTIAL_ID_LENGTH_MAX;
}
