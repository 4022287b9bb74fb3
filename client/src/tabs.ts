/**
 * The tabs of a browser with one socket between them. The tab that holds a lock leads: it has the
 * socket, tells the others what it is told, and asks for them. When it goes the browser gives the
 * lock to another, which goes on from where it was told that the first had been.
 */
import type { SessionSnapshot } from "./core.js";
import type { Memory } from "./model.js";
import { page } from "./page.js";
import type { RequestOutcome, SessionChange } from "./protocol.js";
import type { Message } from "./requests.js";

/** What a leader tells, all that belongs together at once. */
export interface Told {
  snapshot: SessionSnapshot;
  memory: Memory;
  changes: readonly SessionChange[];
}

export interface TabGroupHandlers {
  /** This tab leads from now on. @param last What the last leader told, `null` if none was heard. */
  lead(last: Told | null): void;
  /** The leader has told something. */
  told(told: Told): void;
  /** To the leader: another tab asks for something. */
  asked(id: string, message: Message): Promise<RequestOutcome>;
  /** To the leader: what a newcomer must be told. */
  current(): Told;
  /** To the leader: another tab is looked at, or has just come. */
  wake(): void;
  /** To the leader: another tab wants to begin again what is over. */
  reconnect(): void;
}

type TabMessage =
  | ({ kind: "told" } & Told)
  | { kind: "leading" }
  | { kind: "hello" }
  | { kind: "wake" }
  | { kind: "reconnect" }
  | { kind: "ask"; id: string; message: Message }
  | { kind: "outcome"; id: string; outcome: RequestOutcome };

interface Asked {
  message: Message;
  settle: (outcome: RequestOutcome) => void;
}

/** Whether this browser can share a socket. */
export function canShareTabs(): boolean {
  return Boolean(page.navigator?.locks && page.BroadcastChannel);
}

export class TabGroup {
  isLeading = false;
  #name: string;
  #handlers: TabGroupHandlers;
  #channel: BroadcastChannel | null = null;
  #leaving = new AbortController();
  #last: Told | null = null;
  /** What this tab has asked the leader for. */
  #asked = new Map<string, Asked>();

  /** @param name Common to the tabs that share. */
  constructor(name: string, handlers: TabGroupHandlers) {
    this.#name = name;
    this.#handlers = handlers;
  }

  join(): void {
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#heard(data as TabMessage);
    const { signal } = this.#leaving;
    const left = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    navigator.locks
      .request(this.#name, { signal }, () => {
        if (signal.aborted) return undefined;
        this.#lead();
        return left;
      })
      // Only ever because this tab has left while it waited.
      .catch(() => {});
    this.#post({ kind: "hello" });
  }

  /** @param outcome Of what this tab has asked for and hears no more of. */
  leave(outcome: RequestOutcome): void {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    this.isLeading = false;
    this.#channel?.close();
    this.#channel = null;
    for (const { settle } of this.#asked.values()) settle(outcome);
    this.#asked.clear();
  }

  /** Tells the others, as the leader. */
  tell(told: Told): void {
    this.#post({ kind: "told", ...told });
  }

  /** Asks the leader; whoever leads when there is none now will be asked then. */
  ask(id: string, message: Message): Promise<RequestOutcome> {
    return new Promise((settle) => {
      this.#asked.set(id, { message, settle });
      this.#post({ kind: "ask", id, message });
    });
  }

  wake(): void {
    this.#post({ kind: "wake" });
  }

  reconnect(): void {
    this.#post({ kind: "reconnect" });
  }

  #lead(): void {
    this.isLeading = true;
    this.#handlers.lead(this.#last);
    for (const [id, { message, settle }] of this.#asked) void this.#handlers.asked(id, message).then(settle);
    this.#asked.clear();
    this.#post({ kind: "leading" });
    this.tell({ ...this.#handlers.current(), changes: [] });
  }

  #heard(message: TabMessage): void {
    if (this.isLeading) this.#heardAsLeader(message);
    else this.#heardAsFollower(message);
  }

  #heardAsLeader(message: TabMessage): void {
    switch (message.kind) {
      case "hello":
        this.#handlers.wake();
        // Somebody has opened the app again.
        this.#handlers.reconnect();
        return this.tell({ ...this.#handlers.current(), changes: [] });
      case "wake":
        return this.#handlers.wake();
      case "reconnect":
        return this.#handlers.reconnect();
      case "ask": {
        const { id } = message;
        const answered = this.#handlers.asked(id, message.message);
        return void answered.then((outcome) => this.#post({ kind: "outcome", id, outcome }));
      }
      default:
    }
  }

  #heardAsFollower(message: TabMessage): void {
    switch (message.kind) {
      case "told": {
        const { snapshot, memory, changes } = message;
        this.#last = { snapshot, memory, changes };
        return this.#handlers.told(this.#last);
      }
      case "leading":
        for (const [id, asked] of this.#asked) this.#post({ kind: "ask", id, message: asked.message });
        return;
      case "outcome": {
        const asked = this.#asked.get(message.id);
        this.#asked.delete(message.id);
        return asked?.settle(message.outcome);
      }
      default:
    }
  }

  #post(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }
}
