/** One tab's session: a connection, what was told on it and what was asked on it. */
import { type Moment, monotonicMs } from "./clock.js";
import { Connection, type ConnectionMetrics, type Ending, type Token } from "./connection.js";
import { type Memory, SessionModel } from "./model.js";
import type { Frame, Presence, RequestOutcome, SessionChange, SessionDevice, SessionState } from "./protocol.js";
import { DONE, type Message, type Request, RequestQueue, isAboutGame, refusal } from "./requests.js";
import { warn } from "./say.js";
import { whyNoSocket } from "./sockets.js";
import { SpokenPresence } from "./spoken.js";

/**
 * - `idle`: not started, or closed
 * - `connecting`: no connection yet
 * - `connected`
 * - `reconnecting`: it broke a moment ago
 * - `lost`: it could not be had for longer than a moment; it is tried on and on
 * - `logged_out`, `replaced` (by a newer connection of the same tab), `unauthorized` (not signed in,
 *   close code 4401), `forbidden` (4403): over for this tab, until `reconnect` is called
 */
export type ConnectionStatus = "idle" | "connecting" | "connected" | "reconnecting" | "lost" | Ending;

/** What is known at a moment. Never changed: another moment has another. */
export interface SessionSnapshot {
  /** `null` until the server has told it. Joins and leaves that wait for their answer are in it. */
  readonly state: SessionState | null;
  /** All devices of the user, also those that are away. Empty with a server of version 1. */
  readonly devices: readonly SessionDevice[];
  /** Whether there is a connection, or was a moment ago. */
  readonly isConnected: boolean;
  /** Whether the first state is still to come. */
  readonly isLoading: boolean;
  /** What went wrong last, until the next connection. */
  readonly error: string | null;
  readonly connectionStatus: ConnectionStatus;
  /** How many requests wait for their answer. */
  readonly pendingRequests: number;
}

export interface CoreSettings {
  /** The address of the endpoint, with all of the query but `since`. */
  address: () => string;
  token: () => Token;
  heartbeatMs: number;
  lostAfterMs: number;
  requestsPerSecond: number;
  WebSocket: typeof WebSocket;
}

/**
 * Is told of every new snapshot, and what has happened with it.
 * @param isCounted Whether a frame with a number brought the changes.
 */
export type CoreListener = (changes: readonly SessionChange[], isCounted: boolean) => void;

const ERROR_OF_ENDING: Record<Ending, string | null> = {
  logged_out: null,
  replaced: null,
  unauthorized: "not signed in",
  forbidden: "not allowed",
};

export const ENDED = refusal("ended", "the session is over for this tab");

/** A snapshot before anything is known. */
export function blankSnapshot(status: ConnectionStatus, isLoading: boolean): SessionSnapshot {
  return {
    state: null,
    devices: [],
    isConnected: false,
    isLoading,
    error: null,
    connectionStatus: status,
    pendingRequests: 0,
  };
}

/** Whether nothing comes after it by itself. */
export function isOver(status: ConnectionStatus): status is Ending {
  return status in ERROR_OF_ENDING;
}

export class SessionCore {
  snapshot: SessionSnapshot = blankSnapshot("idle", false);
  #model = new SessionModel();
  #connection: Connection;
  #queue: RequestQueue;
  #listener: CoreListener;
  #version: 1 | 2 = 1;
  #status: ConnectionStatus = "idle";
  #error: string | null = null;
  #lostAfterMs: number;
  #lostTimer: ReturnType<typeof setTimeout> | undefined;
  /** Requests of version 1 that an error may be about, which has no id there, and the error. */
  #doubted: { requests: Request[]; error: RequestOutcome } | null = null;
  #spoken = new SpokenPresence(this.#model, () =>
    this.#queue.pending.some(({ message }) => message.type === "update_presence"),
  );
  /** Why no connection can ever be made here, and what is asked meanwhile is answered. */
  #impossible: RequestOutcome | null = null;
  readonly #socketClass: unknown;

  constructor(settings: CoreSettings, listener: CoreListener) {
    this.#listener = listener;
    this.#lostAfterMs = settings.lostAfterMs;
    this.#socketClass = settings.WebSocket;
    const address = () => {
      this.#model.connecting();
      const { since } = this.#model;
      return since === null ? settings.address() : `${settings.address()}&since=${since}`;
    };
    this.#connection = new Connection(
      { ...settings, address },
      {
        opened: (version) => (this.#version = version),
        frame: (frame) => this.#received(frame),
        dropped: () => this.#dropped(),
        ended: (ending, reason) => this.#ended(ending, reason),
        failed: (message) => this.#failed(message),
      },
    );
    this.#queue = new RequestQueue(settings.requestsPerSecond, {
      send: (text) => this.#connection.send(text),
      changed: () => this.#changed(),
      refused: (why) => this.#showError(why),
      isDone: (message) => this.#isDone(message),
    });
  }

  get metrics(): ConnectionMetrics {
    return this.#connection.metrics;
  }

  get memory(): Memory {
    return this.#model.memory;
  }

  /** Starts from what another tab knew. */
  adopt(memory: Memory): void {
    this.#model.memory = memory;
    this.#connection.heardAt = monotonicMs();
  }

  /** A presence that must be said again since nobody else has spoken meanwhile, `null` if none. */
  get forgottenPresence(): Presence | null {
    return this.#spoken.forgotten;
  }

  /** @param isContinued Whether there was a connection a moment ago, of another tab. */
  start(isContinued = false): void {
    if (this.#status !== "idle" && !isOver(this.#status)) return;
    const whyNot = whyNoSocket(this.#socketClass);
    if (whyNot !== null) return this.#isImpossible("no_websocket", whyNot);
    this.#status = isContinued && this.#model.memory.state ? "reconnecting" : "connecting";
    if (this.#status === "reconnecting") this.#soonLost();
    this.#error = null;
    this.#changed();
    this.#connection.start();
  }

  stop(): void {
    this.#connection.stop();
    this.#queue.settleAll(() => ENDED);
    this.#end("idle");
  }

  /** Stops without a word: another tab goes on. @returns What is not answered. */
  handOver(): Request[] {
    this.#connection.stop();
    clearTimeout(this.#lostTimer);
    this.#lostTimer = undefined;
    this.#doubted = null;
    if (!isOver(this.#status)) this.#status = "idle";
    return this.#queue.handOver();
  }

  wake(): void {
    if (this.#status === "reconnecting") this.#soonLost();
    this.#connection.wake();
  }

  /** Closes the socket until `wake`. Nobody looks at the page meanwhile, so nothing is lost. */
  suspend(): void {
    this.#connection.suspend();
    clearTimeout(this.#lostTimer);
    this.#lostTimer = undefined;
  }

  /** @param sentAt When another tab may have sent it first, `null` if none can have. */
  request(id: string, message: Message, sentAt: Moment | null = null): Promise<RequestOutcome> {
    if (isOver(this.#status)) return Promise.resolve(ENDED);
    if (this.#impossible) return Promise.resolve(this.#impossible);
    this.#spoken.asked(message);
    return this.#queue.add(id, message, sentAt);
  }

  #received(frame: Frame): void {
    switch (frame.type) {
      case "ack":
        return this.#queue.answer(frame);
      case "error":
        return this.#refused(frame);
      case "replaced":
        return this.#connection.end("replaced", "");
      case "logged_out":
        return this.#connection.end("logged_out", "");
      default:
        this.#told(frame);
    }
  }

  #told(frame: Frame): void {
    const before = this.#model.memory;
    const changes = this.#model.apply(frame);
    const isCounted = before.position !== this.#model.memory.position;
    const isFirst = frame.type === "initial_state";
    this.#spoken.told(frame, before, monotonicMs() - this.#connection.heardAt);
    if (isFirst) {
      clearTimeout(this.#lostTimer);
      this.#lostTimer = undefined;
      this.#status = "connected";
      this.#error = null;
    }
    if (this.#version === 1) this.#settleByState(frame);
    this.#changed(changes, isCounted && !isFirst);
    // A listener may have closed it.
    if (isFirst && this.#status === "connected") this.#queue.connected(this.#version);
  }

  #refused(frame: Frame): void {
    const isTooFast = frame["code"] === "rate_limited";
    if (!isTooFast) this.#error = String(frame["message"]);
    if (this.#version === 2) this.#queue.answer(frame);
    else if (isTooFast) this.#queue.slowDown(frame["retryAfterMs"]);
    else this.#doubt(refusal(String(frame["code"]), String(frame["message"])));
    this.#changed();
  }

  /** The state tells which requests an error without an id was about. It is asked for once: that may fail, too. */
  #doubt(error: RequestOutcome): void {
    if (this.#doubted) return;
    this.#doubted = { requests: this.#queue.pending.filter(({ isInFlight }) => isInFlight), error };
    this.#connection.send('{"type":"sync_state"}');
  }

  /** In version 1 what the server tells of a game, or of the whole state, answers what was asked. */
  #settleByState(frame: Frame): void {
    const doubted = frame.type === "state" ? this.#doubted : null;
    if (doubted) this.#doubted = null;
    for (const request of this.#queue.pending.filter(({ message }) => isAboutGame(message))) {
      const isDone = this.#isDone(request.message);
      const answer = request.message.type === "join_game" ? "game_joined" : "game_left";
      const isMeant =
        request.lastSentAt !== null && frame.type === answer && frame["gameId"] === request.message["gameId"];
      if (doubted?.requests.includes(request)) this.#queue.settle(request, isDone ? DONE : doubted.error);
      else if (isMeant || (frame.type === "initial_state" && isDone)) this.#queue.settle(request, DONE);
    }
  }

  /** Whether a change of games is in the state already. */
  #isDone({ type, gameId }: Message): boolean {
    const games = this.#model.memory.state?.activeGames ?? [];
    return games.includes(String(gameId)) === (type === "join_game");
  }

  #dropped(): void {
    this.#queue.disconnected();
    this.#doubted = null;
    if (this.#status === "connected") this.#status = "reconnecting";
    this.#soonLost();
    this.#changed();
  }

  #failed(message: string): void {
    this.#soonLost();
    this.#showError(message);
  }

  /** Nothing is tried: it can't help. */
  #isImpossible(code: string, message: string): void {
    warn(message);
    this.#impossible = refusal(code, message);
    this.#queue.settleAll(() => refusal(code, message));
    this.#error = message;
    this.#end("lost");
  }

  #showError(message: string): void {
    this.#error = message;
    this.#changed();
  }

  /** A connection that is soon back was never lost. */
  #soonLost(): void {
    if (this.#lostTimer !== undefined || this.#status === "lost") return;
    this.#lostTimer = setTimeout(() => {
      this.#lostTimer = undefined;
      this.#status = "lost";
      this.#changed();
    }, this.#lostAfterMs);
  }

  #ended(ending: Ending, reason: string): void {
    this.#error = ERROR_OF_ENDING[ending] && (reason || ERROR_OF_ENDING[ending]);
    if (ending === "logged_out" || ending === "replaced") this.#spoken.forget();
    const isLogout = ({ type }: Message) => ending === "logged_out" && type === "logout_all";
    this.#queue.settleAll((message) => (isLogout(message) ? DONE : ENDED));
    this.#end(ending, ending === "logged_out" ? [{ type: "loggedOut" }] : []);
  }

  #end(status: ConnectionStatus, changes: SessionChange[] = []): void {
    clearTimeout(this.#lostTimer);
    this.#lostTimer = undefined;
    this.#doubted = null;
    this.#status = status;
    this.#changed(changes);
  }

  #changed(changes: readonly SessionChange[] = [], isCounted = false): void {
    const before = this.snapshot;
    const status = this.#status;
    const next: SessionSnapshot = {
      state: this.#stateToShow(before.state),
      devices: this.#model.memory.devices,
      isConnected: status === "connected" || status === "reconnecting",
      isLoading: !this.#model.memory.state && status !== "idle" && !isOver(status) && !this.#impossible,
      error: this.#error,
      connectionStatus: status,
      pendingRequests: this.#queue.pending.length,
    };
    const keys = Object.keys(next) as (keyof SessionSnapshot)[];
    const isSame = keys.every((key) => next[key] === before[key]);
    if (!isSame) this.snapshot = next;
    if (!isSame || changes.length > 0) this.#listener(changes, isCounted);
  }

  /** The server's state with what was asked and may still be granted. */
  #stateToShow(before: SessionState | null): SessionState | null {
    const { state } = this.#model.memory;
    if (!state) return null;
    let activeGames = state.activeGames;
    for (const { message } of this.#queue.pending.filter((one) => isAboutGame(one.message))) {
      const gameId = String(message["gameId"]);
      const isIn = activeGames.includes(gameId);
      if (message.type === "leave_game" && isIn) activeGames = activeGames.filter((one) => one !== gameId);
      if (message.type === "join_game" && !isIn) activeGames = [...activeGames, gameId];
    }
    const next = { ...state, activeGames };
    return before && isSameState(before, next) ? before : next;
  }
}

function isSameState(a: SessionState, b: SessionState): boolean {
  return (
    a.userId === b.userId &&
    a.presence === b.presence &&
    a.lastActive === b.lastActive &&
    a.activeGames.length === b.activeGames.length &&
    a.activeGames.every((gameId, at) => gameId === b.activeGames[at])
  );
}
