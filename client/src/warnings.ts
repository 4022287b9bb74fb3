/** Warnings for the app's developers, in the console. */
import { attempt, page } from "./page.js";

const SHOWN_MAX = 60;
/** A server may invent types of frames without end. */
const KEYS_MAX = 32;

export function warn(text: string): void {
  attempt(() => page.console?.warn(`user-session: ${text}`));
}

/** Warnings that are written once, not again at every frame. */
export class WarnOnce {
  #keys = new Set<string>();

  /** @param key Common to all that says the same. */
  warn(key: string, text: string): void {
    if (this.#keys.has(key) || this.#keys.size >= KEYS_MAX) return;
    this.#keys.add(key);
    warn(text);
  }
}

/** Any value in a few words, without calling anything of its own. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : attempt(() => Array.isArray(value)) ? "an array" : "an object";
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}
