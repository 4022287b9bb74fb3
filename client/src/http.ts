/** Questions to the server by HTTP, with the credentials that a socket has. */
import { withoutSecrets } from "./address.js";

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

function parsed(text: string): HttpAnswer["body"] {
  try {
    return (JSON.parse(text) as HttpAnswer["body"] | null) ?? {};
  } catch {
    return {};
  }
}
