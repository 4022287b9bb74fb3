/**
 * Makes the answers to requests, other than refusals of a credential and sockets. Which answer a request gets
 * is not decided here.
 */

import { notice } from "../common/log.js";
import { FRAME_BYTES_MAX } from "../../bindings/wire.js";

/** @import { Answer } from "../../bindings/wire.js" */

// A caller with the binding gets the object's answers without the headers that the Worker adds.
const NOT_STORED = { "Cache-Control": "no-store" };

/** The default limit allows two more connects after a second. */
const RETRY_SECONDS = "1";

/** The close code that lets a device come back later. */
export const TRY_AGAIN_CLOSE = 1013;

/** The close codes that tell a page what a status tells other clients. */
export const CLOSE_CODES = new Map([
  [401, 4401],
  [403, 4403],
  [429, TRY_AGAIN_CLOSE],
  [503, TRY_AGAIN_CLOSE],
]);

/**
 * Makes an answer with an error, as every refusal before the upgrade has it.
 * @param {number} status
 * @param {string} code
 * @param {string} message What was expected.
 * @param {Record<string, string>} [headers]
 */
export function errorResponse(status, code, message, headers = {}) {
  return Response.json({ error: { code, message } }, { status, headers: { ...NOT_STORED, ...headers } });
}

/**
 * Makes the refusal of an RPC, which its caller gets as a value.
 * @param {string} code
 * @param {string} message
 * @returns {Answer}
 */
export function refusal(code, message) {
  return { status: 400, body: JSON.stringify({ error: { code, message } }) };
}

/**
 * Makes the HTTP answer out of the session's, and logs a refusal.
 * @param {Answer | null} answer
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

/**
 * Makes the answer that gives a ticket.
 * @param {string} ticket
 * @param {number} expiresInMs
 */
export function ticketResponse(ticket, expiresInMs) {
  return Response.json({ ticket, expiresInMs }, { headers: NOT_STORED });
}

/**
 * Makes the answer to an issuer of which the specification says the status alone.
 * @param {Answer | null} answer The session's.
 */
export function issuerResponse(answer) {
  return answer?.status === 200 ? new Response(null, { headers: NOT_STORED }) : answerResponse(answer);
}

/** Makes the answer to a body that was not read to its end. */
export function tooLarge() {
  return errorResponse(413, "too_large", `too large: expected at most ${FRAME_BYTES_MAX} bytes of UTF-8`);
}

/** Makes the answer that clients of version 1 look for in these plain words. */
export function missingUserId() {
  return new Response("Missing userId", { status: 400, headers: NOT_STORED });
}

/** Makes the answer to a connect that does not ask for the upgrade. */
export function upgradeRequired() {
  const message = "expected a WebSocket upgrade";
  return errorResponse(426, "upgrade_required", message, { Upgrade: "websocket" });
}

/** Makes the answer to a request whose URL can't be parsed: it has two `Host` headers, or a port that is none. */
export function unreadableAddress() {
  const message = "the address can't be read: expected one Host header with a host and perhaps a port";
  return errorResponse(400, "invalid_request", message);
}

/** Makes the answer after a failure of our code, or of the app's around it. */
export function internalFailure(message = "the request could not be handled: nothing was done") {
  return errorResponse(500, "internal", message);
}

/**
 * Makes the answer of an object to a Worker of another version, as long as the two don't understand each other.
 * @param {string} what The part of the request that the object does not know.
 */
export function otherVersion(what) {
  notice("version", `the Worker is of another version than the object, which does not know ${what}: refused with 503`);
  return unavailable();
}

/** Makes the answer while the user's object can't be reached or has no memory. */
export function unavailable() {
  const message = "the session can't be served now: try again in a few seconds";
  return errorResponse(503, "unavailable", message, { "Retry-After": "5" });
}
