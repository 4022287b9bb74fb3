/**
 * Makes a logout reach its devices at once, by a restart of the object. Which sockets a logout closes is
 * decided in `src/`; this file only sees them closed.
 *
 * After both close frames have been exchanged, workerd should end the TCP connection; a client
 * reports the closing only then. It does not for a socket whose first message is the client's
 * answer to our close. The object was already waiting for that message when workerd began to carry
 * messages to it, and the code for this case does not look whether the first message is a close
 * (capnproto, `WebSocketPipeImpl::BlockedReceive::tryPumpFrom`). The connection then lives
 * until the object's half of it is destroyed: at garbage collection, or some 10 s later when the
 * object is evicted. Chromium gives up waiting after 2 s, Node's clients wait it out. A socket that
 * has delivered any frame before, an auto-answered ping included, is not affected.
 *
 * A restart of the object destroys its half at once, so the object restarts itself when nobody needs
 * it: no socket is open, no request is being served, and everything is on disk. The platform logs the
 * restart as an uncaught exception with our message.
 *
 * A restart is also the only way to get rid of a socket that the server has closed and whose client never closes it.
 * Such sockets count for no device, so one credential could collect any number of them by connecting a tab again and
 * again. If there are too many, the object restarts although devices are open, which connect again.
 */

import { closedDevices } from "./device-sockets.js";
import { RESTART_REASON } from "../forward.js";

/** @import { OpenSocket } from "./socket-table.js" */

// Maximum wait for the devices' answers to the close. A device that sleeps never answers, and must not hold up
// the others.
const ANSWER_WAIT_MS = 100;

// The object restarts when it was unused for this long, so that what it has answered is under way. After so many
// checks, about a second, it gives up, and the sockets close late.
const QUIET_MS = 10;
const QUIET_CHECKS = 100;

/** How many closed sockets may have clients that have not closed them. */
export const UNANSWERED_MAX = 64;

/** How long a client has to close its socket, too. A browser does so as soon as the close arrives. */
export const UNANSWERED_WAIT_MS = 10_000;

export class LogoutRestart {
  #ctx;
  /** Sockets that were closed and have not answered. @type {Set<WebSocket>} */
  #unanswered = new Set();
  /** The number of requests that are being served. */
  #requests = 0;
  /** The number of beginnings and ends of requests, and of calls by RPC, so far. */
  #uses = 0;
  /** @type {Promise<void> | null} */
  #releasing = null;
  /** @type {(() => void) | null} */
  #allAnswered = null;
  #isWaiting = false;

  /** @param {DurableObjectState} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
  }

  /**
   * Begins the restart if one of the sockets that a logout of all has just closed needs it.
   * @param {OpenSocket[]} closed
   */
  socketsClosed(closed) {
    const ctx = this.#ctx;
    this.socketClosed();
    // A socket that has delivered a frame needs no restart. If another one does, the restart waits for its
    // answer, too.
    const isMute = (/** @type {OpenSocket} */ { socket, hasSpoken }) =>
      !hasSpoken && !ctx.getWebSocketAutoResponseTimestamp(socket);
    if (!closed.some(isMute)) return;
    for (const { socket } of closed) this.#unanswered.add(socket);
    this.#begin(() => this.#release());
  }

  /** Begins a restart if there are too many closed sockets, and still are when each client has had time to answer. */
  socketClosed() {
    if (this.#isWaiting || !this.#hasTooMany()) return;
    this.#isWaiting = true;
    const waited = scheduler.wait(UNANSWERED_WAIT_MS).then(() => {
      this.#isWaiting = false;
      if (this.#hasTooMany()) this.#begin(() => this.#restartUnless(() => false));
    });
    this.#ctx.waitUntil(waited);
  }

  /** @param {() => Promise<void>} release */
  #begin(release) {
    if (this.#releasing) return;
    this.#releasing = release().finally(() => {
      this.#releasing = null;
    });
    this.#ctx.waitUntil(this.#releasing);
  }

  /**
   * Notes that a closed socket's device has answered the close.
   * @param {WebSocket} socket
   */
  closeAnswered(socket) {
    this.#unanswered.delete(socket);
    if (this.#unanswered.size === 0) this.#allAnswered?.();
  }

  /**
   * Runs the work of a request. The object does not restart meanwhile.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async during(work) {
    this.#requests++;
    this.#uses++;
    try {
      return await work();
    } finally {
      this.#requests--;
      this.#uses++;
    }
  }

  /** Notes a call by RPC. Its answer is ready at once, but still has to leave the object. */
  noteCall() {
    this.#uses++;
  }

  /**
   * Waits until the object restarts or gives up. At a restart the waiting request fails with RESTART_REASON, so
   * a request may wait here only if its sender sends it again (outlivesRestart), and not inside `during`.
   */
  async settled() {
    await this.#releasing;
  }

  async #release() {
    await Promise.race([
      new Promise((resolve) => {
        this.#allAnswered = () => resolve(undefined);
      }),
      scheduler.wait(ANSWER_WAIT_MS),
    ]);
    this.#unanswered.clear();
    await this.#restartUnless(() => this.#isAnyOpen());
  }

  /**
   * Restarts the object as soon as nothing is under way.
   * @param {() => boolean} isNeeded Whether the object must go on.
   */
  async #restartUnless(isNeeded) {
    for (let check = 0; check < QUIET_CHECKS && !isNeeded(); check++) {
      const usesBefore = this.#uses;
      await this.#ctx.storage.sync();
      await scheduler.wait(QUIET_MS);
      // Without a use since the sync began, nothing was written that a restart could lose.
      const isQuiet = this.#requests === 0 && this.#uses === usesBefore;
      if (!isQuiet || isNeeded()) continue;
      this.#ctx.abort(RESTART_REASON);
    }
  }

  #hasTooMany() {
    return closedDevices(this.#ctx).length > UNANSWERED_MAX;
  }

  #isAnyOpen() {
    return this.#ctx.getWebSockets().some(isOpen);
  }
}

/** @param {WebSocket} socket */
function isOpen(socket) {
  return socket.readyState === WebSocket.OPEN;
}
