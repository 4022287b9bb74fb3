/**
 * The requests to the server that are not answered yet. In version 2 every request gets an id when it is
 * first sent, and is repeated with it on each new connection until it is answered, so it is done, and done once.
 */
import { backoffMs } from "./backoff.js";
import { monotonicMs } from "./clock.js";
import type { FrameOf } from "./frames.js";
import { numberOfServer } from "./numbers.js";
import { type Message, isOnlyVersion2, isAboutGame, subjectOf } from "./messages.js";
import { Pace } from "./pace.js";
import { FRAME_BYTES_MAX, type RequestOutcome, type SessionValue } from "./protocol.js";
import type { TabRequests } from "./tab-requests.js";
import { WarnOnce } from "./warnings.js";
import { utf8Bytes } from "./texts.js";
import { NOT_THERE, doubt, isAsAsked, isBlind, write } from "./values.js";

/** The server knows of the newest 64 numbers of a run whether they were done. */
export const WINDOW = 64;
const WAITING_MAX = 256;
/** The most that an id and the sign of a repetition add to a message. */
const ENVELOPE_BYTES = '"id":"","again":true,'.length + 40;
/** How long the server may ask to wait. */
const RETRY_AFTER_MS = { usual: 1_000, least: 1, most: 60_000 };

/** Makes the next value of the one that there is. It may throw. */
export type Change = (now: unknown) => unknown;

export interface Request {
  message: Message;
  /** The thing that it sets, `null` if it may do harm when it is done twice. */
  subject: string | null;
  /** The subject of the request, if a newer one may take its place. */
  topic: string | null;
  /** Whether a newer one about the same may take its place before it is sent, and it that of another. */
  isReplaceable: boolean;
  /** The key of the value that it changes. */
  key: string | undefined;
  /** How it changes that, `null` if it sets what its message says. */
  change: Change | null;
  /** The version of the value that it was written for. */
  base: number;
  /** Whether nobody can tell any more if it was done, and only the value may show it. */
  isDoubted: boolean;
  /** The value before it, and as it is shown. */
  on: SessionValue | null;
  shown: SessionValue;
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

export interface QueueHandlers {
  /** @returns Whether there was a connection. */
  send(text: string): boolean;
  /** The pending requests have changed. */
  changed(): void;
  /** One is settled, and not pending any more. */
  settled(request: Request, outcome: RequestOutcome): void;
  /** The server's word of a value. */
  valueOf(key: string): SessionValue;
  /** The server has told what a value is. */
  conflict(frame: FrameOf<"error">): void;
  /** Something was refused without the server. */
  refused(why: string): void;
  /** Whether a change of games has nothing to change. */
  isDone(message: Message): boolean;
}

export const DONE: RequestOutcome & { ok: true } = { ok: true, credentialShared: false };

const REPLACED: RequestOutcome = { ...DONE, replaced: true };

export function refusal(code: string, message: string): RequestOutcome {
  return { ok: false, code, message };
}

export class RequestQueue {
  /** In the order in which they were asked. */
  readonly pending: Request[] = [];
  /** The protocol's version on the connection, `null` if there is none. */
  version: 1 | 2 | null = null;
  /** The requests of other tabs, `null` if none shares the connection. */
  others: TabRequests | null = null;
  /** Names these requests to the server. */
  readonly #run: string;
  /** The number of the run's next request. */
  #next = 1;
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

  /** Asks for something, now or when there is a connection. */
  add(message: Message, change: Change | null = null): Promise<RequestOutcome> {
    const text = JSON.stringify(message);
    if (utf8Bytes(text) + ENVELOPE_BYTES > FRAME_BYTES_MAX) {
      return Promise.resolve(this.#refusal("too_large", `a frame may have ${FRAME_BYTES_MAX} bytes`));
    }
    const { event, to, except, latest } = message;
    const key = message["key"] as string | undefined;
    const subject = subjectOf(message);
    const topic = latest ? JSON.stringify([event, to, except]) : subject;
    const isReplaceable = Boolean(latest) || isBlind(message, change);
    const at = isReplaceable ? this.pending.map((one) => one.topic).lastIndexOf(topic) : -1;
    const older = this.pending[at];
    // An event may as well not be repeated, but a value may have been set.
    const isReplaced = older?.isReplaceable && (latest ? older.frame === null : older.lastSentAt === null);
    if (!isReplaced && this.pending.length >= WAITING_MAX) {
      return Promise.resolve(this.#refusal("queue_full", `${WAITING_MAX} requests are waiting`));
    }
    return new Promise((resolve) => {
      const isUnsent = { id: null, lastSentAt: null, frame: null, failures: 0, pause: null };
      const ofValue = { key, change, base: 0, isDoubted: false, on: null, shown: NOT_THERE };
      const request: Request = { message, subject, topic, isReplaceable, text, ...isUnsent, ...ofValue, settle: resolve };
      this.pending.splice(isReplaced ? at : this.pending.length, Number(isReplaced ?? 0), request);
      if (isReplaced) {
        clearTimeout(older.pause ?? undefined);
        older.settle(REPLACED);
      }
      this.#handlers.changed();
      this.flush();
    });
  }

  /** Whether an answer is to a request of this tab's. Without an id it may be. */
  isAsking(id: string | undefined): boolean {
    return id === undefined || this.pending.some((request) => request.id === id);
  }

  /** The first frame of a connection has come. */
  connected(version: 1 | 2): void {
    this.version = version;
    this.flush();
  }

  /** What was in flight may have been done or not. */
  disconnected(): void {
    clearTimeout(this.#timer);
    this.version = null;
    this.others?.clear();
    for (const request of this.pending) request.frame = null;
  }

  /** Sends what can be sent. */
  flush(): void {
    for (const request of [...this.pending]) {
      if (this.version === null) return;
      if (request.frame !== null || request.pause !== null || this.#mustWait(request)) continue;
      this.others?.takeTurn();
      if (!this.#hasRoom()) return;
      this.#send(request, this.version);
      this.others?.giveTurn();
    }
    this.others?.flush();
  }

  /** Takes the answer to a request, if the frame is one. */
  answer(frame: FrameOf<"ack" | "error">): void {
    const isSettled = frame.type === "ack" || (frame.code !== "rate_limited" && frame.code !== "internal");
    if (this.others?.answer(frame, isSettled)) return this.flush();
    // Frames are answered in order: one that the server could not read the id of was the first.
    const request = frame.id === undefined ? this.#inFlight[0] : this.pending.find(({ id }) => id === frame.id);
    if (!request) return;
    if (frame.type === "ack") return this.settle(request, outcomeOf(frame));
    switch (frame.code) {
      case "rate_limited":
        this.#refused(request, frame.retryAfterMs);
        return this.#leaveToNewer(request);
      case "internal":
        this.#pause(request);
        return this.#leaveToNewer(request);
      case "too_old":
        this.forget(request);
        return this.flush();
      case "conflict":
        return this.#conflicted(request, frame);
      default:
        this.settle(request, refusal(frame.code, frame.message));
    }
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
    const at = this.pending.indexOf(request);
    if (at < 0) return;
    this.pending.splice(at, 1);
    clearTimeout(request.pause ?? undefined);
    this.#handlers.settled(request, outcome);
    request.settle(outcome);
    this.flush();
  }

  /** A value has not the version that a request was written for. */
  #conflicted(request: Request, frame: FrameOf<"error">): void {
    this.#handlers.conflict(frame);
    if (request.isDoubted) return this.settle(request, isAsAsked(request, frame.value) ? DONE : this.#unknown());
    const isForGood = !request.change || request.message["ifVersion"] !== undefined;
    if (isForGood) return this.settle(request, this.#refusal(frame.code, frame.message));
    request.id = request.frame = request.on = null;
    this.flush();
  }

  /** Only the newest counts, and a newer one may have been done by the time that this one would be. */
  #leaveToNewer(request: Request): void {
    const isOlder = this.pending.filter(({ topic }) => topic === request.topic).pop() !== request;
    if (request.message["latest"] && isOlder) this.settle(request, REPLACED);
  }

  #unknown(): RequestOutcome {
    return this.#refusal("unknown", "the connection broke before the answer");
  }

  /** It is over: nothing waits any longer. Whoever calls tells of the change. */
  settleAll(outcomeOf: (message: Message) => RequestOutcome): void {
    this.disconnected();
    for (const { pause } of this.pending) clearTimeout(pause ?? undefined);
    for (const request of this.pending.splice(0)) request.settle(outcomeOf(request.message));
  }

  /** The requests that wait for an answer on this connection, in the order in which they were sent. */
  get #inFlight(): Request[] {
    return this.pending.filter(({ frame }) => frame !== null).sort((a, b) => Number(a.frame) - Number(b.frame));
  }

  #refusal(code: string, message: string): RequestOutcome {
    this.#handlers.refused(message);
    return refusal(code, message);
  }

  #send(request: Request, version: 1 | 2): void {
    const { message } = request;
    if (version === 1) {
      // It can't tell a repetition.
      if (request.id !== null && request.subject === null) return this.forget(request);
      if (isOnlyVersion2(message)) return this.settle(request, this.#refusal("unsupported", "this server speaks version 1"));
    }
    if (request.key !== undefined && request.id === null && !request.isDoubted) {
      const fault = write(request, this.#handlers.valueOf(request.key));
      if (fault) return this.settle(request, this.#refusal(fault.code, fault.message));
    }
    if (!(version === 1 ? this.#handlers.send(request.text) : this.#sendNumbered(request))) return;
    this.#pace.spend();
    request.lastSentAt = monotonicMs();
    request.frame = this.#frames++;
    // Version 1 answers nothing but tells everybody of a game that came or went.
    const isAnswered = isAboutGame(message) && !this.#handlers.isDone(message);
    if (version === 1 && !isAnswered) this.settle(request, DONE);
  }

  /** @returns Whether it was sent, by this tab or another. */
  #sendNumbered(request: Request): boolean {
    if (this.others?.passOn(request)) return true;
    const id = request.id ?? `${this.#run}.${this.#next}`;
    const isSent = this.#handlers.send(framed(id, request.id !== null, request.text));
    if (isSent) request.id ??= this.newId();
    return isSent;
  }

  /** The id of a request that is sent for the first time. */
  newId(): string {
    return `${this.#run}.${this.#next++}`;
  }

  /** Nobody can find out any more whether it was done. */
  forget(request: Request): void {
    request.id = request.frame = null;
    if (request.key !== undefined) doubt(request);
    if (request.subject === null) this.settle(request, this.#unknown());
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
    if (this.version === 2 && request.id === null && this.#isFull()) return true;
    // The tab that sends it may have no room for the one before, and then the newest waits here.
    const isHeldUp = ({ id, frame, topic }: Request) => topic === request.topic && id === null && frame !== null;
    if (request.message["latest"] && this.pending.some(isHeldUp)) return true;
    if (request.subject === null) return false;
    const same = this.pending.filter(({ subject }) => subject === request.subject);
    const first = same.find(({ id }) => id !== null) ?? same[0];
    return first !== request;
  }

  /** Whether the next number must wait until one that the server would forget by it is settled. */
  #isFull(): boolean {
    const ids = [...(this.others?.ids ?? []), ...this.pending.map(({ id }) => id)];
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

  /** Whether a request of another tab's may be sent now. @param id The one that it has, `null` if it needs one. */
  mayTake(id: string | null): boolean {
    return this.version !== null && !(id === null && this.#isFull()) && this.#hasRoom();
  }

  /** Sends a request of another tab's. */
  sendFor(id: string, isAgain: boolean, text: string): void {
    this.#pace.spend();
    this.#handlers.send(framed(id, isAgain, text));
  }

  /** The server has refused a request of this tab's for now. */
  #refused(request: Request, retryAfterMs: unknown): void {
    request.frame = null;
    this.slowDownSince(request.lastSentAt ?? monotonicMs(), retryAfterMs);
  }

  /** Sends less from now on. @param sentAt When what the server has refused was sent, by `monotonicMs`. */
  slowDownSince(sentAt: number, retryAfterMs: unknown): void {
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
