/**
 * Reads and writes the rows of a session. The content of a row belongs to `src/`.
 */
import { REPORT_KEY } from "./logout-hook.js";
import { ValueTexts, headerOf } from "./value-texts.js";
import { EffectKind, KEPT_KEY, MESSAGE_KEY, ROW_KEYS, VALUE_KEY, isRow } from "../../bindings/wire.js";

/** @import { Effect, Kind } from "../../bindings/wire.js" */

const SNAPSHOT_KEY = ROW_KEYS[EffectKind.Store];
const LOGOUT_KEY = ROW_KEYS[EffectKind.StoreLogout];
const INBOX_KEY = ROW_KEYS[EffectKind.StoreInbox];
const UNREADABLE_KEY = "session.unreadable";
// This key sorts behind those that every waking reads, and before those that none reads.
const BEHIND_OURS = "session.m";

/** The effects that may write a row beside those of `isRow`. @type {Kind[]} */
const MORE_ROWS = [EffectKind.StoreMessage, EffectKind.DeleteMessage, EffectKind.StoreValue, EffectKind.LogOut];

const NO_BYTES = new Uint8Array(0);

export class SessionStorage {
  #storage;
  #copy = NO_BYTES;
  /** The texts of the values, as they were read and written. */
  values = new ValueTexts();
  /** Whether there is a row of release 0.1.0 that the row of the inbox replaces. */
  #hasKept = false;

  /** @param {DurableObjectStorage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /**
   * Reads what is stored, or what the server that this one replaces has left. A single list costs no more rows
   * than there are.
   */
  read() {
    const { kv } = this.#storage;
    const rows = new Map(kv.list({ start: SNAPSHOT_KEY, end: BEHIND_OURS }));
    const snapshot = bytesOrNull(rows.get(SNAPSHOT_KEY));
    const logout = bytesOrNull(rows.get(LOGOUT_KEY));
    const inbox = bytesOrNull(rows.get(INBOX_KEY));
    const kept = bytesOrNull(rows.get(KEPT_KEY));
    this.#hasKept = kept !== null;
    const messages = slotsOf(rows, MESSAGE_KEY);
    this.values.clear();
    const values = slotsOf(rows, VALUE_KEY).map(({ slot, bytes }) => {
      this.values.keep(slot, bytes);
      return headerOf(slot, bytes);
    });
    const legacy = snapshot ? null : this.#readLegacy();
    return { snapshot, logout, inbox, kept, messages, values, legacy };
  }

  #readLegacy() {
    const { kv } = this.#storage;
    const games = kv.get("activeGames");
    const lastActive = kv.get("lastActive");
    if (games === undefined && lastActive === undefined) return null;
    return {
      games: Array.isArray(games) ? games.filter((game) => typeof game === "string") : [],
      lastActive: Number.isSafeInteger(lastActive) ? Number(lastActive) : 0,
    };
  }

  /**
   * Carries out effects so that all of their writes happen or none: legacy rows must not go before the
   * snapshot that replaces them is stored, no logout may be stored whose sockets stay open, and no row without
   * the attachments beside it.
   * @template T
   * @param {Effect[]} effects
   * @param {() => T} apply
   * @returns {T}
   */
  atomically(effects, apply) {
    const isOne = !this.#hasKept && isOneWrite(effects);
    return isOne ? apply() : this.#storage.transactionSync(apply);
  }

  /**
   * Carries out an effect on what is stored.
   * @param {Effect} effect
   */
  apply({ kind, number, bytes }) {
    const { kv } = this.#storage;
    if (isRow(kind)) {
      kv.put(ROW_KEYS[kind], this.copyOut(bytes));
      if (kind === EffectKind.StoreInbox && this.#hasKept) {
        kv.delete(KEPT_KEY);
        this.#hasKept = false;
      }
      return;
    }
    switch (kind) {
      case EffectKind.StoreMessage:
        kv.put(`${MESSAGE_KEY}${number}`, this.copyOut(bytes));
        return;
      case EffectKind.DeleteMessage:
        kv.delete(`${MESSAGE_KEY}${number}`);
        return;
      case EffectKind.StoreValue:
        kv.put(`${VALUE_KEY}${number}`, this.copyOut(bytes));
        this.values.keep(number, bytes);
        return;
      case EffectKind.Quarantine:
        this.#setAside(SNAPSHOT_KEY);
        return;
      case EffectKind.QuarantineValue:
        this.#setAside(`${VALUE_KEY}${number}`);
        return;
      case EffectKind.Erase:
        for (const [key] of [...kv.list()]) if (!staysAfterClear(key)) kv.delete(key);
        this.#hasKept = false;
        this.values.clear();
        return;
      default:
        throw new Error(`effect ${kind} is unknown: the module is of another version than the shim`);
    }
  }

  /**
   * Moves a row to a key that tells when, and of which row it was if it is not the snapshot.
   * @param {string} key
   */
  #setAside(key) {
    const { kv } = this.#storage;
    kv.put(`${UNREADABLE_KEY}.${Date.now()}${key.slice(SNAPSHOT_KEY.length)}`, kv.get(key));
    kv.delete(key);
  }

  /**
   * Copies bytes out of the module's memory, since the platform writes the whole buffer that they lie in. The
   * copy is good until the next call.
   * @param {Uint8Array} bytes
   */
  copyOut(bytes) {
    if (this.#copy.length !== bytes.length) this.#copy = new Uint8Array(bytes.length);
    this.#copy.set(bytes);
    return this.#copy;
  }
}

/**
 * Picks the rows that have a slot in their key.
 * @param {Map<string, unknown>} rows
 * @param {string} begin The key without the slot.
 */
function slotsOf(rows, begin) {
  return [...rows].flatMap(([key, value]) => {
    const slot = Number(key.slice(begin.length)) >>> 0;
    return key === `${begin}${slot}` ? [{ slot, bytes: bytesOrNull(value) ?? NO_BYTES }] : [];
  });
}

/**
 * Converts a stored value to bytes. A value that isn't bytes is not ours, and as unreadable as damaged bytes.
 * @param {unknown} value
 */
function bytesOrNull(value) {
  if (value === undefined) return null;
  return value instanceof Uint8Array ? value : NO_BYTES;
}

/**
 * Whether a row stays when the user's data is erased: what logouts have ended, and what the app is still to be told of
 * them.
 * @param {string} key
 */
function staysAfterClear(key) {
  return key === LOGOUT_KEY || key.startsWith(REPORT_KEY);
}

/** The effects that write more than one row. @type {Kind[]} */
const SEVERAL_ROWS = [EffectKind.Erase, EffectKind.Quarantine, EffectKind.QuarantineValue];

/** @param {Effect[]} effects */
function isOneWrite(effects) {
  let rows = 0;
  let attachments = 0;
  for (const { kind } of effects) {
    if (SEVERAL_ROWS.includes(kind)) return false;
    if (isRow(kind) || MORE_ROWS.includes(kind)) rows++;
    if (kind === EffectKind.SetAttachment) attachments++;
  }
  return rows === 0 || rows + attachments === 1;
}
