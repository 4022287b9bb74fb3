/**
 * Writes events as bytes into the memory of the module, as `wire.h` describes; a test compares what is read.
 * Which event to write is decided in worker/object/session-host.js.
 */
import { EventTag, FRAME_BYTES_MAX } from "./wire.js";

/** @import { ResolvedPushOptions, Credential, FrameContent, RequestEvent, SessionEvent, WokenEvent } from "./wire.js" */

/** The size of the buffer that is kept; most events take far less. */
const BYTES_KEPT = 4_096;

/** The longest text for which a loop was measured to be faster than the encoder (workerd 2026-11-17). */
const SHORT_TEXT = 128;

const NO_BYTES = new Uint8Array(0);

const encoder = new TextEncoder();

/**
 * Returns a buffer of the given size in the module's memory. It begins with the bytes that the previous one
 * began with.
 * @typedef {(size: number) => Uint8Array<ArrayBuffer>} Room
 */

/** Writes one event after the other into the same buffer. */
export class EventWriter {
  #room;
  #bytes = NO_BYTES;
  #view = new DataView(NO_BYTES.buffer);
  #size = 0;

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
  }

  /**
   * Writes an event to the beginning of the buffer.
   * @param {SessionEvent} event
   * @returns {number} Its size in bytes.
   */
  write(event) {
    // A buffer has no length any more once the module's memory has grown. One that was made for a large frame is
    // exchanged for a small one.
    const { length } = this.#bytes;
    if (length === 0 || length > BYTES_KEPT) this.#use(this.#room(BYTES_KEPT));
    this.#size = 0;
    this.#u8(EventTag[event.type]);
    this.#fields(event);
    return this.#size;
  }

  /** @param {SessionEvent} event */
  #fields(event) {
    switch (event.type) {
      case "Woken":
        return this.#woken(event);
      case "Connected":
        this.#u32(event.connection);
        this.#time(event.now);
        this.#text(event.deviceId);
        this.#credential(event.credential);
        this.#u8(event.version);
        this.#text(event.tabId);
        this.#text(event.run);
        this.#time(event.since.epoch);
        this.#time(event.since.seq);
        return this.#time(event.inbox);
      case "FrameReceived":
        this.#u32(event.connection);
        this.#time(event.now);
        this.#u8(typeof event.content === "string" ? 1 : 0);
        this.#payload(event.content);
        return this.#text(event.misfit ?? "");
      case "Disconnected":
        this.#u32(event.connection);
        this.#time(event.now);
        return this.#time(event.heartbeat);
      case "HeartbeatsRead":
        this.#time(event.now);
        this.#u32(event.heartbeats.length);
        for (const { connection, at } of event.heartbeats) {
          this.#u32(connection);
          this.#time(at);
        }
        return;
      default:
        this.#time(event.now);
        return this.#request(event);
    }
  }

  /**
   * Writes what follows the time of a request.
   * @param {RequestEvent} event
   */
  #request(event) {
    switch (event.type) {
      case "StateRequested":
        this.#time(event.heartbeat);
        return this.#credential(event.credential);
      case "ClearRequested":
      case "ExportRequested":
      case "TicketRequested":
        return this.#credential(event.credential);
      case "PushRequested":
        this.#payload(event.body, event.size);
        this.#pushOptions(event.options);
        return this.#text(event.misfit ?? "");
      case "GameJoinRequested":
      case "GameLeaveRequested":
        return this.#text(event.gameId);
      case "ValuesRequested":
        this.#credential(event.credential);
        return this.#text(event.key);
      case "ValueChangeRequested":
        this.#credential(event.credential);
        this.#payload(event.frame);
        return this.#text(event.misfit ?? "");
      case "LogoutRequested":
        this.#u8(event.scope);
        this.#credential(event.credential);
        this.#text(event.id);
        return this.#time(event.endedAt);
    }
  }

  /** @param {WokenEvent} event */
  #woken(event) {
    this.#text(event.userId);
    this.#time(event.now);
    for (const stored of [event.snapshot, event.logout, event.inbox, event.kept]) {
      this.#u8(stored ? 1 : 0);
      if (stored) this.#blob(stored);
    }
    this.#u32(event.messages.length);
    for (const { slot, bytes } of event.messages) {
      this.#u32(slot);
      this.#blob(bytes);
    }
    this.#u32(event.values.length);
    for (const { slot, header, textSize } of event.values) {
      this.#u32(slot);
      this.#blob(header);
      this.#u32(textSize);
    }
    this.#u8(event.legacy ? 1 : 0);
    if (event.legacy) {
      this.#time(event.legacy.lastActive);
      this.#texts(event.legacy.games);
    }
    this.#u32(event.connections.length);
    for (const { connection, heartbeat, attachment } of event.connections) {
      this.#u32(connection);
      this.#time(heartbeat);
      this.#blob(attachment);
    }
    const { frames, userFrames, connects, devicesMax } = event.rateLimits;
    for (const { count, perMs, burst } of [frames, userFrames, connects]) {
      this.#u32(count);
      this.#u32(perMs);
      this.#u32(burst);
    }
    this.#u32(devicesMax);
    this.#time(event.notBefore);
    this.#time(event.clockSkew ?? 0);
    this.#u8(event.isNobodyChecked ? 1 : 0);
    this.#u8(event.isMeasured ? 1 : 0);
    this.#u8(event.isAnyLost ? 1 : 0);
    this.#time(event.randomness);
  }

  /** @param {Credential} credential */
  #credential({ issuedAt, expiresAt, isSignInTime, sessionId, tokenId }) {
    this.#time(issuedAt);
    this.#time(expiresAt);
    this.#u8(isSignInTime ? 1 : 0);
    this.#text(sessionId);
    this.#text(tokenId);
  }

  /** @param {ResolvedPushOptions} options */
  #pushOptions({ keep, pushId, to, except }) {
    this.#u32(keep);
    this.#text(pushId);
    this.#texts(to);
    this.#texts(except);
  }

  /** @param {string[]} texts */
  #texts(texts) {
    this.#u32(texts.length);
    for (const text of texts) this.#text(text);
  }

  /**
   * Writes the size of a content, then the content. The content is left out if it is too large, and if it is a
   * binary frame, which the session refuses. A push's body comes as Uint8Array and is text, a binary frame as
   * ArrayBuffer.
   * @param {FrameContent} content
   * @param {number} [size] Its size in bytes, if the caller has read only a part of it.
   */
  #payload(content, size) {
    if (typeof content !== "string") {
      const bytes = size ?? content.byteLength;
      this.#u32(bytes);
      const isText = content instanceof Uint8Array && bytes <= FRAME_BYTES_MAX;
      return this.#blob(isText ? content : NO_BYTES);
    }
    // Only the size of a large text is needed. That of a huge one need not be exact, so it is not encoded: a text
    // has at least as many bytes as UTF-16 units.
    if (content.length > FRAME_BYTES_MAX) {
      const isHuge = content.length > 16 * FRAME_BYTES_MAX;
      this.#u32(isHuge ? content.length : encoder.encode(content).length);
      return this.#blob(NO_BYTES);
    }
    const sizeAt = this.#size;
    this.#u32(0);
    this.#text(content);
    const written = this.#size - sizeAt - 8;
    this.#view.setUint32(sizeAt, written, true);
    if (written <= FRAME_BYTES_MAX) return;
    this.#size = sizeAt + 4;
    this.#blob(NO_BYTES);
  }

  /** @param {number} value */
  #u8(value) {
    this.#reserve(1);
    this.#bytes[this.#size++] = value;
  }

  /** @param {number} value */
  #u32(value) {
    this.#reserve(4);
    this.#view.setUint32(this.#size, value, true);
    this.#size += 4;
  }

  /** @param {number} ms */
  #time(ms) {
    this.#reserve(8);
    this.#view.setBigInt64(this.#size, BigInt(ms), true);
    this.#size += 8;
  }

  /** @param {string} text */
  #text(text) {
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    this.#reserve(4 + text.length * 3);
    const start = this.#size + 4;
    let written = text.length <= SHORT_TEXT ? this.#ascii(text, start) : -1;
    if (written < 0) ({ written } = encoder.encodeInto(text, this.#bytes.subarray(start)));
    this.#view.setUint32(this.#size, written, true);
    this.#size = start + written;
  }

  /**
   * @param {string} text
   * @param {number} start
   * @returns {number} The number of bytes, -1 if the text is not ASCII.
   */
  #ascii(text, start) {
    const bytes = this.#bytes;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 0x7f) return -1;
      bytes[start + at] = unit;
    }
    return text.length;
  }

  /** @param {Uint8Array} bytes */
  #blob(bytes) {
    this.#u32(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  /** @param {number} size */
  #reserve(size) {
    const needed = this.#size + size;
    const { length } = this.#bytes;
    if (needed > length) this.#use(this.#room(Math.max(needed, length * 2)));
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  #use(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}
