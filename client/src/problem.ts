/** The reasons why a client is not connected, as far as they are known. */
import { shown } from "./warnings.js";

/**
 * All codes of problems; docs/client.md says what each means.
 */
export const PROBLEM_CODES = [
  "logged_out",
  "replaced",
  "unauthorized",
  "forbidden",
  "wrong_address",
  "invalid_request",
  "policy",
  "unsupported_runtime",
  "invalid_token",
  "token_failed",
  "offline",
  "unreachable",
  "no_websocket",
  "rate_limited",
  "unavailable",
  "server_error",
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** Why a client is not connected. */
export interface SessionProblem {
  readonly code: ProblemCode;
  /** One or two sentences for whoever runs the app; they may quote the server. */
  readonly message: string;
  /** Whether the client goes on trying by itself. */
  readonly retryable: boolean;
}

/** A reason that keeps a socket from being made, and that time alone does not mend. */
export class ProblemError extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function problemOf(code: ProblemCode, message: string, retryable = true): SessionProblem {
  return { code, message, retryable };
}

const CODES_BY_CLOSE = new Map<number, ProblemCode>([
  [1001, "unavailable"],
  [1008, "rate_limited"],
  [1012, "unavailable"],
  [1013, "unavailable"],
  [4401, "unauthorized"],
]);
/** The code that browsers report where no close frame came. */
export const NO_CLOSE = 1006;
/** The codes that an engine reports where none was received (RFC 6455, section 7.4.1). */
const NO_CODES = new Set([1005, NO_CLOSE, 1015]);

/** The problem that a close tells of, `null` if it tells of none. */
export function problemOfClose(code: number, reason: string): SessionProblem | null {
  // All but 1000 say that something went wrong: with the server, if not with what the map says.
  const known = CODES_BY_CLOSE.get(code) ?? (code > 1_000 && !NO_CODES.has(code) ? "server_error" : null);
  if (!known) return null;
  return problemOf(known, reason || `the server closed the connection with code ${code}`);
}

/** The characters that a subprotocol may have (RFC 9110, section 5.6.2). */
const NO_TOKEN_CHARACTER = /[^\w!#$%&'*+.^`|~-]/u;

/** @throws {ProblemError} If a token can't go along as a subprotocol. */
export function checkToken(token: unknown): void {
  const wrong = typeof token === "string" ? NO_TOKEN_CHARACTER.exec(token)?.[0] : token;
  if (wrong === undefined) return;
  throw new ProblemError("invalid_token", `token: ${shown(wrong)} can't be sent: expected letters, digits and !#$%&'*+-.^_\`|~`);
}

/**
 * The problem that kept a socket from being made.
 * @param error What the constructor or the token's function threw.
 * @param isToken Whether it was the token's.
 * @param isGiven Whether a function gives the token, which may be a better one next time.
 */
export function problemOfError(error: unknown, isToken: boolean, isGiven: boolean): SessionProblem {
  const message = error instanceof Error ? error.message : String(error);
  if (isToken) return problemOf("token_failed", message || "the function `token` failed");
  if (error instanceof ProblemError) return problemOf(error.code, message, isGiven && error.code === "invalid_token");
  // A page that came by https may open no ws: addresses.
  const isSecurity = (error as Partial<Error> | null)?.name === "SecurityError";
  if (isSecurity) return problemOf("policy", `${message}: a page of https needs wss:`, false);
  return problemOf("unsupported_runtime", message);
}
