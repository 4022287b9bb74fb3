/**
 * The open sockets and their connection numbers. Only open ones are in it: a socket that the server
 * has closed has no number, so nothing that still comes from it reaches the session.
 */

/**
 * An open socket.
 * @typedef {object} OpenSocket
 * @property {WebSocket} socket
 * @property {number} connection
 * @property {boolean} hasSpoken It has delivered a frame to this instance.
 */

export class SocketTable {
  /** By their connections. @type {(OpenSocket | undefined)[]} */
  #open = [];
  /** @type {Map<WebSocket, OpenSocket>} */
  #known = new Map();
  /** @type {number[]} */
  #free = [];

  /**
   * @param {WebSocket} socket
   * @returns {number} Its number, the smallest ones first: the session keeps a table by them.
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

  /** All in the table. */
  all() {
    return this.#known.values();
  }
}
