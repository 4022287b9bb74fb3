/**
 * One socket to the server at a time, again and again: which version is spoken, when to come back,
 * and whether the other side is still there.
 */
import { backoffMs } from "./backoff.js";
import { monotonicMs } from "./clock.js";
import { believed } from "./frames.js";
import {
  type Frame,
  HEARTBEAT,
  LOGOUT_REASON,
  PROTOCOL_VERSION_1,
  PROTOCOL_VERSION_2,
  parseFrame,
} from "./protocol.js";
import { SaidOnce, shown } from "./say.js";

/** How long a connection may take from the first attempt to the first frame. */
const CONNECT_MS = 15_000;
/** How long a pong may take. */
const PONG_MS = 10_000;
/** The same when there is reason to doubt the connection: the page wakes, the network has changed. */
const DOUBTED_PONG_MS = 5_000;
/** A connection that ends sooner counts as one more failure. */
const STABLE_MS = 5_000;
/** After so many connections of version 1 the server is taken for an older one. */
const OLDER_FOR_SURE = 2;
/** It may be upgraded: every so many connections it is asked again. */
const OLDER_ASKED_AGAIN = 8;
const NORMAL_CLOSE = 1000;
/** The states of a socket, as every WebSocket numbers them; not every class has them as statics. */
const OPEN = 1;
const CLOSING = 2;

/** After these closes it is not worth coming back soon: how many failures they count for. */
const FAILURES_BY_CODE = new Map([
  [1008, 5],
  [1013, 2],
]);

/** Why a session is over for this tab, for good. */
export type Ending = "logged_out" | "replaced" | "unauthorized" | "forbidden";

const ENDINGS_BY_CODE = new Map<number, Ending>([
  [4401, "unauthorized"],
  [4403, "forbidden"],
  [4409, "replaced"],
]);

/** What names the user to a server that takes no cookie. */
export type Token = string | null | undefined | (() => TokenValue | Promise<TokenValue>);
type TokenValue = string | null | undefined;

/** What has been counted since the client was made. */
export interface ConnectionMetrics {
  /** Sockets that were tried. */
  attempts: number;
  /** Sockets that brought a first frame. */
  connections: number;
  /** When the last of them did, milliseconds since the Unix epoch, `null` if none has. */
  connectedAt: number | null;
  /** How long the last heartbeat's answer took, in milliseconds, `null` if none has come. */
  roundTripMs: number | null;
  /** Connections given up because an answer was overdue. */
  timeouts: number;
  framesSent: number;
  framesReceived: number;
  lastClose: { code: number; reason: string; at: number } | null;
}

export interface ConnectionHandlers {
  opened(version: 1 | 2): void;
  frame(frame: Frame): void;
  /** The socket is gone; there will be another. */
  dropped(): void;
  ended(ending: Ending, reason: string): void;
  /** No socket could be made. It will be tried again. */
  failed(message: string): void;
}

export interface ConnectionSettings {
  /** The address for the next socket. */
  address: () => string;
  token: () => Token;
  heartbeatMs: number;
  WebSocket: typeof WebSocket;
}

type Timer = ReturnType<typeof setTimeout> | undefined;

export class Connection {
  readonly metrics: ConnectionMetrics = {
    attempts: 0,
    connections: 0,
    connectedAt: null,
    roundTripMs: null,
    timeouts: 0,
    framesSent: 0,
    framesReceived: 0,
    lastClose: null,
  };

  /** When a socket last brought anything, or another tab's had, by `monotonicMs`. */
  heardAt = -Infinity;

  #settings: ConnectionSettings;
  #handlers: ConnectionHandlers;
  #isRunning = false;
  #socket: WebSocket | null = null;
  /** Counts the attempts, so that what an earlier one still brings is not taken for this one's. */
  #attempt = 0;
  #isAttempting = false;
  #failures = 0;
  #offersVersion2 = true;
  #knowsVersion2 = false;
  /** How often in a row the server took a socket without a subprotocol, after one with was failed. */
  #olderConnections = 0;
  /** Finds out whether a server that is taken for an older one is. */
  #probe: WebSocket | null = null;
  /** Which version the socket speaks. */
  #version: 1 | 2 = 1;
  #hasFirstFrame = false;
  /** When the first frame came, by `monotonicMs`. */
  #firstFrameAt = 0;
  #hasPonged = false;
  #triedNewToken = false;
  #pingedAt: number | null = null;
  #retryTimer: Timer;
  #heartbeatTimer: Timer;
  /** Runs out unless a frame comes. */
  #answerTimer: Timer;
  #answerDueAt = 0;
  #said = new SaidOnce();

  constructor(settings: ConnectionSettings, handlers: ConnectionHandlers) {
    this.#settings = settings;
    this.#handlers = handlers;
  }

  /** Begins, or begins again after an ending. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#failures = 0;
    this.#triedNewToken = false;
    void this.#connect();
  }

  /** Closes the socket and makes no other. */
  stop(): void {
    this.#isRunning = false;
    this.#abandon();
  }

  /** Closes the socket until the next `wake`: the page is being left, and may come back. */
  suspend(): void {
    if (!this.#isRunning) return;
    this.#abandon();
    this.#handlers.dropped();
  }

  /** Connects at once if it was waiting to, and finds out whether an open socket still works. */
  wake(): void {
    if (!this.#isRunning) return;
    if (!this.#isAttempting && !this.#socket) void this.#connect();
    else if (this.#hasFirstFrame) this.#ping(DOUBTED_PONG_MS);
    else this.#expectAnswer(DOUBTED_PONG_MS);
  }

  /** Whether frames can be sent. */
  get isOpen(): boolean {
    return this.#hasFirstFrame;
  }

  /** @returns Whether there was an open socket to send it on. */
  send(text: string): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(text);
    this.metrics.framesSent++;
    return true;
  }

  /** Closes for good: the server has said that it is over. */
  end(ending: Ending, reason: string): void {
    this.stop();
    this.#handlers.ended(ending, reason);
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#retryTimer);
    const attempt = ++this.#attempt;
    this.#isAttempting = true;
    this.metrics.attempts++;
    this.#expectAnswer(CONNECT_MS);
    try {
      const given = this.#settings.token();
      const token = typeof given === "function" ? await given() : given;
      if (attempt !== this.#attempt) return;
      this.#open(token ?? null, attempt);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      this.#abandon();
      this.#retryLater();
      this.#handlers.failed(error instanceof Error ? error.message : String(error));
    }
  }

  #open(token: string | null, attempt: number): void {
    const { WebSocket: Socket, address } = this.#settings;
    const protocols = this.#offersVersion2 ? [PROTOCOL_VERSION_2, PROTOCOL_VERSION_1] : [];
    if (token !== null && this.#offersVersion2) protocols.push(`bearer.${token}`);
    const socket = new Socket(address(), protocols);
    this.#socket = socket;
    const isCurrent = () => attempt === this.#attempt;
    socket.onopen = () => isCurrent() && this.#opened(socket);
    socket.onmessage = ({ data }) => isCurrent() && this.#received(data);
    socket.onclose = ({ code, reason }) => isCurrent() && this.#closed(code, reason);
    // `close` follows, and says as much.
    socket.onerror = () => {};
  }

  #opened(socket: WebSocket): void {
    const version = socket.protocol === PROTOCOL_VERSION_2 ? 2 : 1;
    if (version === 2) this.#knowsVersion2 = true;
    else if (!this.#offersVersion2) this.#olderConnections++;
    this.#isAttempting = false;
    this.#version = version;
    this.#handlers.opened(version);
  }

  #received(data: unknown): void {
    this.metrics.framesReceived++;
    const frame = this.#read(data);
    const isFirst = !this.#hasFirstFrame && frame?.type === "initial_state";
    if (this.#hasFirstFrame || isFirst) {
      clearTimeout(this.#answerTimer);
      this.#answerTimer = undefined;
    }
    if (frame?.type === "pong") return this.#ponged();
    if (isFirst) {
      this.#hasFirstFrame = true;
      this.#triedNewToken = false;
      this.metrics.connections++;
      this.metrics.connectedAt = Date.now();
      this.#firstFrameAt = monotonicMs();
      // A device that has sent nothing may hear late of its close.
      this.#beat();
    }
    if (frame) this.#handlers.frame(frame);
    this.heardAt = monotonicMs();
  }

  /** The frame, if it is one that may be believed. */
  #read(data: unknown): Frame | null {
    const frame = parseFrame(data);
    const read = frame && believed(frame, this.#version, !this.#hasFirstFrame);
    if (typeof read !== "string") return read;
    const type = shown(frame?.type);
    this.#said.warn(type, `a frame ${type} of the server's is ignored: ${read}`);
    return null;
  }

  #closed(code: number, reason: string): void {
    this.metrics.lastClose = { code, reason, at: Date.now() };
    const ending = reason === LOGOUT_REASON ? "logged_out" : ENDINGS_BY_CODE.get(code);
    if (ending && !this.#mayTryNewToken(ending)) return this.end(ending, reason);
    // A browser fails a socket whose server selects none of the protocols, and does not say why.
    const isPerhapsOlder = this.#isAttempting && this.#offersVersion2 && !this.#knowsVersion2;
    if (this.#hasHeld()) this.#failures = 0;
    this.#abandon();
    if (isPerhapsOlder || ending) {
      if (isPerhapsOlder) this.#offersVersion2 = false;
      void this.#connect();
      if (!ending) return;
    } else {
      this.#failures = Math.max(this.#failures, FAILURES_BY_CODE.get(code) ?? 0);
      this.#retryLater();
    }
    this.#handlers.dropped();
  }

  /** A token may just have expired: one that is made on demand is asked for once more. */
  #mayTryNewToken(ending: Ending): boolean {
    const isAllowed =
      ending === "unauthorized" && typeof this.#settings.token() === "function" && !this.#triedNewToken;
    if (isAllowed) this.#triedNewToken = true;
    return isAllowed;
  }

  #timedOut(): void {
    this.metrics.timeouts++;
    if (this.#hasHeld() && this.#hasPonged) this.#failures = 0;
    this.#abandon();
    this.#retryLater();
    this.#handlers.dropped();
  }

  #hasHeld(): boolean {
    return this.#hasFirstFrame && monotonicMs() - this.#firstFrameAt >= STABLE_MS;
  }

  #retryLater(): void {
    this.#retryTimer = setTimeout(() => void this.#connect(), backoffMs(this.#failures++));
  }

  /** Lets go of the attempt or the socket. A dead network would keep it from closing for minutes. */
  #abandon(): void {
    for (const timer of [this.#retryTimer, this.#heartbeatTimer, this.#answerTimer]) clearTimeout(timer);
    this.#answerTimer = undefined;
    if (this.#isAttempting && !this.#offersVersion2) this.#olderConnections = 0;
    const count = this.#olderConnections;
    this.#offersVersion2 = this.#knowsVersion2 || count < OLDER_FOR_SURE || count % OLDER_ASKED_AGAIN === 0;
    this.#attempt++;
    this.#isAttempting = false;
    this.#hasFirstFrame = false;
    this.#hasPonged = false;
    this.#pingedAt = null;
    for (const socket of [this.#socket, this.#probe]) {
      if (socket && socket.readyState < CLOSING) socket.close(NORMAL_CLOSE);
    }
    this.#socket = null;
    this.#probe = null;
  }

  #beat(): void {
    this.#ping(PONG_MS);
    this.#heartbeatTimer = setTimeout(() => {
      this.#beat();
      if (this.#olderConnections === 1) this.#doubtVersion1();
    }, this.#settings.heartbeatMs);
  }

  /** The attempt before this connection may have failed by chance: one beside it finds out. */
  #doubtVersion1(): void {
    this.#olderConnections++;
    this.metrics.attempts++;
    const probe = new this.#settings.WebSocket(this.#settings.address(), [PROTOCOL_VERSION_2]);
    this.#probe = probe;
    probe.onopen = () => {
      if (this.#probe !== probe) return;
      if (probe.protocol !== PROTOCOL_VERSION_2) return probe.close(NORMAL_CLOSE);
      this.#knowsVersion2 = true;
      this.#abandon();
      void this.#connect();
      this.#handlers.dropped();
    };
  }

  #ping(patienceMs: number): void {
    if (!this.send(HEARTBEAT)) return;
    this.#pingedAt ??= monotonicMs();
    this.#expectAnswer(patienceMs);
  }

  #ponged(): void {
    if (this.#pingedAt !== null) this.metrics.roundTripMs = monotonicMs() - this.#pingedAt;
    this.#pingedAt = null;
    this.#hasPonged = true;
  }

  /** Whoever asks later does not put off what is due earlier. */
  #expectAnswer(patienceMs: number): void {
    const dueAt = monotonicMs() + patienceMs;
    if (this.#answerTimer !== undefined && this.#answerDueAt <= dueAt) return;
    this.#answerDueAt = dueAt;
    clearTimeout(this.#answerTimer);
    this.#answerTimer = setTimeout(() => this.#timedOut(), patienceMs);
  }
}
