/** The requests that tabs have each other send: one tab's own go to the tab that leads, which sends them between its own. */
import type { FrameOf } from "./frames.js";
import type { Request, RequestQueue } from "./requests.js";
import { kit } from "./tab-kit.js";
import type { Ask } from "./tab-messages.js";

/** A request of another tab's, and who is told its id before it is sent. */
interface Asked {
  ask: Ask;
  tell: (id: string) => void;
}

export class TabRequests {
  readonly #run: string;
  readonly #queue: RequestQueue;
  /** Has the tab that leads send something. @returns Whether there is another that leads. */
  readonly #ask: (ask: Ask) => boolean;
  /** The ids under which other tabs' requests were sent that are not answered yet, and when that was, by `monotonicMs`. */
  #sent = new Map<string, number>();
  /** The requests of other tabs that wait for room. */
  #waiting: Asked[] = [];
  /** Whether the next one to be sent is another tab's, if any waits: the tabs take turns. */
  #isTheirTurn = false;
  /** The names of this tab's requests among the tabs. */
  #keys = new WeakMap<Request, string>();
  #asked = 0;

  constructor(run: string, queue: RequestQueue, ask: (ask: Ask) => boolean) {
    this.#run = run;
    this.#queue = queue;
    this.#ask = ask;
    queue.others = this;
  }

  /**
   * Sends a request of another tab's as soon as there is room for it.
   * @param tell Is told its id before, if it is new: this tab may end behind the sending.
   */
  sendFor(ask: Ask, tell: (id: string) => void): void {
    this.#waiting.push({ ask, tell });
    this.#queue.flush();
  }

  /** Has another tab send a request, which tells the id later. @returns Whether that tab has the connection. */
  passOn(request: Request): boolean {
    const key = this.#keys.get(request) ?? `${this.#run} ${this.#asked++}`;
    this.#keys.set(request, key);
    return this.#ask({ key, text: request.text, id: request.id });
  }

  /** Another tab has sent a request of this one's. */
  noteSent(key: string, id: string): void {
    const request = this.#queue.pending.find((pending) => this.#keys.get(pending) === key);
    if (request) request.id ??= id;
    this.#queue.flush();
  }

  /**
   * This tab hears no more from others: what it has passed on may be sent, and it would not know under which id.
   * @param isForGood Whether it never will, so that it can't repeat what others have sent for it either: the server takes
   *   that for a word of theirs, and closes their sockets.
   */
  leave(isForGood = false): void {
    const isPassedOn = ({ id, frame }: Request) =>
      id === null ? this.#queue.version === 2 && frame !== null : isForGood && !id.startsWith(`${this.#run}.`);
    for (const request of this.#queue.pending.filter(isPassedOn)) this.#queue.forget(request);
  }

  /** The ids of those that are not answered yet. */
  get ids(): Iterable<string> {
    return this.#sent.keys();
  }

  /** The connection is gone: each tab asks anew. */
  clear(): void {
    this.#sent.clear();
    this.#waiting = [];
  }

  /** Takes an answer, if it is to one of them. @returns Whether it is. */
  answer(frame: FrameOf<"ack" | "error">, isSettled: boolean): boolean {
    const { id = "" } = frame;
    const sentAt = this.#sent.get(id);
    if (sentAt === undefined) return false;
    if (isSettled) this.#sent.delete(id);
    if (frame.type === "error" && frame.code === "rate_limited") this.#queue.slowDownSince(sentAt, frame.retryAfterMs);
    return true;
  }

  /** Sends one of them if it is their turn. */
  takeTurn(): void {
    if (this.#isTheirTurn) this.#send(1);
  }

  /** This tab has sent one of its own. */
  giveTurn(): void {
    this.#isTheirTurn = true;
  }

  /** Sends as many as there is room for. */
  flush(): void {
    this.#send(Infinity);
  }

  /** @param most So many at most. */
  #send(most: number): void {
    for (let sent = 0; sent < most; sent++) {
      const [asked] = this.#waiting;
      if (!asked || !this.#queue.mayTake(asked.ask.id)) return;
      this.#isTheirTurn = false;
      this.#waiting.shift();
      this.#sendNow(asked);
    }
  }

  #sendNow({ ask: { text, id }, tell }: Asked): void {
    const given = id ?? this.#queue.newId();
    if (id === null) tell(given);
    this.#sent.set(given, kit.monotonicMs());
    this.#queue.sendFor(given, id !== null, text);
  }
}
