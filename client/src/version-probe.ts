/**
 * Finds out beside a connection of version 1 whether the server speaks version 2: the attempt before that connection
 * may have failed by chance.
 */
import type { ConnectionMetrics } from "./connection-types.js";
import { attempt } from "./page.js";
import { PROTOCOL_VERSION_2 } from "./protocol.js";
import { closeSocket } from "./sockets.js";

export class VersionProbe {
  #socket: WebSocket | null = null;

  /**
   * Tries once.
   * @param found The server speaks version 2. It is not called after `stop`.
   */
  start(Socket: typeof WebSocket | undefined, address: () => string, metrics: ConnectionMetrics, found: () => void): void {
    const socket = attempt(() => Socket && new Socket(address(), [PROTOCOL_VERSION_2]));
    if (!socket) return;
    metrics.attempts++;
    this.#socket = socket;
    // The class of `ws` ends the process over an error that nobody listens to.
    socket.onerror = () => {};
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      if (socket.protocol === PROTOCOL_VERSION_2) found();
      else closeSocket(socket);
    };
  }

  stop(): void {
    closeSocket(this.#socket);
    this.#socket = null;
  }
}
