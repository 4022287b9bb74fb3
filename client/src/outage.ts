/** A time without a connection: what is known of its cause, and from when on that is told. */
import { httpAddressOf, originOf } from "./address.js";
import type { Attempt, ConnectionSettings } from "./connection-types.js";
import { Deadline } from "./deadline.js";
import type { Finding } from "./diagnosis.js";
import { askServer } from "./http.js";
import { attempt, page } from "./page.js";
import { type SessionProblem, problemOf } from "./problem.js";

/** A connection that is back sooner, and at the first attempt, had no problem. */
const TOLD_AFTER_MS = 5_000;
/** How long the server may take to say what is wrong. */
const PATIENCE_MS = 5_000;

export interface OutageHandlers {
  /** The newest attempt, `null` before there was one. */
  attempt(): Attempt | null;
  /** The problem is another by now. */
  changed(): void;
  /** The server has said by HTTP that it does not let this client in. */
  refused(problem: SessionProblem, attempt: Attempt): void;
  /** The question that held back the next attempt has been answered. */
  decided(): void;
}

export class Outage {
  /** The cause as far as it is known and told, `null` when there is a connection or was a moment ago. */
  problem: SessionProblem | null = null;
  #handlers: OutageHandlers;
  #settings: Pick<ConnectionSettings, "isOffline">;
  #isOn = false;
  #known: SessionProblem | null = null;
  #failures = 0;
  /** Whether the credential was good and has ended. */
  #isInDoubt = false;
  /** Aborted when its answer would come too late; `null` if the server has not been asked. */
  #question: AbortController | null = null;
  #answer: SessionProblem | null = null;
  #deadline = new Deadline();

  constructor(handlers: OutageHandlers, settings: Pick<ConnectionSettings, "isOffline">) {
    this.#handlers = handlers;
    this.#settings = settings;
  }

  /** Whether the server is being asked if it refuses a credential that has ended: until then nothing is tried. */
  get isDeciding(): boolean {
    return this.#isInDoubt && this.#question !== null;
  }

  /** There is no connection from now on. */
  begin(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#deadline.set(TOLD_AFTER_MS, () => this.#becomeLate());
  }

  /** There is one, or none is wanted. */
  end(): void {
    this.#deadline.clear();
    this.askAgain();
    this.#isOn = this.#isInDoubt = false;
    this.#failures = 0;
    this.#known = this.problem = null;
  }

  /** Has the server asked once more: something has changed. */
  askAgain(): void {
    this.#question?.abort();
    this.#question = this.#answer = null;
  }

  /** A connection broke. @param problem What the server said. */
  dropped(problem: SessionProblem | null): void {
    this.begin();
    this.#known = problem;
    this.#isInDoubt = problem?.code === "unauthorized";
  }

  /** An attempt came to nothing. @param problem The cause, if the attempt showed it. */
  failed(problem: SessionProblem | null, attempt: Attempt | null): void {
    this.begin();
    this.#failures++;
    const cause = problem ?? this.#offline;
    if (cause) {
      this.#known = cause;
      // An answer that is still to come is older news, and once there is a network again there is another.
      if (cause.code === "offline" || !this.#answer) this.askAgain();
      return this.tell();
    }
    this.#known = this.#answer;
    if (this.#failures < 2 && !this.#isInDoubt) return;
    this.tell();
    void this.#ask(attempt);
  }

  /** Tells what is known now. */
  tell(): void {
    const attempt = this.#handlers.attempt();
    const late = attempt?.isToken ? problemOf("token_failed", TOKEN_LATE) : null;
    this.problem = this.#known ?? this.#offline ?? late ?? unreachable(attempt);
  }

  get #offline(): SessionProblem | null {
    const isOffline = this.#settings.isOffline || attempt(() => page.navigator?.onLine === false);
    return isOffline ? problemOf("offline", "this device has no network") : null;
  }

  #becomeLate(): void {
    this.tell();
    this.#handlers.changed();
    if (!this.#known && !this.#offline) void this.#ask(this.#handlers.attempt());
  }

  /** Asks once in an outage, and once more after each `askAgain`. */
  async #ask(tried: Attempt | null): Promise<void> {
    if (this.#question || !tried?.address) return;
    const question = attempt(() => new AbortController());
    if (!question) return;
    this.#question = question;
    const finding = await findingOf(tried, question);
    if (question !== this.#question) return;
    const problem = finding?.problem ?? unreachable(tried);
    this.#known = this.#answer = problem;
    this.tell();
    this.#handlers.changed();
    if (finding?.isRefusal) this.#handlers.refused(problem, tried);
    if (!this.#isInDoubt) return;
    this.#isInDoubt = false;
    this.#handlers.decided();
  }
}

/** The message where the token is still awaited. */
export const TOKEN_LATE = "the function `token` does not answer";

/** Nothing is known but that no connection comes about. */
function unreachable(attempt: Attempt | null): SessionProblem {
  const where = attempt?.address ? ` to ${originOf(attempt.address)}` : "";
  const causes = "the server or the network may be down, or this page's origin is not listed";
  return problemOf("unreachable", `no connection${where}: ${causes}`);
}

/**
 * Asks the server for the user's state, with the credentials that the socket had.
 * @param question Aborts it.
 * @returns The conclusion from its answer, `null` if none came, or what reads it could not be loaded: then the network is at fault.
 */
function findingOf(tried: Attempt, question: AbortController): Promise<Finding | null> {
  const { address, token } = tried;
  const patience = new Deadline();
  const late = new Promise<null>((resolve) => {
    patience.set(PATIENCE_MS, () => {
      question.abort();
      resolve(null);
    });
  });
  const ask = async () => {
    const reader = import("./diagnosis.js");
    // It is awaited below, behind an answer that may never come.
    reader.catch(() => {});
    const answer = await askServer("GET", httpAddressOf(address, "/state"), token, question);
    return (await reader).findingOf(answer, tried);
  };
  return Promise.race([ask().catch(() => null), late]).finally(() => patience.clear());
}
