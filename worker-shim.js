/**
 * The Worker and its Durable Object. They translate: what the platform reports becomes an event for
 * the session in WebAssembly, and what the session answers goes back. What a message means is
 * decided in `src/`.
 */
import { DurableObject } from "cloudflare:workers";

import { resolvePushOptions, bodyOf } from "./worker/http/push-options.js";
import { readRateLimits } from "./worker/object/rate-limits.js";
import { parseRequest } from "./worker/http/parsed-request.js";
import { admit } from "./worker/admission.js";
import { TRUSTED, credentialOf } from "./worker/auth/identity.js";
import { forwardedAccess, isFromOutside } from "./worker/forward.js";
import { EventFailure, WakingFailure } from "./worker/object/failures.js";
import { answerHeartbeats } from "./worker/object/heartbeats.js";
import { notice, quoted, report, summaryWithStack } from "./worker/shared/log.js";
import { FRAME_BYTES_MAX } from "./bindings/wire.js";
import { LogoutHook } from "./worker/object/logout-hook.js";
import { collectorOf } from "./worker/object/metrics.js";
import { withHeaders } from "./worker/http/origin.js";
import { LogoutRestart } from "./worker/object/logout-restart.js";
import { notConfigured } from "./worker/http/refusals.js";
import { OLD_TOOLS, PlatformError } from "./worker/shared/requirements.js";
import {
  answerResponse,
  errorResponse,
  internalFailure,
  refusal,
  unavailable,
  unreadableAddress,
  upgradeRequired,
} from "./worker/http/responses.js";
import { asSocketClose, socketResponse } from "./worker/http/socket-responses.js";
import { pathBelowPrefix, readBody, readRoute } from "./worker/http/routes.js";
import { SessionHost } from "./worker/object/session-host.js";
import { answerClose } from "./worker/object/sockets.js";
import { routeUserSession } from "./worker/router.js";
import sessionModule from "./dist/session.wasm";

/** @import { PushOptions } from "./worker/http/push-options.js" */
/** @import { LimitEnv } from "./worker/object/rate-limits.js" */
/** @import { Handshake } from "./worker/http/handshake.js" */
/** @import { AuthEnv } from "./worker/auth/identity.js" */
/** @import { LogoutScope } from "./worker/object/logout-hook.js" */
/** @import { MetricsEnv } from "./worker/object/metrics.js" */
/** @import { ParsedRequest } from "./worker/http/parsed-request.js" */
/** @import { Route } from "./worker/http/routes.js" */
/** @import { Answer, Credential } from "./bindings/wire.js" */

export { routeUserSession };
export { userSession } from "./worker/user-session.js";

/** One user's devices and what they share. */
export class UserSessionDO extends DurableObject {
  #logoutRestart;
  #session;
  #logoutHook;

  /**
   * @param {DurableObjectState} ctx
   * @param {Env} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    this.#logoutRestart = new LogoutRestart(ctx);
    this.#logoutHook = new LogoutHook(ctx);
    /** @type {Env & LimitEnv & MetricsEnv} */
    const options = env;
    this.#session = new SessionHost(ctx, sessionModule, {
      rateLimits: readRateLimits(options),
      collect: collectorOf(options, () => this.#session.userId()),
      onLoggedOut: (closed) => {
        if (this.#hasOwnOnLogout()) void this.#logoutHook.schedule();
        this.#logoutRestart.socketsClosed(closed);
      },
    });
    answerHeartbeats(ctx);
  }

  // What the platform calls

  /**
   * Serves the same paths as the Worker, with the prefix or without. A request is checked here if our
   * Worker has not done it, unless it has a bare path and was made by whoever holds the binding.
   * @param {Request} request
   * @override
   */
  async fetch(request) {
    if (request.cf?.outlivesRestart === true) await this.#logoutRestart.settled();
    return this.#logoutRestart.during(async () => {
      try {
        return await this.#answerRequest(request);
      } catch (error) {
        return this.#failureResponse(error);
      }
    });
  }

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   * @override
   */
  webSocketMessage(socket, content) {
    try {
      this.#session.receive(socket, content);
    } catch (error) {
      this.#reportFailure(error);
      this.#session.answerFailure(socket, content);
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   * @override
   */
  webSocketClose(socket, code, reason) {
    this.#unanswered(() => this.#session.wake(socket));
    answerClose(socket, code, reason);
    this.#gone(socket);
  }

  /**
   * @param {WebSocket} socket
   * @override
   */
  webSocketError(socket) {
    this.#unanswered(() => this.#session.wake(socket));
    this.#gone(socket);
  }

  // The same work as RPC, for Workers that hold the binding

  /** The user's state, as `GET /state` answers it. */
  getState() {
    return this.#answer(() => this.#session.requestState(TRUSTED));
  }

  /** Erases the user's data and tells every connected device. */
  clear() {
    return this.#answer(() => this.#session.clear(TRUSTED));
  }

  /**
   * Sends a message to every connected device, or to those that `options` name.
   * @param {string | object} message A JSON object with a string `type`, or its text, which goes out
   *   to the letter; at most 64 KiB. A `type` that version 1 gets from the session itself is refused.
   * @param {PushOptions} [options]
   */
  push(message, options) {
    return this.#answer(() => {
      try {
        return this.#session.push(bodyOf(message), resolvePushOptions(options ?? {}));
      } catch (error) {
        if (error instanceof RangeError) return refusal("invalid_request", error.message);
        throw error;
      }
    });
  }

  /** The user's devices, those of version 2 also when they are away. */
  getDevices() {
    return this.#answer(() => this.#session.requestDevices());
  }

  /** All that is stored about the user, as `GET /export` answers it. */
  export() {
    return this.#answer(() => this.#session.export(TRUSTED));
  }

  /** @param {string} deviceId Whose sockets and credential end. */
  logoutDevice(deviceId) {
    return this.#answerNamed({ deviceId }, () => this.#session.logout(deviceId));
  }

  /** What has been counted for the user, as `GET /metrics` answers it. */
  getMetrics() {
    return this.#answer(() => this.#session.metrics());
  }

  /** @param {string} gameId 1 to 128 bytes of UTF-8. */
  joinGame(gameId) {
    return this.#answerNamed({ gameId }, () => this.#session.joinGame(gameId));
  }

  /** @param {string} gameId 1 to 128 bytes of UTF-8. */
  leaveGame(gameId) {
    return this.#answerNamed({ gameId }, () => this.#session.leaveGame(gameId));
  }

  /** Ends the session on every device. */
  logoutAll() {
    return this.#answer(() => this.#session.logout(""));
  }

  // What an importing Worker may add

  /**
   * Called after a logout, for a class that overrides it: the place to end the app's own sessions.
   * When it fails it is called again, so it may be called more than once for one logout.
   * @param {string} _userId
   * @param {LogoutScope} _scope
   * @param {Env} _env
   * @returns {void | Promise<void>}
   */
  // eslint-disable-next-line no-unused-vars -- They are for those who override it.
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

  // How requests become events

  /** @param {Request} request */
  async #answerRequest(request) {
    const url = URL.parse(request.url);
    if (!url) return unreadableAddress();
    const { pathname } = url;
    const path = pathBelowPrefix(pathname);
    const parsed = parseRequest(request, url);
    if (path === null) {
      const bare = pathname === "/" ? "" : pathname;
      return isFromOutside(request)
        ? this.#fetchUnchecked(parsed, bare)
        : this.#fetchTrusted(parsed, bare);
    }
    const access = forwardedAccess(request);
    if (access && this.ctx.id.name === undefined) throw new PlatformError(OLD_TOOLS);
    if (access) return this.#fetchTrusted(parsed, path, credentialOf(access));
    return this.#fetchUnchecked(parsed, path);
  }

  /**
   * Serves a request that somebody else has checked.
   * @param {ParsedRequest} parsed
   * @param {string} path
   * @param {Credential} [credential]
   */
  async #fetchTrusted(parsed, path, credential = TRUSTED) {
    const route = readRoute(parsed, path);
    return route instanceof Response ? route : this.#serve(route, parsed.request, credential);
  }

  /**
   * Checks and serves a request that came from outside as it is.
   * @param {ParsedRequest} parsed
   * @param {string} path
   */
  async #fetchUnchecked(parsed, path) {
    /** @type {Env & AuthEnv} */
    const env = this.env;
    const admitted = await admit(parsed, path, env, {}, this.#session.userId());
    const served =
      admitted instanceof Response
        ? admitted
        : await this.#serve(admitted.route, parsed.request, credentialOf(admitted.access));
    const response = await asSocketClose(served, parsed, (socket) => this.ctx.acceptWebSocket(socket));
    return withHeaders(response, parsed.request, env);
  }

  /**
   * @param {Route} route
   * @param {Request} request
   * @param {Credential} credential
   * @returns {Promise<Response>}
   */
  async #serve(route, request, credential) {
    if (route.userId !== null && route.userId !== this.#session.userId()) {
      return errorResponse(400, "invalid_request", "userId is not the user of this object");
    }
    switch (route.action) {
      case "connect":
        return this.#connect(route.handshake, credential);
      case "state":
        return answerResponse(this.#session.requestState(credential));
      case "clear":
        return answerResponse(this.#session.clear(credential));
      case "metrics":
        return answerResponse(this.#session.metrics());
      case "export":
        return answerResponse(this.#session.export(credential));
      case "push": {
        const content = await readBody(request, FRAME_BYTES_MAX);
        if (content instanceof Response) return content;
        return answerResponse(this.#session.push(content.body, route.options, content.size));
      }
    }
  }

  /**
   * @param {Handshake} handshake
   * @param {Credential} credential
   */
  #connect(handshake, credential) {
    if (!handshake.isUpgrade) return upgradeRequired();
    const { 0: client, 1: server } = new WebSocketPair();
    const refused = this.#session.connect(server, handshake, credential);
    if (refused) return answerResponse(refused);
    return socketResponse(client, handshake.subprotocol);
  }

  /** @param {WebSocket} socket */
  #gone(socket) {
    this.#logoutRestart.closeAnswered(socket);
    this.#unanswered(() => this.#session.disconnect(socket));
  }

  /** @param {() => void} work For whose answer nobody waits. */
  #unanswered(work) {
    try {
      work();
    } catch (error) {
      this.#reportFailure(error);
    }
  }

  /**
   * Does a call's work. It returns the answer's JSON, the error included if it is one.
   * @param {() => Answer | null} work
   */
  #answer(work) {
    this.#logoutRestart.noteCall();
    try {
      const answer = work();
      return answer && JSON.parse(answer.body);
    } catch (error) {
      this.#reportFailure(error);
      throw error;
    }
  }

  /**
   * Does the work of a call about something with a name. Whoever has lost a device's id must not end all
   * sessions by it, nor join a game that is called "undefined".
   * @param {Record<string, unknown>} names
   * @param {() => Answer | null} work
   */
  #answerNamed(names, work) {
    const wrong = Object.keys(names).find((name) => typeof names[name] !== "string" || names[name] === "");
    if (wrong === undefined) return this.#answer(work);
    return this.#answer(() => refusal("invalid_message", `${wrong}: expected a string, not empty`));
  }

  /** @param {unknown} error */
  #failureResponse(error) {
    if (error instanceof PlatformError) return notConfigured(error.message);
    this.#reportFailure(error);
    if (error instanceof WakingFailure) return unavailable();
    return internalFailure();
  }

  /** @param {unknown} error */
  #reportFailure(error) {
    if (error instanceof EventFailure) return;
    if (error instanceof PlatformError) return notice("configuration", error.message);
    report(`user ${quoted(this.ctx.id.name)}: ${summaryWithStack(error)}`);
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
