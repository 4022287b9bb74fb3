/** The app's listeners to what happens, which may be added after it has. */
import type { Inbox } from "./inbox.js";
import { UNHEARD, added, callAll } from "./listeners.js";
import type { SessionChange } from "./protocol.js";
import type { ToldMark } from "./told-mark.js";
import { Unheard } from "./unheard.js";

export type ChangeOf<Type extends SessionChange["type"]> = Extract<SessionChange, { type: Type }>;

export class ChangeListeners {
  /** Up to where this device has told of the inbox; `null` before it is connected for the first time. */
  mark: ToldMark | null = null;
  readonly #inbox: () => Inbox | null;
  #listeners = new Set<(change: SessionChange) => unknown>();
  #unheard = new Unheard();

  constructor(inbox: () => Inbox | null) {
    this.#inbox = inbox;
  }

  /** Tells a change, unless it is a message that this device has told before. */
  tell(change: SessionChange): void {
    if (change.type === "loggedOut") {
      // The next who signs in here may be somebody else.
      this.#unheard = new Unheard();
      this.mark?.forget();
    }
    const n = change.type === "event" ? change.event.inbox : null;
    const inbox = this.#inbox();
    if (n && inbox && !this.mark?.take(n, inbox)) return;
    this.#call(change);
  }

  /** @param name That of the events that it listens to, if it is not all. @returns Ends it. */
  listen<Type extends SessionChange["type"]>(type: Type, listener: (change: ChangeOf<Type>) => unknown, name?: string): () => void {
    const heard = (change: SessionChange): unknown => (change.type === type ? listener(change as ChangeOf<Type>) : UNHEARD);
    const catchUp = (missed: "event" | "reset"): void => {
      if (!this.#listeners.has(heard)) return;
      for (const change of this.#unheard.take(missed, name, this.#inbox())) this.#call(change);
    };
    // Whoever adds several has added all by then, and may have ended this one.
    if (type === "event" || type === "reset") void Promise.resolve().then(() => catchUp(type));
    return added(this.#listeners, heard);
  }

  #call(change: SessionChange): void {
    const isHeard = callAll(this.#listeners, (listener) => listener(change));
    if (!isHeard) return this.#unheard.note(change) ? this.#call({ type: "reset" }) : undefined;
    if (change.type === "event" && change.event.inbox) this.mark?.store(change.event.inbox);
  }
}
