/**
 * `AUTH_MODE` `session`: asks the app's session service, for example better-auth, whose session a request
 * belongs to, and reads the answer. Every request asks anew; nothing is remembered. The rules that every identity
 * must keep belong to identity.js.
 */
import { refuseFuture } from "./clock-skew.js";
import { CREDENTIAL_ID_EXPECTED, SECONDS_MAX, hasExpired, identityProblem, isCredentialId, tidyIdentity } from "./identity.js";
import { cannotCheck, unauthorized } from "../http/refusals.js";
import { summary } from "../common/log.js";

/** @import { ParsedRequest } from "../http/parsed-request.js" */
/** @import { AuthEnv, Identity } from "./identity.js" */

const ANSWER_WAIT_MS = 2_000;

// The path of better-auth. Its cookie cache must be off, since it goes on answering for a revoked session. Its
// renewing of sessions must be off, since the renewed cookie could not be passed on to the browser.
const DEFAULT_PATH = "/api/auth/get-session?disableCookieCache=true&disableRefresh=true";

// The dates that JSON, databases and HTTP have. `Date.parse` guesses at any other text, and finds a date even in
// "session 5".
const ISO_DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
// Seconds or milliseconds since the epoch, as text.
const NUMBER = /^\d{9,15}$/;

const NO_SESSION = "there is no session: sign in first";

/** The service's answer can't be understood. */
class AnswerError extends Error {}

/**
 * @param {ParsedRequest} parsed
 * @param {AuthEnv} env
 * @returns {Promise<Identity | Response>} The refusal if there is no session, it has expired, or the service gave no
 *   usable answer.
 */
export async function introspect(parsed, env) {
  const headers = credentialsOf(parsed);
  if (!headers) return unauthorized(NO_SESSION);
  try {
    const session = await fetchSession(sessionUrl(parsed.url, env), headers, env);
    return session === null ? unauthorized(NO_SESSION) : identityOf(session, env);
  } catch (error) {
    return cannotCheck(`the session's service: ${summary(error)}`);
  }
}

/**
 * Makes the address to ask. A service binding gets the whole request whatever its host is, so a path is enough.
 * @param {URL} asked The URL of the request.
 * @param {AuthEnv} env Checked by settings.js, so the address is a whole one if there is no binding.
 */
function sessionUrl(asked, { AUTH, AUTH_SESSION_URL: text }) {
  return new URL(text || DEFAULT_PATH, AUTH ? asked : undefined);
}

/**
 * Collects the headers that may name a session.
 * @param {ParsedRequest} parsed
 * @returns {Headers | null} `null` if there is none.
 */
function credentialsOf({ request, handshake }) {
  const headers = new Headers();
  const cookie = request.headers.get("Cookie");
  if (cookie) headers.set("Cookie", cookie);
  const token = handshake.bearerToken;
  const authorization = request.headers.get("Authorization") ?? (token && `Bearer ${token}`);
  if (authorization) headers.set("Authorization", authorization);
  return cookie || authorization ? headers : null;
}

/**
 * Fetches the session that the headers belong to.
 * @param {URL} url
 * @param {Headers} headers
 * @param {AuthEnv} env
 * @returns {Promise<unknown>} `null` if there is no session.
 * @throws if there is no answer in time, or none that can be understood.
 */
async function fetchSession(url, headers, env) {
  const withAccept = new Headers(headers);
  withAccept.set("Accept", "application/json");
  /** @type {RequestInit} */
  const init = {
    headers: withAccept,
    // The cache of Cloudflare's network does not look at the cookie, so it would serve one user's answer to another.
    cache: "no-store",
    // A redirect would take the credentials to another address.
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_WAIT_MS),
  };
  const response = await (env.AUTH ? env.AUTH.fetch(url, init) : fetch(url, init));
  if ([204, 401, 403].includes(response.status)) {
    await response.body?.cancel();
    return null;
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new AnswerError(`status ${response.status}: expected 200, or 401 for no session`);
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the answer.
    throw new AnswerError("expected JSON");
  }
}

/**
 * Makes the identity out of the service's answer. `issuedAt` is in seconds, `expiresAt` in milliseconds.
 * @param {unknown} session
 * @param {AuthEnv} env
 * @returns {Identity | Response}
 */
function identityOf(session, env) {
  const userId = at(session, env.AUTH_SESSION_USER_PATH || "user.id");
  if (userId === undefined || userId === null) return unauthorized(NO_SESSION);
  const id = idOf(session, env);
  const createdAt = timeAt(session, env, "AUTH_SESSION_CREATED_PATH", "session.createdAt");
  if (createdAt === undefined) throw new AnswerError("it does not say when the session began");
  const expiresAt = timeAt(session, env, "AUTH_SESSION_EXPIRES_PATH", "session.expiresAt");
  /** @type {Identity} */
  const identity = {
    userId: String(isName(userId) ? userId : ""),
    issuedAt: createdAt / 1_000,
    isSignInTime: true,
    // A session without an id is named by the time at which it began. Its cookie would be a name, too, but a
    // secret one.
    credentialId: id ?? String(createdAt),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  const now = Date.now();
  const problem = identityProblem(identity, now);
  if (problem) throw new AnswerError(problem);
  if (hasExpired(identity, now)) return unauthorized("the session has expired: sign in again");
  return refuseFuture([identity.issuedAt], env, now) ?? tidyIdentity(identity);
}

/**
 * Finds the value at a path like `user.id`.
 * @param {unknown} value
 * @param {string} path
 * @returns {unknown}
 */
function at(value, path) {
  /** @type {unknown} */
  let found = value;
  for (const key of path.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = /** @type {Record<string, unknown>} */ (found)[key];
  }
  return found;
}

/**
 * Reads the value at a path that the owner may have set in a variable. A path that the owner has set must lead to
 * something, if only to `null`, since with a mistyped path a check would be skipped in silence.
 * @param {unknown} session
 * @param {AuthEnv} env
 * @param {"AUTH_SESSION_ID_PATH" | "AUTH_SESSION_CREATED_PATH" | "AUTH_SESSION_EXPIRES_PATH"} variable
 * @param {string} usual The path if the variable is not set.
 */
function named(session, env, variable, usual) {
  const value = at(session, env[variable] || usual);
  if (value === undefined && env[variable]) {
    throw new AnswerError(`there is nothing at ${variable}, which is ${env[variable]}`);
  }
  return value;
}

/**
 * Reads the session's id, which may be a whole number. Anything else at its path is refused, since no logout could name it.
 * @param {unknown} session
 * @param {AuthEnv} env
 * @returns {string | undefined}
 */
function idOf(session, env) {
  const id = named(session, env, "AUTH_SESSION_ID_PATH", "session.id");
  if (id === undefined || id === null) return undefined;
  if (isCredentialId(id) || Number.isSafeInteger(id)) return String(id);
  throw new AnswerError(`${env.AUTH_SESSION_ID_PATH || "session.id"}: ${CREDENTIAL_ID_EXPECTED}, or a whole number below 2^53`);
}

/**
 * Reads the time at a path: a date as text, or seconds or milliseconds since the epoch.
 * @param {unknown} session
 * @param {AuthEnv} env
 * @param {"AUTH_SESSION_CREATED_PATH" | "AUTH_SESSION_EXPIRES_PATH"} variable
 * @param {string} usual
 * @returns {number | undefined} Milliseconds since the epoch.
 */
function timeAt(session, env, variable, usual) {
  const value = named(session, env, variable, usual);
  if (value === undefined || value === null) return undefined;
  const ms = millisecondsOf(value);
  if (Number.isNaN(ms)) throw new AnswerError(`expected a time at ${env[variable] || usual}`);
  return ms;
}

/**
 * @param {unknown} value
 * @returns {number} `NaN` if it is no time.
 */
function millisecondsOf(value) {
  if (typeof value === "number") return value < SECONDS_MAX ? value * 1_000 : value;
  if (typeof value !== "string") return NaN;
  if (NUMBER.test(value)) return millisecondsOf(Number(value));
  if (HTTP_DATE.test(value)) return Date.parse(value);
  const [, day, time = "00:00", zone = "Z"] = ISO_DATE.exec(value) ?? [];
  const offset = zone.length === 3 ? `${zone}:00` : zone.replace(/(?<=\d\d)(?=\d\d$)/, ":");
  return day === undefined ? NaN : Date.parse(`${day}T${time}${offset.toUpperCase()}`);
}

/**
 * @param {unknown} value
 * @returns {value is string | number}
 */
function isName(value) {
  return (typeof value === "string" && value !== "") || Number.isSafeInteger(value);
}
