/**
 * The JavaScript half of the boundary: events to bytes, effect records to objects. Its C++ half is
 * `wire.h`, which describes the format; both have the same tables, and a test compares them.
 */

/** The byte that names an event. */
export const EventTag = Object.freeze({
  Woken: 1,
  Connected: 2,
  FrameReceived: 3,
  Disconnected: 4,
  StateRequested: 5,
  ClearRequested: 6,
  PushRequested: 7,
  GameJoinRequested: 8,
  GameLeaveRequested: 9,
  LogoutRequested: 10,
});

/** The number that names an effect. */
export const EffectKind = Object.freeze({
  SetAside: 1,
  Erase: 2,
  Store: 3,
  SetAttachment: 4,
  Send: 5,
  SendToAll: 6,
  Close: 7,
  CloseAll: 8,
  Answer: 9,
  Report: 10,
  Expel: 11,
  StoreLogout: 12,
});

/**
 * Beyond this many bytes a frame or body is not copied into the module, only its size is: the
 * module refuses it anyway. It is `kFrameBytesMax` of `src/limits.h`; a test compares the two.
 */
export const FRAME_BYTES_MAX = 65_536;

/**
 * An open socket at the moment of waking.
 * @typedef {object} WokenConnection
 * @property {number} connection
 * @property {number} heartbeat Milliseconds since the epoch, 0 for never.
 * @property {Uint8Array} attachment
 */

/**
 * How often something may happen; a `count` of 0 is no limit.
 * @typedef {object} Rate
 * @property {number} count
 * @property {number} perMs
 * @property {number} burst
 */

/**
 * How much one user may ask for.
 * @typedef {object} Allowance
 * @property {Rate} frames Of one connection.
 * @property {Rate} userFrames Of all connections together.
 * @property {Rate} connects
 * @property {number} devicesMax
 */

/**
 * What whoever asks has proved.
 * @typedef {object} Credential
 * @property {number} issuedAt Seconds since the epoch, -1 for a caller that is beyond a logout.
 * @property {number} expiresAt Milliseconds since the epoch, 0 for never.
 */

/**
 * What the instance knows of the world when it starts.
 * @typedef {object} WokenEvent
 * @property {"Woken"} type
 * @property {string} userId
 * @property {number} now
 * @property {Uint8Array | null} snapshot The stored bytes, `null` if there are none.
 * @property {Uint8Array | null} logout The same of the last logout.
 * @property {{games: string[], lastActive: number} | null} legacy State of the server this one
 *   replaces.
 * @property {WokenConnection[]} connections
 * @property {Allowance} allowance
 */

/**
 * Text of any size, or a binary frame, of which only the size matters.
 * @typedef {string | Uint8Array | ArrayBuffer} FrameContent
 */

/**
 * What can happen; `src/event.h` says what each means.
 * @typedef {WokenEvent
 *   | {type: "Connected", connection: number, now: number, deviceId: string,
 *      credential: Credential}
 *   | {type: "FrameReceived", connection: number, now: number, content: string | ArrayBuffer}
 *   | {type: "Disconnected", connection: number, heartbeat: number}
 *   | {type: "StateRequested", now: number, heartbeat: number, credential: Credential}
 *   | {type: "ClearRequested", now: number, credential: Credential}
 *   | {type: "PushRequested", now: number, body: string | Uint8Array, size?: number}
 *   | {type: "GameJoinRequested", now: number, gameId: string}
 *   | {type: "GameLeaveRequested", now: number, gameId: string}
 *   | {type: "LogoutRequested", now: number}} SessionEvent
 */

/**
 * What has to be done; `src/effect.h` says what each means. `text` is for frames, reasons, answers
 * and reports, `bytes` for what is stored or attached; the bytes are a copy.
 * @typedef {object} Effect
 * @property {number} kind One of `EffectKind`.
 * @property {number} connection
 * @property {number} number A close code or an HTTP status.
 * @property {string} text
 * @property {Uint8Array<ArrayBuffer>} bytes
 */

/**
 * What a request gets.
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} body JSON.
 */

const encoder = new TextEncoder();
// A byte order mark is data here, like everything else.
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const NO_BYTES = new Uint8Array(0);

/** Collects the fields of one event. Reused: after `start` nothing of the last event is left. */
export class EventWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  /**
   * Writes an event.
   * @param {SessionEvent} event
   * @returns {Uint8Array} Its bytes, valid until the next call.
   */
  write(event) {
    this.#size = 0;
    this.#u8(EventTag[event.type]);
    this.#fields(event);
    return this.#bytes.subarray(0, this.#size);
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
        return this.#credential(event.credential);
      case "FrameReceived":
        this.#u32(event.connection);
        this.#time(event.now);
        this.#u8(typeof event.content === "string" ? 1 : 0);
        return this.#payload(event.content);
      case "Disconnected":
        this.#u32(event.connection);
        return this.#time(event.heartbeat);
      case "StateRequested":
        this.#time(event.now);
        this.#time(event.heartbeat);
        return this.#credential(event.credential);
      case "ClearRequested":
        this.#time(event.now);
        return this.#credential(event.credential);
      case "PushRequested":
        this.#time(event.now);
        return this.#payload(event.body, event.size);
      case "GameJoinRequested":
      case "GameLeaveRequested":
        this.#time(event.now);
        return this.#text(event.gameId);
      case "LogoutRequested":
        return this.#time(event.now);
    }
  }

  /** @param {WokenEvent} event */
  #woken(event) {
    this.#text(event.userId);
    this.#time(event.now);
    for (const stored of [event.snapshot, event.logout]) {
      this.#u8(stored ? 1 : 0);
      this.#blob(stored ?? NO_BYTES);
    }
    this.#u8(event.legacy ? 1 : 0);
    this.#time(event.legacy?.lastActive ?? 0);
    const games = event.legacy?.games ?? [];
    this.#u32(games.length);
    for (const game of games) this.#text(game);
    this.#u32(event.connections.length);
    for (const { connection, heartbeat, attachment } of event.connections) {
      this.#u32(connection);
      this.#time(heartbeat);
      this.#blob(attachment);
    }
    const { frames, userFrames, connects, devicesMax } = event.allowance;
    for (const { count, perMs, burst } of [frames, userFrames, connects]) {
      this.#u32(count);
      this.#u32(perMs);
      this.#u32(burst);
    }
    this.#u32(devicesMax);
  }

  /** @param {Credential} credential */
  #credential({ issuedAt, expiresAt }) {
    this.#time(issuedAt);
    this.#time(expiresAt);
  }

  /**
   * The size, then the content unless it is too large or binary in a place for text.
   * @param {FrameContent} content
   * @param {number} [size] Its size in bytes where the caller has read only a part of it.
   */
  #payload(content, size) {
    if (typeof content !== "string") {
      const bytes = size ?? content.byteLength;
      this.#u32(bytes);
      const isText = content instanceof Uint8Array && bytes <= FRAME_BYTES_MAX;
      return this.#blob(isText ? content : NO_BYTES);
    }
    // A text has at least as many bytes as UTF-16 units, so a huge one need not be encoded.
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
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(start));
    this.#view.setUint32(this.#size, written, true);
    this.#size = start + written;
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
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

const RECORD_WORDS = 5;

/** @type {ReadonlySet<number>} */
const KINDS_WITH_BYTES = new Set([
  EffectKind.Store,
  EffectKind.StoreLogout,
  EffectKind.SetAttachment,
]);

/**
 * Reads the effects where the module has left them.
 * @param {ArrayBuffer} memory The module's memory as it is now.
 * @param {number} recordsAt Address of the records.
 * @param {number} count How many there are.
 * @param {number} textsAt Address of the texts.
 * @returns {Effect[]}
 */
export function readEffects(memory, recordsAt, count, textsAt) {
  const words = new Uint32Array(memory, recordsAt, count * RECORD_WORDS);
  const effects = [];
  for (let at = 0; at < words.length; at += RECORD_WORDS) {
    const [kind, connection, number, offset, size] = words.subarray(at, at + RECORD_WORDS);
    const bytes = new Uint8Array(memory, textsAt + offset, size);
    const hasBytes = KINDS_WITH_BYTES.has(kind);
    effects.push({
      kind,
      connection,
      number,
      text: hasBytes ? "" : decoder.decode(bytes),
      bytes: hasBytes ? bytes.slice() : NO_BYTES,
    });
  }
  return effects;
}

