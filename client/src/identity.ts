/** Who this device and this tab are. */
import { attempt, listen, page } from "./page.js";
import { WarnOnce } from "./warnings.js";
import { isDeviceId } from "./texts.js";

const DEVICE_KEY = "user-session-device-id";
const TAB_KEY = "user-session-tab-id";
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

let pageDeviceId: string | undefined;
let pageTabId: string | undefined;
const warnings = new WarnOnce();

/** A random text of letters and digits, five bits each. */
export function randomId(length: number): string {
  const bytes = new Uint8Array(length);
  if (!attempt(() => crypto.getRandomValues(bytes))) {
    fillByChance(bytes);
    warnings.warn(
      "crypto",
      "there is no crypto.getRandomValues here, so ids are made by Math.random, which serves as long as it is " +
        "seeded well; in React Native install react-native-get-random-values and import it first",
    );
  }
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte % 32)).join("");
}

/** An id is no secret: it must differ from others, and nobody is kept out by it. */
function fillByChance(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(Math.random() * 256);
}

/** The id of this browser profile. Where nothing can be stored it lasts as long as the page. */
export function ownDeviceId(): string {
  pageDeviceId ??= read("localStorage", DEVICE_KEY) ?? newDeviceId();
  return pageDeviceId;
}

/**
 * The id of this tab, which a reload keeps. A duplicated tab starts with a copy of the other's
 * sessionStorage, and with the same id each would throw the other out: so a page takes the id out of
 * the storage, and puts it back when it is left.
 */
export function ownTabId(): string {
  if (pageTabId !== undefined) return pageTabId;
  const id = (pageTabId = read("sessionStorage", TAB_KEY) ?? randomId(16));
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

function newDeviceId(): string {
  const id = randomId(20);
  attempt(() => page.localStorage?.setItem(DEVICE_KEY, id));
  // Another tab may have been as quick: whoever wrote last has named the device.
  return read("localStorage", DEVICE_KEY) ?? id;
}

/** Where storage is forbidden the property itself throws. */
function read(storage: "localStorage" | "sessionStorage", key: string): string | null {
  const text: unknown = attempt(() => page[storage]?.getItem(key));
  // Anything of the page's may have written there.
  return typeof text === "string" && isDeviceId(text) ? text : null;
}
