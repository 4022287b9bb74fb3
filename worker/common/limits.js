/**
 * The limits that JavaScript checks before the module gets anything. A limit that src/limits.h has, too, has
 * the same name and value, and a test compares. The owner's limits belong to object/rate-limits.js.
 */

const encoder = new TextEncoder();

/**
 * Measures a text as the limits do, in bytes of UTF-8.
 * @param {string} text
 */
export function encodedLength(text) {
  return encoder.encode(text).length;
}

/**
 * Whether a text is longer than a limit allows.
 * @param {string} text
 * @param {number} max In bytes of UTF-8.
 */
export function isLonger(text, max) {
  // A character of a string takes one to three bytes, so hardly any text has to be encoded.
  return text.length > max || (text.length * 3 > max && encodedLength(text) > max);
}

/** The platform tells an object its name only up to this length (workerd 2026-11-17). */
export const USER_ID_BYTES_MAX = 1_024;

/** The longest time for which a push is kept, 30 days: the app's own database is the place for more. */
export const KEEP_SECONDS_MAX = 2_592_000;

/** The longest id of a push. */
export const PUSH_ID_BYTES_MAX = 128;

/** The most devices that a push can name in `to` or in `except`. */
export const AIMED_DEVICES_MAX = 64;

/** The longest reason of a close: a close frame has 125 bytes, and the code takes two. */
export const CLOSE_REASON_BYTES_MAX = 123;

/** How long a ticket is good, in milliseconds. */
export const TICKET_MS = 30_000;

/** The longest token that is parsed at all. */
export const TOKEN_LENGTH_MAX = 16_384;

/** The longest id of a session or token. */
export const CREDENTIAL_ID_BYTES_MAX = 256;
