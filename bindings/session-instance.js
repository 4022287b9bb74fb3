/**
 * One user's session in an instance of the module of its own, so that a trap or a damaged heap
 * never reaches another user.
 */
import { EventWriter, readEffects } from "./wire.js";

/** @import { Effect, SessionEvent } from "./wire.js" */

/**
 * What the module exports; `wasm_exports.cpp` says how to use it.
 * @typedef {object} SessionExports
 * @property {WebAssembly.Memory} memory
 * @property {() => void} _initialize
 * @property {(size: number) => number} session_input
 * @property {() => void} session_step
 * @property {() => number} session_effects
 * @property {() => number} session_effect_count
 * @property {() => number} session_texts
 */

// One is enough: writing an event and taking it happen without an await in between.
const writer = new EventWriter();

/** The process has no room for one more instance; V8 gives it some 16,000 (address space). */
export class NoRoomError extends Error {}

export class SessionInstance {
  #exports;

  /**
   * @param {WebAssembly.Module} module
   * @throws {NoRoomError}
   */
  constructor(module) {
    const { exports } = instantiate(module);
    this.#exports = /** @type {SessionExports} */ (/** @type {unknown} */ (exports));
    this.#exports._initialize();
  }

  /**
   * Hands one event to the session.
   * @param {SessionEvent} event
   * @returns {Effect[]} What has to be done, in this order.
   * @throws {WebAssembly.RuntimeError} when the module traps. The instance must not be used again.
   */
  step(event) {
    const bytes = writer.write(event);
    const inputAt = this.#exports.session_input(bytes.length);
    new Uint8Array(this.#memory(), inputAt, bytes.length).set(bytes);
    this.#exports.session_step();
    const recordsAt = this.#exports.session_effects();
    const count = this.#exports.session_effect_count();
    return readEffects(this.#memory(), recordsAt, count, this.#exports.session_texts());
  }

  /** @returns {number} The size of the instance's memory in bytes. */
  get memoryBytes() {
    return this.#memory().byteLength;
  }

  /** Every call may grow the memory, which detaches the buffer: nobody keeps it. */
  #memory() {
    return this.#exports.memory.buffer;
  }
}

/** @param {WebAssembly.Module} module */
function instantiate(module) {
  try {
    return new WebAssembly.Instance(module);
  } catch (error) {
    if (error instanceof RangeError) throw new NoRoomError(error.message, { cause: error });
    throw error;
  }
}
