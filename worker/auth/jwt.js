/**
 * `AUTH_MODE` `jwt`: verifies the signed token that a request carries, which says who its user is. Fetching
 * the issuer's keys belongs to issuer-keys.js.
 */
import { jwtVerify } from "jose";
import {
  JOSEAlgNotAllowed,
  JOSEError,
  JWKSMultipleMatchingKeys,
  JWKSNoMatchingKey,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
} from "jose/errors";

import { refuseFuture } from "./clock-skew.js";
import { AHEAD_SECONDS_MAX, hasExpired, isCredentialId, isEnd, isUserId, tidyIdentity, wasIssued } from "./identity.js";
import { keysOf } from "./issuer-keys.js";
import { valuesOf } from "./previous-secrets.js";
import { textHash } from "./secrets.js";
import { ANY_AUDIENCE, entriesOf } from "./settings.js";
import { bearerToken, cookieValue } from "../http/credentials.js";
import { cannotCheck, unauthorized } from "../http/refusals.js";
import { TOKEN_LENGTH_MAX } from "../common/limits.js";
import { summary } from "../common/log.js";

/** @import { JWTHeaderParameters, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions, JWTVerifyResult } from "jose" */
/** @import { ParsedRequest } from "../http/parsed-request.js" */
/** @import { AuthEnv, Identity } from "./identity.js" */

// Secrets and public keys have different algorithms: nobody can sign with a public key as the secret.
const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"];
const PUBLIC_KEY_ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

// The types of a session's token: a token of another type, a password reset's for instance, is no session.
const SESSION_TYPES = ["jwt", "at+jwt"];

// A logout token (OpenID Connect Back-Channel Logout 1.0) is signed by the same key, often for the same audience.
const LOGOUT_TYPE = "logout+jwt";

/** The member of `events` that makes a token a logout token. */
export const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

const EXPIRED_TOKEN = "the token has expired: renew it";
const OTHER_AUDIENCE =
  "the token is for another service: what its aud says is not what AUTH_JWT_AUDIENCE is set to";
const LOGOUT_TOKEN = "the token is for a logout, so it is no session: sign in again for a new one";
const OTHER_TYPE =
  "the token is of another kind than a session's: set AUTH_JWT_TYP to what its typ says, if it is right";

/**
 * A key that verifies tokens, or a function that finds it.
 * @typedef {Uint8Array | CryptoKey | JWTVerifyGetKey} Key
 */

/**
 * The keys one of which verifies a token.
 * @typedef {object} Verifier
 * @property {Key[]} keys
 * @property {string[]} algorithms
 */

/**
 * @param {ParsedRequest} parsed
 * @param {AuthEnv} env
 * @returns {Promise<Identity | Response>} The refusal if there is no valid token.
 */
export async function verifyJwt(parsed, env) {
  const token = findToken(parsed, env);
  if (token === null) return unauthorized(`a token is missing: expected ${tokenPlaces(env)}`);
  if (token.length > TOKEN_LENGTH_MAX) return invalid("it is too long");
  try {
    const { payload, protectedHeader } = await verifySigned(token, env, ["sub", "iat"]);
    if (isForLogout(payload, protectedHeader)) return unauthorized(LOGOUT_TOKEN);
    if (!isSessionType(protectedHeader, env)) return unauthorized(OTHER_TYPE);
    if (!isForUs(payload, env)) return unauthorized(OTHER_AUDIENCE);
    const identity = await identityOf(payload, token);
    if (identity instanceof Response) return identity;
    const { iat = 0, nbf = 0 } = payload;
    return refuseFuture([iat, nbf, identity.issuedAt], env, Date.now()) ?? identity;
  } catch (error) {
    if (error instanceof JWTExpired) return unauthorized(EXPIRED_TOKEN);
    if (error instanceof JWTClaimValidationFailed) return wrongClaim(error.claim);
    if (error instanceof JOSEError) return invalid(failedCheck(error));
    return cannotCheck(summary(error));
  }
}

/**
 * Verifies what all signed tokens have in common: the signature, and the issuer if it is set. Its times are judged
 * roughly, by a day: the caller judges the end exactly, and the beginning by CLOCK_SKEW_SECONDS.
 * @param {string} token
 * @param {AuthEnv} env
 * @param {string[]} requiredClaims
 * @returns {Promise<JWTVerifyResult>}
 * @throws {JOSEError} if the token is not valid. What else is thrown says that it can't be verified now.
 */
export function verifySigned(token, env, requiredClaims) {
  const { keys, algorithms } = verifierOf(env);
  /** @type {JWTVerifyOptions} */
  const options = {
    algorithms,
    requiredClaims,
    clockTolerance: AHEAD_SECONDS_MAX,
    ...(env.AUTH_JWT_ISSUER ? { issuer: env.AUTH_JWT_ISSUER } : {}),
  };
  return verify(token, keys, options);
}

/** @param {string} why */
function invalid(why) {
  return unauthorized(`the token is not valid, ${why}: sign in again for a new one`);
}

/** @param {string} claim */
function wrongClaim(claim) {
  return invalid(`its ${claim} is missing or wrong`);
}

/**
 * Says which check of the signature failed.
 * @param {JOSEError} error
 */
export function failedCheck(error) {
  if (error instanceof JWSSignatureVerificationFailed) {
    return "its signature is by another key than AUTH_JWT_SECRET or AUTH_JWKS_URL gives";
  }
  if (error instanceof JWKSNoMatchingKey) return "its kid and alg fit no key of AUTH_JWKS_URL";
  if (error instanceof JOSEAlgNotAllowed) return "its alg is none that is taken with this kind of key";
  return "it is no signed JWT";
}

/**
 * Whether a token asks for a logout. No setting makes a session of it.
 * @param {JWTPayload} claims
 * @param {JWTHeaderParameters} header
 */
function isForLogout({ events }, { typ }) {
  if (typeof typ === "string" && shortType(typ) === LOGOUT_TYPE) return true;
  // An issuer that writes the claim otherwise than as an object means the same.
  return JSON.stringify(events ?? null).includes(LOGOUT_EVENT);
}

/**
 * Whether the type of a token (RFC 7515, 4.1.9) is a session's.
 * @param {JWTHeaderParameters} header
 * @param {AuthEnv} env
 */
function isSessionType({ typ }, { AUTH_JWT_TYP: wanted }) {
  if (typ === undefined) return !wanted;
  if (typeof typ !== "string") return false;
  const types = wanted ? entriesOf(wanted).map(shortType) : SESSION_TYPES;
  return types.includes(shortType(typ));
}

/**
 * Normalizes a media type: its case does not count, and "application/" may be left out.
 * @param {string} type
 */
export function shortType(type) {
  return type.toLowerCase().replace(/^application\//, "");
}

/**
 * Whether a token is for this server. A token that names an audience is refused unless the settings name
 * the same one.
 * @param {JWTPayload} claims
 * @param {AuthEnv} env
 */
export function isForUs({ aud }, { AUTH_JWT_AUDIENCE: audience }) {
  const isAny = audience === ANY_AUDIENCE;
  if (aud === undefined) return !audience || isAny;
  const named = /** @type {unknown[]} */ (Array.isArray(aud) ? aud : [aud]);
  if (named.length === 0 || !named.every((name) => typeof name === "string")) return false;
  return isAny || named.some((name) => entriesOf(audience ?? "").includes(name));
}

/**
 * Makes the identity out of a verified token's claims.
 * @param {JWTPayload} claims
 * @param {string} token
 */
async function identityOf(claims, token) {
  const { sub, iat, auth_time: signedInAt, exp, jti, sid } = claims;
  const authTime = signedInAt === undefined ? iat : signedInAt;
  const now = Date.now();
  if (!isUserId(sub)) return wrongClaim("sub");
  if (!wasIssued(iat, now)) return wrongClaim("iat");
  if (!wasIssued(authTime, now)) return wrongClaim("auth_time");
  if (sid !== undefined && !isCredentialId(sid)) return wrongClaim("sid");
  if (jti !== undefined && !isCredentialId(jti)) return wrongClaim("jti");
  const expiresAt = exp === undefined ? undefined : exp * 1_000;
  if (expiresAt !== undefined && !isEnd(expiresAt)) return wrongClaim("exp");
  // The hash leaves out the signature: the same one can be written in several ways.
  const signed = token.slice(0, token.lastIndexOf("."));
  const identity = {
    userId: sub,
    issuedAt: authTime,
    isSignInTime: signedInAt !== undefined,
    expiresAt,
    credentialId: sid,
    tokenId: jti ?? (await textHash(signed)),
  };
  return hasExpired(identity, now) ? unauthorized(EXPIRED_TOKEN) : tidyIdentity(identity);
}

/**
 * Makes the verifier that the settings ask for.
 * @param {AuthEnv} env Has one of the two, as settings.js has checked.
 * @returns {Verifier}
 */
function verifierOf(env) {
  const { AUTH_JWKS_URL: url } = env;
  if (url) return { keys: [keysOf(url)], algorithms: PUBLIC_KEY_ALGORITHMS };
  const secrets = valuesOf(env, "AUTH_JWT_SECRET");
  return { keys: secrets.map((secret) => new TextEncoder().encode(secret)), algorithms: SECRET_ALGORITHMS };
}

/**
 * Verifies a token. A token that does not name its key is tried with each of the issuer's keys.
 * @param {string} token
 * @param {Iterable<Key> | AsyncIterable<Key>} keys
 * @param {JWTVerifyOptions} options
 * @returns {Promise<JWTVerifyResult>}
 * @throws {JWSSignatureVerificationFailed} if it is signed by none of the keys.
 */
async function verify(token, keys, options) {
  for await (const key of keys) {
    try {
      return await jwtVerify(token, /** @type {JWTVerifyGetKey} */ (key), options);
    } catch (error) {
      if (error instanceof JWKSMultipleMatchingKeys) return verify(token, error, options);
      if (!(error instanceof JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new JWSSignatureVerificationFailed();
}

/**
 * Finds the first token in a request. No other is tried if this one is not valid.
 * @param {ParsedRequest} parsed
 * @param {AuthEnv} env
 */
function findToken({ request, handshake }, env) {
  const header = env.AUTH_JWT_HEADER;
  return (
    bearerToken(request) ??
    handshake.bearerToken ??
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
