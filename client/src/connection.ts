/**
 * One socket to the server at a time, again and again: which version is spoken, when to come back,
 * and whether the other side is still there.
 */
import type { Attempt } from "./http-probe.js";
import { FAILURES_BY_CLOSE, backoffMs } from "./backoff.js";
import { type Moment, moment, monotonicMs } from "./clock.js";
import {
  type ConnectionHandlers,
  type ConnectionSettings,
  ENDINGS_BY_CODE,
  type Ending,
  type Outcome,
  type Start,
  noMetrics,
} from "./connection-types.js";
import { Deadline } from "./deadline.js";
import { FrameReader } from "./frames.js";
import { Outage } from "./outage.js";
import { watchPolicy } from "./page.js";
import { NO_CLOSE, type SessionProblem, problemOf, problemOfClose, problemOfError } from "./problem.js";
import { HEARTBEAT, LOGOUT_REASON, PROTOCOL_VERSION_1, PROTOCOL_VERSION_2 } from "./protocol.js";
import { Renewals } from "./renewals.js";
import { WarnOnce } from "./warnings.js";
import { CLOSED, OPEN, closeSocket, socketClass } from "./sockets.js";
import { Strays } from "./strays.js";
import { TicketOffice } from "./ticket.js";
import { VersionProbe } from "./version-probe.js";
import { VersionChoice } from "./versions.js";

/** How long a connection may take from the first attempt to the first frame. */
const CONNECT_MS = 15_000;
/** How long a pong may take. */
const PONG_MS = 10_000;
/** The same when there is reason to doubt the connection: the page wakes, the network has changed. */
const DOUBTED_PONG_MS = 5_000;
/** A connection that ends sooner counts as one more failure. */
const STABLE_MS = 5_000;
/** A connection whose credential ends sooner was let in in vain. */
const IN_VAIN_MS = 1_000;

type Timer = ReturnType<typeof setTimeout> | undefined;

export class Connection {
  readonly metrics = noMetrics();
  /** When a socket last brought anything, or another tab's had. */
  lastReceivedAt: Moment = { at: -Infinity, wallAt: -Infinity };
  #settings: ConnectionSettings;
  #handlers: ConnectionHandlers;
  #isRunning = false;
  #socket: WebSocket | null = null;
  /** Counts the attempts, so that what an earlier one still brings is not taken for this one's. */
  #attempt = 0;
  #isAttempting = false;
  #failures = 0;
  #versions = new VersionChoice();
  #strays = new Strays();
  /** Finds out whether a server that is taken for an older one is. */
  #probe = new VersionProbe();
  #tickets = new TicketOffice();
  /** Which version the socket speaks. */
  #version: 1 | 2 = 1;
  #hasFirstFrame = false;
  /** When the first frame came, by `monotonicMs`. */
  #firstFrameAt = 0;
  #hasPonged = false;
  /** The newest attempt. */
  #tried: Attempt | null = null;
  #outage: Outage;
  /** Whether it waits for something other than time. */
  #isStalled = false;
  /** Whether this client was let in since it was started. */
  #wasLetIn = false;
  #renewals: Renewals;
  #unwatchPolicy = () => {};
  #pingedAt: number | null = null;
  #retryTimer: Timer;
  #heartbeatTimer: Timer;
  /** Runs out unless a frame comes. */
  #answer = new Deadline();
  #warnings = new WarnOnce();
  #reader = new FrameReader(this.#warnings);

  constructor(settings: ConnectionSettings, handlers: ConnectionHandlers) {
    this.#settings = settings;
    this.#handlers = handlers;
    this.#renewals = new Renewals(settings);
    this.#outage = new Outage({
      attempt: () => this.#tried,
      changed: () => this.#handlers.problemChanged(),
      refused: (problem, attempt) => this.#refused(problem, attempt),
      decided: () => {
        if (this.#isRunning && !this.#isAttempting && !this.#socket) this.#retryLater();
      },
    });
  }

  /** Why there is no connection, `null` if there is one, or was a moment ago. */
  get problem(): SessionProblem | null {
    return this.#outage.problem;
  }

  /** Begins, or begins again after an ending. */
  start({ isRenewed = false, waitedMs = 0 }: Start = {}): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#wasLetIn = false;
    this.#tickets.begin();
    const failures = this.#renewals.begin(isRenewed);
    this.#failures = failures ?? 0;
    this.#outage.begin(waitedMs);
    if (failures === null) void this.#connect();
    else this.#retryLater();
  }

  /** Closes the socket and makes no other. */
  stop(): void {
    this.#isRunning = false;
    this.#unwatchPolicy();
    this.#abandon();
    this.#outage.end();
  }

  /** Closes the socket until the next `wake`: the page is being left, and may come back. */
  suspend(): void {
    if (!this.#isRunning) return;
    this.#isStalled = false;
    this.#unwatchPolicy();
    this.#abandon();
    this.#outage.end();
    this.#handlers.dropped();
  }

  /** Connects at once if it was waiting to, and finds out whether an open socket still works. */
  wake(): void {
    if (!this.#isRunning || this.#isStalled) return;
    if (!this.#isAttempting && !this.#socket) void this.#connect();
    else if (this.#hasFirstFrame) this.#ping(DOUBTED_PONG_MS);
    else this.#expectAnswer(DOUBTED_PONG_MS);
  }

  /**
   * The same, since the app wants it.
   * @param isRenewed Whether it is because there is another token.
   */
  retry(isRenewed = false): void {
    this.#isStalled = false;
    this.#outage.askAgain();
    if (isRenewed && this.#isAttempting && this.#tried?.isToken) void this.#connect();
    else this.wake();
  }

  /** Tells of the problem, known or not: there is no connection for long enough. */
  tellProblem(): void {
    if (this.#isRunning && !this.#hasFirstFrame) this.#outage.tell();
  }

  /** @returns Whether there was an open socket to send it on. */
  send(text: string): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(text);
    this.metrics.framesSent++;
    return true;
  }

  /** Closes for good: the server has said that it is over, unless it means an earlier attempt. */
  end(ending: Ending, reason: string): void {
    if (ending === "replaced" && this.#strays.take()) return this.#lost(null);
    this.#renewals.ended();
    this.stop();
    this.#handlers.ended(ending, reason);
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#retryTimer);
    const attempt = ++this.#attempt;
    this.#isAttempting = true;
    this.#isStalled = false;
    this.metrics.attempts++;
    this.#outage.begin();
    this.#expectAnswer(CONNECT_MS);
    const given = this.#settings.token();
    const tried: Attempt = { address: "", token: null, isToken: typeof given === "function", isUnshown: false, hasOpened: false };
    this.#tried = tried;
    try {
      tried.token = (typeof given === "function" ? await given() : given) ?? null;
      tried.isToken = false;
      if (attempt !== this.#attempt) return;
      // It would be refused again.
      const reason = this.#renewals.reasonAgainst(tried.token);
      if (reason !== null) return this.end("unauthorized", reason);
      tried.address = this.#settings.address();
      const Socket = socketClass(this.#settings.WebSocket, this.#warnings);
      this.#watchPolicy(tried);
      const hasCredential = tried.token !== null && this.#versions.offersVersion2;
      const credential = hasCredential ? await this.#tickets.protocolFor(tried) : "";
      if (attempt !== this.#attempt) return;
      if (typeof credential === "string") this.#open(Socket, tried, credential);
      else this.#over(credential);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      const problem = problemOfError(error, tried.isToken);
      // A function may give a better one next time.
      const isRetryable = problem.code === "invalid_token" && typeof given === "function";
      this.#fail(isRetryable ? { ...problem, retryable: true } : problem);
    }
  }

  /** @param credential The subprotocol that says who it is, empty if there is none. */
  #open(Socket: typeof WebSocket, tried: Attempt, credential: string): void {
    const attempt = this.#attempt;
    const protocols = this.#versions.offersVersion2 ? [PROTOCOL_VERSION_2, PROTOCOL_VERSION_1] : [];
    if (credential) protocols.push(credential);
    tried.isUnshown = tried.token !== null && !credential;
    const isCurrent = () => attempt === this.#attempt;
    const socket = new Socket(tried.address, protocols);
    this.#socket = socket;
    socket.onopen = () => isCurrent() && this.#opened(socket);
    socket.onmessage = ({ data }) => isCurrent() && this.#received(data);
    socket.onclose = ({ code, reason }) => isCurrent() && this.#closed(code, reason);
    // `close` follows and says as much, but not in every browser and from every cause.
    socket.onerror = () => new Deadline().set(0, () => isCurrent() && socket.readyState === CLOSED && this.#closed(NO_CLOSE, ""));
  }

  /** The browser may tell of a policy later than of the socket that failed by it. */
  #watchPolicy({ address, token }: Attempt): void {
    this.#unwatchPolicy();
    this.#unwatchPolicy = watchPolicy(address, token !== null, (policy) => {
      if (!this.#hasFirstFrame) this.#fail(problemOf("policy", policy, false));
    });
  }

  #opened(socket: WebSocket): void {
    const version = socket.protocol === PROTOCOL_VERSION_2 ? 2 : 1;
    this.#versions.opened(version);
    this.#isAttempting = false;
    this.#version = version;
    if (this.#tried) this.#tried.hasOpened = true;
    this.#handlers.opened(version);
  }

  #received(data: unknown): void {
    this.metrics.framesReceived++;
    const frame = this.#reader.read(data, this.#version, !this.#hasFirstFrame);
    const isFirst = !this.#hasFirstFrame && frame?.type === "initial_state";
    if (this.#hasFirstFrame || isFirst) this.#answer.clear();
    if (frame?.type === "pong") return this.#ponged();
    if (isFirst) {
      this.#hasFirstFrame = this.#wasLetIn = true;
      this.#renewals.letIn();
      this.#outage.end();
      this.metrics.connections++;
      this.metrics.connectedAt = Date.now();
      this.#firstFrameAt = monotonicMs();
      // A device that has sent nothing may hear late of its close.
      this.#beat();
    }
    if (frame) this.#handlers.frame(frame);
    this.lastReceivedAt = moment();
  }

  #closed(code: number, reason: string): void {
    this.metrics.lastClose = { code, reason, at: Date.now() };
    const problem = problemOfClose(code, reason);
    if (!this.#tickets.mayAskAgain(code, reason)) return this.#over({ code, reason, problem, waitMs: 0 });
    this.#abandon();
    void this.#connect();
  }

  /** The connection is over, or the attempt. */
  #over({ code, reason, problem, waitMs }: Outcome): void {
    const ending = reason === LOGOUT_REASON ? "logged_out" : ENDINGS_BY_CODE.get(code);
    const token = this.#tried?.token ?? null;
    // A token that the server has not been shown was not refused.
    if (ending === "unauthorized" && this.#tried?.isUnshown) return this.#lost(null);
    if (this.#renewals.noteRefusal(ending, token, this.#hasFirstFrame, reason)) return this.#renew(reason);
    if (ending) return this.end(ending, reason);
    // A browser fails a socket whose server selects none of the protocols, and does not say why.
    const isPerhapsOlder = this.#isAttempting && this.#versions.isUnsure && code === NO_CLOSE;
    if (this.#hasHeld()) this.#failures = 0;
    this.#failures = Math.max(this.#failures, FAILURES_BY_CLOSE.get(code) ?? 0);
    if (!isPerhapsOlder) return this.#lost(problem, code, waitMs);
    this.#outage.failed(problem, this.#tried);
    this.#abandon();
    this.#versions.offersVersion2 = false;
    void this.#connect();
  }

  /** The credential has ended: tries at once with the present one. */
  #renew(reason: string): void {
    const mustWait = this.#renewals.noteRenewal(this.#hasFirstFrame && !this.#hasHeld(IN_VAIN_MS));
    if (this.#hasHeld()) this.#failures = 0;
    this.#abandon();
    this.#outage.dropped(problemOf("unauthorized", reason || "the credential has ended"));
    if (mustWait) this.#retryLater();
    else void this.#connect();
    this.#handlers.dropped();
  }

  /** The server refuses by HTTP, which a WebSocket shows to nobody. */
  #refused({ code, message }: SessionProblem, attempt: Attempt): void {
    // The app's own sockets may say who it is in a way of their own.
    if (!this.#isRunning || this.#hasFirstFrame || this.#settings.isOwnWebSocket) return;
    // A proxy may mark requests and not sockets, so a 403 proves nothing to who was let in before.
    if (code !== "unauthorized" && (code !== "forbidden" || this.#wasLetIn)) return;
    if (this.#renewals.noteRefusal(code, attempt.token, false, message)) return this.retry();
    this.end(code, message);
  }

  #timedOut(): void {
    this.metrics.timeouts++;
    if (this.#hasHeld() && this.#hasPonged) this.#failures = 0;
    const { isToken } = this.#tried ?? {};
    this.#lost(isToken ? problemOf("token_failed", "the function `token` does not answer") : null);
  }

  /** The connection or the attempt has come to nothing: there will be another. */
  #lost(problem: SessionProblem | null, code?: number, waitMs = 0): void {
    const wasLetIn = this.#hasFirstFrame;
    this.#abandon();
    if (wasLetIn) this.#outage.dropped(problem);
    else this.#outage.failed(problem, this.#tried);
    if (!this.#outage.isDeciding) this.#retryLater(waitMs);
    this.#handlers.dropped(code);
  }

  /** No socket can be made, or none that gets anywhere. */
  #fail(problem: SessionProblem): void {
    this.#abandon();
    this.#outage.failed(problem, null);
    this.#isStalled = !problem.retryable;
    if (problem.retryable) this.#retryLater();
    this.#handlers.dropped();
  }

  #hasHeld(ms = STABLE_MS): boolean {
    return this.#hasFirstFrame && monotonicMs() - this.#firstFrameAt >= ms;
  }

  #retryLater(waitMs = 0): void {
    this.#retryTimer = setTimeout(() => void this.#connect(), waitMs + backoffMs(this.#failures++));
  }

  /** Lets go of the attempt or the socket. A dead network would keep it from closing for minutes. */
  #abandon(): void {
    for (const timer of [this.#retryTimer, this.#heartbeatTimer]) clearTimeout(timer);
    this.#answer.clear();
    this.#versions.ended(this.#isAttempting);
    if (this.#isAttempting && this.#socket) this.#strays.note();
    this.#attempt++;
    this.#isAttempting = false;
    this.#hasFirstFrame = false;
    this.#hasPonged = false;
    this.#pingedAt = null;
    this.#tickets.cancel();
    this.#probe.stop();
    closeSocket(this.#socket);
    this.#socket = null;
  }

  #beat(): void {
    this.#ping(PONG_MS);
    this.#heartbeatTimer = setTimeout(() => {
      this.#beat();
      if (this.#versions.takeDoubt()) this.#doubtVersion1();
    }, this.#settings.heartbeatMs);
  }

  /** The attempt before this connection may have failed by chance. */
  #doubtVersion1(): void {
    const { WebSocket: Socket, address } = this.#settings;
    if (!Socket) return;
    this.metrics.attempts++;
    this.#probe.start(
      () => new Socket(address(), [PROTOCOL_VERSION_2]),
      () => {
        this.#versions.opened(2);
        this.#abandon();
        void this.#connect();
        this.#handlers.dropped();
      },
    );
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

  #expectAnswer(patienceMs: number): void {
    this.#answer.advance(patienceMs, () => this.#timedOut());
  }
}
