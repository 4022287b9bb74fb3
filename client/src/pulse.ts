/** Whether the other side of a connection is still there. */
import { monotonicMs } from "./clock.js";
import type { ConnectionMetrics } from "./connection-types.js";
import { Deadline } from "./deadline.js";
import { HEARTBEAT } from "./protocol.js";

/** How long a pong may take. */
const PONG_MS = 10_000;
/** The same when there is reason to doubt the connection: the page wakes, the network has changed. */
export const DOUBTED_PONG_MS = 5_000;

export interface PulseHandlers {
  /** @returns Whether there was an open socket. */
  send(text: string): boolean;
  /** No answer has come in time. */
  silent(): void;
  /** It is time for a heartbeat. */
  beaten(): void;
}

export class Pulse {
  /** Whether a heartbeat was answered on this connection. */
  hasPonged = false;
  #handlers: PulseHandlers;
  #heartbeatMs: number;
  #metrics: ConnectionMetrics;
  #pingedAt: number | null = null;
  /** When the connection began, `null` if there is none. */
  #beganAt: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Runs out unless a frame comes. */
  #answer = new Deadline();

  constructor(heartbeatMs: number, metrics: ConnectionMetrics, handlers: PulseHandlers) {
    this.#heartbeatMs = heartbeatMs;
    this.#metrics = metrics;
    this.#handlers = handlers;
  }

  /** A connection has begun. */
  begin(): void {
    this.#beganAt = monotonicMs();
    this.#metrics.connections++;
    this.#metrics.connectedAt = Date.now();
    this.#beat();
  }

  /** Whether there is a connection, and has been for so many milliseconds. */
  hasHeld(ms: number): boolean {
    return this.#beganAt !== null && monotonicMs() - this.#beganAt >= ms;
  }

  /** Asks at once, and then again and again. */
  #beat(): void {
    this.ping(PONG_MS);
    this.#timer = setTimeout(() => {
      this.#beat();
      this.#handlers.beaten();
    }, this.#heartbeatMs);
  }

  ping(patienceMs: number): void {
    if (this.#handlers.send(HEARTBEAT)) this.#pingedAt ??= monotonicMs();
    // A socket that takes nothing may be dead, and need not say so.
    this.expectAnswer(patienceMs);
  }

  ponged(): void {
    if (this.#pingedAt !== null) this.#metrics.roundTripMs = monotonicMs() - this.#pingedAt;
    this.#pingedAt = null;
    this.hasPonged = true;
  }

  /** A frame must come by then, or sooner if one was expected sooner. */
  expectAnswer(patienceMs: number): void {
    this.#answer.advance(patienceMs, () => this.#handlers.silent());
  }

  /** A frame has come. */
  answered(): void {
    this.#answer.clear();
  }

  /** The connection is over, or the attempt. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#answer.clear();
    this.#pingedAt = this.#beganAt = null;
    this.hasPonged = false;
  }
}
