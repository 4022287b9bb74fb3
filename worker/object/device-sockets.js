/**
 * Tells the devices' sockets from those that an app's own class has accepted in the same object. Neither may
 * suffer from the other's.
 */

const TAG = "user-session";

/**
 * Accepts a device's socket.
 * @param {DurableObjectState} ctx
 * @param {WebSocket} socket
 */
export function acceptDevice(ctx, socket) {
  ctx.acceptWebSocket(socket, [TAG]);
}

/**
 * Whether a socket is a device's.
 * @param {DurableObjectState} ctx
 * @param {WebSocket} socket
 * @param {unknown} attachment What is attached to it.
 */
export function isDevice(ctx, socket, attachment) {
  const tags = ctx.getTags(socket);
  // A socket that an earlier version has accepted, before a deploy that left it open, has no tag.
  return tags.length === 0 ? attachment instanceof Uint8Array : tags.includes(TAG);
}

/**
 * Lists the devices' sockets that the server has closed and whose clients have not.
 * @param {DurableObjectState} ctx
 */
export function closedDevices(ctx) {
  return ctx.getWebSockets(TAG).filter(({ readyState }) => readyState !== WebSocket.OPEN);
}
