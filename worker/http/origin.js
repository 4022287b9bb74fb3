/**
 * Decides which pages may use the server, and writes the headers that tell browsers so. A browser sends its
 * cookies whichever page makes the request, so a cookie alone proves nothing. Who the user is belongs to
 * auth/.
 */
import { forbidden } from "./refusals.js";
import { allowedMethods } from "./routes.js";
import { isListedOrigin, isOriginOf } from "./urls.js";
import { quoted } from "../common/log.js";

/** @import { ParsedRequest } from "./parsed-request.js" */

/** @typedef {{ALLOWED_ORIGINS?: string}} OriginEnv */

const PREFLIGHT_SECONDS = "600";

// A client can write an origin of any length, and the advice behind it must still be seen.
const ORIGIN_LENGTH_SHOWN = 60;

const OUR_HEADERS = {
  "Cache-Control": "no-store",
  // A default-src would stop people from trying the server out in their pages' consoles.
  "Content-Security-Policy": "frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/**
 * Refuses the request of another site's page. A browser would not show such a page what it reads, but reading
 * would use up the user's limits.
 * @param {ParsedRequest} parsed
 * @param {OriginEnv} env
 * @returns {Response | null}
 */
export function checkOrigin({ request, url: own }, env) {
  const origin = request.headers.get("Origin");
  if (origin === null) {
    const sign = signOfAnotherPage(request.headers, own, env);
    return sign === null ? null : forbidden(`${sign}: another site's page asks without saying its origin`, "origin");
  }
  if (isOriginOf(origin, own) || isListed(origin, env)) return null;
  const advice =
    origin === "null"
      ? "a sandboxed frame or a local file has none: serve the page from a host"
      : "list it in ALLOWED_ORIGINS, or let the proxy keep Host";
  const shown = quoted(origin, ORIGIN_LENGTH_SHOWN);
  const asked = quoted(own.origin, ORIGIN_LENGTH_SHOWN);
  return forbidden(`Origin ${shown}: ${advice} (we are asked as ${asked})`, "origin");
}

/**
 * Finds the header by which a request without an origin shows that it is of another site's page. Where the server is
 * asked by `http:`, browsers send no other than `Referer`.
 * @param {Headers} headers
 * @param {URL} own
 * @param {OriginEnv} env
 * @returns {string | null} Its name; `null` if there is none.
 */
function signOfAnotherPage(headers, own, env) {
  const site = headers.get("Sec-Fetch-Site");
  if (site !== null) return ["same-origin", "none"].includes(site) ? null : "Sec-Fetch-Site";
  const referer = headers.get("Referer");
  const page = (referer === null ? null : URL.parse(referer)?.origin) ?? "null";
  return page === "null" || isOriginOf(page, own) || isListed(page, env) ? null : "Referer";
}

/**
 * Answers the preflight of a page whose origin is listed.
 * @param {Request} request
 * @param {string} path The path behind the prefix.
 * @param {OriginEnv} env
 * @returns {Response | null} `null` if it is another request.
 */
export function preflight(request, path, env) {
  if (request.method !== "OPTIONS") return null;
  const methods = allowedMethods(path);
  const isOurs =
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
 * Copies an answer and adds the headers that every answer carries, except to a socket's, where browsers
 * read none of them. The copy lets our caller set headers, which a stub's answer does not.
 * @param {Response} response
 * @param {Request} request
 * @param {OriginEnv} env
 */
export function withHeaders(response, request, env) {
  const finished = new Response(response.body, response);
  if (finished.status === 101) return finished;
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
 * @param {OriginEnv} env
 */
function isListed(origin, { ALLOWED_ORIGINS: listed }) {
  return typeof listed === "string" && isListedOrigin(origin, listed);
}
