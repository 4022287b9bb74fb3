/**
 * Reads the times of the devices' last heartbeats, which the platform answers and remembers by itself. Which
 * device has vanished is decided in `src/`.
 */

/** @import { OpenSocket } from "./socket-table.js" */

/** Maximum age of the times that the session knows while frames come. */
export const HEARTBEATS_INTERVAL_MS = 30_000;

// The platform answers exactly these bytes by itself, and the object stays asleep.
const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

/**
 * Makes the platform answer heartbeats.
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

  /** Makes the next poll read, since a new instance knows no times. */
  forget() {
    this.#readAt = 0;
  }

  /**
   * Reads the heartbeats of all sockets, unless the previous reading is new enough.
   * @param {Iterable<OpenSocket>} sockets
   * @param {number} age Maximum age of the previous reading, in ms.
   * @param {WebSocket} [sender] The socket of the frame that has come, which proves that it is alive.
   * @returns {{type: "HeartbeatsRead", now: number, heartbeats: {connection: number, at: number}[]} | null}
   *   The event for the session, `null` if there is nothing new.
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
