/** Who this device and this tab are. */
import { page } from "./page.js";

const DEVICE_KEY = "user-session-device-id";
const TAB_KEY = "user-session-tab-id";
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

let pageDeviceId: string | undefined;
let pageTabId: string | undefined;

/** A random text of letters and digits, five bits each. */
export function randomId(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte % 32)).join("");
}

/** The id of this browser profile. Where nothing can be stored it lasts as long as the page. */
export function ownDeviceId(): string {
  pageDeviceId ??= read(localStorageOrNull(), DEVICE_KEY) ?? newDeviceId();
  return pageDeviceId;
}

/**
 * The id of this tab, which a reload keeps. A duplicated tab starts with a copy of the other's
 * sessionStorage, and with the same id each would throw the other out: so a page takes the id out of
 * the storage, and puts it back when it is left.
 */
export function ownTabId(): string {
  if (pageTabId !== undefined) return pageTabId;
  const id = read(sessionStorageOrNull(), TAB_KEY) ?? randomId(16);
  pageTabId = id;
  const take = () => attempt(() => sessionStorageOrNull()?.removeItem(TAB_KEY));
  const giveBack = () => attempt(() => sessionStorageOrNull()?.setItem(TAB_KEY, id));
  take();
  page.addEventListener?.("pagehide", giveBack);
  page.addEventListener?.("pageshow", take);
  return id;
}

function newDeviceId(): string {
  const id = randomId(20);
  attempt(() => localStorageOrNull()?.setItem(DEVICE_KEY, id));
  // Another tab may have been as quick: whoever wrote last has named the device.
  return read(localStorageOrNull(), DEVICE_KEY) ?? id;
}

function read(storage: Storage | null, key: string): string | null {
  return attempt(() => storage?.getItem(key)) || null;
}

// Where storage is forbidden the property itself throws.
function localStorageOrNull(): Storage | null {
  return attempt(() => page.localStorage) ?? null;
}

function sessionStorageOrNull(): Storage | null {
  return attempt(() => page.sessionStorage) ?? null;
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
