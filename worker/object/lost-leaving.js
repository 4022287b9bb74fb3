/**
 * Remembers that a socket has gone whose leaving failed twice. The platform does not report it again, and neither
 * a row nor an attachment says so: only an instance that wakes in this memory tells the other devices. How it
 * wakes belongs to session-host.js.
 */
import { reportFailure } from "./failures.js";

// A wait keeps the object in memory. A session that can't wake for longer than all of these needs another
// release, and that closes every socket.
const PAUSES_MS = [1_000, 4_000, 16_000, 64_000];

export class LostLeaving {
  #ctx;
  #wake;
  #isAny = false;
  #count = 0;

  /**
   * @param {DurableObjectState} ctx
   * @param {() => void} wake Makes an instance that tells of the leaving, and throws if it can't.
   */
  constructor(ctx, wake) {
    this.#ctx = ctx;
    this.#wake = wake;
  }

  /** Whether no instance has told it yet. */
  get isAny() {
    return this.#isAny;
  }

  /** Notes that a leaving is lost, and has it told at once or, if that fails, after a pause. */
  note() {
    this.#isAny = true;
    this.#tell();
    if (this.#isAny) this.#ctx.waitUntil(this.#tellLater(++this.#count));
  }

  /** Notes that an instance has told it. */
  told() {
    this.#isAny = false;
  }

  /** @param {number} count Ends with the next leaving that is lost, for which the pauses begin anew. */
  async #tellLater(count) {
    for (const pause of PAUSES_MS) {
      await scheduler.wait(pause);
      if (!this.#isAny || count !== this.#count) return;
      this.#tell();
    }
  }

  #tell() {
    try {
      this.#wake();
    } catch (error) {
      reportFailure(this.#ctx, error);
    }
  }
}
