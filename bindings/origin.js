/**
 * Which pages may speak to the server, and the headers that tell browsers so. A browser sends its
 * cookies along whatever page makes it ask, so for those the cookie alone proves nothing.
 */
import { forbidden } from "./refusals.js";
import { allowedMethods } from "./routes.js";

/** @import { AuthEnv } from "./identity.js" */
/** @import { Action } from "./routes.js" */

const PREFLIGHT_SECONDS = "600";

// Of an origin that is refused. Whoever asks has written it.
const ORIGIN_LENGTH_SHOWN = 100;

const OUR_HEADERS = {
  "Cache-Control": "no-store",
  // No default-src: pages' consoles are where people try the server out.
  "Content-Security-Policy": "frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/**
 * Refuses what another site's page asks for. Reading needs no check: without our leave a browser
 * does not show such a page the answer.
 * @param {Request} request
 * @param {Action} action
 * @param {AuthEnv} env
 * @returns {Response | null}
 */
export function checkOrigin(request, action, env) {
  if (action === "state" || action === "metrics") return null;
  const origin = request.headers.get("Origin");
  const { origin: own } = new URL(request.url);
  const isForeign =
    origin === null
      ? !["same-origin", "none"].includes(request.headers.get("Sec-Fetch-Site") ?? "none")
      : origin !== own && !isListed(origin, env);
  if (!isForeign) return null;
  const shown = (origin ?? "another site").slice(0, ORIGIN_LENGTH_SHOWN);
  return forbidden(`not from ${shown}, only from ${own}: list it in ALLOWED_ORIGINS`);
}

/**
 * Answers a listed origin's question whether it may ask.
 * @param {Request} request
 * @param {string} path The path behind the prefix.
 * @param {AuthEnv} env
 * @returns {Response | null} `null` if it is another request.
 */
export function preflight(request, path, env) {
  const methods = allowedMethods(path);
  const isOurs =
    request.method === "OPTIONS" &&
    methods !== null &&
    request.headers.has("Access-Control-Request-Method") &&
    isListed(request.headers.get("Origin"), env);
  if (!isOurs) return null;
  const headers = {
    "Access-Control-Allow-Methods": methods.join(", "),
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": PREFLIGHT_SECONDS,
  };
  return new Response(null, { status: 204, headers });
}

/**
 * An answer as it leaves us, with the headers that every answer carries.
 * @param {Response} response
 * @param {Request} request
 * @param {AuthEnv} env
 */
export function withHeaders(response, request, env) {
  // An accepted socket is passed on untouched.
  if (response.status === 101) return response;
  const finished = new Response(response.body, response);
  for (const [name, value] of Object.entries(OUR_HEADERS)) finished.headers.set(name, value);
  if (env.ALLOWED_ORIGINS) finished.headers.append("Vary", "Origin");
  const origin = request.headers.get("Origin");
  if (origin !== null && isListed(origin, env)) {
    finished.headers.set("Access-Control-Allow-Origin", origin);
    finished.headers.set("Access-Control-Allow-Credentials", "true");
    finished.headers.set("Access-Control-Expose-Headers", "Retry-After");
    finished.headers.set("Cross-Origin-Resource-Policy", "cross-origin");
  }
  return finished;
}

/**
 * @param {string | null} origin
 * @param {AuthEnv} env
 */
function isListed(origin, { ALLOWED_ORIGINS: listed }) {
  // Every sandboxed frame and local file has the origin "null".
  if (!origin || origin === "null" || typeof listed !== "string") return false;
  return listed.split(",").some((entry) => entry.trim().replace(/\/$/, "") === origin);
}
