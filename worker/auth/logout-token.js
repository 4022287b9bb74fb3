/**
 * Reads the logout tokens by which an issuer says that it has ended a user's session: OpenID Connect Back-Channel
 * Logout 1.0, sections 2.5 and 2.6. What a logout ends is decided in `src/`.
 *
 * A token that comes twice ends nothing that it has not ended the first time, so none is remembered.
 */
import { JOSEError, JWTClaimValidationFailed, JWTExpired } from "jose/errors";

import { clockSkewSeconds } from "./clock-skew.js";
import { CREDENTIAL_ID_EXPECTED, isCredentialId, isUserId, wasIssued } from "./identity.js";
import { LOGOUT_EVENT, failedCheck, isForUs, shortType, verifySigned } from "./jwt.js";
import { cannotCheck, logoutRefused, notConfigured } from "../http/refusals.js";
import { errorResponse } from "../http/responses.js";
import { readBody } from "../http/routes.js";
import { TOKEN_LENGTH_MAX, USER_ID_BYTES_MAX, isLonger } from "../common/limits.js";
import { summary } from "../common/log.js";

/** @import { JWTHeaderParameters, JWTPayload } from "jose" */
/** @import { AuthEnv, AuthOptions, IssuerAccess } from "./identity.js" */

const FORM = "application/x-www-form-urlencoded";

// An issuer may send parameters of its own beside the token.
const FORM_BYTES_MAX = 2 * TOKEN_LENGTH_MAX;
const FORM_MS = 5_000;

// Issuers that don't type their logout tokens have no other type than that of their ID tokens.
const LOGOUT_TYPES = [undefined, "jwt", "logout+jwt"];

/** Maximum age of a logout token. */
const AGE_SECONDS_MAX = 600;

/**
 * Reads the logout token of a request.
 * @param {Request} request
 * @param {AuthEnv} env Has been checked by closedUnlessConfigured.
 * @param {AuthOptions} options
 * @returns {Promise<{userId: string, access: IssuerAccess} | Response>} Whose session has ended and which, or the
 *   refusal.
 */
export async function readLogoutToken(request, env, { authenticate }) {
  if (authenticate || env.AUTH_MODE !== "jwt") {
    const message = "a logout token is taken with AUTH_MODE jwt only: call logoutCredential or logoutAll instead";
    return errorResponse(404, "not_found", message);
  }
  if (!env.AUTH_JWT_ISSUER) {
    return notConfigured("AUTH_JWT_ISSUER is not set: a logout token needs it, since it says whose word ends sessions");
  }
  const token = await tokenOf(request);
  return token instanceof Response ? token : verifyLogoutToken(token, env);
}

/**
 * Reads the form.
 * @param {Request} request
 * @returns {Promise<string | Response>}
 */
async function tokenOf(request) {
  const [type] = (request.headers.get("Content-Type") ?? "").split(";");
  if (type.trim().toLowerCase() !== FORM) return logoutRefused(`expected a form of the type ${FORM}`);
  const content = await inTime(readBody(request, FORM_BYTES_MAX));
  if (content === null) return logoutRefused(`the form has not arrived in ${FORM_MS / 1_000} s`);
  if (content instanceof Response) return content;
  const tokens = new URLSearchParams(new TextDecoder().decode(content.body)).getAll("logout_token");
  const isTooLong = content.size > FORM_BYTES_MAX || tokens.some(({ length }) => length > TOKEN_LENGTH_MAX);
  if (isTooLong) return logoutRefused(`the form is too long: expected a token of at most ${TOKEN_LENGTH_MAX} characters`);
  if (tokens.length > 1) return logoutRefused("logout_token is there twice: expected one");
  return tokens[0] || logoutRefused("logout_token is missing: expected it in the form");
}

/**
 * Waits for what a stranger sends, who must not hold a request open at will.
 * @template T
 * @param {Promise<T>} reading
 * @returns {Promise<T | null>} `null` if it has not come in time.
 */
async function inTime(reading) {
  const timer = new AbortController();
  const late = scheduler.wait(FORM_MS, { signal: timer.signal }).then(() => null);
  try {
    return await Promise.race([reading, late]);
  } finally {
    // The wait rejects then, and nobody is left to hear it.
    late.catch(() => {});
    timer.abort();
  }
}

/**
 * @param {string} token
 * @param {AuthEnv} env
 */
async function verifyLogoutToken(token, env) {
  try {
    const { payload, protectedHeader } = await verifySigned(token, env, ["iss", "aud", "iat", "jti", "events"]);
    const problem = otherPurpose(payload, protectedHeader, env) ?? wrongClaim(payload, env);
    return problem === null ? endedBy(payload) : logoutRefused(problem);
  } catch (error) {
    if (error instanceof JWTExpired) return logoutRefused("exp: the logout token has expired");
    if (error instanceof JWTClaimValidationFailed) return logoutRefused(`${error.claim} is missing or wrong`);
    if (error instanceof JOSEError) return logoutRefused(failedCheck(error));
    return cannotCheck(summary(error));
  }
}

/**
 * Finds what makes a signed token no logout token, or none for us: it may be another token of the same issuer.
 * @param {JWTPayload} claims
 * @param {JWTHeaderParameters} header
 * @param {AuthEnv} env
 * @returns {string | null}
 */
function otherPurpose(claims, { typ }, env) {
  if (!LOGOUT_TYPES.includes(typeof typ === "string" ? shortType(typ) : typ)) {
    return "typ: expected none, JWT or logout+jwt";
  }
  if (!isForUs(claims, env)) return "aud is not what AUTH_JWT_AUDIENCE is set to";
  if (!isLogoutEvent(claims.events)) return `events: expected an object in which ${LOGOUT_EVENT} is an object`;
  if (claims.nonce !== undefined) return "nonce: expected none, since a logout token must not pass for an ID token";
  return null;
}

/**
 * Finds the first claim of a logout token that does not say whose session has ended, which and when.
 * @param {JWTPayload} claims
 * @param {AuthEnv} env
 * @returns {string | null}
 */
function wrongClaim({ exp, iat, jti, sid, sub }, env) {
  const now = Date.now();
  if (typeof jti !== "string" || jti === "") return "jti: expected a string, not empty";
  if (!wasIssued(iat, now) || iat > now / 1_000 + clockSkewSeconds(env)) {
    return "iat: expected seconds since the epoch, and not in the future";
  }
  if (exp !== undefined && exp <= now / 1_000) return "exp: the logout token has expired";
  if (iat < now / 1_000 - AGE_SECONDS_MAX) return `iat: the logout token is older than ${AGE_SECONDS_MAX} seconds`;
  // A session that can't be named must not become all of the user's.
  if (sid !== undefined && !isCredentialId(sid)) return `sid: ${CREDENTIAL_ID_EXPECTED}`;
  if (sub === undefined) return "sub is missing: a session is found by its user, so sid alone is not enough";
  if (!isUserId(sub) || isLonger(sub, USER_ID_BYTES_MAX)) return "sub: expected the id of a user";
  return null;
}

/** @param {unknown} events */
function isLogoutEvent(events) {
  return isObject(events) && Object.hasOwn(events, LOGOUT_EVENT) && isObject(events[LOGOUT_EVENT]);
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Makes the right to the logout of which a valid token tells.
 * @param {JWTPayload} claims As wrongClaim has checked them.
 * @returns {{userId: string, access: IssuerAccess}}
 */
function endedBy({ iat, sid, sub }) {
  const sessionId = /** @type {string | undefined} */ (sid) ?? "";
  return {
    userId: /** @type {string} */ (sub),
    access: { kind: "issuer", sessionId, endedAt: Math.floor(/** @type {number} */ (iat)) },
  };
}
