/** What a device speaks, and what only version 2 can say while it connects. */
import { offeredProtocols } from "./credentials.js";
import { CLOSE_REASON_BYTES_MAX } from "../shared/limits.js";
import { CLOSE_CODES, errorResponse } from "./responses.js";
import { ProtocolVersion } from "../../bindings/wire.js";

/** @import { Position } from "../../bindings/wire.js" */

// The only subprotocols that are ever echoed; `bearer.<token>` beside them is not.
const SUBPROTOCOLS = new Map([
  ["user-session.v2", ProtocolVersion.Version2],
  ["user-session.v1", ProtocolVersion.Version1],
]);

/** @type {Position} */
const NOWHERE = Object.freeze({ epoch: 0, seq: 0 });

const SINCE_EXPECTED =
  "since must be <epoch>.<seq>, taken from initial_state and the newest frame";

/** @param {Request} request */
export function isWebSocketUpgrade(request) {
  return request.headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/**
 * The subprotocol that is agreed on.
 * @param {Request} request
 * @returns {string | undefined} `undefined` if the device offers none of ours; it speaks version 1.
 */
export function agreedProtocol(request) {
  const offered = offeredProtocols(request);
  return [...SUBPROTOCOLS.keys()].find((name) => offered.includes(name));
}

/**
 * How a device connects.
 * @typedef {object} Handshake
 * @property {number} version One of `ProtocolVersion`.
 * @property {string} deviceId
 * @property {string} tabId Empty if it does not say.
 * @property {Position} since Up to where it has seen all.
 */

/**
 * Reads how a device connects. How long its ids may be is decided in `src/`.
 * @param {Request} request
 * @param {URLSearchParams} query
 * @returns {Handshake | Response} The refusal if it is none.
 */
export function readHandshake(request, query) {
  const version = SUBPROTOCOLS.get(agreedProtocol(request) ?? "") ?? ProtocolVersion.Version1;
  const deviceId = query.get("deviceId");
  if (version === ProtocolVersion.Version1) {
    return { version, deviceId: deviceId || "unknown", tabId: "", since: NOWHERE };
  }
  if (!deviceId) {
    const message = "deviceId is missing: expected a name of this installation";
    return errorResponse(400, "invalid_request", message);
  }
  const tabId = query.get("tabId") ?? "";
  const since = readPosition(query.get("since"));
  if (!since) {
    return errorResponse(400, "invalid_request", SINCE_EXPECTED);
  }
  return { version, deviceId, tabId, since };
}

/**
 * @param {string | null} text
 * @returns {Position | null} `null` if it is none.
 */
function readPosition(text) {
  if (text === null) return NOWHERE;
  const [, epoch, seq] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  return epoch === undefined ? null : { epoch: Number(epoch), seq: Number(seq) };
}

/**
 * Says to a page why it was not let in: a browser does not show it the status of a refused upgrade,
 * but the code and the reason of a socket that closes.
 * @param {Response} refusal
 * @param {Request} request
 * @param {(socket: WebSocket) => void} [accept] In an object, where a socket that its client never
 *   closes must not keep it awake.
 */
export async function asSocketClose(refusal, request, accept = (socket) => socket.accept()) {
  const code = CLOSE_CODES.get(refusal.status);
  const isPage = isWebSocketUpgrade(request) && request.headers.has("Origin");
  const protocol = agreedProtocol(request);
  if (!code || !isPage || SUBPROTOCOLS.get(protocol ?? "") !== ProtocolVersion.Version2) return refusal;
  const { 0: client, 1: server } = new WebSocketPair();
  accept(server);
  server.close(code, await closeReason(refusal));
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: { "Sec-WebSocket-Protocol": String(protocol) },
  });
}

/**
 * As much of a refusal's message as a close frame takes.
 * @param {Response} refusal
 */
async function closeReason(refusal) {
  /** @type {any} */
  const body = await refusal.json().catch(() => null);
  const message = String(body?.error?.message ?? "refused");
  const { read } = new TextEncoder().encodeInto(message, new Uint8Array(CLOSE_REASON_BYTES_MAX));
  return message.slice(0, read);
}
