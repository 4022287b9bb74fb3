/** The texts that are kept from one start of an app to the next. */
import { attempt, page } from "./page.js";

/** Where texts are kept: `localStorage`, or what answers by promises, as React Native's `AsyncStorage` does. */
export interface KeyValueStorage {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  /** Takes a key away. Without it a text that is not to be kept is made empty. */
  removeItem?(key: string): unknown;
}

type Text = string | null;

export class Store {
  readonly #storage: () => Partial<KeyValueStorage> | undefined;
  /** The texts that had to be waited for. */
  #read = new Map<string, Text>();

  /** @param storage Gives it. Where it is forbidden the property itself throws. */
  constructor(storage: () => Partial<KeyValueStorage> | undefined) {
    this.#storage = storage;
  }

  /** The text of a key, `null` if there is none or it can't be read; a promise the first time if the storage gives one. */
  read(key: string): Text | Promise<Text> {
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const given: unknown = attempt(() => this.#storage()?.getItem?.(key));
    if (!(given as Partial<Promise<unknown>> | null)?.then) return textOrNull(given);
    return Promise.resolve(given).catch(() => null).then((found) => {
      // A text that was written meanwhile is newer.
      const text = this.#read.get(key) ?? textOrNull(found);
      this.#read.set(key, text);
      return text;
    });
  }

  /** @param text `null` to keep none. */
  write(key: string, text: Text): void {
    if (this.#read.has(key)) this.#read.set(key, text);
    const write = async () => {
      const storage = this.#storage();
      if (text === null && storage?.removeItem) return storage.removeItem(key);
      return storage?.setItem?.(key, text ?? "");
    };
    write().catch(() => {});
  }
}

/** The storage of the page. */
export const PAGE_STORE = new Store(() => page.localStorage);

const stores = new WeakMap<KeyValueStorage, Store>();

/** The store of a storage, one for all clients that are given it. */
export function storeOf(storage: KeyValueStorage | undefined): Store {
  if (!storage) return PAGE_STORE;
  const store = stores.get(storage) ?? new Store(() => storage);
  stores.set(storage, store);
  return store;
}

/** Anything of the app's may have written there. */
function textOrNull(found: unknown): Text {
  return typeof found === "string" ? found : null;
}
