/**
 * Makes the answers that consist of a WebSocket. Whether a device gets one is decided by the caller.
 */
import { clientNetwork } from "./client-address.js";
import { REFUSED_OF_NETWORK_MAX, mayOpenRefused, refusedClosed } from "./refused-sockets.js";
import { CLOSE_CODES } from "./responses.js";
import { CLOSE_REASON_BYTES_MAX } from "../common/limits.js";
import { notice } from "../common/log.js";
import { ProtocolVersion } from "../../bindings/wire.js";

/** @import { AddressEnv } from "./client-address.js" */
/** @import { RequestContext } from "./refused-sockets.js" */
/** @import { ParsedRequest } from "./parsed-request.js" */

/**
 * How long a refused client has to close its socket, too. A browser does so as soon as the close arrives. workerd holds
 * up to 32 MiB of a message that has not arrived whole, so a client which does not close its socket must not stay long.
 */
export const CLOSE_WAIT_MS = 3_000;

const TOO_MANY_REFUSED =
  `${REFUSED_OF_NETWORK_MAX} refused sockets of one address are open, or too many of all: further ones get the ` +
  "status alone. If the server is not on Cloudflare, CLIENT_ADDRESS_HEADER tells addresses apart";

/**
 * Keeps a refused socket until its client has closed it, and then calls `refusedClosed`.
 * @typedef {(socket: WebSocket, network: string) => void} Keep
 */

/**
 * Turns a refusal into a socket that closes at once, if a page of version 2 was refused: a browser shows a
 * page the code and the reason of a close, and no status of a refused upgrade. If too many such sockets are open,
 * the refusal stays as it is.
 * @param {Response} response Returned as it is in every other case.
 * @param {ParsedRequest} parsed
 * @param {AddressEnv} env
 * @param {Keep} keep
 */
export async function asSocketClose(response, { request, handshake }, env, keep) {
  const code = CLOSE_CODES.get(response.status);
  const { isUpgrade, subprotocol, version } = handshake;
  const isPage = isUpgrade && version === ProtocolVersion.Version2 && request.headers.has("Origin");
  if (!code || !isPage) return response;
  const network = clientNetwork(request.headers, env);
  if (!mayOpenRefused(network)) {
    notice("refused sockets", TOO_MANY_REFUSED, "warn");
    return response;
  }
  const reason = await closeReason(response);
  const { 0: client, 1: server } = new WebSocketPair();
  keep(server, network);
  server.close(code, reason);
  return socketResponse(client, subprotocol);
}

/**
 * Returns a function that keeps the refused socket of a request in the Worker. A client that does not close its socket,
 * or sends a message in place of that, is cut off by the end of the request's context, the only way that workerd has
 * (2026-11-17).
 * @param {RequestContext} [context] Without it such a client keeps its socket.
 * @returns {Keep}
 */
export function keptInWorker(context) {
  return (socket, network) => {
    socket.accept();
    let isCounted = true;
    const closed = () => {
      if (cutOff !== null) clearTimeout(cutOff);
      if (isCounted) refusedClosed(network);
      isCounted = false;
    };
    const cut = () => {
      closed();
      context?.abort?.(notClosed());
    };
    const cutOff = context?.abort ? setTimeout(cut, CLOSE_WAIT_MS) : null;
    socket.addEventListener("close", closed);
    socket.addEventListener("error", closed);
    socket.addEventListener("message", cut);
  };
}

/** Makes the reason of the end. workerd logs none that is marked as one of a lost connection. */
function notClosed() {
  const error = new Error("user-session: a refused client has not closed its socket");
  return Object.assign(error, { retryable: true });
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
