/**
 * Decides what a request may do. The owner, who deploys the server, says by `AUTH_MODE` or by `authenticate` how
 * users are identified, and nobody may do anything before. How a mode reads credentials belongs to that mode's
 * own file.
 */
import { refuseFuture } from "./clock-skew.js";
import { TRUSTED_ACCESS, hasExpired, identityProblem, tidyIdentity } from "./identity.js";
import { introspect } from "./introspection.js";
import { verifyJwt } from "./jwt.js";
import { isFromThisMachine } from "./local.js";
import { foundSecrets } from "./secrets.js";
import { scopeFor, serviceTokens, tokensFor } from "./service-tokens.js";
import { MODES, MODE_NAMES, mistypedSettings, settingProblem } from "./settings.js";
import { bearerToken, cookieTexts, possibleTokens } from "../http/credentials.js";
import { isTicket } from "../http/handshake.js";
import { cannotCheck, forbidden, notConfigured, ticketUnknown, unauthorized } from "../http/refusals.js";
import { notice } from "../common/log.js";
import { runtimeProblem } from "../common/platform.js";

/** @import { Mode } from "./settings.js" */
/** @import { Access, AuthEnv, AuthOptions, Authenticate, Identity, TicketAccess } from "./identity.js" */
/** @import { Scope } from "./service-tokens.js" */
/** @import { Handshake } from "../http/handshake.js" */
/** @import { ParsedRequest } from "../http/parsed-request.js" */
/** @import { Action } from "../http/routes.js" */

/**
 * Each mode's verifier, which finds out whose request it is or refuses it. The mode `none` has none: it trusts
 * everybody on this machine.
 * @type {Record<Mode, (parsed: ParsedRequest, env: AuthEnv) => Promise<Identity | Response>>}
 */
const VERIFIERS = { jwt: verifyJwt, session: introspect };

/**
 * The environments whose settings are all right, for requests with the owner's function and for those without. Requests
 * share an environment as long as nothing is deployed.
 */
const configured = { withFunction: new WeakSet(), without: new WeakSet() };

/** The most texts of a request that are compared with the service tokens. */
const TEXTS_MAX = 100;

/**
 * Refuses every request while a setting is missing or wrong, or the runtime is too old.
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @returns {Response | null} `null` if nothing is wrong.
 */
export function closedUnlessConfigured(env, options) {
  const known = options.authenticate ? configured.withFunction : configured.without;
  if (known.has(env)) return null;
  const problem = runtimeProblem() ?? settingProblem(env, options);
  if (problem !== null) return notConfigured(problem);
  known.add(env);
  for (const line of mistypedSettings(env, options)) notice("configuration", line);
  return null;
}

/**
 * Finds out what a request may do. The settings have been checked by closedUnlessConfigured.
 * @param {ParsedRequest} parsed
 * @param {{action: Action, userId: string}} route
 * @param {AuthEnv} env
 * @param {AuthOptions} [options]
 * @returns {Promise<Access | TicketAccess | Response>} The refusal if it may not do what it asks for.
 */
export async function authorize(parsed, route, env, options = {}) {
  const early = withoutCredential(parsed, route.action, env, options);
  if (early) return early;
  const token = bearerToken(parsed.request);
  const scopes = token ? await scopesOf([token], env) : null;
  if (scopes) return trustServer(scopes, route.action);
  if (route.action === "push" || route.action === "metrics") {
    return refuseWithoutToken(parsed, route.action, env, options);
  }
  // The owner's function or the app's sign-in would get the token from where it stands.
  if (await scopesOf([...possibleTokens(parsed), ...shownCookies(parsed.request, env, options)], env)) {
    return unauthorized("SERVICE_TOKEN stands where it does not belong: expected Authorization: Bearer with it, and nothing else");
  }
  const identity = await identify(parsed, env, options.authenticate);
  if (identity instanceof Response) return identity;
  if (identity.userId !== route.userId) {
    return forbidden("userId is not the user whose credential this is");
  }
  return { kind: "user", identity };
}

/**
 * Finds out what a request may do for which no credential is checked here.
 * @param {ParsedRequest} parsed
 * @param {Action} action
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @returns {Access | TicketAccess | Response | null} `null` if it needs a credential.
 */
function withoutCredential(parsed, action, env, { authenticate }) {
  const byTicket = action === "connect" ? ticketAccess(parsed.handshake) : null;
  if (authenticate || env.AUTH_MODE !== "none") return byTicket;
  return refuseElsewhere(parsed) ?? byTicket ?? TRUSTED_ACCESS;
}

/**
 * Reads the ticket of a connect. No other credential of that request is looked at.
 * @param {Handshake} handshake
 * @returns {TicketAccess | Response | null} The refusal if it can be no ticket, `null` if there is none.
 */
export function ticketAccess({ ticket }) {
  if (ticket === null) return null;
  return isTicket(ticket) ? { kind: "ticket", ticket } : ticketUnknown();
}

/**
 * Collects what may be a service token in the cookies, where the owner's function or the app's sign-in gets those.
 * @param {Request} request
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 */
function shownCookies(request, env, options) {
  const lengths = serviceTokens(env).map(({ secret }) => secret.length);
  return lengths.length > 0 && isReadElsewhere(env, options) ? cookieTexts(request, lengths) : [];
}

/**
 * Whether the request's credentials are shown to anybody but this server.
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 */
function isReadElsewhere(env, { authenticate }) {
  return Boolean(authenticate) || MODES[/** @type {Mode} */ (env.AUTH_MODE)].isReadElsewhere;
}

/**
 * Finds out who is asking.
 * @param {ParsedRequest} parsed
 * @param {AuthEnv} env
 * @param {Authenticate | undefined} authenticate
 */
function identify(parsed, env, authenticate) {
  if (authenticate) return askOwner(parsed.request, env, authenticate);
  // The settings have been checked, so `AUTH_MODE` is one of the modes.
  return VERIFIERS[/** @type {Mode} */ (env.AUTH_MODE)](parsed, env);
}

/**
 * Asks the owner's own function, which a Worker that imports this package may pass, who is asking.
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
    // The function gets a copy without the body. If it read the body, nothing would be left to serve.
    const bare = new Request(url, { method, headers, cf: /** @type {any} */ (cf) });
    identity = await authenticate(bare, env);
  } catch (error) {
    // The error's message may quote a credential.
    return cannotCheck(`authenticate threw ${error instanceof Error ? error.name : "no Error"}`);
  }
  if (identity === null) return unauthorized("sign in first");
  const now = Date.now();
  const problem = identityProblem(identity, now);
  if (problem) return cannotCheck(`authenticate returned a wrong identity: ${problem}`);
  if (hasExpired(identity, now)) return unauthorized("the credential has expired: renew it");
  return refuseFuture([identity.issuedAt], env, now) ?? tidyIdentity(identity);
}

/**
 * Refuses whoever is not on the same machine.
 * @param {ParsedRequest} parsed
 * @returns {Response | null}
 */
function refuseElsewhere(parsed) {
  if (isFromThisMachine(parsed)) return null;
  return forbidden(
    "AUTH_MODE none answers only this machine, by localhost and through no proxy: " +
      `set AUTH_MODE to ${MODE_NAMES.join(" or ")}, see docs/deploying.md`,
  );
}

/**
 * Lets in a server whose token is good for what it asks for.
 * @param {Set<Scope>} scopes
 * @param {Action} action
 * @returns {Access | Response}
 */
function trustServer(scopes, action) {
  const scope = scopeFor(action);
  if (scope === null) return forbidden(`SERVICE_TOKEN is for servers: ${action} needs a user's own credential`);
  if (scopes.has(scope)) return TRUSTED_ACCESS;
  return forbidden(`${action} needs ${tokensFor(action).join(" or ")}: this service token is for something else`);
}

/**
 * Refuses a request that only servers may make and that has no service token.
 * @param {ParsedRequest} parsed
 * @param {"push" | "metrics"} action
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @returns {Promise<Response>}
 */
async function refuseWithoutToken(parsed, action, env, options) {
  const names = tokensFor(action);
  const set = names.filter((name) => env[name]);
  const problem =
    set.length > 0
      ? `${set.join(" or ")}: ${action} needs Authorization: Bearer with that very token`
      : `${names.join(" or ")} is not set: ${action} needs it as Authorization: Bearer`;
  // The token may be a mistyped service token, and another service must not see that.
  if (isReadElsewhere(env, options) && possibleTokens(parsed).length > 0) return unauthorized(problem);
  const identity = await identify(parsed, env, options.authenticate);
  if (!(identity instanceof Response)) return forbidden(`${action} needs the ${names.join(" or ")} as bearer`);
  return identity.status === 401 ? unauthorized(problem) : identity;
}

/**
 * Finds what the service tokens among some texts are good for.
 * @param {string[]} texts
 * @param {AuthEnv} env
 * @returns {Promise<Set<Scope> | null>} `null` if none of the texts is a service token.
 */
async function scopesOf(texts, env) {
  const tokens = serviceTokens(env);
  // A client can write any number of cookies, most of which can be none of the tokens.
  const possible = [...new Set(texts)].filter((text) => tokens.some(({ secret }) => secret.length === text.length)).slice(0, TEXTS_MAX);
  if (possible.length === 0) return null;
  const found = await foundSecrets(possible, tokens.map(({ secret }) => secret));
  const scopes = tokens.filter((_, at) => found[at]).flatMap((token) => token.scopes);
  return scopes.length === 0 ? null : new Set(scopes);
}
