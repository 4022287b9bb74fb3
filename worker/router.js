/**
 * The Worker's own part: finds out whether a request is for this server, and answers it whatever goes wrong.
 * The checks belong to admission.js, the way to the object to forward.js.
 */
import { admit } from "./admission.js";
import { forward } from "./forward.js";
import { isUpgrade } from "./http/handshake.js";
import { withHeaders } from "./http/origin.js";
import { parseRequest } from "./http/parsed-request.js";
import { internalFailure, unreadableAddress } from "./http/responses.js";
import { PREFIX, isNearPrefix, noSuchPath, pathBelowPrefix } from "./http/routes.js";
import { asSocketClose, keptInWorker } from "./http/socket-responses.js";
import { noteTicket } from "./http/ticket-tries.js";
import { notice, report, summaryWithStack } from "./common/log.js";

/** @import { Admitted } from "./admission.js" */
/** @import { AuthEnv, AuthOptions } from "./auth/identity.js" */
/** @import { ParsedRequest } from "./http/parsed-request.js" */

/**
 * Serves a request below `/__user-session`. Its caller may change the answer's headers.
 * @param {Request} request
 * @param {Env & AuthEnv} env Holds the binding `USER_SESSION_DO`.
 * @param {AuthOptions} [options]
 * @returns {Promise<Response | null>} `null` if the request is for another path. It never rejects:
 *   what fails is reported in the log and answered with 500 or 503.
 */
export async function routeUserSession(request, env, options = {}) {
  try {
    const response = await respond(request, env, options);
    return response && withHeaders(response, request, env);
  } catch (error) {
    report(`a request failed: ${summaryWithStack(error)}`);
    return internalFailure();
  }
}

/**
 * @param {Request} request
 * @param {Env & AuthEnv} env
 * @param {AuthOptions} options
 * @returns {Promise<Response | null>}
 */
async function respond(request, env, options) {
  if (typeof request.headers?.get !== "function") {
    throw new TypeError("routeUserSession: expected the Request itself, with Hono c.req.raw");
  }
  const url = URL.parse(request.url);
  if (!url) return unreadableAddress();
  const path = pathBelowPrefix(url.pathname);
  if (path === null) {
    if (isNearPrefix(url.pathname)) return noSuchPath(url.pathname);
    noticeLostPrefix(url, request);
    return null;
  }
  const parsed = parseRequest(request, url);
  const admitted = await admit(parsed, path, env, options);
  const response = admitted instanceof Response ? admitted : await serve(parsed, env, admitted);
  return asSocketClose(response, parsed, env, keptInWorker(options.ctx));
}

/**
 * @param {ParsedRequest} parsed
 * @param {Env} env
 * @param {Admitted} admitted
 */
async function serve(parsed, env, admitted) {
  const response = await forward(parsed, env, admitted);
  await noteTicket(admitted, response);
  return response;
}

/**
 * Logs once that the app's router changes the prefix. The app itself sees only its own 404.
 * @param {URL} url
 * @param {Request} request
 */
function noticeLostPrefix({ pathname, searchParams }, request) {
  const isDevice =
    isUpgrade(request) && searchParams.has("userId") && searchParams.has("deviceId");
  if (!isDevice && !pathname.includes(`${PREFIX}/`) && !pathname.endsWith(PREFIX)) return;
  const text =
    `a request that looks like a device's came without ${PREFIX} at the beginning of its path, so ` +
    "routeUserSession left it to you: hand on the request as it came. With Hono: " +
    `app.all("${PREFIX}/*", (c) => routeUserSession(c.req.raw, c.env)), not mount()`;
  notice("prefix", text);
}
