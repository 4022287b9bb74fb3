/**
 * The subprotocol by which a socket says who it is. A token there would stand in the logs of platforms, so the client gives it
 * away in the header of a request, which they hide, and offers the ticket that it gets for it.
 */
import { httpAddressOf } from "./address.js";
import type { Attempt, Outcome } from "./connection-types.js";
import { type HttpAnswer, askServer } from "./http.js";
import { attempt } from "./page.js";
import { checkToken } from "./problem.js";
import { TICKET_UNKNOWN } from "./protocol.js";

/** The characters of a ticket. Another server's answer may have any. */
const TICKET = /^[\w-]+$/;

const UNAUTHORIZED = 4401;
/** The codes of closes that mean the same as what the server answers. */
const CODES = new Map<unknown, number>([
  ["unauthorized", UNAUTHORIZED],
  ["forbidden", 4403],
]);
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

/** Why there is no ticket. A service worker loads nothing later unless it is of one file: it knows no more than the code. */
async function refusalOf(answer: HttpAnswer): Promise<Outcome> {
  try {
    return (await import("./diagnosis.js")).outcomeOfRefusal(answer);
  } catch {
    return { code: CODES.get(answer.body.error?.code) ?? FAILED, reason: "", problem: null, waitMs: 0 };
  }
}
