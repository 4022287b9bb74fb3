/**
 * The service tokens, by which servers prove who they are, and what each of them may be used for. The answers to
 * requests with a token, or without the one that is needed, belong to authorize.js.
 */
import { valuesOf } from "./previous-secrets.js";

/** @import { AuthEnv } from "./identity.js" */
/** @import { Action } from "../http/routes.js" */

/** The purposes for which a token can be good. */
const SCOPES = /** @type {const} */ (["push", "read", "write", "logout", "erase"]);

/** @typedef {(typeof SCOPES)[number]} Scope */

/**
 * The scope that an action needs of a service token; `null` if no service token may ask for it.
 * @type {Record<Action, Scope | null>}
 */
const SCOPE_OF = {
  connect: null,
  ticket: null,
  // An issuer's own signed token asks for this one.
  "backchannel-logout": null,
  push: "push",
  state: "read",
  export: "read",
  metrics: "read",
  values: "read",
  "set-value": "write",
  "delete-value": "write",
  clear: "erase",
  logout: "logout",
};

const ALL_SCOPES = "SERVICE_TOKEN";

/** @typedef {typeof ALL_SCOPES | `${typeof ALL_SCOPES}_${Uppercase<Scope>}`} ServiceToken The name of a variable. */

/** @type {[ServiceToken, readonly Scope[]][]} */
const OF_ONE_SCOPE = SCOPES.map((scope) => [variableOf(scope), [scope]]);

/**
 * The variables of service tokens, each with what it is good for.
 * @type {Map<ServiceToken, readonly Scope[]>}
 */
const TOKENS = new Map([[ALL_SCOPES, SCOPES], ...OF_ONE_SCOPE]);

export const SERVICE_TOKENS = [...TOKENS.keys()];

/**
 * Lists the service tokens that are good, each with its scopes. The same text may be several tokens.
 * @param {AuthEnv} env
 */
export function serviceTokens(env) {
  return [...TOKENS].flatMap(([name, scopes]) => valuesOf(env, name).map((secret) => ({ secret, scopes })));
}

/**
 * @param {Action} action
 * @returns {Scope | null} `null` if no service token may ask for it.
 */
export function scopeFor(action) {
  return SCOPE_OF[action];
}

/**
 * Lists the variables whose tokens may ask for an action.
 * @param {Action} action
 * @returns {ServiceToken[]}
 */
export function tokensFor(action) {
  const scope = scopeFor(action);
  return SERVICE_TOKENS.filter((name) => scope !== null && TOKENS.get(name)?.includes(scope));
}

/**
 * @param {Scope} scope
 * @returns {ServiceToken}
 */
function variableOf(scope) {
  return `${ALL_SCOPES}_${/** @type {Uppercase<Scope>} */ (scope.toUpperCase())}`;
}
