/** A tab that does not lead has itself served, and sees to it that the tab that leads serves it. */
import type { SessionProblem } from "./problem.js";
import type { Ask, Known, SharedEnding, TabMessage, Unsigned } from "./tab-messages.js";
import { kit } from "./tab-kit.js";
import { TabSocket } from "./tab-socket.js";

/** How often a tab asks whether the one that leads runs, while somebody looks at it. */
const PROBE_MS = 2_000;
/** A tab that runs answers sooner: the timers of a hidden page run once a second. */
const SILENT_MS = 2_500;

/** What a tab finds that needs a connection. */
export type Found =
  /** It leads, and makes a socket of its own. */
  | { kind: "own" }
  | { kind: "served"; socket: TabSocket; version: 1 | 2; frames: readonly string[] }
  | ({ kind: "ended" } & SharedEnding)
  | { kind: "failed"; problem: SessionProblem };

export interface GuestHandlers {
  /** Nothing more comes the present way: connects anew at once. */
  moved(): void;
  /** There is a connection to be served by, also for who takes the session for over. */
  opened(): void;
  /** There may be a way to connect for who waits to. */
  retry(): void;
  received(text: string): void;
  ended(ending: SharedEnding): void;
}

interface Search {
  known: Known;
  found: (found: Found) => void;
}

export class TabGuest {
  /**
   * The place in the inbox of the tab that leads. If this one takes the lead it asks for what is above, too, or each
   * might have to take the lead from the other again and again.
   */
  inboxFloor: number | null = null;
  /** The tab that was last heard as one that leads, `null` if this one has had a connection of its own since. */
  leader: string | null = null;
  /** Whether its user has just opened the app, or begins again what is over. */
  #isNew = false;
  #run: string;
  #post: (message: Unsigned) => void;
  /** Takes the lead from the tab that has it. */
  #steal: () => void;
  #handlers: GuestHandlers;
  #search: Search | null = null;
  #socket: TabSocket | null = null;
  #silence = new kit.Deadline();

  constructor(run: string, post: (message: Unsigned) => void, steal: () => void, handlers: GuestHandlers) {
    this.#run = run;
    this.#post = post;
    this.#steal = steal;
    this.#handlers = handlers;
  }

  /** Whether another tab's connection is this one's. */
  get isServed(): boolean {
    return this.#socket !== null;
  }

  /** Asks to be served, until there is an answer, or `release`. */
  find(known: Known): Promise<Found> {
    return new Promise((found) => {
      this.#search = { known, found };
      this.#probe();
    });
  }

  /** Gives up being served, and asking for it. */
  release(): void {
    this.#isNew = false;
    this.#search = null;
    this.#silence.clear();
    this.#socket?.close();
  }

  /** Has a request sent. @returns Whether it was passed on. */
  ask(ask: Ask): boolean {
    const { stream } = this.#socket ?? {};
    if (stream !== undefined) this.#post({ kind: "ask", stream, ...ask });
    return stream !== undefined;
  }

  /** This tab has a connection of its own, which has brought all that was asked for. */
  began(): void {
    this.inboxFloor = this.leader = null;
  }

  /** Its user opens the app, or begins again what is over. */
  begin(): void {
    this.#isNew = true;
    if (this.#search) this.#probe();
  }

  /** Somebody looks at the page. */
  wake(): void {
    if (this.#search) this.#post({ kind: "wake" });
  }

  /** This tab leads from now on. */
  lead(): void {
    this.#silence.clear();
    if (this.#search) this.#find({ kind: "own" });
    else if (this.#socket) this.#leave();
    else this.#handlers.retry();
  }

  receive(message: TabMessage): void {
    if ("to" in message && message.to !== null && message.to !== this.#run) return;
    switch (message.kind) {
      case "frame":
      case "dropped":
        return this.#ofStream(message);
      case "welcome":
      case "unserved":
      case "alive":
        return this.#answered(message);
      case "ended":
      case "problem":
        return this.#failed(message);
      case "leading":
      case "live":
        return this.#changed(message);
      default:
        // The rest is for the tab that leads.
    }
  }

  #ofStream(message: TabMessage<"frame" | "dropped">): void {
    if (message.stream !== this.#socket?.stream) return;
    if (message.kind === "frame") this.#handlers.received(message.text);
    else this.#leave();
  }

  /** There is another leader, or another connection. */
  #changed({ kind, from }: TabMessage<"leading" | "live">): void {
    this.leader = from;
    if (this.#search) return this.#probe();
    if (kind === "live" && !this.#socket) this.#handlers.opened();
    if (kind === "leading" && this.#socket && this.#socket.leader !== from) this.#leave();
  }

  #answered(message: TabMessage<"welcome" | "unserved" | "alive">): void {
    this.#isNew = false;
    this.leader = message.from;
    if (message.kind === "alive") return this.#wait();
    if (!this.#search) return;
    if (message.kind === "unserved") {
      this.inboxFloor = message.inbox;
      return this.#takeLead();
    }
    const { stream, from, version, frames } = message;
    const socket = new TabSocket(stream, from, (text) => this.#post({ kind: "send", stream, text }), () => {
      this.#socket = null;
      this.#silence.clear();
    });
    this.#socket = socket;
    this.#find({ kind: "served", socket, version, frames });
    this.#probe();
  }

  #failed(message: TabMessage<"ended" | "problem">): void {
    const { from } = message;
    if (message.kind === "problem") {
      this.leader = from;
      return this.#find({ kind: "failed", problem: message.problem });
    }
    const { to, ending, reason } = message;
    const isLeaders = from === this.leader;
    if (this.#search && (to !== null || isLeaders)) this.#find({ kind: "ended", ending, reason });
    else if (isLeaders) this.#handlers.ended({ ending, reason });
  }

  #find(found: Found): void {
    const search = this.#search;
    if (!search) return;
    this.#search = null;
    this.#silence.clear();
    this.#isNew = false;
    search.found(found);
  }

  #leave(): void {
    this.#socket?.close();
    this.#handlers.moved();
  }

  /** Asks once, and takes the lead from a tab that does not answer. */
  #probe(): void {
    if (!this.#search && !this.#socket) return;
    if (!this.#search && !kit.isVisible()) return this.#wait();
    this.#silence.set(SILENT_MS, () => this.#takeLead());
    if (this.#search) this.#post({ kind: "join", known: this.#search.known, isNew: this.#isNew });
    else this.#post({ kind: "probe" });
  }

  #wait(): void {
    if (this.#search || this.#socket) this.#silence.set(PROBE_MS, () => this.#probe());
  }

  #takeLead(): void {
    this.#silence.clear();
    this.#steal();
  }
}
