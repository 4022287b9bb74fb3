/**
 * The answers that consist of a WebSocket. Whether a device gets one is decided by those who call this.
 */
import { ProtocolVersion } from "../../bindings/wire.js";
import { CLOSE_REASON_BYTES_MAX } from "../shared/limits.js";
import { CLOSE_CODES } from "./responses.js";

/** @import { ParsedRequest } from "./parsed-request.js" */

/**
 * The answer that lets a page read why it was refused. A browser does not show a page the status of a
 * refused upgrade, but the code and the reason of a socket that closes.
 * @param {Response} response Returned as it is if it is no refusal, or not a page's of version 2.
 * @param {ParsedRequest} parsed
 * @param {(socket: WebSocket) => void} [accept] In an object, where a socket that its client never
 *   closes must not keep it awake.
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
 * The answer that upgrades a request to a socket.
 * @param {WebSocket} client The client's end of the socket.
 * @param {string | undefined} subprotocol
 */
export function socketResponse(client, subprotocol) {
  const headers = subprotocol ? { "Sec-WebSocket-Protocol": subprotocol } : undefined;
  return new Response(null, { status: 101, webSocket: client, headers });
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
