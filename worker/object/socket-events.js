/**
 * Serves the platform's events of sockets: a frame, a close, an error. A failure is reported and not thrown,
 * since nobody waits for an answer. What a frame means is decided in `src/`.
 */
import { reportFailure } from "./failures.js";
import { answerClose } from "./sockets.js";

/** @import { LogoutRestart } from "./logout-restart.js" */
/** @import { SessionHost } from "./session-host.js" */

export class SocketEvents {
  #ctx;
  #session;
  #restart;

  /**
   * @param {DurableObjectState} ctx
   * @param {SessionHost} session
   * @param {LogoutRestart} restart
   */
  constructor(ctx, session, restart) {
    this.#ctx = ctx;
    this.#session = session;
    this.#restart = restart;
  }

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   */
  message(socket, content) {
    try {
      this.#session.receive(socket, content);
    } catch (error) {
      reportFailure(this.#ctx.id.name, error);
      this.#session.answerFailure(socket, content);
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   */
  close(socket, code, reason) {
    this.#attempt(() => this.#session.wake(socket));
    answerClose(socket, code, reason);
    this.#gone(socket);
  }

  /** @param {WebSocket} socket */
  error(socket) {
    this.#attempt(() => this.#session.wake(socket));
    this.#gone(socket);
  }

  /** @param {WebSocket} socket */
  #gone(socket) {
    this.#restart.closeAnswered(socket);
    this.#attempt(() => this.#session.disconnect(socket));
  }

  /** @param {() => void} work */
  #attempt(work) {
    try {
      work();
    } catch (error) {
      reportFailure(this.#ctx.id.name, error);
    }
  }
}
