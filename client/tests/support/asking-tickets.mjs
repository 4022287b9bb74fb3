/** A client that asks for tickets, whose requests a test answers. */
import { answerOf, fakeClient } from "./fake-socket.mjs";

/** @import { TestContext } from "node:test" */
/** @import { UserSessionClientOptions } from "user-session-worker/client" */

/** @typedef {() => Response | Promise<Response>} Answer */

/** The answer that gives a ticket. */
export const given = () => answerOf({ ticket: "a-ticket", expiresInMs: 30_000 });

/** @param {number} status @param {string} code @param {Record<string, string>} [headers] */
export const refusal = (status, code, headers) => answerOf({ error: { code, message: `because of ${code}` } }, status, headers);

/**
 * A client whose requests a test answers.
 * @param {TestContext} t
 * @param {(at: number) => Response | Promise<Response>} answer Gets how often a ticket was asked for before.
 * @param {Partial<UserSessionClientOptions>} [options]
 */
export function asking(t, answer, options = { token: "secret" }) {
  /** @type {{url: string, init: RequestInit}[]} */
  const asked = [];
  const fake = fakeClient(t, options, async (url, init = {}) => {
    if (init.method !== "POST") throw new TypeError("only tickets are answered");
    asked.push({ url: String(url), init });
    return answer(asked.length - 1);
  });
  return { ...fake, asked, status: () => fake.client.getSnapshot().connectionStatus };
}

