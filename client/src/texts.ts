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
  const { toWellFormed } = value as string & { toWellFormed?: () => string };
  const text = toWellFormed ? toWellFormed.call(value) : value.replace(LONE_SURROGATE, "\u{fffd}");
  return text as T & string;
}

export function wellFormedAll(texts: readonly string[]): readonly string[] {
  return Array.isArray(texts) ? texts.map((text) => wellFormed(text)) : texts;
}

/** How many bytes of UTF-8 a text has. Half a character has the three of U+FFFD. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
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
  if (typeof text === "string" && text !== "" && utf8Bytes(text) <= bytesMax) return text;
  const found = typeof text === "string" && text !== "" ? `has ${utf8Bytes(text)}` : `is ${shown(given)}`;
  throw new TypeError(`user-session: ${name} ${found}: expected a string of 1 to ${bytesMax} bytes of UTF-8`);
}

/** Reads the option `deviceName` and cuts it to the length that the server takes. `undefined` for no name. */
export function deviceNameOption(given: unknown): string | undefined {
  if (given === undefined || given === null || given === "") return undefined;
  const expected = `expected a string of 1 to ${NAME_BYTES} bytes of UTF-8`;
  if (typeof given !== "string") {
    warn(`the option deviceName is ${shown(given)}: ${expected}; the device keeps the name it has`);
    return undefined;
  }
  const name = wellFormed(given);
  if (utf8Bytes(name) <= NAME_BYTES) return name;
  const cut = cutToBytes(name, NAME_BYTES);
  warn(`the option deviceName is ${shown(name)}: ${expected}; ${shown(cut)} is used`);
  return cut;
}

/** As much of a text as has room, in whole characters. */
function cutToBytes(text: string, bytesMax: number): string {
  let cut = "";
  let room = bytesMax;
  for (const character of text) {
    room -= utf8Bytes(character);
    if (room < 0) break;
    cut += character;
  }
  return cut;
}
