/** A question by HTTP, since a WebSocket that fails before it opens does not say why. */
import { originOf, stateAddressOf, withoutSecrets } from "./address.js";
import { Deadline } from "./deadline.js";
import { type ProblemCode, type SessionProblem, problemOf } from "./problem.js";

const PATIENCE_MS = 5_000;

/** One attempt to connect. */
export interface Attempt {
  /** The address of its socket, empty before there is one. */
  address: string;
  /** The token that went along. */
  token: string | null;
  /** Whether its token is still awaited. */
  isToken: boolean;
  /** Whether its socket opened. */
  hasOpened: boolean;
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
  const address = stateAddressOf(attempt.address);
  const patience = new Deadline();
  patience.set(PATIENCE_MS, () => question.abort());
  try {
    const response = await fetch(address, {
      credentials: "include",
      cache: "no-store",
      redirect: "manual",
      signal: question.signal,
      headers: attempt.token === null ? {} : { Authorization: `Bearer ${attempt.token}` },
    });
    const body = parsed(await response.text());
    const problem = problemOfAnswer(response, body, attempt, withoutSecrets(address));
    return { problem, isRefusal: body.error?.code === problem.code };
  } catch {
    return { problem: unreachable(attempt), isRefusal: false };
  } finally {
    patience.clear();
  }
}

/** The body of a session server's answer. Another server may have answered, so nothing in it is certain. */
interface Body {
  error?: { code?: unknown; message?: unknown };
  activeGames?: unknown;
}

const CODES_BY_STATUS = new Map<number, ProblemCode>([
  [400, "invalid_request"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [429, "rate_limited"],
  [503, "unavailable"],
]);

function problemOfAnswer(
  { status }: Response,
  { error, activeGames }: Body,
  { hasOpened }: Attempt,
  where: string,
): SessionProblem {
  const word = typeof error?.message === "string" ? error.message : null;
  const said = word ?? `${where} answers ${status}`;
  const known = CODES_BY_STATUS.get(status) ?? (status >= 500 ? "server_error" : null);
  if (known) return problemOf(known, said);
  if (status !== 200 || !activeGames) {
    const answer = `${status || "by a redirect"}${word === null ? "" : ` ("${word}")`}`;
    return problemOf("wrong_address", `no session server at ${where}, which answers ${answer}: check url`);
  }
  if (hasOpened) return problemOf("server_error", "the server takes the connection and ends it without a word");
  const causes = "a proxy or middleware on the way may pass no WebSockets, or too many were opened";
  return problemOf("no_websocket", `the server answers requests, but a WebSocket does not open: ${causes}`);
}

function parsed(text: string): Body {
  try {
    return (JSON.parse(text) as Body | null) ?? {};
  } catch {
    return {};
  }
}
