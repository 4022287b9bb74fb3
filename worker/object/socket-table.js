/**
 * Keeps the open sockets and their connection numbers. A socket that the server has closed has no number, so
 * its late frames do not reach the session. Nothing is done to a socket here.
 */

/**
 * An open socket.
 * @typedef {object} OpenSocket
 * @property {WebSocket} socket
 * @property {number} connection
 * @property {boolean} hasSpoken Whether it has delivered a frame to this instance.
 */

export class SocketTable {
  /** The sockets by connection number. @type {(OpenSocket | undefined)[]} */
  #open = [];
  /** @type {Map<WebSocket, OpenSocket>} */
  #known = new Map();
  /** @type {number[]} */
  #free = [];

  /**
   * @param {WebSocket} socket
   * @returns {number} Its connection number. Numbers are used again, since the session keeps a table by them.
   */
  add(socket) {
    const connection = this.#free.pop() ?? this.#open.length;
    const open = { socket, connection, hasSpoken: false };
    this.#open[connection] = open;
    this.#known.set(socket, open);
    return connection;
  }

  /** @param {number} connection */
  remove(connection) {
    const open = this.#open[connection];
    if (!open) return;
    this.#known.delete(open.socket);
    this.#open[connection] = undefined;
    this.#free.push(connection);
  }

  clear() {
    this.#open = [];
    this.#known.clear();
    this.#free = [];
  }

  /**
   * @param {WebSocket} socket
   * @returns {OpenSocket | undefined}
   */
  find(socket) {
    return this.#known.get(socket);
  }

  /**
   * @param {number} connection
   * @returns {WebSocket | undefined}
   */
  socketOf(connection) {
    return this.#open[connection]?.socket;
  }

  get size() {
    return this.#known.size;
  }

  /** Lists all open sockets. */
  all() {
    return this.#known.values();
  }
}
