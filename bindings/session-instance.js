/**
 * Runs one user's session in an instance of the module, so that a trap or a damaged heap never reaches another
 * user. Waking it with the right events belongs to the host.
 */
import { readEffects } from "./effect-reader.js";
import { EventWriter } from "./event-writer.js";

/** @import { MemoryView } from "./effect-reader.js" */
/** @import { Effect, SessionEvent } from "./wire.js" */

const NO_BYTES = new Uint8Array(0);

/**
 * The module's exports; `wasm_exports.cpp` says how to use them.
 * @typedef {object} SessionExports
 * @property {WebAssembly.Memory} memory
 * @property {() => void} _initialize
 * @property {(size: number) => number} session_input
 * @property {(size: number) => number} session_step
 */

export class SessionInstance {
  #exports;
  #writer;
  #valueOf;
  /** @type {MemoryView} */
  #memory = { bytes: new Uint8Array(0), words: new Uint32Array(0) };

  /**
   * @param {WebAssembly.Module} module
   * @param {(slot: number) => Uint8Array} valueOf The texts of the user's values, by the slots of their rows.
   * @throws {RangeError} if the process has no address space for one more; V8 gives it some 16,000.
   */
  constructor(module, valueOf = () => NO_BYTES) {
    this.#valueOf = valueOf;
    const { exports } = new WebAssembly.Instance(module);
    this.#exports = /** @type {SessionExports} */ (/** @type {unknown} */ (exports));
    this.#exports._initialize();
    this.#writer = new EventWriter((size) => {
      const at = this.#exports.session_input(size);
      return this.#look().bytes.subarray(at, at + size);
    });
  }

  /**
   * Hands one event to the session.
   * @param {SessionEvent} event
   * @returns {Effect[]} The effects, to be carried out in this order.
   * @throws {WebAssembly.RuntimeError} if the module traps. The instance must not be used again.
   */
  step(event) {
    const outcomeAt = this.#exports.session_step(this.#writer.write(event));
    return readEffects(this.#look(), outcomeAt, this.#valueOf);
  }

  /** @returns {number} The size of the instance's memory in bytes. */
  get memoryBytes() {
    return this.#look().bytes.length;
  }

  /**
   * Makes the views of the memory, here and nowhere else. Any call of the module may grow the memory, which
   * empties all views, so they are taken anew after each call.
   */
  #look() {
    if (this.#memory.bytes.length === 0) {
      const { buffer } = this.#exports.memory;
      this.#memory = { bytes: new Uint8Array(buffer), words: new Uint32Array(buffer) };
    }
    return this.#memory;
  }
}
