/**
 * Names the events, effects and values that cross the boundary to the module. `wire.h` is the C++ half, which
 * also describes the bytes; a test compares the tables of both. Bytes are written in event-writer.js and read in
 * effect-reader.js.
 */

/** A frame or body with more bytes stays out of the module. The module gets only its size, and refuses it. */
export const FRAME_BYTES_MAX = 65_536;

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
  MetricsRequested: 11,
  HeartbeatsRead: 12,
  DevicesRequested: 13,
  ExportRequested: 14,
  TicketRequested: 15,
  ValuesRequested: 16,
  ValueChangeRequested: 17,
});

/** The number that names an effect. */
export const EffectKind = Object.freeze({
  Quarantine: 1,
  Erase: 2,
  Store: 3,
  SetAttachment: 4,
  Send: 5,
  SendToAll: 6,
  Close: 7,
  CloseAll: 8,
  Answer: 9,
  Log: 10,
  Expel: 11,
  StoreLogout: 12,
  RecordMetrics: 13,
  StoreInbox: 14,
  Accept: 15,
  StoreMessage: 16,
  DeleteMessage: 17,
  LogOut: 18,
  StoreValue: 19,
  QuarantineValue: 20,
});

/** @typedef {(typeof EffectKind)[keyof typeof EffectKind]} Kind */

/** The effects by which a row is stored, and the key of each row. */
export const ROW_KEYS = {
  [EffectKind.Store]: "session",
  [EffectKind.StoreLogout]: "session.logout",
  [EffectKind.StoreInbox]: "session.inbox",
};

/** The key of the row of a message, without its slot. */
export const MESSAGE_KEY = `${ROW_KEYS[EffectKind.StoreInbox]}.`;

/** The key of the row of a value, without its slot. It stands among those that a waking reads. */
export const VALUE_KEY = `${ROW_KEYS[EffectKind.Store]}.data.`;

/** The key of the row in which release 0.1.0 had pushes that wait. The row of the inbox replaces it. */
export const KEPT_KEY = "session.kept";

/**
 * Whether an effect stores a row.
 * @param {Kind} kind
 * @returns {kind is keyof typeof ROW_KEYS}
 */
export function isRow(kind) {
  return kind in ROW_KEYS;
}

/** The parts that a logout can end; `src/event.h` says what each means. */
export const LogoutScope = Object.freeze({ All: 1, Others: 2, Device: 3, Credential: 4, IssuerSession: 5 });

/** The versions of the protocol. */
export const ProtocolVersion = Object.freeze({ Version1: 1, Version2: 2 });

/**
 * The first byte of the attachment of a socket that speaks version 2, as it is written and as release 0.1.0
 * wrote it. They are `kVersion2Format` and `kOldVersion2Format` of src/format/attachment.cpp; a test compares
 * them.
 */
const V2_ATTACHMENT_FORMATS = [8, 6];

/**
 * Finds out which version of the protocol a socket's device speaks without asking the module, which may have
 * failed.
 * @param {unknown} attachment What the platform keeps with the socket. Anything unknown is of version 1.
 */
export function protocolVersionOf(attachment) {
  const isV2 = attachment instanceof Uint8Array && V2_ATTACHMENT_FORMATS.includes(attachment[0]);
  return isV2 ? ProtocolVersion.Version2 : ProtocolVersion.Version1;
}

/**
 * An open socket at the moment of waking.
 * @typedef {object} WokenConnection
 * @property {number} connection
 * @property {number} heartbeat When the platform last answered a ping of it, in milliseconds since the epoch; 0 for
 *   never.
 * @property {Uint8Array} attachment
 */

/**
 * A limit of how often something may happen: `count` times in `perMs` milliseconds, and up to `burst` times at
 * once. A `count` of 0 is no limit.
 * @typedef {object} Rate
 * @property {number} count
 * @property {number} perMs
 * @property {number} burst
 */

/**
 * The limits of one user.
 * @typedef {object} RateLimits
 * @property {Rate} frames The frames of one connection.
 * @property {Rate} userFrames The frames of all connections together.
 * @property {Rate} connects New connections.
 * @property {number} devicesMax Open connections.
 */

/**
 * The credential of a connection or request.
 * @typedef {object} Credential
 * @property {number} issuedAt Seconds since the epoch, -1 for a trusted caller, whom no logout ends.
 * @property {boolean} isSignInTime Whether that is the time of the sign-in, which renewals have, too.
 * @property {number} expiresAt Milliseconds since the epoch, 0 for never.
 * @property {string} sessionId The id of its session, empty if nobody says it.
 * @property {string} tokenId Its own id, empty if it has none.
 */

/**
 * The number of a frame, up to which a device has seen all frames, and the epoch in which it has that number. An
 * epoch of 0 means that the device names none, one of -1 that what it names can't be read.
 * @typedef {object} Position
 * @property {number} epoch
 * @property {number} seq
 */

/**
 * The options of a push. An option that the caller has left out has its default.
 * @typedef {object} ResolvedPushOptions
 * @property {number} keep For how many seconds it waits in the inbox; 0 for not at all.
 * @property {string} pushId Empty if it has none.
 * @property {string[]} to Ids of the devices that get it; empty for all.
 * @property {string[]} except Ids of the devices that do not.
 */

/**
 * The first event of an instance of the module. It brings what is stored and which sockets are open.
 * @typedef {object} WokenEvent
 * @property {"Woken"} type
 * @property {string} userId
 * @property {number} now
 * @property {Uint8Array | null} snapshot The row of the state, `null` if there is none.
 * @property {Uint8Array | null} logout The row of the last logout.
 * @property {Uint8Array | null} inbox The row of the inbox.
 * @property {Uint8Array | null} kept The row in which release 0.1.0 had pushes that wait.
 * @property {{slot: number, bytes: Uint8Array}[]} messages The rows of messages.
 * @property {{slot: number, header: Uint8Array, textSize: number}[]} values The headers of the rows of values, and
 *   the sizes of the texts behind them.
 * @property {{games: string[], lastActive: number} | null} legacy What the TypeScript server that this one
 *   replaces has stored, as long as there is no snapshot.
 * @property {WokenConnection[]} connections
 * @property {RateLimits} rateLimits
 * @property {number} notBefore Second since the epoch before which no credential may have been issued; 0 if any
 *   may.
 * @property {number} [clockSkew] By how many seconds an issuer's clock may be ahead of ours.
 * @property {boolean} [isNobodyChecked] Whether everybody is let in without a credential.
 * @property {boolean} isMeasured Whether somebody collects the metrics.
 * @property {boolean} [isAnyLost] Whether a socket has gone whose leaving failed twice.
 * @property {number} randomness A random safe integer.
 */

/**
 * The content of a frame or of a push: text of any size, also as UTF-8 bytes, or a binary frame.
 * @typedef {string | Uint8Array | ArrayBuffer} FrameContent
 */

/**
 * A request by HTTP or by RPC.
 * @typedef {{type: "StateRequested", now: number, heartbeat: number, credential: Credential}
 *   | {type: "ClearRequested", now: number, credential: Credential}
 *   | {type: "PushRequested", now: number, body: string | Uint8Array, size?: number, options: ResolvedPushOptions,
 *      misfit?: string}
 *   | {type: "GameJoinRequested", now: number, gameId: string}
 *   | {type: "GameLeaveRequested", now: number, gameId: string}
 *   | ({type: "LogoutRequested", now: number, credential: Credential} & LogoutDemand)
 *   | {type: "MetricsRequested", now: number}
 *   | {type: "DevicesRequested", now: number}
 *   | {type: "ExportRequested", now: number, credential: Credential}
 *   | {type: "TicketRequested", now: number, credential: Credential}
 *   | {type: "ValuesRequested", now: number, credential: Credential, key: string}
 *   | {type: "ValueChangeRequested", now: number, credential: Credential, frame: string, misfit?: string}} RequestEvent
 */

/**
 * The part that a logout is to end.
 * @typedef {object} LogoutDemand
 * @property {(typeof LogoutScope)[keyof typeof LogoutScope]} scope
 * @property {string} id Id of the device or credential that the scope names; empty where it needs none.
 * @property {number} endedAt Second at which an issuer has said it; 0 for any other scope.
 */

/**
 * An event; `src/event.h` says what each means.
 * @typedef {WokenEvent | RequestEvent
 *   | {type: "Connected", connection: number, now: number, deviceId: string,
 *      credential: Credential, version: number, tabId: string, run: string, since: Position, inbox: number}
 *   | {type: "FrameReceived", connection: number, now: number, content: string | ArrayBuffer,
 *      misfit?: string}
 *   | {type: "Disconnected", connection: number, now: number, heartbeat: number}
 *   | {type: "HeartbeatsRead", now: number, heartbeats: {connection: number, at: number}[]}
 *  } SessionEvent
 */

/**
 * An effect; `src/effect.h` says what each means. `text` is for frames, reasons, answers and reports, `bytes`
 * for rows and attachments. The bytes lie in the module's memory, and its next step writes over them: copy them.
 * @typedef {object} Effect
 * @property {Kind} kind
 * @property {number} connection
 * @property {number} number A close code, an HTTP status or a slot; 0 for the other kinds.
 * @property {string} text
 * @property {Uint8Array<ArrayBuffer>} bytes
 */

/**
 * The answer to a request.
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} body JSON.
 */
