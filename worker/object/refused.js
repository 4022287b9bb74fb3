/**
 * Keeps the sockets that the object itself has refused, until their clients have closed them. They never reach the
 * session, so a stranger reads no row and needs no instance of the module. Which sockets are refused is decided in
 * request-handler.js.
 */
import { refusedClosed } from "../http/refused-sockets.js";

/** @import { Keep } from "../http/socket-responses.js" */

/**
 * Returns a function that keeps a refused socket as the devices' sockets are kept, so that a client which never closes
 * it does not keep the object awake.
 * @param {DurableObjectState} ctx
 * @returns {Keep}
 */
export function keptInObject(ctx) {
  return (socket, network) => {
    ctx.acceptWebSocket(socket);
    // The object may sleep before the client closes the socket.
    socket.serializeAttachment({ refused: network });
  };
}

/**
 * Whether the object has refused a socket.
 * @param {WebSocket} socket
 */
export function isRefused(socket) {
  return refusedNetwork(socket) !== null;
}

/**
 * Serves the end of a socket that was refused.
 * @param {WebSocket} socket
 * @returns {boolean} Whether it was.
 */
export function endRefused(socket) {
  const network = refusedNetwork(socket);
  if (network === null) return false;
  refusedClosed(network);
  // The platform may tell of an error, too.
  socket.serializeAttachment(null);
  return true;
}

/** @param {WebSocket} socket */
function refusedNetwork(socket) {
  // The server has closed it, and the bytes of a device's attachment need not be copied to see that it has not.
  if (socket.readyState === WebSocket.OPEN) return null;
  const network = socket.deserializeAttachment()?.refused;
  return typeof network === "string" ? network : null;
}
