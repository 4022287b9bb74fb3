/** The tab that leads serves others with its connection. */
import type { Connected } from "./connection-types.js";
import type { ServerFrame } from "./frames.js";
import type { ProblemCode, SessionProblem } from "./problem.js";
import { kit } from "./tab-kit.js";
import type { Ask, Breaks, HostKnown, SharedEnding, TabMessage, Unsigned } from "./tab-messages.js";
import { TabStream } from "./tab-stream.js";

/** The problems of one tab: another has a token or a page of its own. */
const OWN_PROBLEMS = new Set<ProblemCode | undefined>(["token_failed", "invalid_token", "policy"]);

export interface HostHandlers {
  /** Somebody has just opened the app, or wants it to connect: tries at once. */
  retry(): void;
  /** Somebody looks at another tab. */
  wake(): void;
  /** Sends a frame that needs no id. */
  send(text: string): void;
  /** Sends a request of another tab's, now or when there is room for it. @param tell Is told its id before. */
  sendFor(ask: Ask, tell: (id: string) => void): void;
  known(): HostKnown;
  /** The first frame for a tab that is served from now on. */
  firstFrame(breaks: Breaks): string;
}

export class TabHost {
  #run: string;
  #post: (message: Unsigned) => void;
  /** Tells whether this tab still leads, which the browser may not have told it yet. */
  #confirm: () => Promise<boolean>;
  #handlers: HostHandlers;
  #stream: TabStream | null = null;
  #streams = 0;
  #hasGuests = false;
  /** Whether a heartbeat is on its way, which answers for all. */
  #isPinging = false;
  #ending: SharedEnding | null = null;
  #problem: SessionProblem | null = null;

  constructor(run: string, post: (message: Unsigned) => void, confirm: () => Promise<boolean>, handlers: HostHandlers) {
    this.#run = run;
    this.#post = post;
    this.#confirm = confirm;
    this.#handlers = handlers;
  }

  /** The first frame of this tab's own connection has come. */
  began(connected: Connected): void {
    this.#stream = new TabStream(`${this.#run} ${this.#streams++}`, connected);
    this.#hasGuests = this.#isPinging = false;
    this.#problem = null;
    this.#post({ kind: "live", stream: this.#stream.name });
  }

  /** A frame has come on this tab's own connection. @param frame `null` if it is not believed. */
  relay(text: unknown, frame: ServerFrame | null): void {
    const stream = this.#stream;
    if (!stream || typeof text !== "string") return;
    if (frame?.type === "pong") this.#isPinging = false;
    // Only this tab is replaced, and nobody can tell whose request an error without an id is about.
    const isOwn = frame?.type === "replaced" || (stream.version === 2 && frame?.type === "error" && frame.id === undefined);
    if (this.#hasGuests && !isOwn) this.#post({ kind: "frame", stream: stream.name, text });
    if (frame) stream.keep(text, frame);
  }

  /** This tab's own connection is gone. */
  drop(): void {
    const stream = this.#stream;
    this.#stream = null;
    if (stream) this.#post({ kind: "dropped", stream: stream.name });
  }

  /** The session is over, or begins again if it is `null`. */
  set ending(ending: SharedEnding | null) {
    this.#ending = ending;
  }

  /** Tells all that the session is over, if it is. */
  tellEnding(): void {
    if (this.#ending) this.#post({ kind: "ended", to: null, ...this.#ending });
  }

  /** Why there is no connection, which others are told when it is another. */
  set problem(problem: SessionProblem | null) {
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem && !this.#stream) this.#post({ kind: "problem", to: null, problem });
  }

  /** Whether this tab can't connect for a reason that another may not have: it is over, or what it was given is bad. */
  get #isHindered(): boolean {
    return this.#ending !== null || OWN_PROBLEMS.has(this.#problem?.code);
  }

  receive(message: TabMessage): void {
    switch (message.kind) {
      case "join":
        return this.#join(message);
      case "probe":
        return this.#answer(message.from);
      case "wake":
        return this.#handlers.wake();
      case "send":
      case "ask":
        return void this.#send(message);
      default:
        // The rest is for others.
    }
  }

  #join({ from, known, isNew }: TabMessage<"join">): void {
    if (isNew && this.#isHindered) return this.#post({ kind: "unserved", to: from, inbox: null });
    if (this.#ending) return this.#post({ kind: "ended", to: from, ...this.#ending });
    if (!this.#stream) {
      this.#answer(from);
      if (isNew) this.#handlers.retry();
      else if (this.#problem) this.#post({ kind: "problem", to: from, problem: this.#problem });
      return;
    }
    const { name: stream, version } = this.#stream;
    const now = this.#handlers.known();
    const missed = this.#stream.missedBy(known, now);
    if (!missed) return this.#post({ kind: "unserved", to: from, inbox: this.#stream.inbox });
    this.#hasGuests = true;
    const first = this.#handlers.firstFrame({ lost: this.#stream.hasLost(known, now), reset: this.#stream.mustReset(known) });
    this.#post({ kind: "welcome", to: from, stream, version, frames: [first, ...missed] });
  }

  /** A page that is frozen reads messages, and answers them, but runs no timers. */
  #answer(to: string): void {
    setTimeout(() => this.#post({ kind: "alive", to }), 0);
  }

  /** A page that was frozen reads what came meanwhile before it hears that another leads. */
  async #send(message: TabMessage<"send" | "ask">): Promise<void> {
    if (!(await this.#confirm()) || this.#stream?.name !== message.stream) return;
    if (message.kind === "ask") {
      const { key } = message;
      return this.#handlers.sendFor(message, (id) => this.#post({ kind: "sent", key, id }));
    }
    if (message.text === kit.HEARTBEAT && this.#isPinging) return;
    this.#isPinging ||= message.text === kit.HEARTBEAT;
    this.#handlers.send(message.text);
  }
}
