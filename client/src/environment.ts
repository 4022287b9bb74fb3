/** The parts of a page that an engine which is no browser gives the client, as React Native does. */
import { attempt } from "./page.js";
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

const isFunction = (value: unknown) => typeof value === "function";

/** For each part what is expected, and the methods that it must have; one that has none is a function itself. */
const PARTS: Record<keyof Environment, [expected: string, ...methods: string[]]> = {
  storage: ["an object with getItem and setItem, as AsyncStorage is", "getItem", "setItem"],
  randomUUID: ["a function that returns a UUID"],
  appState: ["React Native's AppState, which has addEventListener", "addEventListener"],
  online: ["a function like NetInfo.addEventListener"],
};

/** Reads the option `environment`. @throws {TypeError} If a part of it can't be used; the message names that. */
export function environmentOption(given: unknown): Environment {
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null) throw wrong("environment", given, `an object with ${Object.keys(PARTS).join(", ")}`);
  for (const [name, [expected, ...methods]] of Object.entries(PARTS)) {
    const part = (given as Record<string, unknown>)[name];
    const isUsable = methods.length > 0
      ? methods.every((method) => isFunction((part as Record<string, unknown> | null)?.[method]))
      : isFunction(part);
    if (part !== undefined && !isUsable) throw wrong(`environment.${name}`, part, expected);
  }
  return given;
}

/** The error for a value that can't be used. */
export function wrong(what: string, found: unknown, expected: string): TypeError {
  return new TypeError(`user-session: ${what} is ${shown(found)}: expected ${expected}`);
}

export interface AppHandlers {
  /** The app is in front again, or the network is back. */
  wake(): void;
  /** The app goes into the background. */
  hide(): void;
}

/** The state of an app: whether it is in front, and whether it has a network, as far as it is told. */
export class AppWatch {
  /** Whether the app was told that there is no network. */
  isOffline = false;
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** @returns Ends the watching. */
  start({ wake, hide }: AppHandlers): () => void {
    const { appState, online } = this.#environment;
    const subscription = attempt(() =>
      appState?.addEventListener("change", (state) => (state === "background" ? hide() : state === "active" && wake())),
    );
    const stop = attempt(() =>
      online?.(({ isConnected }) => {
        const wasOffline = this.isOffline;
        this.isOffline = isConnected === false;
        if (wasOffline && isConnected) wake();
      }),
    );
    return () => {
      this.isOffline = false;
      attempt(() => subscription?.remove());
      attempt(() => stop?.());
    };
  }
}
