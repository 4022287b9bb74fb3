/**
 * The server's ends of sockets. An end outlives the object's memory; the JavaScript object that stands for it
 * does not, so after a sleep there is another one.
 */
import { serialize } from "node:v8";

import { copied } from "./storage.mjs";

/** @import { Link } from "../network.mjs" */
/** @import { Credential } from "../issuer.mjs" */
/** @import { SimulatedObject } from "./object.mjs" */

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
export const CLOSED = 3;

const ATTACHMENT_BYTES_MAX = 16_384;
const REASON_BYTES_MAX = 123;
const NO_CODE = 1005;

/** @typedef {{kind: "text", text: string | ArrayBuffer} | {kind: "close", code: number, reason: string}} Outgoing */

export class ServerEnd {
  readyState = OPEN;
  /** @type {SimulatedObject | null} The object that has accepted it. */
  object = null;
  /** @type {Link | null} */
  link = null;
  /** @type {unknown} */
  attachment = null;
  /** When the platform last answered a ping by itself, by the object's wall clock. @type {number | null} */
  answeredAt = null;
  /** Whether the device has ever sent anything. */
  hasSpoken = false;
  hasSentClose = false;
  /** When the object accepted it. */
  acceptedAt = 0;
  /** Those that the object has given it. @type {string[]} */
  tags = [];
  /** The length of the ghost's log when the device connected. */
  connectedAt = 0;
  /** The credential that has let it in. @type {Credential | null} */
  credential = null;
  /** The device that its request named. */
  device = "";
  /** @type {Outgoing[]} What was sent before there was a link. */
  #waiting = [];
  /** The listeners of the Worker to a socket that it has kept to itself. @type {Map<string, () => void>} */
  #listeners = new Map();
  /** @type {ObjectSocket | null} */
  #wrapper = null;

  /** The object that stands for it in the present memory. */
  get wrapper() {
    this.#wrapper ??= new ObjectSocket(this);
    return this.#wrapper;
  }

  /** The memory has gone. */
  forgetWrapper() {
    this.#wrapper = null;
  }

  /** @param {Link} link */
  attach(link) {
    this.link = link;
    for (const outgoing of this.#waiting.splice(0)) link.sendDown(outgoing);
  }

  /** @param {string} type @param {() => void} listener */
  listen(type, listener) {
    this.#listeners.set(type, listener);
  }

  /** The device has closed a socket that no object has, or is gone. @param {"close" | "error"} how */
  ended(how) {
    const listener = this.#listeners.get(how);
    this.#listeners.clear();
    listener?.();
  }

  /** Lets something leave, once the writes before it are durable. @param {Outgoing} outgoing */
  emit(outgoing) {
    const send = () => {
      if (this.link) this.link.sendDown(outgoing);
      else this.#waiting.push(outgoing);
    };
    if (this.object) this.object.emit(send);
    else send();
  }
}

/** A WebSocket as the object's code sees it. */
export class ObjectSocket {
  static CONNECTING = CONNECTING;
  static OPEN = OPEN;
  static CLOSING = CLOSING;
  static CLOSED = CLOSED;
  static READY_STATE_CONNECTING = CONNECTING;
  static READY_STATE_OPEN = OPEN;
  static READY_STATE_CLOSING = CLOSING;
  static READY_STATE_CLOSED = CLOSED;
  #end;

  /** @param {ServerEnd} end */
  constructor(end) {
    this.#end = end;
  }

  /** @param {ObjectSocket} socket */
  static endOf(socket) {
    return socket.#end;
  }

  get readyState() {
    return this.#end.readyState;
  }

  accept() {
    if (this.#end.object) throw new TypeError("Can't accept() WebSocket after acceptWebSocket().");
  }

  /** @param {string} type @param {() => void} listener */
  addEventListener(type, listener) {
    this.#end.listen(type, listener);
  }

  /** @param {string | ArrayBuffer} content */
  send(content) {
    const end = this.#end;
    if (end.readyState === CLOSED || end.hasSentClose) {
      throw new TypeError("Can't call WebSocket send() after close().");
    }
    const text = typeof content === "string" ? content : String(content);
    end.object?.noteSent(end, text);
    end.emit({ kind: "text", text });
  }

  /** @param {number} [code] @param {string} [reason] */
  close(code, reason) {
    checkClose(code, reason);
    const end = this.#end;
    if (end.hasSentClose || end.readyState === CLOSED) return;
    end.hasSentClose = true;
    end.object?.noteClosed(end, code ?? NO_CODE, reason ?? "");
    end.readyState = end.readyState === CLOSING ? CLOSED : CLOSING;
    end.emit({ kind: "close", code: code ?? NO_CODE, reason: reason ?? "" });
  }

  /** @param {unknown} value */
  serializeAttachment(value) {
    const copy = copied(value);
    if (serializedBytes(copy) > ATTACHMENT_BYTES_MAX) {
      throw new Error("A WebSocket 'attachment' cannot be larger than 16384 bytes.");
    }
    this.#end.object?.failAttachmentIfPlanned();
    this.#end.attachment = copy;
  }

  deserializeAttachment() {
    return copied(this.#end.attachment);
  }
}

/** The two ends of a socket; the first goes into the response. */
export class SimulatedPair {
  0;
  1;

  constructor() {
    const end = new ServerEnd();
    this[0] = end;
    this[1] = end.wrapper;
  }
}

export class RequestResponsePair {
  request;
  response;

  /** @param {string} request @param {string} response */
  constructor(request, response) {
    this.request = request;
    this.response = response;
  }
}

/** @param {number | undefined} code @param {string | undefined} reason */
function checkClose(code, reason) {
  if (code === undefined) {
    if (reason !== undefined) throw new TypeError("If you specify a WebSocket close reason, you must also specify a code.");
    return;
  }
  const isReserved = [1004, NO_CODE, 1006, 1015].includes(code);
  if (code < 1000 || code > 4999 || isReserved) {
    throw new DOMException(`Invalid WebSocket close code: ${code}.`, "InvalidAccessError");
  }
  if (reason !== undefined && Buffer.byteLength(reason) > REASON_BYTES_MAX) {
    throw new DOMException("WebSocket close reason is too long.", "SyntaxError");
  }
}

/**
 * The size of a value in V8's format. Node writes typed arrays in a format of its own, so theirs is computed.
 * @param {unknown} value
 */
function serializedBytes(value) {
  if (!(value instanceof Uint8Array)) return serialize(value).length;
  const { byteLength: whole } = value.buffer;
  const header = 2;
  const buffer = 1 + varintBytes(whole) + whole;
  const view = 2 + varintBytes(value.byteOffset) + varintBytes(value.length) + 1;
  return header + buffer + view;
}

/** @param {number} value @returns {number} */
function varintBytes(value) {
  return value < 128 ? 1 : 1 + varintBytes(Math.floor(value / 128));
}
