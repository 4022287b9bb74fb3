/**
 * One socket to the server at a time, again and again: which version is spoken, when to come back,
 * and whether the other side is still there.
 */
import { Retries } from "./backoff.js";
import { type Moment, moment } from "./clock.js";
import {
  type Attempt,
  type ConnectionHandlers,
  type ConnectionSettings,
  ENDINGS_BY_CODE,
  type Ending,
  type Outcome,
  type Start,
  newAttempt,
  noMetrics,
} from "./connection-types.js";
import { Deadline } from "./deadline.js";
import { FrameReader } from "./frames.js";
import { Outage, TOKEN_LATE } from "./outage.js";
import { watchPolicy } from "./page.js";
import { NO_CLOSE, type SessionProblem, problemOf, problemOfClose, problemOfError } from "./problem.js";
import { LOGOUT_REASON, PROTOCOL_VERSION_1, PROTOCOL_VERSION_2 } from "./protocol.js";
import { DOUBTED_PONG_MS, Pulse } from "./pulse.js";
import { Renewals } from "./renewals.js";
import { WarnOnce } from "./warnings.js";
import { CLOSED, OPEN, type Socket, closeSocket, socketClass } from "./sockets.js";
import { Strays } from "./strays.js";
import type { Found } from "./tab-guest.js";
import { TicketOffice } from "./ticket.js";
import { VersionProbe } from "./version-probe.js";
import { VersionChoice } from "./versions.js";

/** How long a connection may take from the first attempt to the first frame. */
const CONNECT_MS = 15_000;
/** A connection that ends sooner counts as one more failure. */
const STABLE_MS = 5_000;
/** A connection whose credential ends sooner was let in in vain. */
const IN_VAIN_MS = 1_000;

export class Connection {
  readonly metrics = noMetrics();
  /** When a socket last brought anything. */
  lastReceivedAt: Moment = { at: -Infinity, wallAt: -Infinity };
  #settings: ConnectionSettings;
  #handlers: ConnectionHandlers;
  #isRunning = false;
  #socket: Socket | null = null;
  /** Counts the attempts, so that what an earlier one still brings is not taken for this one's. */
  #attempt = 0;
  #isAttempting = false;
  #versions = new VersionChoice();
  #strays = new Strays();
  /** Finds out whether a server that is taken for an older one is. */
  #probe = new VersionProbe();
  #tickets = new TicketOffice();
  /** Which version the socket speaks. */
  #version: 1 | 2 = 1;
  #hasFirstFrame = false;
  /** The newest attempt. */
  #tried: Attempt | null = null;
  #outage: Outage;
  /** Whether it waits for something other than time. */
  #isStalled = false;
  /** Whether this client was let in since it was started. */
  #wasLetIn = false;
  #renewals: Renewals;
  /** Ends the watch for a policy of the page that forbids the connection. */
  #stopPolicy = () => {};
  #retries = new Retries(() => void this.#connect());
  #pulse: Pulse;
  #warnings = new WarnOnce();
  #reader = new FrameReader(this.#warnings);

  constructor(settings: ConnectionSettings, handlers: ConnectionHandlers) {
    this.#settings = settings;
    this.#handlers = handlers;
    this.#renewals = new Renewals(settings);
    this.#pulse = new Pulse(settings.heartbeatMs, this.metrics, {
      send: (text) => this.send(text),
      silent: () => this.#timedOut(),
      beaten: () => {
        if (!this.#versions.takeDoubt()) return;
        this.#probe.start(settings.WebSocket, handlers.address, this.metrics, () => {
          this.#versions.opened(2);
          this.move();
        });
      },
    });
    this.#outage = new Outage({
      attempt: () => this.#tried,
      changed: () => this.#handlers.problemChanged(),
      refused: (problem, attempt) => this.#refused(problem, attempt),
      decided: () => {
        if (this.#isRunning && !this.#isAttempting && !this.#socket) this.#retries.later();
      },
    }, settings);
  }

  /** Why there is no connection, `null` if there is one, or was a moment ago. */
  get problem(): SessionProblem | null {
    return this.#outage.problem;
  }

  /** Begins, or begins again after an ending. */
  start({ isRenewed = false }: Start = {}): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#wasLetIn = false;
    this.#tickets.begin();
    const failures = this.#renewals.begin(isRenewed);
    this.#outage.begin();
    this.#retries.failures = failures ?? 0;
    if (failures === null) void this.#connect();
    else this.#retries.later();
  }

  /** Closes the socket and makes no other. */
  stop(): void {
    this.#isRunning = false;
    this.#rest();
  }

  /** Closes the socket until the next `wake`: the page is being left, and may come back. */
  suspend(): void {
    if (!this.#isRunning) return;
    this.#isStalled = false;
    this.#rest();
    this.#handlers.dropped();
  }

  /** Connects at once if it was waiting to, and finds out whether an open socket still works. */
  wake(): void {
    if (!this.#isRunning || this.#isStalled) return;
    if (!this.#isAttempting && !this.#socket) void this.#connect();
    else if (this.#hasFirstFrame) this.#pulse.ping(DOUBTED_PONG_MS);
    else this.#pulse.expectAnswer(DOUBTED_PONG_MS);
  }

  /** The same, since the app wants it. @param isRenewed Whether it is because there is another token. */
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

  /** Closes for good: the server has said that it is over. */
  end(ending: Ending, reason: string): void {
    if (!this.#isRunning) return;
    this.#renewals.ended();
    this.stop();
    this.#handlers.ended(ending, reason);
  }

  /** The same for a connection that a newer one has replaced, unless the server means an earlier attempt. */
  async replaced(reason: string): Promise<void> {
    if (this.#strays.take()) return this.#lost(null);
    const attempt = this.#attempt;
    // A tab that was frozen is replaced when the one that leads now repeats what it has sent.
    if (this.#settings.group && !(await this.#settings.group.confirm())) return;
    if (attempt === this.#attempt) this.end("replaced", reason);
  }

  /** Leaves the socket, another tab's or this one's, for the one that there is now. */
  move(): void {
    if (!this.#isRunning) return;
    this.#abandon();
    // A request that another tab has repeated for this one may reach the server late, and ends a socket of its run.
    this.#strays.note();
    void this.#connect();
    this.#handlers.dropped();
  }

  async #connect(): Promise<void> {
    this.#retries.cancel();
    const attempt = ++this.#attempt;
    this.#isAttempting = true;
    this.#isStalled = false;
    this.metrics.attempts++;
    this.#outage.begin();
    this.#pulse.expectAnswer(CONNECT_MS);
    const tried = (this.#tried = newAttempt());
    if (this.#settings.ready) await this.#settings.ready;
    if (attempt !== this.#attempt) return;
    const { group } = this.#settings;
    if (group && !this.#mustOpen(attempt, await group.find(this.#handlers.known()))) return;
    const given = this.#settings.token();
    tried.isToken = typeof given === "function";
    try {
      tried.token = (typeof given === "function" ? await given() : given) ?? null;
      tried.isToken = false;
      if (attempt !== this.#attempt) return;
      // It would be refused again.
      const reason = this.#renewals.reasonAgainst(tried.token);
      if (reason !== null) return this.end("unauthorized", reason);
      tried.address = this.#handlers.address();
      const Socket = socketClass(this.#settings.WebSocket, this.#warnings);
      // The browser may tell of it later than of the socket that failed by it.
      this.#stopPolicy();
      this.#stopPolicy = watchPolicy(tried.address, tried.token !== null, (policy) => {
        if (!this.#hasFirstFrame) this.#fail(problemOf("policy", policy, false));
      });
      const hasCredential = tried.token !== null && this.#versions.offersVersion2;
      const credential = hasCredential ? await this.#tickets.protocolFor(tried) : "";
      if (attempt !== this.#attempt) return;
      if (typeof credential === "string") this.#open(Socket, tried, credential);
      else this.#over(credential);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      this.#fail(problemOfError(error, tried.isToken, typeof given === "function"));
    }
  }

  /** @param found How another tab has this one connected, if any. @returns Whether it must open a socket of its own. */
  #mustOpen(attempt: number, found: Found): boolean {
    if (attempt !== this.#attempt) return false;
    if (found.kind === "own") return true;
    if (found.kind === "ended") this.end(found.ending, found.reason);
    else if (found.kind === "failed") this.#fail(found.problem);
    else {
      this.#socket = found.socket;
      this.#opened(found.version);
      for (const text of found.frames) this.received(text);
    }
    return false;
  }

  /** @param credential The subprotocol that says who it is, empty if there is none. */
  #open(Socket: typeof WebSocket, tried: Attempt, credential: string): void {
    const versions = this.#versions.offersVersion2 ? [PROTOCOL_VERSION_2, PROTOCOL_VERSION_1] : [];
    tried.isUnshown = tried.token !== null && !credential;
    const socket = (this.#socket = new Socket(tried.address, credential ? [...versions, credential] : versions));
    const isCurrent = () => socket === this.#socket;
    socket.onopen = () => isCurrent() && this.#opened(socket.protocol === PROTOCOL_VERSION_2 ? 2 : 1);
    socket.onmessage = ({ data }) => isCurrent() && this.received(data);
    socket.onclose = ({ code, reason }) => isCurrent() && this.#closed(code, reason);
    // `close` follows and says as much, but not in every browser and from every cause.
    socket.onerror = () => new Deadline().set(0, () => isCurrent() && socket.readyState === CLOSED && this.#closed(NO_CLOSE, ""));
  }

  #opened(version: 1 | 2): void {
    this.#versions.opened(version);
    this.#isAttempting = false;
    this.#version = version;
    if (this.#tried) this.#tried.hasOpened = true;
    this.#handlers.opened(version);
  }

  /** The socket has brought something. */
  received(data: unknown): void {
    if (!this.#socket) return;
    this.metrics.framesReceived++;
    const frame = this.#reader.read(data, this.#version, !this.#hasFirstFrame);
    const isFirst = !this.#hasFirstFrame && frame?.type === "initial_state";
    if (this.#hasFirstFrame || isFirst) this.#pulse.answered();
    // An app that is told of a logout may leave the page.
    this.#settings.group?.relay(data, frame);
    if (frame?.type === "pong") return this.#pulse.ponged();
    if (isFirst) {
      this.#hasFirstFrame = this.#wasLetIn = true;
      this.#renewals.letIn();
      this.#outage.end();
      // A device that has sent nothing may hear late of its close.
      this.#pulse.begin();
    }
    if (frame) this.#handlers.frame(frame);
    this.lastReceivedAt = moment();
  }

  #closed(code: number, reason: string): void {
    this.metrics.lastClose = { code, reason, at: Date.now() };
    const outcome = { code, reason, problem: problemOfClose(code, reason), waitMs: 0 };
    if (!this.#tickets.mayAskAgain(code, reason)) return this.#over(outcome);
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
    if (ending === "replaced") return void this.replaced(reason);
    if (ending) return this.end(ending, reason);
    // A browser fails a socket whose server selects none of the protocols, and does not say why.
    const isPerhapsOlder = this.#isAttempting && this.#versions.isUnsure && code === NO_CLOSE;
    this.#retries.noteClose(code, this.#pulse.hasHeld(STABLE_MS));
    if (!isPerhapsOlder) return this.#lost(problem, code, waitMs);
    this.#outage.failed(problem, this.#tried);
    this.#abandon();
    this.#versions.offersVersion2 = false;
    void this.#connect();
  }

  /** The credential has ended: tries at once with the present one. */
  #renew(reason: string): void {
    const mustWait = this.#renewals.noteRenewal(this.#hasFirstFrame && !this.#pulse.hasHeld(IN_VAIN_MS));
    if (this.#pulse.hasHeld(STABLE_MS)) this.#retries.failures = 0;
    this.#abandon();
    this.#outage.dropped(problemOf("unauthorized", reason || "the credential has ended"));
    if (mustWait) this.#retries.later();
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
    if (this.#settings.group?.distrust()) return;
    if (this.#pulse.hasHeld(STABLE_MS) && this.#pulse.hasPonged) this.#retries.failures = 0;
    this.#lost(this.#tried?.isToken ? problemOf("token_failed", TOKEN_LATE) : null);
  }

  /** The connection or the attempt has come to nothing: there will be another. */
  #lost(problem: SessionProblem | null, code?: number, waitMs = 0): void {
    const wasLetIn = this.#hasFirstFrame;
    this.#abandon();
    if (wasLetIn) this.#outage.dropped(problem);
    else this.#outage.failed(problem, this.#tried);
    if (!this.#outage.isDeciding) this.#retries.later(waitMs);
    this.#handlers.dropped(code);
  }

  /** No socket can be made, or none that gets anywhere. */
  #fail(problem: SessionProblem): void {
    this.#abandon();
    this.#outage.failed(problem, null);
    this.#isStalled = !problem.retryable;
    if (problem.retryable) this.#retries.later();
    this.#handlers.dropped();
  }

  #rest(): void {
    this.#stopPolicy();
    this.#abandon();
    this.#outage.end();
  }

  /** Lets go of the attempt or the socket, which may tell of its close at once, and on a dead network only minutes later. */
  #abandon(): void {
    this.#retries.cancel();
    this.#pulse.stop();
    this.#versions.ended(this.#isAttempting);
    if (this.#isAttempting && this.#socket) this.#strays.note();
    this.#attempt++;
    this.#isAttempting = false;
    this.#hasFirstFrame = false;
    this.#tickets.cancel();
    this.#probe.stop();
    this.#settings.group?.release();
    const socket = this.#socket;
    this.#socket = null;
    closeSocket(socket);
  }
}
