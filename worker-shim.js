/**
 * The Worker and its Durable Object: the class with the handlers that the platform calls and the methods
 * that a Worker calls, and the default export. Nothing is decided here: worker/object/ serves what comes,
 * and `src/` says what a message means.
 */
import { DurableObject } from "cloudflare:workers";

import sessionModule from "./dist/session.wasm";
import { TRUSTED } from "./worker/auth/identity.js";
import { outlivesRestart } from "./worker/forward.js";
import { withHeaders } from "./worker/http/origin.js";
import { errorResponse } from "./worker/http/responses.js";
import { Calls } from "./worker/object/calls.js";
import { answerHeartbeats } from "./worker/object/heartbeats.js";
import { LogoutHook } from "./worker/object/logout-hook.js";
import { LogoutRestart } from "./worker/object/logout-restart.js";
import { collectorOf } from "./worker/object/metrics.js";
import { readRateLimits } from "./worker/object/rate-limits.js";
import { RequestHandler } from "./worker/object/request-handler.js";
import { SessionHost } from "./worker/object/session-host.js";
import { SocketEvents } from "./worker/object/socket-events.js";
import { routeUserSession } from "./worker/router.js";

/** @import { AuthEnv } from "./worker/auth/identity.js" */
/** @import { PushOptions } from "./worker/http/push-options.js" */
/** @import { LogoutScope } from "./worker/object/logout-hook.js" */
/** @import { MetricsEnv } from "./worker/object/metrics.js" */
/** @import { LimitEnv } from "./worker/object/rate-limits.js" */

export { routeUserSession };
export { userSession } from "./worker/user-session.js";

/** One user's devices and what they share. */
export class UserSessionDO extends DurableObject {
  #logoutRestart;
  #logoutHook;
  #session;
  #requests;
  #sockets;
  #calls;

  /**
   * @param {DurableObjectState} ctx
   * @param {Env} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    this.#logoutRestart = new LogoutRestart(ctx);
    this.#logoutHook = new LogoutHook(ctx);
    /** @type {Env & AuthEnv & LimitEnv & MetricsEnv} */
    const options = env;
    this.#session = new SessionHost(ctx, sessionModule, {
      rateLimits: readRateLimits(options),
      collect: collectorOf(options, () => this.#session.userId()),
      onLoggedOut: (closed) => {
        if (this.#hasOwnOnLogout()) void this.#logoutHook.schedule();
        this.#logoutRestart.socketsClosed(closed);
      },
    });
    this.#requests = new RequestHandler(ctx, options, this.#session);
    this.#sockets = new SocketEvents(ctx, this.#session, this.#logoutRestart);
    this.#calls = new Calls(ctx, this.#logoutRestart);
    answerHeartbeats(ctx);
  }

  // The handlers that the platform calls

  /**
   * Serves the same paths as the Worker, with the prefix or without. A request that our Worker has not checked
   * is checked here, unless it has a bare path and was made by a Worker with the binding.
   * @param {Request} request
   * @override
   */
  async fetch(request) {
    if (outlivesRestart(request)) await this.#logoutRestart.settled();
    return this.#logoutRestart.during(() => this.#requests.answer(request));
  }

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   * @override
   */
  webSocketMessage(socket, content) {
    this.#sockets.message(socket, content);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   * @override
   */
  webSocketClose(socket, code, reason) {
    this.#sockets.close(socket, code, reason);
  }

  /**
   * @param {WebSocket} socket
   * @override
   */
  webSocketError(socket) {
    this.#sockets.error(socket);
  }

  // The same work as RPC, for Workers that hold the binding

  /** The user's state, as `GET /state` answers it. */
  getState() {
    return this.#calls.answer(() => this.#session.requestState(TRUSTED));
  }

  /** Erases the user's data and tells every connected device. */
  clear() {
    return this.#calls.answer(() => this.#session.clear(TRUSTED));
  }

  /**
   * Sends a message to every connected device, or to those that `options` name.
   * @param {string | object} message A JSON object with a string `type`, or its text, which goes out
   *   to the letter; at most 64 KiB. A `type` that version 1 gets from the session itself is refused.
   * @param {PushOptions} [options]
   */
  push(message, options) {
    return this.#calls.answerPush(message, options, (body, resolved) => this.#session.push(body, resolved));
  }

  /** The user's devices, those of version 2 also when they are away. */
  getDevices() {
    return this.#calls.answer(() => this.#session.requestDevices());
  }

  /** All that is stored about the user, as `GET /export` answers it. */
  export() {
    return this.#calls.answer(() => this.#session.export(TRUSTED));
  }

  /** @param {string} deviceId The device whose sockets and credential end. */
  logoutDevice(deviceId) {
    return this.#calls.answerNamed({ deviceId }, () => this.#session.logout(deviceId));
  }

  /** The user's counts, as `GET /metrics` answers them. */
  getMetrics() {
    return this.#calls.answer(() => this.#session.metrics());
  }

  /** @param {string} gameId 1 to 128 bytes of UTF-8. */
  joinGame(gameId) {
    return this.#calls.answerNamed({ gameId }, () => this.#session.joinGame(gameId));
  }

  /** @param {string} gameId 1 to 128 bytes of UTF-8. */
  leaveGame(gameId) {
    return this.#calls.answerNamed({ gameId }, () => this.#session.leaveGame(gameId));
  }

  /** Ends the session on every device. */
  logoutAll() {
    return this.#calls.answer(() => this.#session.logout(""));
  }

  // The method that an importing Worker may override

  /**
   * Ends the app's own sessions after a logout, in a class that overrides it. It is called again if it fails,
   * so it may be called more than once for one logout.
   * @param {string} _userId
   * @param {LogoutScope} _scope
   * @param {Env} _env
   * @returns {void | Promise<void>}
   */
  // eslint-disable-next-line no-unused-vars -- They are for a class that overrides it.
  onLogout(_userId, _scope, _env) {}

  /**
   * @param {AlarmInvocationInfo} [info]
   * @override
   */
  async alarm(info) {
    if (!this.#hasOwnOnLogout()) return;
    await this.#logoutRestart.during(() => {
      const userId = this.#session.userId();
      return this.#logoutHook.run(userId, info?.retryCount ?? 0, async (scope) => {
        await this.onLogout(userId, scope, this.env);
      });
    });
  }

  #hasOwnOnLogout() {
    return this.onLogout !== UserSessionDO.prototype.onLogout;
  }
}

export default {
  /**
   * @param {Request} request
   * @param {Env & AuthEnv} env
   */
  async fetch(request, env) {
    const response = await routeUserSession(request, env);
    if (response) return response;
    const notFound = errorResponse(404, "not_found", "this server answers below /__user-session");
    return withHeaders(notFound, request, env);
  },
};
