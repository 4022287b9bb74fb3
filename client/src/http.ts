/** Questions to the server by HTTP, with the credentials that a socket has. */
import { withoutSecrets } from "./address.js";
import { type ProblemCode, type SessionProblem, problemOf } from "./problem.js";

/** An answer, which may be another server's than ours: nothing in the body is certain. */
export interface HttpAnswer {
  response: Response;
  body: { error?: { code?: unknown; message?: unknown }; activeGames?: unknown; ticket?: unknown };
  /** Where it was asked, for messages. */
  where: string;
}

/**
 * Asks the server.
 * @param token Goes along in a header, which platforms hide in their logs.
 * @param question Aborts it.
 * @throws If no answer comes.
 */
export async function askServer(
  method: "GET" | "POST",
  address: string,
  token: string | null,
  question: AbortController | undefined,
): Promise<HttpAnswer> {
  const response = await fetch(address, {
    method,
    credentials: "include",
    cache: "no-store",
    redirect: "manual",
    signal: question?.signal ?? null,
    headers: token === null ? {} : { Authorization: `Bearer ${token}` },
  });
  return { response, body: parsed(await response.text()), where: withoutSecrets(address) };
}

const CODES_BY_STATUS = new Map<number, ProblemCode>([
  [400, "invalid_request"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [429, "rate_limited"],
  [503, "unavailable"],
]);

/** The problem that an answer tells of by its status, `null` if it is no refusal. */
export function problemOfStatus({ response: { status }, body: { error }, where }: HttpAnswer): SessionProblem | null {
  const known = CODES_BY_STATUS.get(status) ?? (status >= 500 ? "server_error" : null);
  return known && problemOf(known, wordOf(error) ?? `${where} answers ${status}`);
}

/** The problem where an answer is not that of a session server. */
export function strangeAnswer({ response: { status }, body: { error }, where }: HttpAnswer): SessionProblem {
  const word = wordOf(error);
  const answer = `${status || "by a redirect"}${word === null ? "" : ` ("${word}")`}`;
  return problemOf("wrong_address", `no session server at ${where}, which answers ${answer}: check url`);
}

/** Whether it is the session server itself that tells of a problem, and not a proxy or another server. */
export function isOwnWord({ body: { error } }: HttpAnswer, problem: SessionProblem): boolean {
  return error?.code === problem.code;
}

function wordOf(error: HttpAnswer["body"]["error"]): string | null {
  return typeof error?.message === "string" ? error.message : null;
}

function parsed(text: string): HttpAnswer["body"] {
  try {
    return (JSON.parse(text) as HttpAnswer["body"] | null) ?? {};
  } catch {
    return {};
  }
}
