/**
 * Which request means what. The Worker and the Durable Object read requests with the same code, so
 * that they never disagree on the user or the path.
 */
import { readAim } from "./aim.js";
import { readIntroduction } from "./dialect.js";
import { errorResponse } from "./responses.js";

/** @import { Introduction } from "./dialect.js" */
/** @import { Aim } from "./wire.js" */

/** All paths of the Worker lie below this one. */
export const PREFIX = "/__user-session";

/** The platform tells an object its name only up to this length (workerd 2026-11-17). */
export const USER_ID_BYTES_MAX = 1_024;

const encoder = new TextEncoder();

/** @typedef {"connect" | "state" | "clear" | "push" | "metrics" | "export"} Action */

/**
 * A request that can be served; its user id is `null` if it names none.
 * @typedef {{action: "connect", userId: string | null, introduction: Introduction}
 *   | {action: "push", userId: string | null, aim: Aim}
 *   | {action: Exclude<Action, "connect" | "push">, userId: string | null}} Route
 */

/** @type {Record<string, Record<string, Action>>} */
const ACTIONS = {
  "": { GET: "connect", POST: "push" },
  "/state": { GET: "state" },
  "/clear": { POST: "clear" },
  "/metrics": { GET: "metrics" },
  "/export": { GET: "export" },
};

/**
 * The length of a text in bytes of UTF-8.
 * @param {string} text
 */
export function encodedLength(text) {
  return encoder.encode(text).length;
}

/**
 * @param {string} path
 * @returns {string | null} What follows the prefix, `null` if the path is not below it.
 */
export function pathBelowPrefix(path) {
  if (path === PREFIX) return "";
  return path.startsWith(`${PREFIX}/`) ? path.slice(PREFIX.length) : null;
}

/**
 * @param {string} path The path behind the prefix.
 * @returns {string[] | null} `null` if there is no such path.
 */
export function allowedMethods(path) {
  return Object.hasOwn(ACTIONS, path) ? Object.keys(ACTIONS[path]) : null;
}

/**
 * Reads a request.
 * @param {Request} request
 * @param {string} path The path behind the prefix, empty for the prefix itself.
 * @param {URLSearchParams} query
 * @returns {Route | Response} The refusal if the request cannot be served.
 */
export function readRoute(request, path, query) {
  const actions = Object.hasOwn(ACTIONS, path) ? ACTIONS[path] : undefined;
  if (!actions) {
    const known = Object.keys(ACTIONS).map((below) => PREFIX + below);
    return errorResponse(404, "not_found", `no such path: expected one of ${known.join(", ")}`);
  }
  if (!Object.hasOwn(actions, request.method)) {
    const allow = Object.keys(actions).join(", ");
    const message = `method not allowed here: expected ${allow}`;
    return errorResponse(405, "method_not_allowed", message, { Allow: allow });
  }
  const userIds = query.getAll("userId");
  if (userIds.length > 1) {
    return errorResponse(400, "invalid_request", "userId is there twice: expected one");
  }
  const userId = userIds[0] || null;
  if (userId && encodedLength(userId) > USER_ID_BYTES_MAX) {
    const message = `userId is too long: expected at most ${USER_ID_BYTES_MAX} bytes of UTF-8`;
    return errorResponse(400, "limit_reached", message);
  }
  const action = actions[request.method];
  if (action === "connect") {
    const introduction = readIntroduction(request, query);
    return introduction instanceof Response ? introduction : { action, userId, introduction };
  }
  if (action === "push") {
    const aim = readAim(query);
    return aim instanceof Response ? aim : { action, userId, aim };
  }
  return { action, userId };
}

/**
 * Reads a body, but not much more of it than `max` bytes.
 * @param {Request} request
 * @param {number} max
 * @returns {Promise<{body: Uint8Array, size: number}>} `size` is above `max` when the body is, and
 *   `body` is then only its beginning.
 */
export async function readBody(request, max) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  let size = 0;
  if (request.body) {
    for await (const chunk of request.body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > max) break;
    }
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return { body, size };
}
