/**
 * Reads the handshake by which a device connects. The answers to it belong to socket-responses.js, and how
 * long its ids may be is decided in `src/`.
 */
import { ProtocolVersion } from "../../bindings/wire.js";

/** @import { Position } from "../../bindings/wire.js" */

// The answer names one of these, and never the `ticket.<ticket>` or `bearer.<token>` beside it.
const SUBPROTOCOL_OF_V2 = "user-session.v2";
const SUBPROTOCOLS = [SUBPROTOCOL_OF_V2, "user-session.v1"];

const BEARER_PROTOCOL = "bearer.";
const TICKET_PROTOCOL = "ticket.";

// The tickets of this release have 32 characters. The room is for those of others, which may run at the same time.
const TICKET = /^[A-Za-z0-9_-]{22,64}$/;

/** @type {Position} */
const NOWHERE = Object.freeze({ epoch: 0, seq: 0 });

const DEVICE_ID_EXPECTED = "deviceId is missing: expected a name of this installation";
const ONE_EXPECTED =
  "Sec-WebSocket-Protocol has several credentials: expected one ticket.<ticket> or one bearer.<token>";

/** A place that can't be read is one that nobody knows, so the device starts over. @type {Position} */
const UNKNOWN_PLACE = Object.freeze({ epoch: -1, seq: 0 });

const NO_INBOX_PLACE = -1;

/**
 * How a device connects. A request that is no connect has one, too, since its subprotocols may hold a
 * token.
 * @typedef {object} Handshake
 * @property {boolean} isUpgrade Whether it asks for a WebSocket.
 * @property {string | undefined} subprotocol The one that is agreed on; a device that offers none of
 *   ours speaks version 1.
 * @property {string | null} bearerToken The token of the subprotocol `bearer.<token>`, where a
 *   browser's socket can carry one; `null` if there is no such subprotocol.
 * @property {string | null} ticket The ticket of the subprotocol `ticket.<ticket>`, which may be none that was ever
 *   given; `null` if there is no such subprotocol.
 * @property {number} version One of `ProtocolVersion`.
 * @property {string} deviceId
 * @property {string} tabId Empty if the device does not say.
 * @property {string} run The run of the client program, empty if it does not say.
 * @property {Position} since Up to where the device has seen all.
 * @property {number} inbox The number of the message up to which it has all of the inbox, -1 if it does not say.
 * @property {string | null} problem Why no device can connect so, `null` if it can.
 */

/**
 * Reads all of a handshake at once, so that no later check parses the header again.
 * @param {Request} request
 * @param {URLSearchParams} query
 * @returns {Handshake}
 */
export function readHandshake(request, query) {
  const offered = (request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((name) => name.trim());
  const subprotocol = SUBPROTOCOLS.find((name) => offered.includes(name));
  const isV2 = subprotocol === SUBPROTOCOL_OF_V2;
  const deviceId = query.get("deviceId") || (isV2 ? "" : "unknown");
  return {
    isUpgrade: isUpgrade(request),
    subprotocol,
    bearerToken: bearerTokenAmong(offered),
    ticket: ticketAmong(offered),
    version: isV2 ? ProtocolVersion.Version2 : ProtocolVersion.Version1,
    deviceId,
    tabId: (isV2 && query.get("tabId")) || "",
    run: (isV2 && query.get("run")) || "",
    since: isV2 ? readPosition(query.get("since")) : NOWHERE,
    inbox: isV2 ? (readNumber(query.get("inbox")) ?? NO_INBOX_PLACE) : NO_INBOX_PLACE,
    problem: problemOf(deviceId, offered),
  };
}

/**
 * Whether a text has the form of a ticket. Any other was never given, so no object need be asked.
 * @param {string} text
 */
export function isTicket(text) {
  return TICKET.test(text);
}

/** @param {Request} request */
export function isUpgrade(request) {
  return request.headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/**
 * @param {string} deviceId
 * @param {string[]} offered
 */
function problemOf(deviceId, offered) {
  if (deviceId === "") return DEVICE_ID_EXPECTED;
  // Nobody can tell which of several is meant. Two tokens alone are no credential, in version 1, too.
  const tickets = offered.filter((name) => name.startsWith(TICKET_PROTOCOL)).length;
  const isOne = tickets === 0 || (tickets === 1 && bearerTokenAmong(offered) === null);
  return isOne ? null : ONE_EXPECTED;
}

/** @param {string[]} offered */
function ticketAmong(offered) {
  return offered.find((name) => name.startsWith(TICKET_PROTOCOL))?.slice(TICKET_PROTOCOL.length) ?? null;
}

/** @param {string[]} offered */
function bearerTokenAmong(offered) {
  const tokens = offered.filter((name) => name.startsWith(BEARER_PROTOCOL));
  if (tokens.length === 0) return null;
  // Nobody can tell which of several tokens is meant, so none is.
  return tokens.length === 1 ? tokens[0].slice(BEARER_PROTOCOL.length) : "";
}

/**
 * @param {string | null} text
 * @returns {Position}
 */
function readPosition(text) {
  if (text === null) return NOWHERE;
  const [epochText, seqText, ...more] = text.split(".");
  const epoch = readNumber(epochText);
  const seq = readNumber(seqText);
  return epoch && seq !== null && more.length === 0 ? { epoch, seq } : UNKNOWN_PLACE;
}

/**
 * @param {string | null | undefined} text
 * @returns {number | null} `null` if the text is no number in plain decimal that a number has exactly.
 */
function readNumber(text) {
  const number = /^(?:0|[1-9]\d{0,15})$/.test(text ?? "") ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : null;
}
