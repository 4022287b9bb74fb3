/** When devices have last sent heartbeats, which the platform answers by itself and remembers. */

/** @import { OpenSocket } from "./socket-table.js" */

/** While frames come, vanished devices are noticed this much later at most. */
export const HEARTBEATS_INTERVAL_MS = 30_000;

// The platform answers exactly these bytes itself and leaves the object asleep.
const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

/**
 * Has the platform answer heartbeats.
 * @param {DurableObjectState} ctx
 */
export function answerHeartbeats(ctx) {
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
}

export class Heartbeats {
  #ctx;
  #readAt = 0;

  /** @param {DurableObjectState} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
  }

  /**
   * @param {WebSocket} socket
   * @returns {number} Milliseconds since the epoch, 0 for never.
   */
  of(socket) {
    return this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
  }

  /** Nobody knows any more what was read. */
  forget() {
    this.#readAt = 0;
  }

  /**
   * What the session is to be told of its sockets.
   * @param {Iterable<OpenSocket>} sockets
   * @param {number} age How old what it knows may be, in milliseconds.
   * @param {WebSocket} [sender] Whose frame has come: it is alive, however long it has been silent.
   * @returns {{type: "HeartbeatsRead", now: number, heartbeats: {connection: number, at: number}[]} | null}
   *   `null` if it knows enough.
   */
  poll(sockets, age, sender) {
    const now = Date.now();
    if (now >= this.#readAt && now - this.#readAt < age) return null;
    const heartbeats = [];
    for (const { connection, socket } of sockets) {
      const at = this.of(socket);
      heartbeats.push({ connection, at: at > 0 && socket === sender ? now : at });
    }
    if (heartbeats.length === 0) return null;
    this.#readAt = now;
    return { type: "HeartbeatsRead", now, heartbeats };
  }
}
