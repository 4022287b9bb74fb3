/** One tab's session: a connection, what was told on it and what was asked on it. */
import { ChosenPresence } from "./chosen-presence.js";
import { ageMs, moment } from "./clock.js";
import { Connection } from "./connection.js";
import type { ConnectionMetrics, ConnectionSettings, Ending, Start } from "./connection-types.js";
import { Deadline } from "./deadline.js";
import type { FrameOf, ServerFrame, UpdateFrame } from "./frames.js";
import { type Memory, SessionModel } from "./model.js";
import { type ProblemCode, type SessionProblem, problemOf } from "./problem.js";
import type { Presence, RequestOutcome, SessionChange } from "./protocol.js";
import { DONE, type Message, type Request, RequestQueue, isAboutGame, refusal } from "./requests.js";
import { stateToShow } from "./shown-state.js";
import { type ConnectionStatus, MESSAGE_OF_ENDING, type SessionSnapshot, blankSnapshot, isOver } from "./snapshot.js";

/** The address is that of the endpoint, with all of the query but what depends on what is known. */
export interface CoreSettings extends ConnectionSettings {
  /** Names this tab's requests to the server. */
  run: string;
  /** A request was sent for the first time, under this id. */
  sent: (key: string, id: string) => void;
  /** Does something unless another tab has begun to send in place of this one, which it may not know yet. */
  ifLeading: (then: () => void) => void;
  lostAfterMs: number;
  requestsPerSecond: number;
}

/**
 * Is told of every new snapshot, and what has happened with it.
 * @param isCounted Whether a frame with a number brought the changes.
 */
export type CoreListener = (changes: readonly SessionChange[], isCounted: boolean) => void;

/** The server's close over a frame that is too large: it must not be sent again. */
export const TOO_LARGE_CLOSE = 1009;
/** The problems that another token may solve. */
const TOKEN_PROBLEMS = new Set<ProblemCode | undefined>(["unauthorized", "forbidden", "invalid_token", "token_failed"]);
/** How long a new token may take: until then what was asked is not given up. */
const RENEWAL_MS = 3_000;
/** Timers of more than 24 days run out at once, and messages may live longer. */
const EXPIRY_MS_MAX = 3_600_000;

export const ENDED = refusal("ended", "the session is over for this tab");

export class SessionCore {
  snapshot: SessionSnapshot = blankSnapshot("idle", false);
  #model = new SessionModel();
  #connection: Connection;
  #queue: RequestQueue;
  #listener: CoreListener;
  #version: 1 | 2 = 1;
  #status: ConnectionStatus = "idle";
  /** The last refusal of a request, which is gone when its cause is, and the request's id. */
  #refusal: { message: string; id?: string | undefined } | null = null;
  /** Why it is over, if it is. */
  #ending: SessionProblem | null = null;
  #settings: CoreSettings;
  #lost = new Deadline();
  /** Runs while it is over and a new token may still come. */
  #renewal = new Deadline();
  /** Runs until the next message expires. */
  #expiry = new Deadline();
  /** Requests of version 1 that an error may be about, which has no id there, and the error. */
  #doubted: { requests: Request[]; error: RequestOutcome } | null = null;
  #chosenPresence = new ChosenPresence(this.#model, () =>
    this.#queue.pending.some(({ message }) => message.type === "update_presence"),
  );

  constructor(settings: CoreSettings, listener: CoreListener) {
    this.#listener = listener;
    this.#settings = settings;
    const address = () => settings.address() + this.#model.connecting();
    this.#connection = new Connection(
      { ...settings, address },
      {
        opened: (version) => (this.#version = version),
        frame: (frame) => this.#received(frame),
        dropped: (code) => this.#dropped(code),
        ended: (ending, reason) => this.#mayHaveEnded(ending, reason),
        problemChanged: () => this.#changed(),
      },
    );
    this.#queue = new RequestQueue(settings.run, settings.requestsPerSecond, {
      send: (text) => this.#connection.send(text),
      sent: settings.sent,
      ifLeading: settings.ifLeading,
      changed: () => this.#changed(),
      refused: (message) => this.#refuse({ message }),
      isDone: (message) => this.#isDone(message),
    });
  }

  get metrics(): ConnectionMetrics {
    return this.#connection.metrics;
  }

  get memory(): Memory {
    return this.#model.memory;
  }

  /** Whether it is over, and what is asked may still be done. */
  get isRenewable(): boolean {
    return this.#renewal.isSet;
  }

  /** Starts from what another tab knew. */
  adopt(memory: Memory): void {
    this.#model.memory = memory;
    this.#connection.lastReceivedAt = moment();
  }

  /** Another tab, which led, has found that it is over. */
  adoptEnd({ connectionStatus, problem }: SessionSnapshot): void {
    this.#ending = problem;
    this.#end(connectionStatus);
  }

  /** A presence that must be set again since nobody else has set one meanwhile, `null` if none. */
  get forgottenPresence(): Presence | null {
    return this.#chosenPresence.forgotten;
  }

  /**
   * @param isContinued Whether there was a connection a moment ago, of another tab.
   * @returns Whether it had not begun.
   */
  start(isContinued = false, how: Start = {}): boolean {
    if (this.#status !== "idle" && !isOver(this.#status)) return false;
    this.#renewal.clear();
    this.#status = isContinued && this.#model.memory.state ? "reconnecting" : "connecting";
    if (this.#status === "reconnecting") this.#soonLost();
    this.#refusal = this.#ending = null;
    this.#changed();
    this.#connection.start(how);
    return true;
  }

  /** There is another token: begins again what a refusal has ended. */
  renewed(): void {
    if (this.#status === "unauthorized" || this.#status === "forbidden") this.start(false, { isRenewed: true });
    else if (TOKEN_PROBLEMS.has(this.snapshot.problem?.code)) this.#connection.retry(true);
  }

  /** Connects at once where it would wait. */
  retry(): void {
    if (this.#status === "reconnecting") this.#soonLost();
    this.#connection.retry();
  }

  stop(): void {
    this.#connection.stop();
    this.#renewal.clear();
    this.#ending = null;
    this.#end("idle");
  }

  /** Stops without a word: another tab goes on. @returns What is not answered. */
  handOver(): Request[] {
    this.#connection.stop();
    this.#lost.clear();
    this.#expiry.clear();
    this.#doubted = this.#refusal = null;
    if (!isOver(this.#status)) this.#status = "idle";
    this.#renewal.clear();
    return this.#queue.handOver();
  }

  wake(): void {
    if (this.#status === "reconnecting") this.#soonLost();
    this.#connection.wake();
  }

  /** Closes the socket until `wake`. Nobody looks at the page meanwhile, so nothing is lost. */
  suspend(): void {
    this.#connection.suspend();
    this.#lost.clear();
  }

  /** @param id The id under which another tab has sent it, `null` if none has. */
  request(key: string, message: Message, id: string | null = null): Promise<RequestOutcome> {
    if (isOver(this.#status) && !this.isRenewable) return Promise.resolve(ENDED);
    const whyNot = this.#whyImpossible();
    if (whyNot) return Promise.resolve(whyNot);
    this.#chosenPresence.noteRequest(message);
    const refused = this.#refusal;
    return this.#queue.add(key, message, id).then((outcome) => {
      if (outcome.ok && refused && refused === this.#refusal) this.#refuse(null);
      return outcome;
    });
  }

  /** Forgets what was never sent and is not of this run. */
  forgetUnsent(run: string): void {
    this.#queue.forgetUnsent(run);
  }

  /** Another tab has sent a request that is pending here. */
  noteSent(key: string, id: string): void {
    this.#queue.noteSent(key, id);
  }

  #received(frame: Exclude<ServerFrame, FrameOf<"pong">>): void {
    switch (frame.type) {
      case "ack":
        if (frame.id === this.#refusal?.id) this.#refuse(null);
        return this.#queue.answer(frame);
      case "error":
        return this.#refused(frame);
      case "replaced":
        return this.#connection.end("replaced", "");
      case "logged_out":
        return this.#connection.end("logged_out", "");
      default:
        this.#applyUpdate(frame);
    }
  }

  #applyUpdate(frame: UpdateFrame): void {
    const before = this.#model.memory;
    const changes = this.#model.apply(frame);
    const isCounted = before.position !== this.#model.memory.position;
    const isFirst = frame.type === "initial_state";
    this.#chosenPresence.noteFrame(frame, before, ageMs(this.#connection.lastReceivedAt));
    if (isFirst) {
      this.#lost.clear();
      this.#status = "connected";
      this.#refusal = null;
    }
    if (this.#version === 1) this.#settleByState(frame);
    this.#expire();
    this.#changed(changes, isCounted && !isFirst);
    // A listener may have closed it.
    if (isFirst && this.#status === "connected") this.#queue.connected(this.#version);
  }

  #refused(frame: FrameOf<"error">): void {
    const isTooFast = frame.code === "rate_limited";
    // Whether a request that is too old comes to nothing depends on what it asks for.
    if (!isTooFast && frame.code !== "too_old") this.#refusal = { message: frame.message, id: frame.id };
    if (this.#version === 2) this.#queue.answer(frame);
    else if (isTooFast) this.#queue.slowDown(frame.retryAfterMs);
    else this.#doubt(refusal(frame.code, frame.message));
    this.#changed();
  }

  /** The state tells which requests an error without an id was about. It is asked for once: that may fail, too. */
  #doubt(error: RequestOutcome): void {
    if (this.#doubted) return;
    this.#doubted = { requests: this.#queue.pending.filter(({ frame }) => frame !== null), error };
    this.#connection.send('{"type":"sync_state"}');
  }

  /** In version 1 what the server tells of a game, or of the whole state, answers what was asked. */
  #settleByState(frame: UpdateFrame): void {
    const doubted = frame.type === "state" ? this.#doubted : null;
    if (doubted) this.#doubted = null;
    for (const request of this.#queue.pending.filter(({ message }) => isAboutGame(message))) {
      const isDone = this.#isDone(request.message);
      const answer = request.message.type === "join_game" ? "game_joined" : "game_left";
      const isMeant =
        request.lastSentAt !== null && frame.type === answer && frame.gameId === request.message["gameId"];
      if (doubted?.requests.includes(request)) this.#queue.settle(request, isDone ? DONE : doubted.error);
      else if (isMeant || (frame.type === "initial_state" && isDone)) this.#queue.settle(request, DONE);
    }
  }

  /** Whether a change of games is in the state already. */
  #isDone({ type, gameId }: Message): boolean {
    const games = this.#model.memory.state?.activeGames ?? [];
    return games.includes(String(gameId)) === (type === "join_game");
  }

  /** Messages expire without a word of the server's. */
  #expire(): void {
    const ms = this.#model.expire();
    if (ms === null) return this.#expiry.clear();
    this.#expiry.set(Math.min(ms, EXPIRY_MS_MAX), () => {
      this.#expire();
      this.#changed();
    });
  }

  #dropped(code = 0): void {
    if (code === TOO_LARGE_CLOSE) this.#queue.tooLarge();
    this.#queue.disconnected();
    const whyNot = this.#whyImpossible();
    if (whyNot) this.#queue.settleAll(() => whyNot);
    this.#doubted = null;
    if (this.#status === "connected") this.#status = "reconnecting";
    this.#soonLost();
    this.#changed();
  }

  /** The outcome of a request where no connection can ever be made: none waits for one in vain. */
  #whyImpossible(): RequestOutcome | null {
    const { problem } = this.#connection;
    const isForGood = problem?.code === "unsupported_runtime" && !problem.retryable;
    return isForGood ? refusal(problem.code, problem.message) : null;
  }

  #refuse(refusal: { message: string } | null): void {
    this.#refusal = refusal;
    this.#changed();
  }

  /** A connection that is soon back was never lost. */
  #soonLost(): void {
    if (this.#lost.isSet || this.#status === "lost") return;
    this.#lost.set(this.#settings.lostAfterMs, () => {
      this.#status = "lost";
      this.#connection.tellProblem();
      this.#changed();
    });
  }

  /** The server takes this tab's socket for replaced when the tab that leads now repeats what this one has sent. */
  #mayHaveEnded(ending: Ending, reason: string): void {
    if (ending === "replaced") this.#settings.ifLeading(() => this.#ended(ending, reason));
    else this.#ended(ending, reason);
  }

  #ended(ending: Ending, reason: string): void {
    if (ending === "logged_out" || ending === "replaced") this.#chosenPresence.forget();
    this.#ending = problemOf(ending, (ending !== "logged_out" && reason) || MESSAGE_OF_ENDING[ending], false);
    this.#queue.disconnected();
    // Whoever was let in and gives tokens may be about to give a new one.
    const isRenewable = ending === "unauthorized" && typeof this.#settings.token() === "string";
    if (isRenewable && this.#model.memory.state) this.#renewal.set(RENEWAL_MS, () => this.#end(ending));
    else this.#giveUp(ending === "logged_out");
    this.#end(ending, ending === "logged_out" ? [{ type: "loggedOut" }] : []);
  }

  /** Settles the requests that no server will answer now. @param isLogout Whether a logout is what has ended the session. */
  #giveUp(isLogout = false): void {
    this.#renewal.clear();
    this.#queue.settleAll(({ type }) => (isLogout && type === "logout_all" ? DONE : ENDED));
  }

  #end(status: ConnectionStatus, changes: SessionChange[] = []): void {
    if (!this.#renewal.isSet) this.#giveUp();
    this.#lost.clear();
    this.#expiry.clear();
    this.#doubted = null;
    this.#status = status;
    this.#changed(changes);
  }

  /** Whether the first state is still to come, and can. */
  #isLoading(problem: SessionProblem | null): boolean {
    const isOn = this.#status !== "idle" && !isOver(this.#status);
    return isOn && !this.#model.memory.state && problem?.retryable !== false;
  }

  #changed(changes: readonly SessionChange[] = [], isCounted = false): void {
    const before = this.snapshot;
    const next = this.#snapshotNow();
    const keys = Object.keys(next) as (keyof SessionSnapshot)[];
    const isSame = keys.every((key) => next[key] === before[key]);
    if (!isSame) this.snapshot = next;
    // Other tabs count along, also what shows nothing.
    if (!isSame || changes.length > 0 || isCounted) this.#listener(changes, isCounted);
  }

  #snapshotNow(): SessionSnapshot {
    const status = this.#status;
    const problem = this.#ending ?? this.#connection.problem;
    const isSaid = problem && problem.code !== "logged_out" && problem.code !== "replaced";
    return {
      state: stateToShow(this.#model.memory.state, this.#queue.pending, this.snapshot.state),
      devices: this.#model.memory.devices,
      unread: this.#model.memory.inbox?.unread ?? 0,
      isConnected: status === "connected" || status === "reconnecting",
      isLoading: this.#isLoading(problem),
      error: (isSaid ? problem.message : this.#refusal?.message) ?? null,
      problem,
      connectionStatus: status,
      pendingRequests: this.#queue.pending.length,
    };
  }
}
