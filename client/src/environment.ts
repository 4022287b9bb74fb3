/** The parts of a page that an engine which is no browser gives the client, as React Native does. */
import type { KeyValueStorage } from "./store.js";
import { shown } from "./warnings.js";

/** The part of React Native's `AppState` that the client needs. */
export interface AppStateLike {
  readonly currentState: string | null | undefined;
  addEventListener(type: "change", listener: (state: string) => void): { remove(): void };
}

/** The client uses these in place of a browser's own. Each part may be left out. */
export interface Environment {
  /** Keeps the device's id, and up to where the inbox was told: `AsyncStorage`, or one that answers at once, as MMKV does. */
  storage?: KeyValueStorage | undefined;
  /** Makes a random UUID, as `expo-crypto`'s does; its last 20 hexadecimal digits are used. */
  randomUUID?: (() => string) | undefined;
  /** React Native's `AppState`. In the `background` the socket is closed, since the system may stop the app at any moment. */
  appState?: AppStateLike | undefined;
  /** `addEventListener` of `@react-native-community/netinfo`, which tells whether there is a network. */
  online?: ((listener: (state: { isConnected: boolean | null }) => void) => () => void) | undefined;
}

/** For each part the methods that it must have; one that has none is a function itself. */
const PARTS: Record<keyof Environment, readonly string[]> = {
  storage: ["getItem", "setItem"],
  randomUUID: [],
  appState: ["addEventListener"],
  online: [],
};

/** Reads the option `environment`. @throws {TypeError} If a part of it can't be used; the message names that. */
export function environmentOption(given: unknown): Environment {
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null) throw wrong("environment", given, `an object with ${Object.keys(PARTS).join(", ")}`);
  for (const [name, methods] of Object.entries(PARTS)) {
    const part = (given as Record<string, Record<string, unknown> | null | undefined>)[name];
    const isUsable = methods[0] ? methods.every((method) => typeof part?.[method] === "function") : typeof part === "function";
    if (part === undefined || isUsable) continue;
    throw wrong(`environment.${name}`, part, methods[0] ? `an object with ${methods.join(" and ")}` : "a function");
  }
  return given;
}

/** The error for a value that can't be used. */
export function wrong(what: string, found: unknown, expected: string): TypeError {
  return new TypeError(`user-session: ${what} is ${shown(found)}: expected ${expected}`);
}
