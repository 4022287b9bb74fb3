/**
 * The Worker and its Durable Object: the class with the handlers that the platform calls and the methods
 * that a Worker calls, and the default export. Nothing is decided here: worker/object/ serves what comes,
 * and `src/` says what a message means.
 */
import { DurableObject } from "cloudflare:workers";

import sessionModule from "./dist/session.wasm";
import { routeUserSession } from "./worker/router.js";
import { TRUSTED } from "./worker/auth/identity.js";
import { outlivesRestart } from "./worker/forward.js";
import { withHeaders } from "./worker/http/origin.js";
import { errorResponse } from "./worker/http/responses.js";
import { EVERYTHING, answerCall, answerLogout, answerNamedCall, answerPush, answerValueChange } from "./worker/object/calls.js";
import { answerHeartbeats } from "./worker/object/heartbeats.js";
import { LogoutHook } from "./worker/object/logout-hook.js";
import { LogoutRestart } from "./worker/object/logout-restart.js";
import { MessageCheck } from "./worker/object/message-check.js";
import { collectorOf } from "./worker/object/metrics.js";
import { ownerSettings } from "./worker/object/owner-settings.js";
import { answerRequest } from "./worker/object/request-handler.js";
import { SessionHost } from "./worker/object/session-host.js";
import { serveEnd, serveFrame } from "./worker/object/socket-events.js";
import { LogoutScope } from "./bindings/wire.js";
import { Tickets } from "./worker/object/tickets.js";

/** @import { AuthEnv } from "./worker/auth/identity.js" */
/** @import { PushOptions } from "./worker/http/push-options.js" */
/** @import { ValueOptions } from "./worker/http/value-change.js" */
/** @import { EndedSessions, LogoutScope as Scope } from "./worker/object/logout-hook.js" */
/** @import { MetricsEnv } from "./worker/object/metrics.js" */
/** @import { LimitEnv } from "./worker/object/rate-limits.js" */
/** @import { SessionDefinition } from "./client/dist/session.js" */
/** @import { UserObject } from "./worker/object/user-object.js" */

export { routeUserSession };
export { userSession } from "./worker/user-session.js";

/** One user's devices and what they share. */
export class UserSessionDO extends DurableObject {
  /**
   * The app's definition of its messages, in a class that extends this one. What does not fit it is refused.
   * @type {SessionDefinition | undefined}
   */
  static session;

  #logoutHook;
  /** @type {UserObject} */
  #object;

  /**
   * @param {DurableObjectState} ctx
   * @param {Env} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    const restart = new LogoutRestart(ctx);
    this.#logoutHook = new LogoutHook(ctx);
    /** @type {Env & AuthEnv & LimitEnv & MetricsEnv} */
    const options = env;
    const session = new SessionHost(ctx, sessionModule, {
      owner: ownerSettings(options),
      collect: collectorOf(options, () => session.userId()),
      onLoggedOut: (ended) => {
        if (this.#hasOwnOnLogout()) this.#logoutHook.note(ended);
      },
      restart,
    });
    const check = new MessageCheck(new.target.session, () => session.userId());
    this.#object = { ctx, check, env: options, session, restart, tickets: new Tickets() };
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
    const { restart } = this.#object;
    if (outlivesRestart(request)) await restart.settled();
    return restart.during(() => answerRequest(this.#object, request));
  }

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   * @override
   */
  webSocketMessage(socket, content) {
    serveFrame(this.#object, socket, content);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   * @override
   */
  webSocketClose(socket, code, reason) {
    serveEnd(this.#object, socket, { code, reason });
  }

  /**
   * @param {WebSocket} socket
   * @override
   */
  webSocketError(socket) {
    serveEnd(this.#object, socket);
  }

  // The same work as RPC, for Workers that hold the binding

  /** The user's state, as `GET /state` answers it. */
  getState() {
    return answerCall(this.#object, (session) => session.requestState(TRUSTED));
  }

  /** Erases the user's data and tells every connected device. */
  clear() {
    return answerCall(this.#object, (session) => session.request("ClearRequested", TRUSTED));
  }

  /**
   * Sends a message to every connected device, or to those that `options` name.
   * @param {string | object} message A JSON object with a string `type`, or its text, which goes out
   *   to the letter; at most 64 KiB. A `type` that version 1 gets from the session itself is refused.
   * @param {PushOptions} [options]
   */
  push(message, options) {
    return answerPush(this.#object, message, options);
  }

  /** The user's devices, those of version 2 also when they are away. */
  getDevices() {
    return answerCall(this.#object, (session) => session.requestDevices());
  }

  /** All that is stored about the user, as `GET /export` answers it. */
  export() {
    return answerCall(this.#object, (session) => session.request("ExportRequested", TRUSTED));
  }

  /** @param {string} deviceId The device whose sockets and credentials end. */
  logoutDevice(deviceId) {
    return answerLogout(this.#object, LogoutScope.Device, "deviceId", deviceId);
  }

  /** @param {string} credentialId The id of the session or token that ends, wherever it is used. */
  logoutCredential(credentialId) {
    return answerLogout(this.#object, LogoutScope.Credential, "credentialId", credentialId);
  }

  /** @param {string} exceptCredentialId The id of the session or token that stays when all others end. */
  logoutOthers(exceptCredentialId) {
    return answerLogout(this.#object, LogoutScope.Others, "exceptCredentialId", exceptCredentialId);
  }

  /** The user's counts, as `GET /metrics` answers them. */
  getMetrics() {
    return answerCall(this.#object, (session) => session.metrics());
  }

  /** @param {string} gameId 1 to 128 bytes of UTF-8. */
  joinGame(gameId) {
    return answerNamedCall(this.#object, "gameId", gameId, (session) => session.changeGames("GameJoinRequested", gameId));
  }

  /** @param {string} gameId 1 to 128 bytes of UTF-8. */
  leaveGame(gameId) {
    return answerNamedCall(this.#object, "gameId", gameId, (session) => session.changeGames("GameLeaveRequested", gameId));
  }

  /** The user's values, as `GET /values` answers them. */
  getValues() {
    return answerCall(this.#object, (session) => session.requestValues(TRUSTED, ""));
  }

  /**
   * @param {string} key 1 to 128 bytes of UTF-8.
   * @param {unknown} value What JSON can express, in at most 16 KiB.
   * @param {ValueOptions} [options]
   */
  setValue(key, value, options) {
    return answerValueChange(this.#object, key, options, { value });
  }

  /**
   * @param {string} key
   * @param {ValueOptions} [options]
   */
  deleteValue(key, options) {
    return answerValueChange(this.#object, key, options);
  }

  /** Ends the session on every device. */
  logoutAll() {
    return answerCall(this.#object, (session) => session.logout(EVERYTHING, TRUSTED));
  }

  // The method that an importing Worker may override

  /**
   * Ends the app's own sessions after a logout, in a class that overrides it. It is called again if it fails,
   * so it may be called more than once for one logout.
   * @param {string} _userId
   * @param {Scope} _scope
   * @param {Env} _env
   * @param {EndedSessions} _ended
   * @returns {void | Promise<void>}
   */
  // eslint-disable-next-line no-unused-vars -- They are for a class that overrides it.
  onLogout(_userId, _scope, _env, _ended) {}

  /**
   * @param {AlarmInvocationInfo} [info]
   * @override
   */
  async alarm(info) {
    if (!this.#hasOwnOnLogout()) return;
    const { restart, session } = this.#object;
    await restart.during(() => {
      const userId = session.userId();
      return this.#logoutHook.run(userId, info?.retryCount ?? 0, async (ended) => {
        await this.onLogout(userId, ended.scope, this.env, ended);
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
   * @param {ExecutionContext} [ctx]
   */
  async fetch(request, env, ctx) {
    const response = await routeUserSession(request, env, { ctx });
    if (response) return response;
    const notFound = errorResponse(404, "not_found", "this server answers below /__user-session");
    return withHeaders(notFound, request, env);
  },
};
