/** Answers to requests, as all that give one write them. */

import { notice } from "../shared/log.js";

/** @import { Answer } from "../../bindings/wire.js" */

// Whoever holds the binding gets the object's answers without what the Worker adds.
const NOT_STORED = { "Cache-Control": "no-store" };

/** A second gives two connections back at the usual limit. */
const RETRY_SECONDS = "1";

/** The close of a socket that may come back later. */
export const TRY_AGAIN_CLOSE = 1013;

/** The codes of closes that say to a page what a status says to others. */
export const CLOSE_CODES = new Map([
  [401, 4401],
  [403, 4403],
  [429, TRY_AGAIN_CLOSE],
  [503, TRY_AGAIN_CLOSE],
]);

/**
 * An error as every refusal before the upgrade carries it.
 * @param {number} status
 * @param {string} code
 * @param {string} message What was expected.
 * @param {Record<string, string>} [headers]
 */
export function errorResponse(status, code, message, headers = {}) {
  return Response.json({ error: { code, message } }, { status, headers: { ...NOT_STORED, ...headers } });
}

/**
 * A refusal of a call, which its caller gets as a value.
 * @param {string} code
 * @param {string} message
 * @returns {Answer}
 */
export function refusal(code, message) {
  return { status: 400, body: JSON.stringify({ error: { code, message } }) };
}

/**
 * @param {Answer | null} answer The session's answer to a request.
 */
export function answerResponse(answer) {
  if (!answer) throw new Error("the session left a request without an answer");
  const { status, body } = answer;
  const headers = new Headers({ "Content-Type": "application/json", ...NOT_STORED });
  if (status === 401) headers.set("WWW-Authenticate", "Bearer");
  if (status === 429) headers.set("Retry-After", RETRY_SECONDS);
  if (status === 401 || status === 429) {
    notice(`session ${status}`, `refused with ${status}: ${JSON.parse(body).error.message}`, "warn");
  }
  return new Response(body, { status, headers });
}

/** The answer that clients of the first version look for in these plain words. */
export function missingUserId() {
  return new Response("Missing userId", { status: 400, headers: NOT_STORED });
}

/** The answer to a request for a socket that does not ask for the upgrade. */
export function upgradeRequired() {
  const message = "expected a WebSocket upgrade";
  return errorResponse(426, "upgrade_required", message, { Upgrade: "websocket" });
}

/** The answer to a request whose address no URL parser reads: two `Host` headers, a port that is none. */
export function unreadableAddress() {
  const message = "the address can't be read: expected one Host header with a host and perhaps a port";
  return errorResponse(400, "invalid_request", message);
}

/** The answer when something broke on our side, or on that of the app around us. */
export function internalFailure(message = "the request could not be handled: nothing was done") {
  return errorResponse(500, "internal", message);
}

/** The answer when the user's object can't be reached or has no room. */
export function unavailable() {
  const message = "the session can't be served now: try again in a few seconds";
  return errorResponse(503, "unavailable", message, { "Retry-After": "5" });
}
