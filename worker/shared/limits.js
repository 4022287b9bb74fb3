/**
 * The limits that JavaScript holds devices, servers and pages to, before the module hears of them. Where
 * src/limits.h has one of the same name it is the same, and a test compares.
 */

const encoder = new TextEncoder();

/**
 * The length of a text as the limits count it, in bytes of UTF-8.
 * @param {string} text
 */
export function encodedLength(text) {
  return encoder.encode(text).length;
}

/** The platform tells an object its name only up to this length (workerd 2026-11-17). */
export const USER_ID_BYTES_MAX = 1_024;

/** 30 days, for which a push is kept: what is kept longer belongs into the app's own database. */
export const KEEP_SECONDS_MAX = 2_592_000;

/** The id of a push, in UTF-8. */
export const PUSH_ID_BYTES_MAX = 128;

/** Devices that a push names as its receivers, or as none of them. */
export const AIMED_DEVICES_MAX = 64;

/** A close frame has 125 bytes, of which the code takes two. */
export const CLOSE_REASON_BYTES_MAX = 123;

/** A token, before anything of it is read. */
export const TOKEN_LENGTH_MAX = 16_384;

/** The name that a token gives its session or itself; a longer one names no credential. */
export const CREDENTIAL_ID_LENGTH_MAX = 256;
