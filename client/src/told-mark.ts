/**
 * Up to where this device has told its listeners of the inbox's messages. A page that is loaded anew, or a
 * second tab, gets from the server all that is unread, and must not tell again what was told.
 */
import type { Inbox, InboxState } from "./inbox.js";
import type { Store } from "./store.js";

/** The same for as long as the page lasts, where nothing can be stored. */
const marksOfPage = new Map<string, number>();

export class ToldMark {
  readonly #key: string;
  readonly #store: Store;
  /** The highest number that was told in this tab, or on this device before it. Other tabs tell for themselves. */
  #told: number;

  /** @param key Common to the tabs of one user on this device. @param store Has read it, if it must be waited for. */
  constructor(key: string, store: Store) {
    this.#key = key;
    this.#store = store;
    this.#told = this.#stored;
  }

  /** @returns Whether a message is to be told here. It is from then on taken for told in this tab. */
  take(n: number, { last, read }: InboxState): boolean {
    // An older copy of the server's data was put back, in which what the mark counts has not happened.
    if (this.#told > last) this.#write((this.#told = read));
    const isNew = n > this.#told;
    if (isNew) this.#told = n;
    return isNew;
  }

  /**
   * Whether another tab has unread messages that nobody on this device may have listened to.
   * @param coming How many of them are about to be told.
   */
  isBehind({ place, read, unread }: Inbox, coming: number): boolean {
    return unread > coming && place > Math.max(read, this.#told);
  }

  /** Somebody has listened to a message, which no page of this device tells any more that is opened later. */
  store(n: number): void {
    // Another tab may have told more than has come to this one.
    if (this.#stored < n) this.#write(n);
  }

  /** Nothing is left of it. */
  forget(): void {
    this.#told = 0;
    marksOfPage.delete(this.#key);
    this.#store.write(this.#key, null);
  }

  #write(n: number): void {
    marksOfPage.set(this.#key, n);
    this.#store.write(this.#key, String(n));
  }

  get #stored(): number {
    const stored = Number(this.#store.read(this.#key)) || 0;
    return Math.max(stored, marksOfPage.get(this.#key) ?? 0);
  }
}
