/**
 * The answers of those who check who is asking. They say what to do and nothing about others.
 */
import { errorResponse } from "./responses.js";

/** What has been logged already: a configuration does not change while the Worker runs. */
const told = new Set();

/**
 * Nobody can be let in before the owner has done something.
 * @param {string} what What to set, naming the variable. It is logged, and told to whoever asks.
 */
export function notConfigured(what) {
  if (!told.has(what)) {
    told.add(what);
    console.error(`user-session: ${what}`);
  }
  return errorResponse(503, "not_configured", what);
}

/**
 * Nobody can be checked now.
 * @param {string} why For the log.
 */
export function cannotCheck(why) {
  console.error(`user-session: cannot check who is asking: ${why}`);
  const message = "who is asking can't be checked now: try again in a few seconds";
  return errorResponse(503, "unavailable", message, { "Retry-After": "5" });
}

/** @param {string} message */
export function unauthorized(message) {
  return errorResponse(401, "unauthorized", message, { "WWW-Authenticate": "Bearer" });
}

/** @param {string} message */
export function forbidden(message) {
  return errorResponse(403, "forbidden", message);
}

/**
 * What an error says of itself in one line, for the log.
 * @param {unknown} error
 */
export function summary(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : "not an Error";
}
