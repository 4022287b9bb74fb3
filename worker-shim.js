/**
 * The Worker and its Durable Object. They translate: what the platform reports becomes an event for
 * the session in WebAssembly, and what the session answers goes back. What a message means is
 * decided in `src/`.
 */
import { DurableObject } from "cloudflare:workers";

import { PromptClose, RESTART_REASON } from "./bindings/prompt-close.js";
import {
  answerResponse,
  errorResponse,
  isWebSocketUpgrade,
  missingUserId,
  pathBelowPrefix,
  readBody,
  readRoute,
  unavailable,
  upgradeRequired,
} from "./bindings/routes.js";
import { SessionHost } from "./bindings/session-host.js";
import { NoRoomError } from "./bindings/session-instance.js";
import { FRAME_BYTES_MAX } from "./bindings/wire.js";
import sessionModule from "./dist/session.wasm";

/** @import { Action, Route } from "./bindings/routes.js" */
/** @import { Answer } from "./bindings/session-host.js" */

// The platform answers exactly these bytes itself and leaves the object asleep.
const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

const INTERNAL_ERROR =
  '{"type":"error","code":"internal","message":"the frame could not be handled: nothing was done"}';

// The only subprotocol that is ever echoed; `bearer.<token>` beside it is not.
const SUBPROTOCOL_V1 = "user-session.v1";

/** One user's devices and what they share. */
export class UserSessionDO extends DurableObject {
  #promptClose;
  #session;

  /**
   * @param {DurableObjectState} ctx
   * @param {Env} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    this.#promptClose = new PromptClose(ctx);
    this.#session = new SessionHost(ctx, sessionModule, (sockets) => {
      this.#promptClose.closed(sockets);
    });
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
  }

  // What the platform calls

  /**
   * Serves the same paths as the Worker, with the prefix or without.
   * @param {Request} request
   * @override
   */
  async fetch(request) {
    const url = new URL(request.url);
    const bare = url.pathname === "/" ? "" : url.pathname;
    const route = readRoute(request, pathBelowPrefix(url.pathname) ?? bare, url.searchParams);
    if (route instanceof Response) return route;
    if (route.userId !== null && route.userId !== this.ctx.id.name) {
      return errorResponse(400, "invalid_request", "userId is not the user of this object");
    }
    if (request.cf?.outlivesRestart === true) await this.#promptClose.settled();
    return this.#promptClose.during(async () => {
      try {
        return await this.#serve(route, request);
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
    this.#promptClose.spoke(socket);
    try {
      this.#session.receive(socket, content);
    } catch (error) {
      this.#reportFailure(error);
      if (socket.readyState === WebSocket.OPEN) socket.send(INTERNAL_ERROR);
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   * @override
   */
  webSocketClose(socket, code, reason) {
    try {
      this.#session.wake(socket);
    } finally {
      answerClose(socket, code, reason);
    }
    this.#gone(socket);
  }

  /**
   * @param {WebSocket} socket
   * @override
   */
  webSocketError(socket) {
    this.#session.wake(socket);
    this.#gone(socket);
  }

  // The same work as RPC, for Workers that hold the binding

  /** The user's state, as `GET /state` answers it. */
  getState() {
    return this.#answer(this.#session.requestState());
  }

  /** Erases the user's data and tells every connected device. */
  clear() {
    return this.#answer(this.#session.run({ type: "ClearRequested" }));
  }

  /**
   * Sends a message to every connected device.
   * @param {string | object} message A JSON object with a string `type`, or its text, which goes out
   *   to the letter; at most 64 KiB.
   */
  push(message) {
    const body = typeof message === "string" ? message : (JSON.stringify(message) ?? "");
    return this.#answer(this.#session.run({ type: "PushRequested", body }));
  }

  /** @param {string} gameId 1 to 128 bytes of UTF-8. */
  joinGame(gameId) {
    return this.#answer(this.#session.run({ type: "GameJoinRequested", gameId: String(gameId) }));
  }

  /** @param {string} gameId 1 to 128 bytes of UTF-8. */
  leaveGame(gameId) {
    return this.#answer(this.#session.run({ type: "GameLeaveRequested", gameId: String(gameId) }));
  }

  /** Ends the session on every device. */
  logoutAll() {
    return this.#answer(this.#session.run({ type: "LogoutRequested" }));
  }

  // How requests become events

  /**
   * @param {Route} route
   * @param {Request} request
   * @returns {Promise<Response>}
   */
  async #serve(route, request) {
    switch (route.action) {
      case "connect":
        return this.#connect(route, request);
      case "state":
        return answerResponse(this.#session.requestState());
      case "clear":
        return answerResponse(this.#session.run({ type: "ClearRequested" }));
      case "push": {
        const { body, size } = await readBody(request, FRAME_BYTES_MAX);
        return answerResponse(this.#session.run({ type: "PushRequested", body, size }));
      }
    }
  }

  /**
   * @param {Route} route
   * @param {Request} request
   */
  #connect({ deviceId }, request) {
    if (!isWebSocketUpgrade(request)) return upgradeRequired();
    const { 0: client, 1: server } = new WebSocketPair();
    const refusal = this.#session.connect(server, deviceId);
    if (refusal) return answerResponse(refusal);
    const offered = request.headers.get("Sec-WebSocket-Protocol")?.split(",") ?? [];
    const isV1 = offered.some((protocol) => protocol.trim() === SUBPROTOCOL_V1);
    const headers = isV1 ? { "Sec-WebSocket-Protocol": SUBPROTOCOL_V1 } : undefined;
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /** @param {WebSocket} socket */
  #gone(socket) {
    this.#promptClose.answered(socket);
    this.#session.disconnect(socket);
  }

  /**
   * What a call returns: the answer's JSON, the error included if it is one.
   * @param {Answer | null} answer
   */
  #answer(answer) {
    this.#promptClose.used();
    return answer && JSON.parse(answer.body);
  }

  /** @param {unknown} error */
  #failureResponse(error) {
    this.#reportFailure(error);
    if (error instanceof NoRoomError) return unavailable();
    return errorResponse(500, "internal", "the request could not be handled: nothing was done");
  }

  /** @param {unknown} error */
  #reportFailure(error) {
    console.error(`user-session: user ${JSON.stringify(this.ctx.id.name)}:`, error);
  }
}

/**
 * Answers a device's own close. Unanswered, the device would hang in CLOSING and then see 1006: for
 * hibernatable sockets the platform sends no close frame of its own (workerd 2026-11-17).
 * @param {WebSocket} socket
 * @param {number} code
 * @param {string} reason
 */
function answerClose(socket, code, reason) {
  try {
    socket.close(code, reason);
  } catch {
    // It has given no code, or what close() refuses to send: any two bytes arrive here as a code,
    // and a reason grows when its bytes are no UTF-8.
    socket.close(1000);
  }
}

/**
 * Serves a request below `/__user-session`.
 * @param {Request} request
 * @param {Env} env Holds the binding `USER_SESSION_DO`.
 * @returns {Promise<Response | null>} `null` if the request is for another path.
 */
export async function routeUserSession(request, env) {
  const url = new URL(request.url);
  const path = pathBelowPrefix(url.pathname);
  if (path === null) return null;
  const route = readRoute(request, path, url.searchParams);
  if (route instanceof Response) return route;
  if (route.userId === null) return missingUserId();
  if (route.action === "connect" && !isWebSocketUpgrade(request)) return upgradeRequired();
  const id = env.USER_SESSION_DO.idFromName(route.userId);
  const copy = await copier(request, route.action);
  try {
    return await env.USER_SESSION_DO.get(id).fetch(copy());
  } catch (error) {
    if (!isRestart(error)) return failed(error);
  }
  return env.USER_SESSION_DO.get(id).fetch(copy()).catch(failed);
}

/**
 * Makes it possible to send a request more than once: what it returns gives a new copy at each call.
 * The copies tell the object that it may let them wait for a restart (see prompt-close.js).
 * @param {Request} request
 * @param {Action} action
 */
async function copier(request, action) {
  const cf = { outlivesRestart: true };
  if (action === "connect") return () => new Request(request, { cf });
  const { body } = await readBody(request, FRAME_BYTES_MAX);
  const { url, method } = request;
  return () => new Request(url, { method, cf, body: method === "GET" ? null : body });
}

/**
 * Whether the object restarted after a logout. It does not do that while it serves a request, so
 * this one was not begun.
 * @param {unknown} error
 */
function isRestart(error) {
  return error instanceof Error && error.message.includes(RESTART_REASON);
}

/** @param {unknown} error */
function failed(error) {
  console.error("user-session: the object did not answer:", error);
  return unavailable();
}

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   */
  async fetch(request, env) {
    const response = await routeUserSession(request, env);
    return response ?? errorResponse(404, "not_found", "this server answers below /__user-session");
  },
};
