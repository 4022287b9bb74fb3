/**
 * Why there is no connection, by the server's own word: a WebSocket that fails before it opens does not say why. It is
 * loaded after a failure.
 */
import type { Attempt, Outcome } from "./connection-types.js";
import type { HttpAnswer } from "./http.js";
import type { ProblemCode, SessionProblem } from "./problem.js";

/** The conclusion from the server's answer. */
export interface Finding {
  /** Why sockets fail. */
  problem: SessionProblem;
  /** Whether it is the session server itself that does not let this credential in. */
  isRefusal: boolean;
}

const CODES_BY_STATUS = new Map<number, ProblemCode>([
  [400, "invalid_request"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [429, "rate_limited"],
  [503, "unavailable"],
]);
const SECONDS_MAX = 3_600;

/** The codes of closes that mean the same as what the server itself answers. */
const CLOSES_BY_STATUS = new Map([
  [401, 4401],
  [403, 4403],
]);
const TRY_AGAIN = 1013;
const FAILED = 1011;
const NO_CLOSE = 1006;

/** The conclusion from how the server has answered the question for the user's state. */
export function findingOf(answer: HttpAnswer, attempt: Attempt): Finding {
  const problem = problemOfAnswer(answer, attempt);
  return { problem, isRefusal: isOwnWord(answer, problem) };
}

/** How an attempt has ended for which the server has given no ticket. */
export function outcomeOfRefusal(answer: HttpAnswer): Outcome {
  const { status, headers } = answer.response;
  const problem = problemOfStatus(answer) ?? strangeAnswer(answer);
  const mayWait = status === 429 || status === 503;
  // A server that does not know the path may be an older one, of version 1, which knows no tokens either.
  const isPerhapsOlder = (status === 404 || status === 405) && !answer.body.error;
  const own = isOwnWord(answer, problem) ? CLOSES_BY_STATUS.get(status) : undefined;
  const code = own ?? (mayWait ? TRY_AGAIN : isPerhapsOlder ? NO_CLOSE : FAILED);
  const seconds = mayWait ? Number(headers.get("Retry-After")) || 0 : 0;
  return { code, reason: problem.message, problem, waitMs: Math.min(Math.max(seconds, 0), SECONDS_MAX) * 1_000 };
}

function problemOfAnswer(answer: HttpAnswer, { hasOpened }: Attempt): SessionProblem {
  const known = problemOfStatus(answer);
  if (known) return known;
  if (answer.response.status !== 200 || !answer.body.activeGames) return strangeAnswer(answer);
  if (hasOpened) return problem("server_error", "the server takes the connection and ends it without a word");
  const causes = "a proxy or middleware on the way may pass no WebSockets, or too many were opened";
  return problem("no_websocket", `the server answers requests, but a WebSocket does not open: ${causes}`);
}

/** The problem that an answer tells of by its status, `null` if it is no refusal. */
function problemOfStatus({ response: { status }, body: { error }, where }: HttpAnswer): SessionProblem | null {
  const known = CODES_BY_STATUS.get(status) ?? (status >= 500 ? "server_error" : null);
  return known && problem(known, wordOf(error) ?? `${where} answers ${status}`);
}

/** The problem where an answer is not that of a session server. */
function strangeAnswer({ response: { status }, body: { error }, where }: HttpAnswer): SessionProblem {
  const word = wordOf(error);
  const answer = `${status || "by a redirect"}${word === null ? "" : ` ("${word}")`}`;
  return problem("wrong_address", `no session server at ${where}, which answers ${answer}: check url`);
}

/** Whether it is the session server itself that tells of a problem, and not a proxy or another server. */
function isOwnWord({ body: { error } }: HttpAnswer, { code }: SessionProblem): boolean {
  return error?.code === code;
}

function wordOf(error: HttpAnswer["body"]["error"]): string | null {
  return typeof error?.message === "string" ? error.message : null;
}

function problem(code: ProblemCode, message: string): SessionProblem {
  return { code, message, retryable: true };
}
