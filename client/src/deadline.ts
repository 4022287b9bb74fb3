/** Waiting for something that should have happened by then. */
import { monotonicMs } from "./clock.js";

/**
 * How long the end of a wait is at most. It begins when the rest is over by a timer, so a process that
 * was busy until then has this long to read what arrived meanwhile: Node unpacks a compressed message
 * in another thread, for which no count of turns of the event loop is enough.
 */
const END_MS = 1_000;

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
    const endMs = Math.min(END_MS, ms / 2);
    // Timers run before the messages that have arrived, so the last wait is one turn of the event loop.
    this.#wait([ms - endMs, endMs, 0], judge);
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

  #wait([ms, ...more]: number[], judge: () => void): void {
    this.#timer = setTimeout(() => {
      if (more.length > 0) return this.#wait(more, judge);
      this.#timer = undefined;
      judge();
    }, ms);
  }
}
