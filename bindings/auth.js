/**
 * Who may do what. Nobody may do anything until the owner has said how users are known.
 */
import { readSession } from "./auth-session.js";
import { verifyJwt } from "./auth-jwt.js";
import { bearerToken } from "./credentials.js";
import { hasExpired, identityProblem, tidyIdentity } from "./identity.js";
import { areOrigins } from "./origin.js";
import { cannotCheck, forbidden, notConfigured, unauthorized } from "./refusals.js";
import { isSameSecret } from "./secrets.js";
import { isLoopbackHost } from "./urls.js";

/** @import { Access, AuthEnv, AuthOptions, Authenticate, Identity } from "./identity.js" */
/** @import { Action } from "./routes.js" */

const SERVICE_TOKEN_LENGTH_MIN = 16;

// What proxies and Cloudflare's edge leave on a request.
const PROXY_HEADERS = [
  ...["Forwarded", "Via", "X-Real-IP", "True-Client-IP"],
  ...["CF-Ray", "CF-Visitor", "CF-IPCountry", "CF-Worker", "CDN-Loop"],
];
const PROXY_HEADER_FAMILIES =
  /^(?:x-(?:forwarded|original|envoy|amzn|client)|client-ip|cf-(?:ew|warp)|fastly-|fly-|tailscale-)/i;
const LOOPBACK_ADDRESS = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/;

/** @type {Access} */
const TRUSTED = { kind: "trusted" };

/**
 * Whether the owner has said how users are known.
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @returns {Response | null} The refusal if not.
 */
export function closedUnlessConfigured(env, { authenticate }) {
  const { AUTH_MODE: mode, SERVICE_TOKEN: token } = env;
  if (token && !(typeof token === "string" && token.length >= SERVICE_TOKEN_LENGTH_MIN)) {
    const expected = `expected a text of at least ${SERVICE_TOKEN_LENGTH_MIN} characters`;
    return notConfigured(`SERVICE_TOKEN: ${expected}`);
  }
  if (env.ALLOWED_ORIGINS && !areOrigins(env.ALLOWED_ORIGINS)) {
    return notConfigured("ALLOWED_ORIGINS: expected origins, https://app.example, separated by commas");
  }
  if (authenticate || (mode && ["none", "jwt", "session"].includes(mode))) return null;
  const expected = "jwt, session, or none (on your own machine only), see docs/deploying.md";
  return notConfigured(
    mode ? `AUTH_MODE: expected ${expected}` : `nobody is let in yet: set AUTH_MODE to ${expected}`,
  );
}

/**
 * Finds out what a request may do.
 * @param {Request} request
 * @param {{action: Action, userId: string}} route
 * @param {AuthEnv} env
 * @param {AuthOptions} [options]
 * @returns {Promise<Access | Response>} The refusal if it may not do what it asks for.
 */
export async function authorize(request, route, env, options = {}) {
  const closed = closedUnlessConfigured(env, options);
  if (closed) return closed;
  if (!options.authenticate && env.AUTH_MODE === "none") return trustLocal(request);
  if (await hasServiceToken(request, env)) {
    if (route.action !== "connect") return TRUSTED;
    return forbidden("SERVICE_TOKEN is for servers: connect with a user's own credential");
  }
  if (route.action === "push" || route.action === "metrics") {
    return refuseServer(request, route.action, env, options);
  }
  const identity = await identify(request, env, options.authenticate);
  if (identity instanceof Response) return identity;
  if (identity.userId !== route.userId) {
    return forbidden("userId is not the user whose credential this is");
  }
  return { kind: "user", identity };
}

/**
 * @param {Request} request
 * @param {AuthEnv} env
 * @param {Authenticate | undefined} authenticate
 */
function identify(request, env, authenticate) {
  if (authenticate) return askOwner(request, env, authenticate);
  return env.AUTH_MODE === "jwt" ? verifyJwt(request, env) : readSession(request, env);
}

/**
 * @param {Request} request
 * @param {AuthEnv} env
 * @param {Authenticate} authenticate
 * @returns {Promise<Identity | Response>}
 */
async function askOwner(request, env, authenticate) {
  const { url, method, headers, cf } = request;
  /** @type {Identity | null} */
  let identity;
  try {
    // The body stays unread: it is still to be served.
    const bare = new Request(url, { method, headers, cf: /** @type {any} */ (cf) });
    identity = await authenticate(bare, env);
  } catch (error) {
    // Its message may quote what it could not read.
    return cannotCheck(`authenticate threw ${error instanceof Error ? error.name : "no Error"}`);
  }
  if (identity === null) return unauthorized("sign in first");
  const now = Date.now();
  const problem = identityProblem(identity, now);
  if (problem) return cannotCheck(`authenticate returned a wrong identity: ${problem}`);
  if (hasExpired(identity, now)) return unauthorized("the credential has expired: renew it");
  return tidyIdentity(identity);
}

/**
 * Lets everybody in who is on the same machine, as far as can be told.
 * @param {Request} request
 * @returns {Access | Response}
 */
function trustLocal(request) {
  const { headers } = request;
  const host = headers.get("Host");
  const hosts = [request.url, ...(host === null ? [] : [`http://${host}`])];
  const isLocal = hosts.every((text) => isLoopbackHost(URL.parse(text)?.hostname ?? ""));
  const names = [...headers.keys()];
  const isMarked =
    PROXY_HEADERS.some((name) => headers.has(name)) ||
    names.some((name) => PROXY_HEADER_FAMILIES.test(name));
  const client = headers.get("CF-Connecting-IP");
  const isFar = client !== null && !LOOPBACK_ADDRESS.test(client.trim());
  if (isLocal && !isMarked && !isFar) return TRUSTED;
  return forbidden(
    "AUTH_MODE none answers only this machine, by localhost and through no proxy: " +
      "set AUTH_MODE to jwt or session, see docs/deploying.md",
  );
}

/**
 * The answer to whoever asks for what only servers may do, without the service token.
 * @param {Request} request
 * @param {Action} action
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @returns {Promise<Response>}
 */
async function refuseServer(request, action, env, { authenticate }) {
  const problem = env.SERVICE_TOKEN
    ? `SERVICE_TOKEN: ${action} needs Authorization: Bearer with that very token`
    : `SERVICE_TOKEN is not set: ${action} needs it as Authorization: Bearer`;
  const isReadElsewhere = Boolean(authenticate) || env.AUTH_MODE === "session";
  // It may be a service token with a slip in it, which is a secret and no business of the sign-in's.
  if (isReadElsewhere && request.headers.has("Authorization")) return unauthorized(problem);
  const identity = await identify(request, env, authenticate);
  if (!(identity instanceof Response)) return forbidden(`${action} needs the SERVICE_TOKEN as bearer`);
  return identity.status === 401 ? unauthorized(problem) : identity;
}

/**
 * @param {Request} request
 * @param {AuthEnv} env
 */
async function hasServiceToken(request, env) {
  const token = bearerToken(request);
  if (!token || !env.SERVICE_TOKEN) return false;
  return isSameSecret(token, env.SERVICE_TOKEN);
}
