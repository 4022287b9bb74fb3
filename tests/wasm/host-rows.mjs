/** What a session stores on the platform of tests/wasm/host.mjs. */
import { EffectKind } from "../../bindings/wire.js";
import { ValueTexts, headerOf } from "../../worker/object/value-texts.js";

/** @import { Effect } from "../../bindings/wire.js" */

/** The rows for a waking session if nothing is stored. */
export const NOTHING_STORED = Object.freeze({
  snapshot: null,
  logout: null,
  inbox: null,
  kept: null,
  messages: [],
  values: [],
  legacy: null,
});

export class HostRows {
  /** @type {Uint8Array | null} */
  snapshot = null;
  /** @type {Uint8Array | null} */
  logout = null;
  /** @type {Uint8Array | null} */
  inbox = null;
  /** The rows of messages, by slot. @type {Map<number, Uint8Array>} */
  messages = new Map();
  /** The rows of values, by slot. @type {Map<number, Uint8Array>} */
  values = new Map();
  /** @type {{games: string[], lastActive: number} | null} */
  legacy = null;

  /** A backup of them. */
  copy() {
    const rows = Object.assign(new HostRows(), this);
    rows.messages = new Map(this.messages);
    rows.values = new Map(this.values);
    return rows;
  }

  /** Gives the rows for a waking session. */
  woken() {
    const messages = [...this.messages].sort(([a], [b]) => a - b);
    return {
      snapshot: this.snapshot,
      logout: this.logout,
      inbox: this.inbox,
      kept: null,
      messages: messages.map(([slot, bytes]) => ({ slot, bytes })),
      values: [...this.values].sort(([a], [b]) => a - b).map(([slot, row]) => headerOf(slot, row)),
      legacy: this.legacy,
    };
  }

  /** The text of a value. @param {number} slot */
  valueOf(slot) {
    const texts = new ValueTexts();
    const row = this.values.get(slot);
    if (row) texts.keep(slot, row);
    return texts.of(slot);
  }

  /**
   * Carries out an effect on what is stored; others do nothing.
   * @param {Effect} effect
   */
  apply({ kind, number, bytes }) {
    // They lie in the module's memory, where the next step writes.
    const kept = bytes.slice();
    if (kind === EffectKind.Quarantine || kind === EffectKind.Erase) this.snapshot = null;
    if (kind === EffectKind.Erase) {
      this.legacy = this.inbox = null;
      this.messages.clear();
      this.values.clear();
    }
    if (kind === EffectKind.Store) this.snapshot = kept;
    if (kind === EffectKind.StoreLogout) this.logout = kept;
    if (kind === EffectKind.StoreInbox) this.inbox = kept;
    if (kind === EffectKind.StoreMessage) this.messages.set(number, kept);
    if (kind === EffectKind.StoreValue) this.values.set(number, kept);
    if (kind === EffectKind.QuarantineValue) this.values.delete(number);
    if (kind === EffectKind.DeleteMessage) this.messages.delete(number);
  }
}
