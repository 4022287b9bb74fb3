/** What is done to a socket that may have gone meanwhile. */

/**
 * @param {WebSocket | undefined} socket
 * @param {number} code
 * @param {string} reason
 */
export function close(socket, code, reason) {
  try {
    socket?.close(code, reason);
  } catch {
    // It closed under our hands. The others are still to be closed.
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
    // It closed under our hands, and its close event follows.
  }
}

/**
 * Answers a device's own close. Unanswered, the device would hang in CLOSING and then see 1006: for
 * hibernatable sockets the platform sends no close frame of its own (workerd 2026-11-17).
 * @param {WebSocket} socket
 * @param {number} code
 * @param {string} reason
 */
export function answerClose(socket, code, reason) {
  try {
    socket.close(code, reason);
  } catch {
    // It has given no code, or what close() refuses to send: any two bytes arrive here as a code,
    // and a reason grows when its bytes are no UTF-8.
    socket.close(1000);
  }
}
