/** One tab's session: a connection, what was told on it and what was asked on it. */
import { ChosenPresence } from "./chosen-presence.js";
import { ageMs } from "./clock.js";
import { Connection } from "./connection.js";
import type { ConnectionSettings, Ending, Start } from "./connection-types.js";
import { Deadline } from "./deadline.js";
import type { FrameOf, ServerFrame, UpdateFrame } from "./frames.js";
import { SessionModel } from "./model.js";
import { type ProblemCode, type SessionProblem, problemOf } from "./problem.js";
import type { Presence, RequestOutcome, SessionChange } from "./protocol.js";
import { type Message, isAboutGame } from "./messages.js";
import { type Change, DONE, type Request, RequestQueue, refusal } from "./requests.js";
import type { Known } from "./tab-messages.js";
import { stateToShow } from "./shown-state.js";
import { NOT_THERE, NO_VALUES, valuesToShow } from "./values.js";
import { type ConnectionStatus, MESSAGE_OF_ENDING, type SessionSnapshot, blankSnapshot, isOver } from "./snapshot.js";

/** The address is that of the endpoint, with all of the query but what depends on what is known. */
export interface CoreSettings extends ConnectionSettings {
  /** Names this tab's requests to the server. */
  run: string;
  address: () => string;
  lostAfterMs: number;
  requestsPerSecond: number;
}

/** Is told of every new snapshot, and what has happened with it. */
export type CoreListener = (changes: readonly SessionChange[]) => void;

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
  readonly model = new SessionModel();
  readonly connection: Connection;
  readonly queue: RequestQueue;
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
  #chosenPresence = new ChosenPresence(this.model, () =>
    this.queue.pending.some(({ message }) => message.type === "update_presence"),
  );

  constructor(settings: CoreSettings, listener: CoreListener) {
    this.#listener = listener;
    this.#settings = settings;
    this.connection = new Connection(
      settings,
      {
        address: () => settings.address() + queryOf(this.model.connecting(), settings.group?.guest.inboxFloor),
        known: () => this.model.connecting(),
        opened: (version) => (this.#version = version),
        frame: (frame) => this.#received(frame),
        dropped: (code) => this.#dropped(code),
        ended: (ending, reason) => this.#ended(ending, reason),
        problemChanged: () => this.#changed(),
      },
    );
    this.queue = new RequestQueue(settings.run, settings.requestsPerSecond, {
      send: (text) => {
        const isSent = this.connection.send(text);
        // Nothing else may tell that the socket is dead.
        if (!isSent) this.connection.wake();
        return isSent;
      },
      changed: () => this.#changed(),
      settled: ({ key }, outcome) => {
        if (key !== undefined) this.model.noteFault(key, outcome.ok ? null : { code: outcome.code, message: outcome.message });
        this.#changed();
      },
      valueOf: (key) => this.model.memory.values[key] ?? NOT_THERE,
      conflict: (frame) => this.model.knowValue(frame),
      refused: (message) => this.#refuse({ message }),
      isDone: (message) => this.#isDone(message),
    });
  }

  /** Whether it is over, and what is asked may still be done. */
  get isRenewable(): boolean {
    return this.#renewal.isSet;
  }

  /** A presence that must be set again since nobody else has set one meanwhile, `null` if none. */
  get forgottenPresence(): Presence | null {
    return this.#chosenPresence.forgotten;
  }

  /** @returns Whether it had not begun. */
  start(how: Start = {}): boolean {
    if (this.#status !== "idle" && !isOver(this.#status)) return false;
    this.#renewal.clear();
    this.#status = "connecting";
    this.#refusal = this.#ending = null;
    this.#settings.group?.started();
    this.#changed();
    this.connection.start(how);
    return true;
  }

  /** There is another token: begins again what a refusal has ended. */
  renewed(): void {
    if (this.#status === "unauthorized" || this.#status === "forbidden") this.start({ isRenewed: true });
    else if (TOKEN_PROBLEMS.has(this.snapshot.problem?.code)) this.connection.retry(true);
  }

  /** Connects at once where it would wait. */
  retry(): void {
    if (this.#status === "reconnecting") this.#soonLost();
    this.connection.retry();
  }

  stop(): void {
    this.connection.stop();
    this.#renewal.clear();
    this.#ending = null;
    this.#end("idle");
  }

  /** The connection is not used any more, since tabs have changed places: connects anew at once. */
  move(): void {
    if (this.#status === "reconnecting") this.#soonLost();
    this.connection.move();
  }

  wake(): void {
    if (this.#status === "reconnecting") this.#soonLost();
    this.connection.wake();
  }

  /** Closes the socket until `wake`. Nobody looks at the page meanwhile, so nothing is lost. */
  suspend(): void {
    this.queue.others?.leave();
    this.connection.suspend();
    this.#lost.clear();
  }

  request(message: Message, change?: Change): Promise<RequestOutcome> {
    if (isOver(this.#status) && !this.isRenewable) return Promise.resolve(ENDED);
    const whyNot = this.#whyImpossible();
    if (whyNot) return Promise.resolve(whyNot);
    this.#chosenPresence.noteRequest(message);
    if (message["key"] !== undefined) this.model.noteFault(String(message["key"]), null);
    const refused = this.#refusal;
    return this.queue.add(message, change).then((outcome) => {
      if (outcome.ok && refused && refused === this.#refusal) this.#refuse(null);
      return outcome;
    });
  }

  #received(frame: Exclude<ServerFrame, FrameOf<"pong">>): void {
    switch (frame.type) {
      case "ack":
        if (frame.id === this.#refusal?.id) this.#refuse(null);
        return this.queue.answer(frame);
      case "error":
        return this.#refused(frame);
      case "replaced":
        return void this.connection.replaced("");
      case "logged_out":
        return this.connection.end("logged_out", "");
      default:
        this.#applyUpdate(frame);
    }
  }

  #applyUpdate(frame: UpdateFrame): void {
    const before = this.model.memory;
    const changes = this.model.apply(frame);
    const isFirst = frame.type === "initial_state";
    this.#chosenPresence.noteFrame(frame, before, ageMs(this.connection.lastReceivedAt));
    if (isFirst) {
      this.#lost.clear();
      this.#status = "connected";
      this.#refusal = null;
    }
    if (this.#version === 1) this.#settleByState(frame);
    this.#expire();
    // Other tabs may be served by this connection from now on.
    if (isFirst) this.#settings.group?.began(this.#version, this.model);
    this.#changed(changes);
    // A listener may have closed it.
    if (isFirst && this.#status === "connected") this.queue.connected(this.#version);
  }

  #refused(frame: FrameOf<"error">): void {
    if (!this.queue.isAsking(frame.id)) return this.queue.answer(frame);
    const isTooFast = frame.code === "rate_limited";
    // Whether one of these comes to nothing depends on what was asked for.
    if (!isTooFast && frame.code !== "too_old" && frame.code !== "conflict") this.#refusal = { message: frame.message, id: frame.id };
    if (this.#version === 2) this.queue.answer(frame);
    else if (isTooFast) this.queue.slowDown(frame.retryAfterMs);
    else this.#doubt(refusal(frame.code, frame.message));
    this.#changed();
  }

  /** The state tells which requests an error without an id was about. It is asked for once: that may fail, too. */
  #doubt(error: RequestOutcome): void {
    if (this.#doubted) return;
    this.#doubted = { requests: this.queue.pending.filter(({ frame }) => frame !== null), error };
    this.connection.send('{"type":"sync_state"}');
  }

  /** In version 1 what the server tells of a game, or of the whole state, answers what was asked. */
  #settleByState(frame: UpdateFrame): void {
    const doubted = frame.type === "state" ? this.#doubted : null;
    if (doubted) this.#doubted = null;
    for (const request of this.queue.pending.filter(({ message }) => isAboutGame(message))) {
      const isDone = this.#isDone(request.message);
      const answer = request.message.type === "join_game" ? "game_joined" : "game_left";
      const isMeant =
        request.lastSentAt !== null && frame.type === answer && frame.gameId === request.message["gameId"];
      if (doubted?.requests.includes(request)) this.queue.settle(request, isDone ? DONE : doubted.error);
      else if (isMeant || (frame.type === "initial_state" && isDone)) this.queue.settle(request, DONE);
    }
  }

  /** Whether a change of games is in the state already. */
  #isDone({ type, gameId }: Message): boolean {
    const games = this.model.memory.state?.activeGames ?? [];
    return games.includes(String(gameId)) === (type === "join_game");
  }

  /** Messages expire without a word of the server's. */
  #expire(): void {
    const ms = this.model.expire();
    if (ms === null) return this.#expiry.clear();
    this.#expiry.set(Math.min(ms, EXPIRY_MS_MAX), () => {
      this.#expire();
      this.#changed();
    });
  }

  #dropped(code = 0): void {
    if (code === TOO_LARGE_CLOSE) this.queue.tooLarge();
    this.queue.disconnected();
    const whyNot = this.#whyImpossible();
    if (whyNot) this.queue.settleAll(() => whyNot);
    this.#doubted = null;
    if (this.#status === "connected") this.#status = "reconnecting";
    this.#soonLost();
    this.#changed();
  }

  /** The outcome of a request where no connection can ever be made: none waits for one in vain. */
  #whyImpossible(): RequestOutcome | null {
    const { problem } = this.connection;
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
      this.connection.tellProblem();
      this.#changed();
    });
  }

  #ended(ending: Ending, reason: string): void {
    if (ending === "logged_out") this.model.forget();
    if (ending === "replaced") this.#chosenPresence.forget();
    this.#ending = problemOf(ending, (ending !== "logged_out" && reason) || MESSAGE_OF_ENDING[ending], false);
    this.queue.disconnected();
    // Whoever was let in and gives tokens may be about to give a new one.
    const isRenewable = ending === "unauthorized" && typeof this.#settings.token() === "string";
    if (isRenewable && this.model.memory.state) this.#renewal.set(RENEWAL_MS, () => this.#end(ending));
    else this.#giveUp(ending === "logged_out");
    this.#settings.group?.over({ ending, reason });
    this.#end(ending, ending === "logged_out" ? [{ type: "loggedOut" }] : []);
  }

  /** The inbox as the app sees it: what is about to be marked as read is not in it. */
  get #inboxToShow(): Pick<SessionSnapshot, "unread" | "messages"> {
    const { expiring: held = [], unread = 0 } = this.model.memory.inbox ?? {};
    const upTo = Math.max(0, ...this.queue.pending.map(({ message }) => (message.type === "mark_read" ? Number(message["inbox"]) : 0)));
    const messages = upTo ? held.filter(({ inbox }) => inbox > upTo) : held;
    const before = this.snapshot.messages;
    const isSame = messages.length === before.length && messages.every((one, at) => one === before[at]);
    return { unread: unread - held.length + messages.length, messages: isSame ? before : messages };
  }

  /** Settles the requests that no server will answer now. @param isLogout Whether a logout is what has ended the session. */
  #giveUp(isLogout = false): void {
    this.#renewal.clear();
    this.queue.settleAll(({ type }) => (isLogout && type === "logout_all" ? DONE : ENDED));
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
    return isOn && !this.model.memory.state && problem?.retryable !== false;
  }

  #changed(changes: readonly SessionChange[] = []): void {
    const before = this.snapshot;
    const next = this.#snapshotNow();
    this.#settings.group?.noteProblem(this.connection.problem);
    const keys = Object.keys(next) as (keyof SessionSnapshot)[];
    const isSame = keys.every((key) => next[key] === before[key]);
    if (!isSame) this.snapshot = next;
    if (!isSame || changes.length > 0) this.#listener(changes);
  }

  #snapshotNow(): SessionSnapshot {
    const status = this.#status;
    const problem = this.#ending ?? this.connection.problem;
    const isSaid = problem && problem.code !== "logged_out" && problem.code !== "replaced";
    return {
      state: stateToShow(this.model.memory.state, this.queue.pending, this.snapshot.state),
      devices: this.model.memory.devices,
      ...this.#inboxToShow,
      values: this.model.memory.state ? valuesToShow(this.model.memory.values, this.queue.pending, this.snapshot.values) : NO_VALUES,
      isConnected: status === "connected" || status === "reconnecting",
      isLoading: this.#isLoading(problem),
      error: (isSaid ? problem.message : this.#refusal?.message) ?? null,
      problem,
      connectionStatus: status,
      pendingRequests: this.queue.pending.length,
    };
  }
}

/**
 * How an address tells the server what is known, as more of its query.
 * @param floor From where on messages are asked for in any case.
 */
function queryOf({ position, inbox }: Known, floor: number | null = null): string {
  const since = position ? `&since=${position.epoch}.${position.seq}` : "";
  return inbox === null ? since : `${since}&inbox=${Math.min(inbox, floor ?? inbox)}`;
}
