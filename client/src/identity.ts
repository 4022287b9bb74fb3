/** Who this device and this tab are. */
import { wrong } from "./environment.js";
import { attempt, listen, page } from "./page.js";
import { PAGE_STORE, type Store } from "./store.js";
import { WarnOnce } from "./warnings.js";
import { isDeviceId } from "./texts.js";

const DEVICE_KEY = "user-session-device-id";
const TAB_KEY = "user-session-tab-id";
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** The least part of a UUID that is as random as an id must be. */
const UUID_END = /^[\da-f]{20}$/i;

const deviceIds = new WeakMap<Store, string | Promise<string>>();
let pageTabId: string | undefined;
const warnings = new WarnOnce();

/**
 * A random text of letters and digits.
 * @param length At most 20.
 * @param randomUUID The app's own, if there is one.
 * @throws {TypeError} If that returns no UUID.
 */
export function randomId(length: number, randomUUID?: () => unknown): string {
  if (randomUUID) return endOfUuid(randomUUID(), length);
  const bytes = new Uint8Array(length);
  if (!attempt(() => crypto.getRandomValues(bytes))) {
    // An id is no secret: it must differ from others, and nobody is kept out by it.
    for (const at of bytes.keys()) bytes[at] = Math.random() * 256;
    warnings.warn("crypto", "no crypto.getRandomValues: ids are of Math.random; in React Native import react-native-get-random-values first");
  }
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte % 32)).join("");
}

function endOfUuid(uuid: unknown, length: number): string {
  const end = typeof uuid === "string" ? uuid.replace(/-/g, "").slice(-20) : "";
  if (!UUID_END.test(end)) throw wrong("what environment.randomUUID returned", uuid, "a UUID");
  return end.slice(-length);
}

/**
 * The id of this browser profile, or of the installation of an app. Where nothing can be stored it lasts as long as
 * the page. It is a promise where the storage answers by promises.
 */
export function ownDeviceId(): string;
export function ownDeviceId(store: Store, randomUUID: (() => string) | undefined): string | Promise<string>;
export function ownDeviceId(store: Store = PAGE_STORE, randomUUID?: () => string): string | Promise<string> {
  const known = deviceIds.get(store);
  if (known !== undefined) return known;
  const found = store.read(DEVICE_KEY);
  const chosen = (text: string | null) => (isUsable(text) ? text : newDeviceId(store, randomUUID));
  const id = found instanceof Promise ? found.then(chosen) : chosen(found);
  deviceIds.set(store, id);
  return id;
}

/**
 * The id of this tab, which a reload keeps. A duplicated tab starts with a copy of the other's
 * sessionStorage, and with the same id each would throw the other out: so a page takes the id out of
 * the storage, and puts it back when it is left.
 */
export function ownTabId(randomUUID?: () => string): string {
  if (pageTabId !== undefined) return pageTabId;
  const stored: unknown = attempt(() => page.sessionStorage?.getItem(TAB_KEY));
  const id = (pageTabId = isUsable(stored) ? stored : randomId(16, randomUUID));
  const take = () => attempt(() => page.sessionStorage?.removeItem(TAB_KEY));
  const giveBack = () => {
    attempt(() => page.sessionStorage?.setItem(TAB_KEY, pageTabId ?? id));
    // The page may come back out of the browser's cache, when another tab has a copy of that id.
    pageTabId = randomId(16);
  };
  take();
  listen(() => page, "pagehide", giveBack);
  listen(() => page, "pageshow", take);
  return id;
}

function newDeviceId(store: Store, randomUUID: (() => string) | undefined): string {
  const id = randomId(20, randomUUID);
  store.write(DEVICE_KEY, id);
  // Another tab may have been as quick: whoever wrote last has named the device.
  const stored = store.read(DEVICE_KEY);
  return isUsable(stored) ? stored : id;
}

/** Anything of the page's may have written there. */
function isUsable(text: unknown): text is string {
  return typeof text === "string" && isDeviceId(text);
}
