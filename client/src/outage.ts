/** A time without a connection: what is known of its cause, and from when on that is told. */
import { type Attempt, probeServer, unreachable } from "./http-probe.js";
import { Deadline } from "./deadline.js";
import { attempt, page } from "./page.js";
import { type SessionProblem, problemOf } from "./problem.js";

/** A connection that is back sooner, and at the first attempt, had no problem. */
const TOLD_AFTER_MS = 5_000;

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
  #isOffline: () => boolean;
  #isOn = false;
  #known: SessionProblem | null = null;
  #failures = 0;
  /** Whether the credential was good and has ended. */
  #isInDoubt = false;
  /** Aborted when its answer would come too late; `null` if the server has not been asked. */
  #question: AbortController | null = null;
  #answer: SessionProblem | null = null;
  #deadline = new Deadline();

  /** @param isOffline Whether the app was told that there is no network. */
  constructor(handlers: OutageHandlers, isOffline: () => boolean) {
    this.#handlers = handlers;
    this.#isOffline = isOffline;
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
    const late = attempt?.isToken ? problemOf("token_failed", "the function `token` has not answered yet") : null;
    this.problem = this.#known ?? this.#offline ?? late ?? unreachable(attempt);
  }

  get #offline(): SessionProblem | null {
    const isOffline = this.#isOffline() || attempt(() => page.navigator?.onLine === false);
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
    const { problem, isRefusal } = await probeServer(tried, question);
    if (question !== this.#question) return;
    this.#known = this.#answer = problem;
    this.tell();
    this.#handlers.changed();
    if (isRefusal) this.#handlers.refused(problem, tried);
    if (!this.#isInDoubt) return;
    this.#isInDoubt = false;
    this.#handlers.decided();
  }
}
