const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** After these closes it is not worth coming back soon: how many failures they count for. */
export const FAILURES_BY_CLOSE = new Map([
  [1008, 5],
  [1013, 2],
]);

/**
 * How long to wait before the next try: 1, 2, 4 … 30 s, each shortened by up to a half at random, so
 * that devices which were cut off together don't come back together.
 * @param failures How many tries have failed in a row before, from 0.
 * @returns Milliseconds.
 */
export function backoffMs(failures: number): number {
  const longest = Math.min(FIRST_MS * 2 ** Math.min(failures, 16), LONGEST_MS);
  return longest * (0.5 + Math.random() / 2);
}

/** The next attempt, later after each failure. */
export class Retries {
  #connect: () => void;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connect: () => void) {
    this.#connect = connect;
  }

  /** Counts on from so many failures. */
  set failures(count: number) {
    this.#failures = count;
  }

  /** A connection has ended by a code. @param hasHeld Whether it had lasted. */
  noteClose(code: number, hasHeld: boolean): void {
    if (hasHeld) this.#failures = 0;
    this.#failures = Math.max(this.#failures, FAILURES_BY_CLOSE.get(code) ?? 0);
  }

  /** @param waitMs How long to wait besides. */
  later(waitMs = 0): void {
    this.#timer = setTimeout(this.#connect, waitMs + backoffMs(this.#failures++));
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
