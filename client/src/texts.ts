/** Texts that an app gives, as the server will read them. */
import { shown, warn } from "./warnings.js";

export const USER_ID_BYTES = 1_024;
export const DEVICE_ID_BYTES = 128;
export const NAME_BYTES = 128;

/** A property escape would say the same, but React Native's engine could not read those until 2024. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

/**
 * The text without halves of characters, as `slice` leaves them: the server reads U+FFFD for each, so
 * the client says so from the start. What is no text stays as it is, for the server to refuse.
 */
export function wellFormed<T>(value: T): T {
  if (typeof value !== "string") return value;
  const text = value as string & { toWellFormed?: () => string };
  return (text.toWellFormed?.() ?? text.replace(LONE_SURROGATE, "\u{fffd}")) as T & string;
}

export function wellFormedAll(texts: readonly string[]): readonly string[] {
  return Array.isArray(texts) ? texts.map((text) => wellFormed(text)) : texts;
}

/** How many bytes of UTF-8 a text has. Half a character has the three of U+FFFD. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  // A character of two units has four bytes.
  for (const character of text) bytes += character.length > 1 ? 4 : character < "\x80" ? 1 : character < "\u0800" ? 2 : 3;
  return bytes;
}

/** Reads the option `userId`. @throws {TypeError} If it can't be a user's id. */
export function userIdOption(given: unknown): string {
  return idOption("userId", given, USER_ID_BYTES);
}

/** Reads the option `deviceId`. @throws {TypeError} If it can't be a device's id. */
export function deviceIdOption(given: unknown): string {
  return idOption("deviceId", given, DEVICE_ID_BYTES);
}

/** Whether it can be the id of a device or a tab. */
export function isDeviceId(text: string): boolean {
  return text !== "" && utf8Bytes(text) <= DEVICE_ID_BYTES && wellFormed(text) === text;
}

/** Whole numbers are what many a database calls its users by. */
function idOption(name: string, given: unknown, bytesMax: number): string {
  const isWhole = typeof given === "bigint" || Number.isSafeInteger(given);
  const text = wellFormed(isWhole ? String(given) : given);
  const bytes = typeof text === "string" ? utf8Bytes(text) : 0;
  if (bytes > 0 && bytes <= bytesMax) return text as string;
  throw new TypeError(`user-session: ${name} ${bytes ? `has ${bytes}` : `is ${shown(given)}`}: ${expectedText(bytesMax)}`);
}

/** Reads the option `deviceName` and cuts it to the length that the server takes. `undefined` for no name. */
export function deviceNameOption(given: unknown): string | undefined {
  if (given === undefined || given === null || given === "") return undefined;
  const name = wellFormed(given);
  if (typeof name === "string" && utf8Bytes(name) <= NAME_BYTES) return name;
  const cut = typeof name === "string" ? cutToBytes(name, NAME_BYTES) : undefined;
  warn(`the option deviceName is ${shown(name)}: ${expectedText(NAME_BYTES)}; ${cut ? shown(cut) : "the name it has"} is used`);
  return cut;
}

/** As much of a text as has room, in whole characters. */
function cutToBytes(text: string, bytesMax: number): string {
  let cut = "";
  for (const character of text) {
    if (utf8Bytes(cut + character) > bytesMax) break;
    cut += character;
  }
  return cut;
}

function expectedText(bytesMax: number): string {
  return `expected a string of 1 to ${bytesMax} bytes of UTF-8`;
}
