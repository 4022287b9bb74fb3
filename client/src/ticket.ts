/**
 * The subprotocol by which a socket says who it is. A token there would stand in the logs of platforms, so the client gives it
 * away in the header of a request, which they hide, and offers the ticket that it gets for it.
 */
import { httpAddressOf } from "./address.js";
import type { Outcome } from "./connection-types.js";
import type { Attempt } from "./http-probe.js";
import { type HttpAnswer, askServer, isOwnWord, problemOfStatus, strangeAnswer } from "./http.js";
import { attempt } from "./page.js";
import { NO_CLOSE, checkToken } from "./problem.js";
import { TICKET_UNKNOWN } from "./protocol.js";

/** The characters of a ticket. Another server's answer may have any. */
const TICKET = /^[\w-]+$/;
const SECONDS_MAX = 3_600;

const UNAUTHORIZED = 4401;
/** The codes of closes that mean the same as what the server itself answers. */
const CODES_BY_STATUS = new Map([
  [401, UNAUTHORIZED],
  [403, 4403],
]);
const TRY_AGAIN = 1013;
const FAILED = 1011;

export class TicketOffice {
  #question: AbortController | undefined;
  /** Whether the last socket was closed since its ticket was good no longer. */
  #wasUnknown = false;

  /** Forgets how earlier sockets ended: the connection begins anew. */
  begin(): void {
    this.#wasUnknown = false;
  }

  /**
   * The subprotocol that says who a socket is, or why there is none. It is empty if no answer comes: a socket without
   * it shows a page more than a request, which browsers keep from a server that does not list the page's origin.
   * @throws {ProblemError} If the token can't go along.
   */
  async protocolFor({ address, token }: Attempt): Promise<string | Outcome> {
    checkToken(token);
    if (!attempt(() => typeof fetch === "function")) return `bearer.${token}`;
    this.#question = attempt(() => new AbortController());
    const answer = await askServer("POST", httpAddressOf(address, "/ticket"), token, this.#question).catch(() => null);
    const ticket = answer?.response.status === 200 && answer.body.ticket;
    if (typeof ticket === "string" && TICKET.test(ticket)) return `ticket.${ticket}`;
    this.#wasUnknown = false;
    return answer ? refusalOf(answer) : "";
  }

  /** Nobody waits for the ticket any more. */
  cancel(): void {
    this.#question?.abort();
  }

  /**
   * A socket was closed. @returns Whether the ticket was why, which the server may have forgotten before it was used:
   * another is asked for, once.
   */
  mayAskAgain(code: number, reason: string): boolean {
    const isUnknown = code === UNAUTHORIZED && reason.startsWith(TICKET_UNKNOWN);
    const mayAsk = isUnknown && !this.#wasUnknown;
    this.#wasUnknown = isUnknown;
    return mayAsk;
  }
}

function refusalOf(answer: HttpAnswer): Outcome {
  const { status, headers } = answer.response;
  const problem = problemOfStatus(answer) ?? strangeAnswer(answer);
  const mayWait = status === 429 || status === 503;
  // A server that does not know the path may be an older one, of version 1, which knows no tokens either.
  const isPerhapsOlder = (status === 404 || status === 405) && !answer.body.error;
  const own = isOwnWord(answer, problem) ? CODES_BY_STATUS.get(status) : undefined;
  const code = own ?? (mayWait ? TRY_AGAIN : isPerhapsOlder ? NO_CLOSE : FAILED);
  const seconds = mayWait ? Number(headers.get("Retry-After")) || 0 : 0;
  return { code, reason: problem.message, problem, waitMs: Math.min(Math.max(seconds, 0), SECONDS_MAX) * 1_000 };
}
