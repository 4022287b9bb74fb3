/** Waiting for something that should have happened by then. */
import { monotonicMs } from "./clock.js";
import { attempt, page } from "./page.js";

/**
 * Turns of the event loop before a deadline is judged: after a process was busy, timers run before the
 * messages that arrived meanwhile are read. Outside of pages a compressed message takes some turns
 * more to read; in a hidden page each turn can take a minute.
 */
const TURNS = attempt(() => page.document) ? 1 : 10;

/** A timer that judges only after the messages that are waiting have been read. */
export class Deadline {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt = 0;

  /** Whether it has neither been judged nor cleared. */
  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  /** @param ms From now on. What was set before is cleared. */
  set(ms: number, judge: () => void): void {
    this.clear();
    this.#timer = setTimeout(() => this.#turn(TURNS, judge), ms);
  }

  /** The same, but what is due earlier is not put off. */
  advance(ms: number, judge: () => void): void {
    const dueAt = monotonicMs() + ms;
    if (this.isSet && this.#dueAt <= dueAt) return;
    this.set(ms, judge);
    this.#dueAt = dueAt;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #turn(left: number, judge: () => void): void {
    this.#timer = left > 0 ? setTimeout(() => this.#turn(left - 1, judge), 0) : undefined;
    if (left === 0) judge();
  }
}
