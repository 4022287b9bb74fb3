/**
 * Closes sockets and sends to them, also if they have gone meanwhile. When to do so is decided by the callers.
 */

/**
 * @param {WebSocket | undefined} socket
 * @param {number} code
 * @param {string} reason
 */
export function close(socket, code, reason) {
  try {
    socket?.close(code, reason);
  } catch {
    // The socket has closed meanwhile. The caller goes on with the others.
  }
}

/**
 * @param {WebSocket | undefined} socket
 * @param {string} text
 */
export function send(socket, text) {
  try {
    socket?.send(text);
  } catch {
    // The socket has closed meanwhile, and its close event follows.
  }
}

/**
 * Answers a device's own close. The platform sends no close frame for a hibernatable socket, and a device
 * without an answer would hang in CLOSING and then see 1006 (workerd 2026-11-17).
 * @param {WebSocket} socket
 * @param {number} code
 * @param {string} reason
 */
export function answerClose(socket, code, reason) {
  try {
    socket.close(code, reason);
  } catch {
    // The device has given no code, or one that close() refuses: any two bytes arrive here as a code, and
    // a reason grows if its bytes are no UTF-8.
    socket.close(1000);
  }
}
