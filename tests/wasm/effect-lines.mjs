/**
 * Effects as the lines of scenario files. `tests/scenarios/README.md` describes them;
 * tests/unit/scenario.cpp writes them.
 *
 * Rows and attachments stand there in words and with the hash of their bytes. The words are
 * left to the native tests, so that there is one decoder to be kept right (tests/unit/decoded.cpp);
 * the hash, which every byte changes, is compared here, too.
 */

import { EffectKind, isRow } from "../../bindings/wire.js";

/** @import { Effect } from "../../bindings/wire.js" */

const SHOWN_BYTES_MAX = 2048;
const HEAD_BYTES = 120;
const TAIL_BYTES = 80;

/** The lower halves of what tests/unit/names.h begins and multiplies with. */
const HASH_BASIS = 0x84222325;
const HASH_PRIME = 0x1b3;

/** The place of the length of the user's part in an attachment, and that of the length of the counts. */
const USER_LENGTH_AT = 1;
const COUNTS_AT = USER_LENGTH_AT + 4 + 4 * 8 + 1;

/** The word for the storing of each row. */
const ROW_WORDS = {
  [EffectKind.Store]: "store",
  [EffectKind.StoreInbox]: "store_inbox",
  [EffectKind.StoreLogout]: "store_logout",
};

/**
 * The line of an effect, without the words of what is stored and attached.
 * @param {Effect} effect
 */
export function lineOf({ kind, connection, number, text, bytes }) {
  switch (kind) {
    case EffectKind.Quarantine:
      return "quarantine";
    case EffectKind.Erase:
      return "erase";
    case EffectKind.SetAttachment:
      return `attach ${connection} ${hashOf(withoutCounts(bytes))}`;
    case EffectKind.Accept:
      return `accept ${connection}`;
    case EffectKind.Send:
      return `send ${connection} ${shown(text)}`;
    case EffectKind.SendToAll:
      return `send_to_all ${shown(text)}`;
    case EffectKind.Close:
      return `close ${connection} ${number} ${shown(text)}`;
    case EffectKind.Expel:
      return `expel ${connection} ${number} ${shown(text)}`;
    case EffectKind.CloseAll:
      return `close_all ${number} ${shown(text)}`;
    case EffectKind.Answer:
      return `answer ${number} ${shown(text)}`;
    case EffectKind.LogOut:
      return `log_out ${shown(text)}`;
    case EffectKind.RecordMetrics:
      return `record_metrics ${shown(text)}`;
    case EffectKind.Log:
      return `log ${shown(text)}`;
    default:
      return lineOfRow(kind, number, bytes);
  }
}

/**
 * @param {Effect["kind"]} kind
 * @param {number} slot
 * @param {Uint8Array} bytes
 */
function lineOfRow(kind, slot, bytes) {
  if (isRow(kind)) return `${ROW_WORDS[kind]} ${hashOf(bytes)}`;
  if (kind === EffectKind.StoreMessage) return `store_message ${slot} ${hashOf(bytes)}`;
  if (kind === EffectKind.StoreValue) return `store_value ${slot} ${hashOf(bytes)}`;
  if (kind === EffectKind.QuarantineValue) return `quarantine_value ${slot}`;
  if (kind === EffectKind.DeleteMessage) return `delete_message ${slot}`;
  return `an unknown effect ${kind}`;
}

/**
 * A line of a scenario file as `lineOf` writes it.
 * @param {string} line
 */
export function withoutWords(line) {
  return line.replace(/^(store|store_inbox|store_logout|store_message \d+|store_value \d+|attach \d+) .* (?=#[0-9a-f]{8}$)/, "$1 ");
}

/**
 * A text in a line of effects: whole unless it is huge, and then with the hash of all of it.
 * @param {string} text
 */
function shown(text) {
  const bytes = Buffer.from(text);
  if (bytes.length <= SHOWN_BYTES_MAX) return escaped(bytes);
  const head = escaped(bytes.subarray(0, HEAD_BYTES));
  const tail = escaped(bytes.subarray(-TAIL_BYTES));
  return `${head} ... ${tail} (${bytes.length} bytes) ${hashOf(bytes)}`;
}

/** @param {Buffer} bytes */
function escaped(bytes) {
  return bytes
    .toString("latin1")
    .replace(/[^ -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)
    .replace(/ $/, "\\x20");
}

/**
 * The lower half of the hash of tests/unit/names.h, which depends on the lower halves of its numbers alone.
 * @param {Uint8Array} bytes
 */
function hashOf(bytes) {
  let hash = HASH_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, HASH_PRIME);
  return `#${(hash >>> 0).toString(16).padStart(8, "0")}`;
}

/**
 * An attachment's bytes without its counts, and without the length of the part that they are in: they
 * would change in every line.
 * @param {Uint8Array} attachment
 */
function withoutCounts(attachment) {
  const view = new DataView(attachment.buffer, attachment.byteOffset);
  const end = COUNTS_AT + 4 + view.getUint32(COUNTS_AT, true);
  return Buffer.concat([
    attachment.subarray(0, USER_LENGTH_AT),
    attachment.subarray(USER_LENGTH_AT + 4, COUNTS_AT),
    attachment.subarray(end),
  ]);
}
