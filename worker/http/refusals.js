/**
 * The answers of those who check who is asking. They say which check failed and what to do, and
 * nothing about others. The essential comes first, since a page is shown only the beginning.
 */
import { notice } from "../shared/log.js";
import { errorResponse } from "./responses.js";

/**
 * Nobody can be let in before the owner has done something.
 * @param {string} what What to set, naming the variable. It is logged, and told to whoever asks.
 */
export function notConfigured(what) {
  notice("configuration", what);
  return errorResponse(503, "not_configured", what);
}

/**
 * Nobody can be checked now.
 * @param {string} why For the log.
 */
export function cannotCheck(why) {
  notice("check", `cannot check who is asking: ${why}`);
  const message = "who is asking can't be checked now: try again in a few seconds";
  return errorResponse(503, "unavailable", message, { "Retry-After": "5" });
}

/** @param {string} message Which check failed, and what to do. It is logged, too. */
export function unauthorized(message) {
  notice("unauthorized", `refused with 401: ${message}`, "warn");
  return errorResponse(401, "unauthorized", message, { "WWW-Authenticate": "Bearer" });
}

/**
 * @param {string} message Which check failed, and what to do. It is logged, too.
 * @param {string} [check] Names the check where strangers can make up messages, so that those
 *   don't crowd out the others' in the log.
 */
export function forbidden(message, check = "forbidden") {
  notice(check, `refused with 403: ${message}`, "warn");
  return errorResponse(403, "forbidden", message);
}
