/**
 * What every request from outside has to pass, at the Worker or, if a Worker of somebody else's
 * hands it on as it came, at the object; and how what was found out reaches the object.
 */
import { authorize, closedUnlessConfigured } from "./auth/authorize.js";
import { agreedProtocol, isWebSocketUpgrade } from "./http/handshake.js";
import { notice, summary } from "./shared/log.js";
import { checkOrigin, preflight } from "./http/origin.js";
import { errorResponse, missingUserId, upgradeRequired } from "./http/responses.js";
import { readRoute } from "./http/routes.js";

/** @import { Access, AuthEnv, AuthOptions } from "./auth/identity.js" */
/** @import { Route } from "./http/routes.js" */
/** @import { Credential } from "../bindings/wire.js" */

const CONNECT_RETRY_SECONDS = "10";

// All that the object needs of a socket's request. The rest, credentials among it, stays here.
const SOCKET_HEADERS = [
  ...["Upgrade", "Connection"],
  ...["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions"],
];

// What a client's request has when it reaches a Worker, and one that a Worker makes has not.
const OUTSIDE_HEADERS = ["Host", "CF-Connecting-IP", "CF-Ray", "X-Forwarded-Proto", "X-Real-IP"];
const CLIENT_HEADERS = ["Origin", "Cookie", "Authorization", "User-Agent", "Referer", "Sec-Fetch-Site"];

/**
 * @typedef {object} Admitted
 * @property {Route & {userId: string}} route
 * @property {Access} access
 */

/**
 * Lets a request in, or not.
 * @param {Request} request
 * @param {string} path The path behind the prefix.
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @param {string | null} [owner] The user that the request is for if it names none.
 * @returns {Promise<Admitted | Response>} The answer if it goes no further.
 */
export async function admit(request, path, env, options, owner = null) {
  const early = closedUnlessConfigured(env, options) ?? preflight(request, path, env);
  if (early) return early;
  const route = readRoute(request, path, new URL(request.url).searchParams);
  if (route instanceof Response) return route;
  const userId = route.userId ?? owner;
  if (userId === null) return missingUserId();
  const { action } = route;
  if (action === "connect" && !isWebSocketUpgrade(request)) return upgradeRequired();
  const foreign = checkOrigin(request, action, env);
  if (foreign) return foreign;
  const access = await authorize(request, { action, userId }, env, options);
  if (access instanceof Response) return access;
  const tooMany = action === "connect" ? await countConnect(userId, access, env) : null;
  return tooMany ?? { route: { ...route, userId }, access };
}

/**
 * The headers of a socket's request to the object.
 * @param {Request} request
 */
export function socketHeaders(request) {
  const headers = new Headers();
  for (const name of SOCKET_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const protocol = agreedProtocol(request);
  if (protocol) headers.set("Sec-WebSocket-Protocol", protocol);
  return headers;
}

/**
 * Whether a request bears the marks of a client, and not only of the Worker that passes it on.
 * @param {Request} request
 */
export function isFromOutside({ headers }) {
  return [...OUTSIDE_HEADERS, ...CLIENT_HEADERS].some((name) => headers.has(name));
}

/**
 * What goes along with a request to the object, on a way that no client can write to.
 * @param {Access} access
 */
export function forwardedCf(access) {
  return { outlivesRestart: true, userSessionAccess: access };
}

/**
 * What our Worker has found out about a request.
 * @param {Request} request
 * @returns {Access | null} `null` if the request did not come from it.
 */
export function forwardedAccess(request) {
  const access = request.cf?.userSessionAccess;
  // With this header anybody can set `cf` on a development server. Our Worker does not pass it on.
  if (!isAccess(access) || request.headers.has("MF-CF-Blob")) return null;
  return access;
}

/**
 * What an access is worth to the session.
 * @param {Access} access
 * @returns {Credential}
 */
export function credentialOf(access) {
  if (access.kind === "trusted") return { issuedAt: -1, expiresAt: 0, id: "" };
  const { issuedAt, expiresAt = 0, credentialId = "" } = access.identity;
  return { issuedAt, expiresAt, id: credentialId };
}

/**
 * Counts by user and credential: whether a credential has been ended by a logout is known only to the
 * object, and one that has must not use up what the others may do.
 * @param {string} userId
 * @param {Access} access
 * @param {AuthEnv} env
 * @returns {Promise<Response | null>} The refusal if this credential connects too often.
 */
async function countConnect(userId, access, { CONNECT_LIMITER: limiter }) {
  if (!limiter) return null;
  const credentialId = access.kind === "user" ? access.identity.credentialId : undefined;
  try {
    const { success } = await limiter.limit({ key: JSON.stringify([userId, credentialId ?? null]) });
    if (success) return null;
  } catch (error) {
    // Whoever is asking has been checked: better too many connections than none.
    notice("limiter", `CONNECT_LIMITER did not answer: ${summary(error)}`);
    return null;
  }
  const message = "CONNECT_LIMITER: too many connections of this credential in a short time: wait and try again";
  notice("limit", `refused with 429: ${message}`, "warn");
  return errorResponse(429, "rate_limited", message, { "Retry-After": CONNECT_RETRY_SECONDS });
}

/**
 * @param {unknown} value
 * @returns {value is Access}
 */
function isAccess(value) {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  return value.kind === "trusted" || (value.kind === "user" && "identity" in value);
}
