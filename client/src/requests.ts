/**
 * The requests to the server that are not answered yet. In version 2 every request gets an id when it is
 * first sent, and is repeated with it on each new connection until it is answered, so it is done, and done once.
 */
import { backoffMs } from "./backoff.js";
import { monotonicMs } from "./clock.js";
import type { FrameOf } from "./frames.js";
import { numberOfServer } from "./numbers.js";
import { Pace } from "./pace.js";
import { FRAME_BYTES_MAX, type RequestOutcome } from "./protocol.js";
import type { Ask } from "./tab-messages.js";
import { WarnOnce } from "./warnings.js";
import { utf8Bytes } from "./texts.js";

/** The server knows of the newest 64 numbers of a run whether they were done. */
export const WINDOW = 64;
const WAITING_MAX = 256;
/** The most that an id and the sign of a repetition add to a message. */
const ENVELOPE_BYTES = '"id":"","again":true,'.length + 40;
/** How long the server may ask to wait. */
const RETRY_AFTER_MS = { usual: 1_000, least: 1, most: 60_000 };

/** The messages by which a device asks for something to be done, in either version. */
export const BOTH_VERSIONS = ["join_game", "leave_game", "update_presence", "logout_all", "broadcast"] as const;
/** The messages that a server of version 1 does not know. */
export const ONLY_VERSION_2 = ["logout_others", "logout_device", "logout_credential", "set_device", "mark_read"] as const;

type RequestType = (typeof BOTH_VERSIONS | typeof ONLY_VERSION_2)[number];

/** The messages that set one thing and nothing else. */
const SETTING: readonly RequestType[] = ["update_presence", "set_device", "mark_read"];

/** A frame of the device's. */
export interface Message {
  type: RequestType;
  [key: string]: unknown;
}

export interface Request {
  /** Its name among the tabs that share a socket. */
  key: string;
  message: Message;
  /** The message as JSON, without its id, of the moment when it was asked. */
  text: string;
  /** Its id in version 2: the run of the tab that sent it first, and a number. `null` if none has, or has told it yet. */
  id: string | null;
  /** When it was last sent, by `monotonicMs`; `null` if it never was. */
  lastSentAt: number | null;
  /** Counts the frames that wait for their answer on this connection; `null` if none of it does. */
  frame: number | null;
  /** How often the server has failed to do it. */
  failures: number;
  /** Runs while it waits before it is repeated, since the server has failed. */
  pause: ReturnType<typeof setTimeout> | null;
  settle: (outcome: RequestOutcome) => void;
}

/** A request of another tab's, and who is told its id before it is sent. */
interface Asked {
  ask: Ask;
  tell: (id: string) => void;
}

export interface QueueHandlers {
  /** @returns Whether there was a connection. */
  send(text: string): boolean;
  /** Has another tab send it, which tells the id later. @returns Whether that tab has the connection. */
  passOn(ask: Ask): boolean;
  /** The pending requests have changed. */
  changed(): void;
  /** Something was refused without the server. */
  refused(why: string): void;
  /** Whether a change of games has nothing to change. */
  isDone(message: Message): boolean;
}

export const DONE: RequestOutcome = { ok: true, credentialShared: false };

export function refusal(code: string, message: string): RequestOutcome {
  return { ok: false, code, message };
}

export class RequestQueue {
  /** In the order in which they were asked. */
  #pending: Request[] = [];
  #version: 1 | 2 | null = null;
  /** Names these requests to the server. */
  readonly #run: string;
  /** The number of the run's next request. */
  #next = 1;
  /** The ids under which other tabs' requests were sent that are not answered yet, and when that was, by `monotonicMs`. */
  #others = new Map<string, number>();
  /** The requests of other tabs that wait for room. */
  #asked: Asked[] = [];
  /** Whether the next one to be sent is another tab's, if any waits: the tabs take turns. */
  #isOthersTurn = false;
  #frames = 0;
  #pace: Pace;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #handlers: QueueHandlers;
  #warnings = new WarnOnce();

  constructor(run: string, perSecond: number, handlers: QueueHandlers) {
    this.#run = run;
    this.#pace = new Pace(perSecond);
    this.#handlers = handlers;
  }

  get pending(): readonly Request[] {
    return this.#pending;
  }

  /** Asks for something, now or when there is a connection. @param key Differs from that of any other request. */
  add(key: string, message: Message): Promise<RequestOutcome> {
    const text = JSON.stringify(message);
    if (utf8Bytes(text) + ENVELOPE_BYTES > FRAME_BYTES_MAX) {
      return Promise.resolve(this.#refusal("too_large", `a frame may have ${FRAME_BYTES_MAX} bytes`));
    }
    if (this.#pending.length >= WAITING_MAX) {
      return Promise.resolve(this.#refusal("queue_full", `${WAITING_MAX} requests are waiting`));
    }
    return new Promise((resolve) => {
      const isUnsent = { id: null, lastSentAt: null, frame: null, failures: 0, pause: null };
      this.#pending.push({ key, message, text, ...isUnsent, settle: resolve });
      this.#handlers.changed();
      this.flush();
    });
  }

  /**
   * Sends a request of another tab's as soon as there is room for it.
   * @param tell Is told its id before, if it is new: this tab may end behind the sending.
   */
  sendFor(ask: Ask, tell: (id: string) => void): void {
    this.#asked.push({ ask, tell });
    this.flush();
  }

  /** Another tab has sent a request of this one's. */
  noteSent(key: string, id: string): void {
    const request = this.#pending.find((pending) => pending.key === key);
    if (request) request.id ??= id;
  }

  /** Whether an answer is to a request of this tab's. Without an id it may be. */
  isAsking(id: string | undefined): boolean {
    return id === undefined || this.#pending.some((request) => request.id === id);
  }

  /** The first frame of a connection has come. */
  connected(version: 1 | 2): void {
    this.#version = version;
    this.flush();
  }

  /** What was in flight may have been done or not. */
  disconnected(): void {
    clearTimeout(this.#timer);
    this.#version = null;
    this.#others.clear();
    this.#asked = [];
    for (const request of this.#pending) request.frame = null;
  }

  /**
   * This tab hears no more from others: what it has passed on may be sent, and it would not know under which id.
   * @param isForGood Whether it never will, so that it can't repeat what others have sent for it either: the server takes
   *   that for a word of theirs, and closes their sockets.
   */
  leaveOthers(isForGood = false): void {
    const isPassedOn = ({ id, frame }: Request) =>
      id === null ? this.#version === 2 && frame !== null : isForGood && !this.#isOwn(id);
    for (const request of this.#pending.filter(isPassedOn)) this.#forget(request);
  }

  /** Sends what can be sent. */
  flush(): void {
    for (const request of [...this.#pending]) {
      if (this.#version === null) return;
      if (request.frame !== null || request.pause !== null || this.#mustWait(request)) continue;
      if (this.#isOthersTurn) this.#sendAsked(1);
      if (!this.#hasRoom()) return;
      this.#send(request, this.#version);
      this.#isOthersTurn = true;
    }
    this.#sendAsked(Infinity);
  }

  /** Takes the answer to a request, if the frame is one. */
  answer(frame: FrameOf<"ack" | "error">): void {
    const isSettled = frame.type === "ack" || (frame.code !== "rate_limited" && frame.code !== "internal");
    if (this.#others.has(frame.id ?? "")) return this.#othersAnswer(frame, isSettled);
    // Frames are answered in order: one that the server could not read the id of was the first.
    const request = frame.id === undefined ? this.#inFlight[0] : this.#pending.find(({ id }) => id === frame.id);
    if (!request) return;
    if (frame.type === "ack") return this.settle(request, outcomeOf(frame));
    switch (frame.code) {
      case "rate_limited":
        return this.#refused(request, frame.retryAfterMs);
      case "internal":
        return this.#pause(request);
      case "too_old":
        this.#forget(request);
        return this.flush();
      default:
        this.settle(request, refusal(frame.code, frame.message));
    }
  }

  /** Takes the answer to a request of another tab's. */
  #othersAnswer(frame: FrameOf<"ack" | "error">, isSettled: boolean): void {
    const { id = "" } = frame;
    const sentAt = this.#others.get(id) ?? 0;
    if (isSettled) this.#others.delete(id);
    if (frame.type === "error" && frame.code === "rate_limited") this.#slowDown(sentAt, frame.retryAfterMs);
    // There may be a number again for what waits.
    this.flush();
  }

  /** The server refused something in version 1, where it does not say what: joins and leaves may be repeated. */
  slowDown(retryAfterMs: unknown): void {
    for (const request of this.#inFlight) this.#refused(request, retryAfterMs);
  }

  /** The server has ended the connection over a frame that was too large: the longest, most likely. */
  tooLarge(): void {
    const [longest] = this.#inFlight.sort((a, b) => b.text.length - a.text.length);
    if (longest) this.settle(longest, this.#refusal("too_large", "the server takes no frame of this size"));
  }

  settle(request: Request, outcome: RequestOutcome): void {
    const at = this.#pending.indexOf(request);
    if (at < 0) return;
    this.#pending.splice(at, 1);
    clearTimeout(request.pause ?? undefined);
    this.#handlers.changed();
    request.settle(outcome);
    this.flush();
  }

  /** It is over: nothing waits any longer. Whoever calls tells of the change. */
  settleAll(outcomeOf: (message: Message) => RequestOutcome): void {
    this.disconnected();
    for (const { pause } of this.#pending) clearTimeout(pause ?? undefined);
    for (const request of this.#pending.splice(0)) request.settle(outcomeOf(request.message));
  }

  /** The requests that wait for an answer on this connection, in the order in which they were sent. */
  get #inFlight(): Request[] {
    return this.#pending.filter(({ frame }) => frame !== null).sort((a, b) => Number(a.frame) - Number(b.frame));
  }

  #refusal(code: string, message: string): RequestOutcome {
    this.#handlers.refused(message);
    return refusal(code, message);
  }

  #send(request: Request, version: 1 | 2): void {
    const { key, message, text } = request;
    // Version 1 can't tell a repetition.
    if (version === 1 && request.id !== null && subjectOf(message) === null) return this.#forget(request);
    if (version === 1 && isOnlyVersion2(message)) {
      return this.settle(request, this.#refusal("unsupported", "this server speaks version 1"));
    }
    if (version === 1) {
      if (!this.#handlers.send(text)) return;
    } else if (!this.#handlers.passOn({ key, text, id: request.id })) {
      const id = request.id ?? `${this.#run}.${this.#next}`;
      if (!this.#handlers.send(framed(id, request.id !== null, text))) return;
      request.id ??= this.#newId();
    }
    this.#pace.spend();
    request.lastSentAt = monotonicMs();
    request.frame = this.#frames++;
    // Version 1 answers nothing but tells everybody of a game that came or went.
    const isAnswered = isAboutGame(message) && !this.#handlers.isDone(message);
    if (version === 1 && !isAnswered) this.settle(request, DONE);
  }

  #isOwn(id: string): boolean {
    return id.startsWith(`${this.#run}.`);
  }

  #newId(): string {
    return `${this.#run}.${this.#next++}`;
  }

  /** Nobody can find out any more whether it was done. */
  #forget(request: Request): void {
    request.id = request.frame = null;
    if (subjectOf(request.message) !== null) return;
    this.settle(request, this.#refusal("unknown", "the connection broke before the answer"));
  }

  /** The server has failed, and may do so again: it is asked ever more seldom. */
  #pause(request: Request): void {
    request.frame = null;
    request.pause = setTimeout(() => {
      request.pause = null;
      this.flush();
    }, backoffMs(request.failures++));
  }

  /**
   * Requests about the same thing are done in order, also if the first must be tried again. One that was sent comes
   * before all others, since nothing new is sent while it keeps the window full.
   */
  #mustWait(request: Request): boolean {
    if (this.#version === 2 && request.id === null && this.#isFull()) return true;
    const subject = subjectOf(request.message);
    if (subject === null) return false;
    const same = this.#pending.filter(({ message }) => subjectOf(message) === subject);
    const first = same.find(({ id }) => id !== null) ?? same[0];
    return first !== request;
  }

  /** Whether the next number must wait until one that the server would forget by it is settled. */
  #isFull(): boolean {
    const ids = [...this.#others.keys(), ...this.#pending.map(({ id }) => id)];
    return ids.some((id) => {
      const [run, n] = id?.split(".") ?? [];
      return run === this.#run && Number(n) <= this.#next - WINDOW;
    });
  }

  /** @returns Whether one more may be sent; if not, all will be tried again when it may. */
  #hasRoom(): boolean {
    const waitMs = this.#pace.earn();
    if (waitMs > 0) this.#flushAfter(waitMs);
    return waitMs === 0;
  }

  /** Sends requests of other tabs, as many as there is room for. @param most So many at most. */
  #sendAsked(most: number): void {
    for (let sent = 0; sent < most; sent++) {
      const [asked] = this.#asked;
      if (!asked || this.#version === null || (asked.ask.id === null && this.#isFull()) || !this.#hasRoom()) return;
      this.#isOthersTurn = false;
      this.#asked.shift();
      this.#sendFor(asked);
    }
  }

  #sendFor({ ask: { text, id }, tell }: Asked): void {
    const given = id ?? this.#newId();
    if (id === null) tell(given);
    this.#pace.spend();
    this.#others.set(given, monotonicMs());
    this.#handlers.send(framed(given, id !== null, text));
  }

  /** The server has refused a request of this tab's for now. */
  #refused(request: Request, retryAfterMs: unknown): void {
    request.frame = null;
    this.#slowDown(request.lastSentAt ?? monotonicMs(), retryAfterMs);
  }

  #slowDown(sentAt: number, retryAfterMs: unknown): void {
    const askedMs = numberOfServer("retryAfterMs", retryAfterMs, RETRY_AFTER_MS, this.#warnings);
    this.#flushAfter(this.#pace.slowDown(sentAt, askedMs));
  }

  #flushAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), Math.ceil(ms));
  }
}

/** A request as it is sent. */
function framed(id: string, isAgain: boolean, text: string): string {
  return `{"id":"${id}",${isAgain ? '"again":true,' : ""}${text.slice(1)}`;
}

/** The outcome of a request that was done. An answer that says so once more does not say what it had ended. */
function outcomeOf({ repeated, ended, credentialShared = false, complete = true }: FrameOf<"ack">): RequestOutcome {
  if (repeated) return { ok: true, credentialShared: null };
  return { ok: true, credentialShared, ...(ended && { ended, complete }) };
}

/** Whether it joins or leaves a game. */
export function isAboutGame({ type }: Message): boolean {
  return type === "join_game" || type === "leave_game";
}

/** Whether a server of version 1 could not do it. */
export function isOnlyVersion2({ type, to, except }: Message): boolean {
  return (ONLY_VERSION_2 as readonly string[]).includes(type) || to !== undefined || except !== undefined;
}

/**
 * The thing that a message sets. Setting it twice does no harm, and `null` is for messages that might do some:
 * an event would be heard twice, and a logout end what was signed in since, which may be days later.
 */
function subjectOf(message: Message): string | null {
  const { type } = message;
  if (isAboutGame(message)) return `game ${String(message["gameId"])}`;
  return SETTING.includes(type) ? type : null;
}
