/**
 * Makes the answers that consist of a WebSocket. Whether a device gets one is decided by the caller.
 */
import { CLOSE_CODES } from "./responses.js";
import { CLOSE_REASON_BYTES_MAX } from "../common/limits.js";
import { ProtocolVersion } from "../../bindings/wire.js";

/** @import { ParsedRequest } from "./parsed-request.js" */

/**
 * Turns a refusal into a socket that closes at once, if a page of version 2 was refused: a browser shows a
 * page the code and the reason of a close, and no status of a refused upgrade.
 * @param {Response} response Returned as it is in every other case.
 * @param {ParsedRequest} parsed
 * @param {(socket: WebSocket) => void} [accept] An object accepts it by its context, so that a client
 *   which never closes it does not keep the object awake.
 */
export async function asSocketClose(response, { request, handshake }, accept = (socket) => socket.accept()) {
  const code = CLOSE_CODES.get(response.status);
  const { isUpgrade, subprotocol, version } = handshake;
  const isPage = isUpgrade && version === ProtocolVersion.Version2 && request.headers.has("Origin");
  if (!code || !isPage) return response;
  const { 0: client, 1: server } = new WebSocketPair();
  accept(server);
  server.close(code, await closeReason(response));
  return socketResponse(client, subprotocol);
}

/**
 * Makes the answer that upgrades a request to a socket.
 * @param {WebSocket} client The client's end of the socket.
 * @param {string | undefined} subprotocol
 */
export function socketResponse(client, subprotocol) {
  const headers = subprotocol ? { "Sec-WebSocket-Protocol": subprotocol } : undefined;
  return new Response(null, { status: 101, webSocket: client, headers });
}

/**
 * Cuts a refusal's message to the size of a close frame.
 * @param {Response} refusal
 */
async function closeReason(refusal) {
  /** @type {any} */
  const body = await refusal.json().catch(() => null);
  const message = String(body?.error?.message ?? "refused");
  const { read } = new TextEncoder().encodeInto(message, new Uint8Array(CLOSE_REASON_BYTES_MAX));
  return message.slice(0, read);
}
