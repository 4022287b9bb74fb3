/**
 * Reads a request: its path, method, user and body. The Worker and the Durable Object share this code, so that
 * they never disagree about what a request asks for. Whether it may have it is decided in admission.js.
 */
import { readPushOptions } from "./push-options.js";
import { readValueQuery } from "./value-change.js";
import { errorResponse, internalFailure } from "./responses.js";
import { CREDENTIAL_ID_BYTES_MAX, USER_ID_BYTES_MAX, isLonger } from "../common/limits.js";
import { notice, summary } from "../common/log.js";
import { LogoutScope } from "../../bindings/wire.js";

/** @import { LogoutDemand } from "../../bindings/wire.js" */
/** @import { Handshake } from "./handshake.js" */
/** @import { ParsedRequest } from "./parsed-request.js" */
/** @import { ValueQuery } from "./value-change.js" */
/** @import { ResolvedPushOptions } from "../../bindings/wire.js" */

/** The path under which this server answers; the app has all others. */
export const PREFIX = "/__user-session";

/**
 * @typedef {"connect" | "ticket" | "state" | "clear" | "push" | "metrics" | "export" | "logout" | "backchannel-logout"
 *   | ValueAction} Action
 */

/** @typedef {"values" | "set-value" | "delete-value"} ValueAction */

/**
 * The meaning of a request. `userId` is `null` if it names no user or an empty one.
 * @typedef {{action: "connect", userId: string | null, handshake: Handshake}
 *   | {action: "push", userId: string | null, options: ResolvedPushOptions}
 *   | {action: "logout", userId: string | null, demand: LogoutDemand}
 *   | {action: ValueAction, userId: string | null, query: ValueQuery}
 *   | IssuerRoute
 *   | {action: Exclude<Action, "connect" | "push" | "logout" | "backchannel-logout" | ValueAction>,
 *      userId: string | null}} Route
 */

/**
 * The logout of which an issuer tells. `userId` is `null` until its token has been read.
 * @typedef {{action: "backchannel-logout", userId: string | null}} IssuerRoute
 */

/** @type {Record<string, Record<string, Action>>} */
const ACTIONS = {
  "": { GET: "connect", POST: "push" },
  "/ticket": { POST: "ticket" },
  "/state": { GET: "state" },
  "/clear": { POST: "clear" },
  "/metrics": { GET: "metrics" },
  "/export": { GET: "export" },
  "/logout": { POST: "logout" },
  "/values": { GET: "values", PUT: "set-value", DELETE: "delete-value" },
  "/backchannel-logout": { POST: "backchannel-logout" },
};

// Many clients send `{}` with every POST, which names nothing.
const EMPTY_JSON_LENGTH = 2;

/** The parameters that name what a logout ends, and to what extent. */
const LOGOUT_PARAMETERS = {
  deviceId: LogoutScope.Device,
  credentialId: LogoutScope.Credential,
  exceptCredentialId: LogoutScope.Others,
};

/**
 * @param {string} path
 * @returns {string | null} What follows the prefix, `null` if the path does not begin with it.
 */
export function pathBelowPrefix(path) {
  if (path === PREFIX) return "";
  return path.startsWith(`${PREFIX}/`) ? path.slice(PREFIX.length) : null;
}

/**
 * @param {string} path What follows the prefix.
 * @returns {string[] | null} `null` if there is no such path.
 */
export function allowedMethods(path) {
  return Object.hasOwn(ACTIONS, path) ? Object.keys(ACTIONS[path]) : null;
}

/**
 * Finds out what a request asks for.
 * @param {ParsedRequest} parsed
 * @param {string} path What follows the prefix; empty for the prefix itself.
 * @returns {Route | Response} The answer to a request that makes no sense: 400, 404 or 405.
 */
export function readRoute({ request, url, handshake }, path) {
  const query = url.searchParams;
  const actions = Object.hasOwn(ACTIONS, path) ? ACTIONS[path] : undefined;
  if (!actions) return noSuchPath(PREFIX + path);
  if (!Object.hasOwn(actions, request.method)) {
    const allow = Object.keys(actions).join(", ");
    const message = `method not allowed here: expected ${allow}`;
    return errorResponse(405, "method_not_allowed", message, { Allow: allow });
  }
  const action = actions[request.method];
  // The user of a logout token is the one whom it names.
  if (action === "backchannel-logout") return { action, userId: null };
  const userIds = query.getAll("userId");
  if (userIds.length > 1) {
    return errorResponse(400, "invalid_request", "userId is there twice: expected one");
  }
  const userId = userIds[0] || null;
  if (userId && isLonger(userId, USER_ID_BYTES_MAX)) {
    const message = `userId is too long: expected at most ${USER_ID_BYTES_MAX} bytes of UTF-8`;
    return errorResponse(400, "limit_reached", message);
  }
  const more = Object.hasOwn(READERS, action) ? READERS[action](request, query, handshake) : {};
  return more instanceof Response ? more : /** @type {Route} */ ({ action, userId, ...more });
}

/**
 * The readers of what a request says beside its user, by action. Each gives what its Route has, or the refusal.
 * @type {Record<string, (request: Request, query: URLSearchParams, handshake: Handshake) => object | Response>}
 */
const READERS = {
  connect: (_, __, handshake) =>
    handshake.problem ? errorResponse(400, "invalid_request", handshake.problem) : { handshake },
  push: (_, query) => as("options", readPushOptions(query)),
  logout: (request, query) => as("demand", readLogoutDemand(request, query)),
  values: (_, query) => as("query", readValueQuery(query, false)),
  "set-value": (_, query) => as("query", readValueQuery(query, true)),
  "delete-value": (_, query) => as("query", readValueQuery(query, true)),
};

/**
 * Names what was read, unless it is a refusal.
 * @param {string} name
 * @param {object | Response} read
 */
function as(name, read) {
  return read instanceof Response ? read : { [name]: read };
}

/**
 * Reads what a logout is to end: everything, or what the one parameter names. A parameter that is empty, unknown or
 * there twice is refused, and so is a body, since a caller who has lost or misspelled an id must not end everything by
 * it. So is an id that no credential can have, since the answer would say that it is ended.
 * @param {Request} request
 * @param {URLSearchParams} query
 * @returns {LogoutDemand | Response}
 */
function readLogoutDemand({ headers }, query) {
  const named = Object.entries(LOGOUT_PARAMETERS).flatMap(([name, scope]) =>
    query.getAll(name).map((id) => ({ scope, id, endedAt: 0 })),
  );
  const isAnyUnknown = [...query.keys()].some((name) => name !== "userId" && !Object.hasOwn(LOGOUT_PARAMETERS, name));
  const hasBody = Number(headers.get("Content-Length")) > EMPTY_JSON_LENGTH || headers.has("Transfer-Encoding");
  if (named.length > 1 || named.some(({ id }) => id === "") || isAnyUnknown || hasBody) {
    const names = Object.keys(LOGOUT_PARAMETERS).join(", ");
    const message = `expected none or one of ${names} in the query, not empty, and nothing else and no body`;
    return errorResponse(400, "invalid_request", message);
  }
  const [demand] = named;
  if (demand && demand.scope !== LogoutScope.Device && isLonger(demand.id, CREDENTIAL_ID_BYTES_MAX)) {
    const message = `a credential's id is too long: expected at most ${CREDENTIAL_ID_BYTES_MAX} bytes of UTF-8`;
    return errorResponse(400, "limit_reached", message);
  }
  return demand ?? { scope: LogoutScope.All, id: "", endedAt: 0 };
}

/**
 * Whether a path begins with a misspelled prefix: with capitals, escapes, or a slash too many.
 * @param {string} path
 */
export function isNearPrefix(path) {
  return pathBelowPrefix(path) === null && pathBelowPrefix(plainPath(path)) !== null;
}

/**
 * Makes the answer to a request for an unknown path.
 * @param {string} path With the prefix.
 */
export function noSuchPath(path) {
  const meant = pathBelowPrefix(plainPath(path)) ?? "";
  const known = Object.keys(ACTIONS).map((below) => PREFIX + below);
  const expected = allowedMethods(meant) ? PREFIX + meant : `one of ${known.join(", ")}`;
  return errorResponse(404, "not_found", `no such path: expected ${expected}`);
}

/**
 * Normalizes a path, to guess what was meant: no capitals, no escaped ASCII characters, no empty parts.
 * @param {string} path
 */
function plainPath(path) {
  return path
    .replace(/%([2-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    .toLowerCase()
    .replace(/\/{2,}/g, "/")
    .replace(/(?<=.)\/$/, "");
}

/**
 * Whether the body of a request says what it asks for.
 * @param {Pick<Route, "action">} route
 */
export function hasBody({ action }) {
  return action === "push" || action === "set-value";
}

/**
 * Reads a body, and stops after the chunk that exceeds `max` bytes.
 * @param {Request} request
 * @param {number} max
 * @returns {Promise<{body: Uint8Array, size: number} | Response>} `size` is above `max` when the body
 *   is, and `body` is then only its beginning. It is the answer if the body can't be read.
 */
export async function readBody(request, max) {
  if (request.bodyUsed || request.body?.locked) return takenBody("it was read before");
  /** @type {Uint8Array[]} */
  const chunks = [];
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      if (!(chunk instanceof Uint8Array)) return takenBody("its stream gives something else than bytes");
      chunks.push(chunk);
      size += chunk.length;
      if (size > max) break;
    }
  } catch (error) {
    // If the client has gone, nobody reads this answer. If the app has put a stream of its own into the request
    // and that has failed, somebody does.
    notice("body", `the body of a request broke off: ${summary(error)}`);
    return errorResponse(400, "invalid_request", "the body broke off before its end: send it again");
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return { body, size };
}

/**
 * Makes the answer when the app's own Worker has left no body to read. The client can't mend that, so it is an
 * internal failure.
 * @param {string} why
 */
function takenBody(why) {
  const message = `the body can't be read, since ${why}: hand on request.clone(), made before the first reading`;
  notice("body taken", message);
  return internalFailure(message);
}
