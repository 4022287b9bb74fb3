/**
 * Describes failures and counts them. The operator gets a line of the log with nothing that devices have said;
 * the device whose frame has failed gets a frame. Recovering from a failure belongs to session-host.js.
 */

import { encodedLength } from "../common/limits.js";
import { notice, quoted, report, stackOf, summary, summaryWithStack } from "../common/log.js";
import { PlatformError } from "../common/requirements.js";

/** @import { SessionEvent } from "../../bindings/wire.js" */

/** The types of messages; a test compares. Any other type is a stranger's text, and stays out of the log. */
export const MESSAGE_TYPES = [
  ...["join_game", "leave_game", "update_presence", "sync_state", "ping", "logout_all"],
  ...["broadcast", "set_device", "logout_others", "logout_device", "logout_credential", "mark_read", "set_value", "delete_value"],
];

// The ids that src/json/message.cpp accepts; a test compares.
const REQUEST_ID = /^[A-Za-z0-9_-]{16,24}\.[1-9]\d{0,15}$/;

// Each failure costs a new instance of the module, whose rate limits begin anew, so they cannot limit failures.
// One socket's frames may fail this often at once, and once more in each interval.
const FAILURES_AT_ONCE = 20;
const FAILURE_INTERVAL_MS = 1_000;

/** An event has failed. Whoever throws it has undone the event's effects and reported the failure. */
export class EventFailure extends Error {
  constructor(message = "the session could not do it: nothing was done") {
    super(message);
  }
}

/** The session can't be restored from storage, so no event can be served. Storage stays as it is. */
export class WakingFailure extends EventFailure {
  constructor() {
    super("the session can't be served now: try again later");
  }
}

/**
 * Logs a failure, unless it is an EventFailure, which has been logged.
 * @param {{id: {name?: string}}} ctx
 * @param {unknown} error
 */
export function reportFailure(ctx, error) {
  if (error instanceof EventFailure) return;
  if (error instanceof PlatformError) return notice("configuration", error.message);
  report(`user ${quoted(ctx.id.name)}: ${summaryWithStack(error)}`);
}

/**
 * The session's sizes at a failure, for the log.
 * @typedef {object} Situation
 * @property {number} connections The number of open sockets.
 * @property {() => {snapshot: Uint8Array | null, logout: Uint8Array | null}} readStored
 */

/** Counts the failures of one session. */
export class Failures {
  #inARow = 0;
  /** @type {WeakMap<WebSocket, {count: number, at: number}>} */
  #caused = new WeakMap();

  /**
   * Counts a failure.
   * @param {SessionEvent} event
   * @param {unknown} error
   * @param {Situation} situation
   * @returns One line about it, which the caller logs.
   */
  note(event, error, { connections, readStored }) {
    this.#inARow++;
    return JSON.stringify({
      event: event.type,
      message: messageTypeOf(event),
      bytes: bytesOf(event),
      inARow: this.#inARow,
      connections,
      ...storedSizes(readStored),
      error: summary(error),
      stack: stackOf(error),
    });
  }

  /** Notes that an event was served. */
  noteServed() {
    this.#inARow = 0;
  }

  /**
   * Notes that a socket's frame has failed.
   * @param {WebSocket} socket
   * @returns Whether the socket's frames fail too often.
   */
  noteFrameFailure(socket) {
    const now = Date.now();
    const { count, at } = this.#caused.get(socket) ?? { count: 0, at: now };
    const forgiven = Math.max(0, now - at) / FAILURE_INTERVAL_MS;
    const counted = Math.max(0, count - forgiven) + 1;
    this.#caused.set(socket, { count: counted, at: now });
    return counted > FAILURES_AT_ONCE;
  }
}

/** @param {SessionEvent} event */
function messageTypeOf(event) {
  if (event.type !== "FrameReceived") return null;
  const { type } = membersOf(event.content);
  return MESSAGE_TYPES.includes(type) ? type : null;
}

/**
 * Writes the frame that tells a device of its frame's failure.
 * @param {string | ArrayBuffer} content The frame that has failed. Its id is told, so pass an empty text for a
 *   device of version 1, which knows no ids.
 */
export function internalError(content) {
  const { id } = membersOf(content);
  return JSON.stringify({
    type: "error",
    code: "internal",
    message: "the frame could not be handled: nothing was done",
    id: typeof id === "string" && REQUEST_ID.test(id) ? id : undefined,
  });
}

/**
 * Parses a frame.
 * @param {string | ArrayBuffer} content
 * @returns {Record<string, any>} A value without members if the frame is no JSON object. Binary content is none.
 */
function membersOf(content) {
  try {
    return JSON.parse(String(content)) ?? {};
  } catch {
    return {};
  }
}

/**
 * Measures the content of an event.
 * @param {SessionEvent} event
 */
function bytesOf(event) {
  switch (event.type) {
    case "FrameReceived":
      return sizeOf(event.content);
    case "PushRequested":
      return event.size ?? sizeOf(event.body);
    case "Connected":
      return sizeOf(event.deviceId);
    case "ValueChangeRequested":
      return sizeOf(event.frame);
    case "GameJoinRequested":
    case "GameLeaveRequested":
      return sizeOf(event.gameId);
    case "Woken":
      return event.connections.reduce((sum, { attachment }) => sum + attachment.length, 0);
    default:
      return 0;
  }
}

/** @param {string | ArrayBuffer | Uint8Array} content */
function sizeOf(content) {
  return typeof content === "string" ? encodedLength(content) : content.byteLength;
}

/** @param {Situation["readStored"]} readStored */
function storedSizes(readStored) {
  try {
    const { snapshot, logout } = readStored();
    return { snapshotBytes: snapshot?.length ?? null, logoutBytes: logout?.length ?? null };
  } catch (error) {
    return { stored: summary(error) };
  }
}
