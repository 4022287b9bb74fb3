/**
 * One user's session in an instance of the module of its own, so that a trap or a damaged heap
 * never reaches another user.
 */
import { readEffects } from "./effect-reader.js";
import { EventWriter } from "./event-writer.js";

/** @import { MemoryView } from "./effect-reader.js" */
/** @import { Effect, SessionEvent } from "./wire.js" */

/**
 * What the module exports; `wasm_exports.cpp` says how to use it.
 * @typedef {object} SessionExports
 * @property {WebAssembly.Memory} memory
 * @property {() => void} _initialize
 * @property {(size: number) => number} session_input
 * @property {(size: number) => number} session_step
 */

export class SessionInstance {
  #exports;
  #writer;
  /** @type {MemoryView} */
  #memory = { bytes: new Uint8Array(0), words: new Uint32Array(0) };

  /**
   * @param {WebAssembly.Module} module
   * @throws {RangeError} when the process has no room for one more; V8 gives it some 16,000 (address
   *   space).
   */
  constructor(module) {
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
   * @returns {Effect[]} What has to be done, in this order.
   * @throws {WebAssembly.RuntimeError} when the module traps. The instance must not be used again.
   */
  step(event) {
    const outcomeAt = this.#exports.session_step(this.#writer.write(event));
    return readEffects(this.#look(), outcomeAt);
  }

  /** @returns {number} The size of the instance's memory in bytes. */
  get memoryBytes() {
    return this.#look().bytes.length;
  }

  /**
   * The only place that makes views of the memory. Any call may make it grow, which leaves nothing of
   * the views there were: so everybody looks anew after each.
   */
  #look() {
    if (this.#memory.bytes.length === 0) {
      const { buffer } = this.#exports.memory;
      this.#memory = { bytes: new Uint8Array(buffer), words: new Uint32Array(buffer) };
    }
    return this.#memory;
  }
}
