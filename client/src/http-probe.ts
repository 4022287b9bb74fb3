/** A question by HTTP, since a WebSocket that fails before it opens does not say why. */
import { httpAddressOf, originOf } from "./address.js";
import { Deadline } from "./deadline.js";
import { type HttpAnswer, askServer, isOwnWord, problemOfStatus, strangeAnswer } from "./http.js";
import { type SessionProblem, problemOf } from "./problem.js";

const PATIENCE_MS = 5_000;

/** One attempt to connect. */
export interface Attempt {
  /** The address of its socket, empty before there is one. */
  address: string;
  /** The token that went along. */
  token: string | null;
  /** Whether its token is still awaited. */
  isToken: boolean;
  /** Whether its socket was made without the token that there is. */
  isUnshown: boolean;
  /** Whether its socket opened. */
  hasOpened: boolean;
}

/** An attempt of which nothing is known yet. */
export function newAttempt(): Attempt {
  return { address: "", token: null, isToken: false, isUnshown: false, hasOpened: false };
}

/** Nothing is known but that no connection comes about. */
export function unreachable(attempt: Attempt | null): SessionProblem {
  const where = attempt?.address ? ` to ${originOf(attempt.address)}` : "";
  const causes = "the server or the network may be down, or the server does not list this page's origin";
  return problemOf("unreachable", `no connection${where}: ${causes}`);
}

/** The conclusion from the server's answer. */
export interface Finding {
  /** Why sockets fail. */
  problem: SessionProblem;
  /** Whether it is the session server itself that does not let this credential in. */
  isRefusal: boolean;
}

/**
 * Asks the server for the user's state, with the credentials that the socket had.
 * @param question Aborts it.
 */
export async function probeServer(attempt: Attempt, question: AbortController): Promise<Finding> {
  const patience = new Deadline();
  patience.set(PATIENCE_MS, () => question.abort());
  try {
    const answer = await askServer("GET", httpAddressOf(attempt.address, "/state"), attempt.token, question);
    const problem = problemOfAnswer(answer, attempt);
    return { problem, isRefusal: isOwnWord(answer, problem) };
  } catch {
    return { problem: unreachable(attempt), isRefusal: false };
  } finally {
    patience.clear();
  }
}

function problemOfAnswer(answer: HttpAnswer, { hasOpened }: Attempt): SessionProblem {
  const known = problemOfStatus(answer);
  if (known) return known;
  if (answer.response.status !== 200 || !answer.body.activeGames) return strangeAnswer(answer);
  if (hasOpened) return problemOf("server_error", "the server takes the connection and ends it without a word");
  const causes = "a proxy or middleware on the way may pass no WebSockets, or too many were opened";
  return problemOf("no_websocket", `the server answers requests, but a WebSocket does not open: ${causes}`);
}
