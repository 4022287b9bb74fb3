/**
 * Serves the platform's events of sockets: a frame, a close, an error. A failure is reported and not thrown,
 * since nobody waits for an answer. What a frame means is decided in `src/`.
 */
import { reportFailure } from "./failures.js";
import { endRefused, isRefused } from "./refused.js";
import { answerClose } from "./sockets.js";

/** @import { UserObject } from "./user-object.js" */

/**
 * @param {UserObject} object
 * @param {WebSocket} socket
 * @param {string | ArrayBuffer} content
 */
export function serveFrame({ ctx, check, session }, socket, content) {
  if (isRefused(socket)) return;
  try {
    session.receive(socket, content, check.ofFrame(content));
  } catch (error) {
    reportFailure(ctx, error);
    session.answerFailure(socket, content);
  }
}

/**
 * Serves the end of a socket.
 * @param {UserObject} object
 * @param {WebSocket} socket
 * @param {{code: number, reason: string}} [close] The device's own, which has to be answered; there is none
 *   if the socket broke.
 */
export function serveEnd(object, socket, close) {
  const { session, restart } = object;
  if (!session.knows(socket) && endRefused(socket)) return;
  // A socket is CLOSING while its device's own close is served, and CLOSED if the device answers one of the server's.
  const leaving = socket.readyState === WebSocket.CLOSED ? undefined : socket;
  attempt(object, () => session.wake(leaving));
  if (close) answerClose(socket, close.code, close.reason);
  restart.closeAnswered(socket);
  attempt(object, () => session.disconnect(socket, leaving));
}

/**
 * @param {UserObject} object
 * @param {() => void} work
 */
function attempt({ ctx }, work) {
  try {
    work();
  } catch (error) {
    reportFailure(ctx, error);
  }
}
