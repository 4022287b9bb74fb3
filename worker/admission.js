/**
 * Admits a request from outside, or refuses it: its route, its page's origin, its sign-in, and how often its
 * credential connects. The Worker calls this, and the object does for requests that no Worker has checked.
 * How each check works belongs to http/ and auth/.
 */
import { authorize, closedUnlessConfigured } from "./auth/authorize.js";
import { readLogoutToken } from "./auth/logout-token.js";
import { checkOrigin, preflight } from "./http/origin.js";
import { logoutRefused } from "./http/refusals.js";
import { errorResponse, missingUserId, upgradeRequired } from "./http/responses.js";
import { readRoute } from "./http/routes.js";
import { takeTry } from "./http/ticket-tries.js";
import { notice, summary } from "./common/log.js";

/** @import { Access, AuthEnv, AuthOptions, IssuerAccess, TicketAccess } from "./auth/identity.js" */
/** @import { ParsedRequest } from "./http/parsed-request.js" */
/** @import { Route } from "./http/routes.js" */
/** @import { TicketTry } from "./http/ticket-tries.js" */

const CONNECT_RETRY_SECONDS = "10";

const TOO_MANY_TRIES = "too many tickets of this address that are not known: wait and try again";

/**
 * A request that may be served.
 * @typedef {object} Admitted
 * @property {Route & {userId: string}} route
 * @property {Access | TicketAccess | IssuerAccess} access
 * @property {TicketTry | null} ticketTry The try of the ticket by which a device connects.
 */

/**
 * Runs the checks one after the other, up to the first that fails.
 * @param {ParsedRequest} parsed
 * @param {string} path The path behind the prefix.
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @param {string | null} [owner] The user of the request if it names none. A logout token must be of that user.
 * @returns {Promise<Admitted | Response>} The answer if it goes no further.
 */
export async function admit(parsed, path, env, options, owner = null) {
  const early = closedUnlessConfigured(env, options) ?? preflight(parsed.request, path, env);
  if (early) return early;
  const route = readRoute(parsed, path);
  if (route instanceof Response) return route;
  const { action } = route;
  if (action === "backchannel-logout") return admitIssuer(parsed.request, env, options, owner);
  const userId = route.userId ?? owner;
  if (userId === null) return missingUserId();
  if (action === "connect" && !parsed.handshake.isUpgrade) return upgradeRequired();
  const foreign = checkOrigin(parsed, env);
  if (foreign) return foreign;
  const access = await authorize(parsed, { action, userId }, env, options);
  if (access instanceof Response) return access;
  const admitted = { route: { ...route, userId }, access, ticketTry: null };
  return action === "connect" ? admitConnect(parsed, admitted, env) : admitted;
}

/**
 * @param {ParsedRequest} parsed
 * @param {Admitted} admitted
 * @param {AuthEnv} env
 * @returns {Promise<Admitted | Response>} The refusal if somebody connects too often.
 */
async function admitConnect({ request }, admitted, env) {
  const { access } = admitted;
  const ticketTry = access.kind === "ticket" ? takeTry(access.ticket, request.headers, env) : null;
  if (access.kind === "ticket" && ticketTry === null) return tooManyConnects(TOO_MANY_TRIES);
  return (await countConnect(request, admitted, env)) ?? { ...admitted, ticketTry };
}

/**
 * Admits the logout of which an issuer tells. Its only credential is the token in its body, which no browser adds by
 * itself, so the origin of a page does not matter.
 * @param {Request} request
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @param {string | null} owner
 * @returns {Promise<Admitted | Response>}
 */
async function admitIssuer(request, env, options, owner) {
  const ended = await readLogoutToken(request, env, options);
  if (ended instanceof Response) return ended;
  const { userId, access } = ended;
  if (owner !== null && owner !== userId) return logoutRefused("sub is not the user of this object");
  return { route: { action: "backchannel-logout", userId }, access, ticketTry: null };
}

/**
 * Counts connects by user and credential. A credential that a logout has ended must not use up the
 * limit of the others, and only the object knows which ones it has ended.
 * @param {Request} request
 * @param {Admitted} admitted
 * @param {AuthEnv} env
 * @returns {Promise<Response | null>} The refusal if this credential connects too often.
 */
async function countConnect(request, { route, access }, { CONNECT_LIMITER: limiter }) {
  if (!limiter) return null;
  try {
    const { success } = await limiter.limit({ key: JSON.stringify([route.userId, ...counted(access, request)]) });
    if (success) return null;
  } catch (error) {
    // Too many connections are better than none: the credential has been checked.
    notice("limiter", `CONNECT_LIMITER did not answer: ${summary(error)}`);
    return null;
  }
  return tooManyConnects("CONNECT_LIMITER: too many connections of this credential in a short time: wait and try again");
}

/** @param {string} message */
function tooManyConnects(message) {
  notice("limit", `refused with 429: ${message}`, "warn");
  return errorResponse(429, "rate_limited", message, { "Retry-After": CONNECT_RETRY_SECONDS });
}

/**
 * Finds out whose connects are counted together. Only the object knows what credential a ticket was given for, and a
 * stranger can make up tickets: those from one address count together, so that they use up no other's limit.
 * @param {Admitted["access"]} access
 * @param {Request} request
 */
function counted(access, { headers }) {
  if (access.kind === "ticket") return ["ticket", headers.get("CF-Connecting-IP")];
  return [access.kind === "user" ? (access.identity.credentialId ?? access.identity.tokenId ?? null) : null];
}
