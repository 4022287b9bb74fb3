/**
 * Holds messages against the app's own definition of them (user-session-worker/session). It says why one does not fit;
 * the module refuses it then, unless it refuses or acknowledges it for another reason (src/handlers/frames.cpp).
 *
 * JSON.parse and the module must read the same in every text that the module takes: of a repeated key the last counts in
 * both, and half a surrogate pair in a name is U+FFFD. What JSON.parse can't read the module refuses by itself.
 */
import { notice, quoted, summaryWithStack } from "../common/log.js";
import { FRAME_BYTES_MAX } from "../../bindings/wire.js";

/** @import { SessionDefinition, SessionPart } from "../../client/dist/session.js" */

/**
 * The types of frames that hold something of the app's, with the part of its definition and the members that have the
 * name and the value.
 * @type {[type: string, holds: {part: SessionPart, name: string, value: string}][]}
 */
const FRAMES = [
  ["broadcast", { part: "events", name: "event", value: "data" }],
  ["set_value", { part: "values", name: "key", value: "value" }],
];

const NO_MISFIT = "";

// A schema may quote any part of the value in its message.
const MISFIT_LENGTH_MAX = 400;

const decoder = new TextDecoder();

/** Checks what comes to one user's object. Without a definition nothing is parsed. */
export class MessageCheck {
  #definition;
  #userId;
  /** The frames that are checked, by type. */
  #frames;
  /** A frame without any of these texts is of none of those types: a type with an escape has a backslash. */
  #marks;

  /**
   * @param {unknown} definition What `defineSession` has returned; `undefined` if the app defines nothing.
   * @param {() => string} userId For the log.
   * @throws {TypeError} if it is anything else.
   */
  constructor(definition, userId) {
    this.#definition = definitionFrom(definition);
    this.#userId = userId;
    this.#frames = new Map(FRAMES.filter(([, { part }]) => this.#definition?.checks(part)));
    this.#marks = this.#frames.size > 0 ? [...this.#frames.keys(), "\\"] : [];
  }

  /**
   * Checks a device's frame.
   * @param {string | ArrayBuffer} content
   * @returns {string} Why it does not fit; empty if it fits, and if it is nothing that is checked.
   */
  ofFrame(content) {
    if (typeof content !== "string" || !this.#marks.some((mark) => content.includes(mark))) return NO_MISFIT;
    const frame = parsed(content);
    const holds = this.#frames.get(frame?.type);
    return holds ? this.#misfit(holds.part, frame[holds.name], frame[holds.value]) : NO_MISFIT;
  }

  /**
   * Checks the body of a server's push.
   * @param {string | Uint8Array} body
   * @returns {string} As `ofFrame`.
   */
  ofPush(body) {
    if (!this.#definition?.checks("pushes")) return NO_MISFIT;
    const { type, ...members } = parsed(body) ?? {};
    return this.#misfit("pushes", type, members);
  }

  /**
   * Checks a value that a server or a page sets by HTTP or RPC.
   * @param {string} key
   * @param {string | Uint8Array} json The value as JSON text.
   * @returns {string} As `ofFrame`. A text that is no JSON is left to whoever stores it.
   */
  ofValue(key, json) {
    if (!this.#definition?.checks("values")) return NO_MISFIT;
    const value = parsed(json);
    return value === undefined ? NO_MISFIT : this.#misfit("values", key, value);
  }

  /**
   * @param {SessionPart} part
   * @param {unknown} name
   * @param {unknown} value
   */
  #misfit(part, name, value) {
    if (typeof name !== "string") return NO_MISFIT;
    const checked = /** @type {SessionDefinition} */ (this.#definition).check(part, name, value);
    if (checked.ok) return NO_MISFIT;
    const { path, message, fault } = checked;
    if (fault !== undefined) {
      const where = `${part} ${quoted(name)}: ${message}`;
      notice("definition", `user ${quoted(this.#userId())}: a message was refused, ${where}: ${summaryWithStack(fault)}`);
    }
    return `${path}: ${message}`.slice(0, MISFIT_LENGTH_MAX);
  }
}

/**
 * @param {unknown} definition
 * @returns {SessionDefinition | undefined}
 */
function definitionFrom(definition) {
  const found = /** @type {Partial<SessionDefinition> | undefined} */ (definition);
  if (found !== undefined && typeof found?.check !== "function") {
    throw new TypeError("static session: expected what defineSession of user-session-worker/session has returned");
  }
  return /** @type {SessionDefinition | undefined} */ (found);
}

/**
 * Parses a text as the module will get it.
 * @param {string | Uint8Array} content
 * @returns {any} `undefined` if it is no JSON, or longer than the module takes.
 */
function parsed(content) {
  if (content.length > FRAME_BYTES_MAX) return undefined;
  try {
    return JSON.parse(typeof content === "string" ? content.toWellFormed() : decoder.decode(content));
  } catch {
    return undefined;
  }
}
