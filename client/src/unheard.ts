/** What came while no listener was there for it: a page may add its listeners after the first frames. */
import type { Inbox } from "./inbox.js";
import type { SessionChange } from "./protocol.js";

/** So many names of events are kept. */
const NAMES_MAX = 256;
/** The server keeps so many messages. */
const MESSAGES_MAX = 64;

const RESET: SessionChange = { type: "reset" };

export class Unheard {
  /** The names of the events. Their data is gone: whoever has missed one reads again what hangs on it. */
  #names = new Set<string>();
  /** The messages of the inbox, oldest first. */
  #messages: SessionChange[] = [];
  #hasReset = false;

  /** @returns Whether events have been missed that it can't keep in mind. */
  note(change: SessionChange): boolean {
    if (change.type === "reset") this.#hasReset = true;
    if (change.type !== "event") return false;
    if (change.event.inbox) this.#messages = [...this.#messages, change].slice(-MESSAGES_MAX);
    else this.#names.add(change.event.name);
    const areTooMany = this.#names.size > NAMES_MAX;
    if (areTooMany) this.#names.clear();
    return areTooMany;
  }

  /**
   * What is to be told since a listener was added.
   * @param type What it listens to.
   * @param name The name of the events, all if left out.
   */
  take(type: "event" | "reset", name: string | undefined, inbox: Inbox | null): SessionChange[] {
    if (type === "reset") return this.#takeReset();
    const isMissed = name === undefined ? this.#names.size > 0 : this.#names.has(name);
    if (name === undefined) this.#names.clear();
    else this.#names.delete(name);
    // Those that were read elsewhere or have expired meanwhile are no news.
    const unread = new Set(inbox?.expiring.map(({ inbox: n }) => n));
    const messages = this.#messages.splice(0).filter((change) => change.type === "event" && unread.has(Number(change.event.inbox)));
    return isMissed ? [...messages, RESET] : messages;
  }

  #takeReset(): SessionChange[] {
    const isMissed = this.#hasReset;
    this.#hasReset = false;
    return isMissed ? [RESET] : [];
  }
}
