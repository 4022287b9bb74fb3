/**
 * `AUTH_MODE` `session`: the app's own sign-in is asked whose session the request belongs to.
 */
import { protocolToken } from "./credentials.js";
import { hasExpired, identityProblem, tidyIdentity } from "./identity.js";
import { summary } from "./log.js";
import { cannotCheck, notConfigured, unauthorized } from "./refusals.js";
import { isSecureUrl } from "./urls.js";

/** @import { AuthEnv, Identity } from "./identity.js" */

const ANSWER_WAIT_MS = 2_000;

// better-auth's. Its cookie cache would go on answering for a session that has been revoked, and a
// renewed cookie could not be passed on.
const DEFAULT_PATH = "/api/auth/get-session?disableCookieCache=true&disableRefresh=true";

// A time in seconds stays below this for some thousand years, one in milliseconds passed it in 1973.
const SECONDS_MAX = 100_000_000_000;

const NO_SESSION = "there is no session: sign in first";

/** The app answered, but not with what it should. */
class AnswerError extends Error {}

/**
 * @param {Request} request
 * @param {AuthEnv} env
 * @returns {Promise<Identity | Response>} The refusal if there is no session.
 */
export async function readSession(request, env) {
  const url = sessionUrl(request, env);
  if (typeof url === "string") return notConfigured(url);
  const headers = credentialsOf(request);
  if (!headers) return unauthorized(NO_SESSION);
  try {
    const session = await askForSession(url, headers, env);
    return session === null ? unauthorized(NO_SESSION) : identityOf(session, env);
  } catch (error) {
    return cannotCheck(`the session's service: ${summary(error)}`);
  }
}

/**
 * @param {Request} request
 * @param {AuthEnv} env
 * @returns {URL | string} What to set, if it can't be told.
 */
function sessionUrl(request, env) {
  const { AUTH, AUTH_SESSION_URL: text } = env;
  if (AUTH) {
    return URL.parse(text || DEFAULT_PATH, request.url) ?? "AUTH_SESSION_URL: expected an address";
  }
  if (!text) {
    return "AUTH_MODE is session: set AUTH_SESSION_URL, or bind AUTH to a Worker; see docs/deploying.md";
  }
  return isSecureUrl(text) ? new URL(text) : "AUTH_SESSION_URL: expected an https address";
}

/**
 * The headers that may name a session.
 * @param {Request} request
 * @returns {Headers | null} `null` if there is none.
 */
function credentialsOf(request) {
  const headers = new Headers();
  const cookie = request.headers.get("Cookie");
  if (cookie) headers.set("Cookie", cookie);
  const token = protocolToken(request);
  const authorization = request.headers.get("Authorization") ?? (token && `Bearer ${token}`);
  if (authorization) headers.set("Authorization", authorization);
  return cookie || authorization ? headers : null;
}

/**
 * @param {URL} url
 * @param {Headers} headers
 * @param {AuthEnv} env
 * @returns {Promise<unknown>} `null` if there is no session.
 * @throws if there is no answer in time or none that can be understood.
 */
async function askForSession(url, headers, env) {
  const withAccept = new Headers(headers);
  withAccept.set("Accept", "application/json");
  /** @type {RequestInit} */
  const init = {
    headers: withAccept,
    // One user's answer must never serve another, whatever the zone caches.
    cache: "no-store",
    // The headers must not follow to another address.
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
    // The parser's own message quotes what it read.
    throw new AnswerError("expected JSON");
  }
}

/**
 * @param {unknown} session
 * @param {AuthEnv} env
 * @returns {Identity | Response}
 */
function identityOf(session, env) {
  const userId = at(session, env.AUTH_SESSION_USER_PATH || "user.id");
  if (userId === undefined || userId === null) return unauthorized(NO_SESSION);
  const id = at(session, env.AUTH_SESSION_ID_PATH || "session.id");
  const createdAt = timeAt(session, env.AUTH_SESSION_CREATED_PATH || "session.createdAt");
  if (createdAt === undefined) throw new AnswerError("it does not say when the session began");
  const expiresAt = timeAt(session, env.AUTH_SESSION_EXPIRES_PATH || "session.expiresAt");
  /** @type {Identity} */
  const identity = {
    userId: String(isName(userId) ? userId : ""),
    issuedAt: createdAt / 1_000,
    // Without an id a user's session is told by its beginning: a cookie has more in it than that.
    credentialId: String(isName(id) ? id : createdAt),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  const now = Date.now();
  const problem = identityProblem(identity, now);
  if (problem) throw new AnswerError(problem);
  if (hasExpired(identity, now)) return unauthorized("the session has expired: sign in again");
  return tidyIdentity(identity);
}

/**
 * What lies at a path like `user.id`.
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
 * The time at a path: a date as text, or seconds or milliseconds since the epoch.
 * @param {unknown} session
 * @param {string} path
 * @returns {number | undefined} Milliseconds since the epoch.
 */
function timeAt(session, path) {
  const value = at(session, path);
  if (value === undefined || value === null) return undefined;
  const ms = typeof value === "string" ? Date.parse(value) : Number(value);
  if (Number.isNaN(ms)) throw new AnswerError(`expected a time at ${path}`);
  return typeof value === "number" && ms < SECONDS_MAX ? ms * 1_000 : ms;
}

/**
 * @param {unknown} value
 * @returns {value is string | number}
 */
function isName(value) {
  return (typeof value === "string" && value !== "") || Number.isSafeInteger(value);
}
