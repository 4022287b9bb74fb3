/**
 * Carries a request from the Worker to its user's object, and says in it what the Worker has checked. Both the
 * writing and the reading of that note are here. The checks are in admission.js, and the object's work in
 * object/.
 *
 * During a deploy the two may be of different versions, for up to `max_delay` of wrangler.jsonc. A reader ignores
 * fields that it does not know, and a field that a later version adds has a default, which is safe and is what its
 * absence means. A later version that can't be read so writes another `kind`, which this one refuses.
 */
import { TRUSTED_ACCESS, identityProblem, tidyIdentity } from "./auth/identity.js";
import { notConfigured } from "./http/refusals.js";
import { unavailable } from "./http/responses.js";
import { hasBody, readBody } from "./http/routes.js";
import { report, summaryWithStack } from "./common/log.js";
import { NO_BINDING } from "./common/requirements.js";
import { FRAME_BYTES_MAX } from "../bindings/wire.js";

/** @import { Admitted } from "./admission.js" */
/** @import { Access, IssuerAccess, TicketAccess } from "./auth/identity.js" */
/** @import { ParsedRequest } from "./http/parsed-request.js" */

/**
 * The message of the exception by which a waiting request fails when the object restarts after a logout
 * (object/logout-restart.js). It must stay the same in all versions.
 */
export const RESTART_REASON = "user-session: restarting after a logout to end its connections";

// Headers that a client's request has. A request that a Worker makes by `new Request` has none of them.
const OUTSIDE_HEADERS = ["Host", "CF-Connecting-IP", "CF-Ray", "X-Forwarded-Proto", "X-Real-IP"];
const CLIENT_HEADERS = ["Origin", "Cookie", "Authorization", "User-Agent", "Referer", "Sec-Fetch-Site"];

/**
 * Passes a request on to the user's object, and once more if the object has restarted after a logout. After any
 * other failure the request may have been done, so it is not sent again.
 * @param {ParsedRequest} parsed
 * @param {Env} env
 * @param {Admitted} admitted
 * @returns {Promise<Response>}
 */
export async function forward(parsed, env, admitted) {
  if (typeof env.USER_SESSION_DO?.idFromName !== "function") return notConfigured(NO_BINDING);
  const id = env.USER_SESSION_DO.idFromName(admitted.route.userId);
  const copy = await copier(parsed, admitted);
  if (copy instanceof Response) return copy;
  // Each attempt takes a stub of its own, because one that has thrown does not work again.
  try {
    return await env.USER_SESSION_DO.get(id).fetch(copy());
  } catch (error) {
    if (!isRestart(error)) return unreachable(error);
  }
  return env.USER_SESSION_DO.get(id).fetch(copy()).catch(unreachable);
}

/**
 * Makes a function that gives a new copy of a request at each call, so that it can be sent twice. The
 * copies carry the access that was checked, and no credential.
 * @param {ParsedRequest} parsed
 * @param {Admitted} admitted
 * @returns {Promise<(() => Request) | Response>} The function, or the refusal if the body can't be read.
 */
async function copier({ request, handshake }, { route, access }) {
  const { url, method } = request;
  const cf = forwardedCf(access);
  if (route.action === "connect") {
    const headers = socketHeaders(request, handshake.subprotocol);
    return () => new Request(url, { headers, cf });
  }
  if (!hasBody(route)) return () => new Request(url, { method, cf });
  const content = await readBody(request, FRAME_BYTES_MAX);
  return content instanceof Response ? content : () => new Request(url, { method, cf, body: content.body });
}

/**
 * Whether a request failed because the object restarted after a logout. Such a request was not begun, because
 * an object that is serving a request does not restart.
 * @param {unknown} error
 */
export function isRestart(error) {
  return error instanceof Error && error.message.includes(RESTART_REASON);
}

/**
 * Makes the answer for a request that the object has not answered.
 * @param {unknown} error
 */
function unreachable(error) {
  report(`the request could not be passed on: ${summaryWithStack(error)}`);
  return unavailable();
}

/**
 * Makes the headers of a socket's request to the object. Credentials stay in the Worker.
 * @param {Request} request
 * @param {string | undefined} subprotocol
 * @returns {Record<string, string>}
 */
function socketHeaders(request, subprotocol) {
  const extensions = request.headers.get("Sec-WebSocket-Extensions");
  return {
    Upgrade: "websocket",
    ...(extensions !== null && { "Sec-WebSocket-Extensions": extensions }),
    ...(subprotocol && { "Sec-WebSocket-Protocol": subprotocol }),
  };
}

/**
 * Whether a request is a client's as it came. It is not if a Worker has made it, as `forward` does.
 * @param {Request} request
 */
export function isFromOutside({ headers }) {
  return [...OUTSIDE_HEADERS, ...CLIENT_HEADERS].some((name) => headers.has(name));
}

/**
 * Makes the part of a request that tells the object what was checked, or what ticket it must look up. On Cloudflare no
 * client can write to `cf`.
 * @param {Access | TicketAccess | IssuerAccess} access
 */
function forwardedCf(access) {
  return { outlivesRestart: true, userSessionAccess: access };
}

/**
 * Whether whoever sent a request sends it once more if the object's restart makes it fail: `forward` does.
 * @param {Request} request
 */
export function outlivesRestart({ cf }) {
  return cf?.outlivesRestart === true;
}

/**
 * An access that a Worker of another version has written and that this one can't read.
 * @typedef {{kind: "unreadable"}} UnreadableAccess
 */

/** @type {UnreadableAccess} */
const UNREADABLE = { kind: "unreadable" };

/**
 * Reads what our Worker has found out about a request.
 * @param {Request} request
 * @returns {Access | TicketAccess | IssuerAccess | UnreadableAccess | null} `null` if the request does not say it, or may
 *   not come from our Worker.
 */
export function forwardedAccess({ cf, headers }) {
  const access = cf?.userSessionAccess;
  // On a development server (miniflare) this header lets a client set `cf`. Our Worker does not pass it on.
  if (access === undefined || headers.has("MF-CF-Blob")) return null;
  return readAccess(access);
}

/**
 * @param {any} access
 * @returns {Access | TicketAccess | IssuerAccess | UnreadableAccess}
 */
function readAccess(access) {
  if (access?.kind === "trusted") return TRUSTED_ACCESS;
  if (access?.kind === "ticket" && typeof access.ticket === "string") return { kind: "ticket", ticket: access.ticket };
  if (access?.kind === "issuer") return readIssuerAccess(access);
  if (access?.kind !== "user") return UNREADABLE;
  // The Worker has compared the times with its own clock. Ours may be behind it.
  if (identityProblem(access.identity, Infinity)) return UNREADABLE;
  return { kind: "user", identity: tidyIdentity(access.identity) };
}

/**
 * @param {any} access
 * @returns {IssuerAccess | UnreadableAccess}
 */
function readIssuerAccess({ sessionId, endedAt }) {
  const isReadable = typeof sessionId === "string" && Number.isSafeInteger(endedAt) && endedAt > 0;
  return isReadable ? { kind: "issuer", sessionId, endedAt } : UNREADABLE;
}
