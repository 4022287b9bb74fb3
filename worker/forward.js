/** How a request gets from the Worker to its user's object. */
import { forwardedCf, socketHeaders } from "./admission.js";
import { FRAME_BYTES_MAX } from "./shared/limits.js";
import { report, summaryWithStack } from "./shared/log.js";
import { RESTART_REASON } from "./object/logout-restart.js";
import { notConfigured } from "./http/refusals.js";
import { NO_BINDING } from "./shared/requirements.js";
import { unavailable } from "./http/responses.js";
import { readBody } from "./http/routes.js";

/** @import { Admitted } from "./admission.js" */

/**
 * Passes a request on to the user's object.
 * @param {Request} request
 * @param {Env} env
 * @param {Admitted} admitted
 * @returns {Promise<Response>}
 */
export async function forward(request, env, admitted) {
  if (typeof env.USER_SESSION_DO?.idFromName !== "function") return notConfigured(NO_BINDING);
  const id = env.USER_SESSION_DO.idFromName(admitted.route.userId);
  const copy = await copier(request, admitted);
  if (copy instanceof Response) return copy;
  try {
    return await env.USER_SESSION_DO.get(id).fetch(copy());
  } catch (error) {
    if (!isRestart(error)) return unreachable(error);
  }
  return env.USER_SESSION_DO.get(id).fetch(copy()).catch(unreachable);
}

/**
 * Makes it possible to send a request more than once: what it returns gives a new copy at each call.
 * The copies say what was found out about the request, carry none of its credentials, and tell the
 * object that it may let them wait for a restart (see logout-restart.js).
 * @param {Request} request
 * @param {Admitted} admitted
 * @returns {Promise<(() => Request) | Response>} The refusal if there is nothing that can be sent on.
 */
async function copier(request, { route, access }) {
  const { url, method } = request;
  const cf = forwardedCf(access);
  if (route.action === "connect") {
    const headers = socketHeaders(request);
    return () => new Request(url, { headers, cf });
  }
  if (route.action !== "push") return () => new Request(url, { method, cf });
  const content = await readBody(request, FRAME_BYTES_MAX);
  return content instanceof Response ? content : () => new Request(url, { method, cf, body: content.body });
}

/**
 * Whether the object restarted after a logout. It does not do that while it serves a request, so
 * this one was not begun.
 * @param {unknown} error
 */
export function isRestart(error) {
  return error instanceof Error && error.message.includes(RESTART_REASON);
}

/**
 * The answer when the object gave none.
 * @param {unknown} error
 */
function unreachable(error) {
  report(`the request could not be passed on: ${summaryWithStack(error)}`);
  return unavailable();
}
