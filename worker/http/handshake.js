/**
 * Reads the handshake by which a device connects. The answers to it belong to socket-responses.js, and how
 * long its ids may be is decided in `src/`.
 */
import { ProtocolVersion } from "../../bindings/wire.js";

/** @import { Position } from "../../bindings/wire.js" */

// The answer names one of these, and never the `bearer.<token>` that a browser sends beside it.
const SUBPROTOCOL_OF_V2 = "user-session.v2";
const SUBPROTOCOLS = [SUBPROTOCOL_OF_V2, "user-session.v1"];

const BEARER_PROTOCOL = "bearer.";

/** @type {Position} */
const NOWHERE = Object.freeze({ epoch: 0, seq: 0 });

const DEVICE_ID_EXPECTED = "deviceId is missing: expected a name of this installation";
const SINCE_EXPECTED =
  "since must be <epoch>.<seq>, taken from initial_state and the newest frame";

/**
 * How a device connects. A request that is no connect has one, too, since its subprotocols may hold a
 * token.
 * @typedef {object} Handshake
 * @property {boolean} isUpgrade Whether it asks for a WebSocket.
 * @property {string | undefined} subprotocol The one that is agreed on; a device that offers none of
 *   ours speaks version 1.
 * @property {string | null} bearerToken The token of the subprotocol `bearer.<token>`, where a
 *   browser's socket can carry one; `null` if there is no such subprotocol.
 * @property {number} version One of `ProtocolVersion`.
 * @property {string} deviceId
 * @property {string} tabId Empty if the device does not say.
 * @property {Position} since Up to where the device has seen all.
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
  const since = isV2 ? readPosition(query.get("since")) : NOWHERE;
  return {
    isUpgrade: isUpgrade(request),
    subprotocol,
    bearerToken: bearerTokenAmong(offered),
    version: isV2 ? ProtocolVersion.Version2 : ProtocolVersion.Version1,
    deviceId,
    tabId: (isV2 && query.get("tabId")) || "",
    since: since ?? NOWHERE,
    problem: deviceId === "" ? DEVICE_ID_EXPECTED : since === null ? SINCE_EXPECTED : null,
  };
}

/** @param {Request} request */
export function isUpgrade(request) {
  return request.headers.get("Upgrade")?.toLowerCase() === "websocket";
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
 * @returns {Position | null} `null` if the text is no position.
 */
function readPosition(text) {
  if (text === null) return NOWHERE;
  const [, epoch, seq] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  return epoch === undefined ? null : { epoch: Number(epoch), seq: Number(seq) };
}
