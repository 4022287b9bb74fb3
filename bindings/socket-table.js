/**
 * The open sockets and their connection numbers. Only open ones are in it: a socket that the server
 * has closed has no number, so nothing that still comes from it reaches the session.
 */
export class SocketTable {
  /** @type {(WebSocket | undefined)[]} */
  #sockets = [];
  /** @type {Map<WebSocket, number>} */
  #connections = new Map();
  /** @type {number[]} */
  #free = [];

  /**
   * @param {WebSocket} socket
   * @returns {number} Its number, the smallest ones first: the session keeps a table by them.
   */
  add(socket) {
    const connection = this.#free.pop() ?? this.#sockets.length;
    this.#sockets[connection] = socket;
    this.#connections.set(socket, connection);
    return connection;
  }

  /** @param {number} connection */
  remove(connection) {
    const socket = this.#sockets[connection];
    if (!socket) return;
    this.#connections.delete(socket);
    this.#sockets[connection] = undefined;
    this.#free.push(connection);
  }

  clear() {
    this.#sockets = [];
    this.#connections.clear();
    this.#free = [];
  }

  /**
   * @param {WebSocket} socket
   * @returns {number | undefined}
   */
  connectionOf(socket) {
    return this.#connections.get(socket);
  }

  /**
   * @param {number} connection
   * @returns {WebSocket | undefined}
   */
  socketOf(connection) {
    return this.#sockets[connection];
  }

  /** All sockets in the table. */
  all() {
    return this.#connections.keys();
  }

  get size() {
    return this.#connections.size;
  }
}
