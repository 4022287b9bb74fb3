/**
 * Makes and logs the refusals of the checks in admission.js and auth/. A refusal says which check failed and
 * what to do, the essential first, since a page sees only the beginning. It says nothing of other users.
 * Answers to a wrong request belong to responses.js.
 */
import { errorResponse } from "./responses.js";
import { notice } from "../common/log.js";

/**
 * Makes the answer while nobody can be let in, since a setting is missing or wrong.
 * @param {string} what The variable and what to set it to. The client gets it, too.
 */
export function notConfigured(what) {
  notice("configuration", what);
  return errorResponse(503, "not_configured", what);
}

/**
 * Makes the answer while no credential can be checked.
 * @param {string} why Only for the log.
 */
export function cannotCheck(why) {
  notice("check", `cannot check who is asking: ${why}`);
  const message = "who is asking can't be checked now: try again in a few seconds";
  return errorResponse(503, "unavailable", message, { "Retry-After": "5" });
}

/**
 * Makes the answer to a credential that is not good yet and will be.
 * @param {string} why
 * @param {number} seconds When to try again, at least 1.
 */
export function notYetGood(why, seconds) {
  notice("clock", `refused with 503: ${why}`);
  const message = `${why}: try again in ${seconds} s`;
  return errorResponse(503, "unavailable", message, { "Retry-After": String(seconds) });
}

/** @param {string} message Which check failed, and what to do. */
export function unauthorized(message) {
  notice("unauthorized", `refused with 401: ${message}`, "warn");
  return errorResponse(401, "unauthorized", message, { "WWW-Authenticate": "Bearer" });
}

/** Makes the answer to a connect whose ticket is not one that is still good. Its client may ask for another. */
export function ticketUnknown() {
  const message = "ticket_unknown: the ticket was used, has expired or was never given: ask for another, once";
  notice("unauthorized", `refused with 401: ${message}`, "warn");
  return errorResponse(401, "ticket_unknown", message, { "WWW-Authenticate": "Bearer" });
}

/**
 * @param {string} message Which check failed, and what to do.
 * @param {string} [check] The check's name, if clients can make up the message: their messages must not
 *   crowd the other checks' out of the log.
 */
export function forbidden(message, check = "forbidden") {
  notice(check, `refused with 403: ${message}`, "warn");
  return errorResponse(403, "forbidden", message);
}

/**
 * Makes the answer to a logout token that is refused, as OpenID Connect Back-Channel Logout 1.0 has it in section 2.8.
 * @param {string} message Which check failed: printable ASCII without quotation marks and backslashes, as RFC 6749
 *   wants it.
 */
export function logoutRefused(message) {
  notice("logout token", `refused a logout token with 400: ${message}`, "warn");
  const body = { error: "invalid_request", error_description: message };
  return Response.json(body, { status: 400, headers: { "Cache-Control": "no-store" } });
}
