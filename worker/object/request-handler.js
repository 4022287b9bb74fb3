/**
 * Serves the HTTP requests that reach a user's object: has those checked that nobody has checked, and hands
 * them to the session. What a request may do is decided in admission.js, what it means in routes.js.
 */
import { WakingFailure, reportFailure } from "./failures.js";
import { admit } from "../admission.js";
import { ticketAccess } from "../auth/authorize.js";
import { TRUSTED, TRUSTED_ACCESS, credentialOf } from "../auth/identity.js";
import { forwardedAccess, isFromOutside } from "../forward.js";
import { withHeaders } from "../http/origin.js";
import { parseRequest } from "../http/parsed-request.js";
import { notConfigured, ticketUnknown } from "../http/refusals.js";
import {
  answerResponse,
  errorResponse,
  internalFailure,
  issuerResponse,
  otherVersion,
  ticketResponse,
  tooLarge,
  unavailable,
  unreadableAddress,
  upgradeRequired,
} from "../http/responses.js";
import { pathBelowPrefix, readBody, readRoute } from "../http/routes.js";
import { changeFrame, readValue } from "../http/value-change.js";
import { noteTicket } from "../http/ticket-tries.js";
import { keptInObject } from "./refused.js";
import { asSocketClose, socketResponse } from "../http/socket-responses.js";
import { TICKET_MS } from "../common/limits.js";
import { quoted } from "../common/log.js";
import { OLD_TOOLS, PlatformError } from "../common/requirements.js";
import { FRAME_BYTES_MAX, LogoutScope } from "../../bindings/wire.js";

/** @import { Credential } from "../../bindings/wire.js" */
/** @import { Admitted } from "../admission.js" */
/** @import { Access, IssuerAccess, TicketAccess } from "../auth/identity.js" */
/** @import { UnreadableAccess } from "../forward.js" */
/** @import { Handshake } from "../http/handshake.js" */
/** @import { ParsedRequest } from "../http/parsed-request.js" */
/** @import { IssuerRoute, Route } from "../http/routes.js" */
/** @import { ValueQuery } from "../http/value-change.js" */
/** @import { SessionHost } from "./session-host.js" */
/** @import { UserObject } from "./user-object.js" */

const REQUEST_LENGTH_SHOWN = 40;

/**
 * @param {UserObject} object
 * @param {Request} request
 * @returns {Promise<Response>} It never rejects.
 */
export async function answerRequest(object, request) {
  try {
    return await answer(object, request);
  } catch (error) {
    return failureResponse(object, error);
  }
}

/**
 * @param {UserObject} object
 * @param {Request} request
 */
async function answer(object, request) {
  const url = URL.parse(request.url);
  if (!url) return unreadableAddress();
  const parsed = parseRequest(request, url);
  const { pathname } = url;
  const path = pathBelowPrefix(pathname);
  if (path === null) {
    const bare = pathname === "/" ? "" : pathname;
    return isFromOutside(request) ? checkAndServe(object, parsed, bare) : serveTrusted(object, parsed, bare);
  }
  const access = forwardedAccess(request);
  if (!access) return checkAndServe(object, parsed, path);
  if (object.ctx.id.name === undefined) throw new PlatformError(OLD_TOOLS);
  return serveForwarded(object, parsed, path, access);
}

/**
 * Serves a request that another Worker with the binding has made.
 * @param {UserObject} object
 * @param {ParsedRequest} parsed
 * @param {string} path
 */
async function serveTrusted(object, parsed, path) {
  const route = readRoute(parsed, path);
  if (route instanceof Response) return route;
  // A logout token is checked whoever brings it, since what it says is its issuer's word alone.
  if (route.action === "backchannel-logout") return checkAndServe(object, parsed, path);
  const access = (route.action === "connect" && ticketAccess(route.handshake)) || TRUSTED_ACCESS;
  return access instanceof Response ? access : serve(object, route, parsed.request, access);
}

/**
 * Serves a request that our Worker has checked. During a deploy that Worker may be of a later version and have
 * admitted what this one does not know. Its client has made no mistake and may try again.
 * @param {UserObject} object
 * @param {ParsedRequest} parsed
 * @param {string} path
 * @param {Access | TicketAccess | IssuerAccess | UnreadableAccess} access
 */
async function serveForwarded(object, parsed, path, access) {
  if (access.kind === "unreadable") return otherVersion("an access");
  const { request, handshake } = parsed;
  const route = readRoute(parsed, path);
  if (route instanceof Response) return otherVersion(`this request: ${quoted(request.method + path, REQUEST_LENGTH_SHOWN)}`);
  if (access.kind === "ticket" && route.action !== "connect") return otherVersion("a ticket for anything but a socket");
  // Our Worker passes on only the subprotocol that it has agreed on.
  const isProtocolKnown = handshake.subprotocol !== undefined || !request.headers.has("Sec-WebSocket-Protocol");
  if (!isProtocolKnown) return otherVersion("a subprotocol");
  return serve(object, route, request, access);
}

/**
 * Checks and serves a request that came from outside as it is.
 * @param {UserObject} object
 * @param {ParsedRequest} parsed
 * @param {string} path
 */
async function checkAndServe(object, parsed, path) {
  const { ctx, env, session } = object;
  const { request } = parsed;
  const admitted = await admit(parsed, path, env, {}, session.userId());
  const served = admitted instanceof Response ? admitted : await serveAdmitted(object, request, admitted);
  const response = await asSocketClose(served, parsed, env, keptInObject(ctx));
  return withHeaders(response, request, env);
}

/**
 * @param {UserObject} object
 * @param {Request} request
 * @param {Admitted} admitted
 */
async function serveAdmitted(object, request, admitted) {
  const response = await serve(object, admitted.route, request, admitted.access);
  await noteTicket(admitted, response);
  return response;
}

/**
 * @param {UserObject} object
 * @param {Route} route
 * @param {Request} request
 * @param {Access | TicketAccess | IssuerAccess} given
 * @returns {Promise<Response>}
 */
async function serve(object, route, request, given) {
  const { session, tickets } = object;
  if (route.userId !== null && route.userId !== session.userId()) {
    return errorResponse(400, "invalid_request", "userId is not the user of this object");
  }
  if (route.action === "backchannel-logout") return endByIssuer(session, given);
  if (given.kind === "issuer") return otherVersion("a logout token for anything but a logout");
  // A stranger who makes up tickets gets no further, so nothing is read or made for them.
  const access = given.kind === "ticket" ? tickets.take(given.ticket, Date.now()) : given;
  return access ? serveAccess(object, route, request, access) : ticketUnknown();
}

/**
 * @param {UserObject} object
 * @param {Exclude<Route, IssuerRoute>} route
 * @param {Request} request
 * @param {Access} access
 * @returns {Promise<Response>}
 */
async function serveAccess({ check, session, tickets }, route, request, access) {
  const credential = credentialOf(access);
  switch (route.action) {
    case "connect":
      return connect(session, route.handshake, credential);
    case "ticket":
      return refusalOfTicket(session, credential) ?? ticketResponse(tickets.issue(access, Date.now()), TICKET_MS);
    case "state":
      return answerResponse(session.requestState(credential));
    case "clear":
      return answerResponse(session.request("ClearRequested", credential));
    case "metrics":
      return answerResponse(session.metrics());
    case "export":
      return answerResponse(session.request("ExportRequested", credential));
    case "logout":
      return answerResponse(session.logout(route.demand, credential));
    case "values":
      return answerResponse(session.requestValues(credential, route.query.key));
    case "delete-value":
      return answerResponse(session.changeValue(changeFrame(route.query.key, null, route.query.options), credential));
    case "set-value":
      return setValue({ check, session }, route.query, request, credential);
    case "push": {
      const content = await readBody(request, FRAME_BYTES_MAX);
      if (content instanceof Response) return content;
      const { body, size } = content;
      return answerResponse(session.push(body, route.options, { misfit: check.ofPush(body), size }));
    }
  }
}

/**
 * @param {Pick<UserObject, "check" | "session">} object
 * @param {ValueQuery} query
 * @param {Request} request
 * @param {Credential} credential
 */
async function setValue({ check, session }, { key, options }, request, credential) {
  const content = await readBody(request, FRAME_BYTES_MAX);
  if (content instanceof Response) return content;
  if (content.size > FRAME_BYTES_MAX) return tooLarge();
  const text = readValue(content.body);
  if (text instanceof Response) return text;
  return answerResponse(session.changeValue(changeFrame(key, text, options), credential, check.ofValue(key, text)));
}

/**
 * @param {SessionHost} session
 * @param {Handshake} handshake
 * @param {Credential} credential
 */
function connect(session, handshake, credential) {
  if (!handshake.isUpgrade) return upgradeRequired();
  const { 0: client, 1: server } = new WebSocketPair();
  const refused = session.connect(server, handshake, credential);
  return refused ? answerResponse(refused) : socketResponse(client, handshake.subprotocol);
}

/**
 * Ends what the user's issuer has ended.
 * @param {SessionHost} session
 * @param {Access | TicketAccess | IssuerAccess} given
 */
function endByIssuer(session, given) {
  if (given.kind !== "issuer") return otherVersion("a logout of which no issuer has told");
  const { sessionId: id, endedAt } = given;
  return issuerResponse(session.logout({ scope: LogoutScope.IssuerSession, id, endedAt }, TRUSTED));
}

/**
 * Refuses a ticket for a credential that has ended, and to a user who asks too often.
 * @param {SessionHost} session
 * @param {Credential} credential
 * @returns {Response | null}
 */
function refusalOfTicket(session, credential) {
  const answer = session.request("TicketRequested", credential);
  return answer?.status === 200 ? null : answerResponse(answer);
}

/**
 * @param {UserObject} object
 * @param {unknown} error
 */
function failureResponse({ ctx }, error) {
  if (error instanceof PlatformError) return notConfigured(error.message);
  reportFailure(ctx, error);
  return error instanceof WakingFailure ? unavailable() : internalFailure();
}
