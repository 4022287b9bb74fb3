/**
 * Serves the HTTP requests that reach a user's object: has those checked that nobody has checked, and hands
 * them to the session. What a request may do is decided in admission.js, what it means in routes.js.
 */
import { FRAME_BYTES_MAX } from "../../bindings/wire.js";
import { admit } from "../admission.js";
import { TRUSTED, credentialOf } from "../auth/identity.js";
import { forwardedAccess, isFromOutside } from "../forward.js";
import { withHeaders } from "../http/origin.js";
import { parseRequest } from "../http/parsed-request.js";
import { notConfigured } from "../http/refusals.js";
import {
  answerResponse,
  errorResponse,
  internalFailure,
  unavailable,
  unreadableAddress,
  upgradeRequired,
} from "../http/responses.js";
import { pathBelowPrefix, readBody, readRoute } from "../http/routes.js";
import { asSocketClose, socketResponse } from "../http/socket-responses.js";
import { OLD_TOOLS, PlatformError } from "../shared/requirements.js";
import { WakingFailure, reportFailure } from "./failures.js";

/** @import { Credential } from "../../bindings/wire.js" */
/** @import { AuthEnv } from "../auth/identity.js" */
/** @import { Handshake } from "../http/handshake.js" */
/** @import { ParsedRequest } from "../http/parsed-request.js" */
/** @import { Route } from "../http/routes.js" */
/** @import { SessionHost } from "./session-host.js" */

export class RequestHandler {
  #ctx;
  #env;
  #session;

  /**
   * @param {DurableObjectState} ctx
   * @param {AuthEnv} env
   * @param {SessionHost} session
   */
  constructor(ctx, env, session) {
    this.#ctx = ctx;
    this.#env = env;
    this.#session = session;
  }

  /**
   * @param {Request} request
   * @returns {Promise<Response>} It never rejects.
   */
  async answer(request) {
    try {
      return await this.#answer(request);
    } catch (error) {
      return this.#failureResponse(error);
    }
  }

  /** @param {Request} request */
  async #answer(request) {
    const url = URL.parse(request.url);
    if (!url) return unreadableAddress();
    const parsed = parseRequest(request, url);
    const { pathname } = url;
    const path = pathBelowPrefix(pathname);
    if (path === null) {
      const bare = pathname === "/" ? "" : pathname;
      return isFromOutside(request) ? this.#checkAndServe(parsed, bare) : this.#serveTrusted(parsed, bare);
    }
    const access = forwardedAccess(request);
    if (!access) return this.#checkAndServe(parsed, path);
    if (this.#ctx.id.name === undefined) throw new PlatformError(OLD_TOOLS);
    return this.#serveTrusted(parsed, path, credentialOf(access));
  }

  /**
   * Serves a request that somebody else has checked.
   * @param {ParsedRequest} parsed
   * @param {string} path
   * @param {Credential} [credential]
   */
  async #serveTrusted(parsed, path, credential = TRUSTED) {
    const route = readRoute(parsed, path);
    return route instanceof Response ? route : this.#serve(route, parsed.request, credential);
  }

  /**
   * Checks and serves a request that came from outside as it is.
   * @param {ParsedRequest} parsed
   * @param {string} path
   */
  async #checkAndServe(parsed, path) {
    const { request } = parsed;
    const admitted = await admit(parsed, path, this.#env, {}, this.#session.userId());
    const served =
      admitted instanceof Response
        ? admitted
        : await this.#serve(admitted.route, request, credentialOf(admitted.access));
    const response = await asSocketClose(served, parsed, (socket) => this.#ctx.acceptWebSocket(socket));
    return withHeaders(response, request, this.#env);
  }

  /**
   * @param {Route} route
   * @param {Request} request
   * @param {Credential} credential
   * @returns {Promise<Response>}
   */
  async #serve(route, request, credential) {
    const session = this.#session;
    if (route.userId !== null && route.userId !== session.userId()) {
      return errorResponse(400, "invalid_request", "userId is not the user of this object");
    }
    switch (route.action) {
      case "connect":
        return this.#connect(route.handshake, credential);
      case "state":
        return answerResponse(session.requestState(credential));
      case "clear":
        return answerResponse(session.clear(credential));
      case "metrics":
        return answerResponse(session.metrics());
      case "export":
        return answerResponse(session.export(credential));
      case "push": {
        const content = await readBody(request, FRAME_BYTES_MAX);
        if (content instanceof Response) return content;
        return answerResponse(session.push(content.body, route.options, content.size));
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
    return refused ? answerResponse(refused) : socketResponse(client, handshake.subprotocol);
  }

  /** @param {unknown} error */
  #failureResponse(error) {
    if (error instanceof PlatformError) return notConfigured(error.message);
    reportFailure(this.#ctx.id.name, error);
    return error instanceof WakingFailure ? unavailable() : internalFailure();
  }
}
