/** One client for all of a page that ask for the same session. */
import { endpointOf } from "./address.js";
import { UserSessionClient, type UserSessionClientOptions } from "./client.js";
import { environmentOption } from "./environment.js";
import { ownDeviceId } from "./identity.js";
import { isOver } from "./snapshot.js";
import { storeOf } from "./store.js";
import { deviceIdOption, userIdOption } from "./texts.js";
import { WarnOnce } from "./warnings.js";

/** How long a client is kept that no component uses any more: a route may be loading, or React may show again what it has hidden. */
export const KEPT_MS = 5_000;

interface Entry {
  client: UserSessionClient;
  options: UserSessionClientOptions;
  warnings: WarnOnce;
  holders: number;
  /** Whether it stays for a while though nobody holds it. */
  isKept: boolean;
  closing: ReturnType<typeof setTimeout> | undefined;
}

const entries = new Map<string, Entry>();

/** A client, and how to let go of it. */
export interface SharedClient {
  client: UserSessionClient;
  release: () => void;
}

/** The page's client, as one component holds it. */
export interface HeldClient {
  client: UserSessionClient;
  /** The options that the client was made with, perhaps by another component. */
  inUse: UserSessionClientOptions;
  /** Common to all that hold the client. */
  warnings: WarnOnce;
  /** Lets go of it. If nobody else holds it, it is kept for a while. */
  leave: () => void;
  /** Lets go of it, if that was not done. It is closed if nobody else holds it. */
  end: () => void;
}

/** The client of a session if the page has it. */
export function findSharedClient(options: UserSessionClientOptions): UserSessionClient | null {
  return entries.get(keyOf(options))?.client ?? null;
}

/**
 * The page's client for a user, address and device, connected. Who asks first decides the other
 * options. It is closed when everybody has let go of it, but not within the same turn: React
 * unmounts and mounts again.
 */
export function shareClient(options: UserSessionClientOptions): SharedClient {
  const { client, end } = holdClient(options);
  return { client, release: end };
}

/** As `shareClient`, for a component, which React may bring back. */
export function holdClient(options: UserSessionClientOptions): HeldClient {
  const key = keyOf(options);
  const found = entries.get(key);
  // Nobody was told of an end that came while it was kept, so another one finds out.
  if (found?.isKept && hasEnded(found)) closeIfFree(key, found);
  const entry = entries.get(key) ?? newEntry(key, options);
  clearTimeout(entry.closing);
  entry.isKept = false;
  entry.holders++;
  entry.client.connect();
  let isHeld = true;
  const letGo = (keptMs: number) => {
    if (!isHeld && keptMs > 0) return;
    if (isHeld) entry.holders--;
    isHeld = false;
    if (entry.holders > 0) return;
    // Whoever was logged out may sign in again.
    entry.isKept = keptMs > 0 && !hasEnded(entry);
    clearTimeout(entry.closing);
    entry.closing = setTimeout(() => closeIfFree(key, entry), entry.isKept ? keptMs : 0);
    // Node would wait for it.
    (entry.closing as { unref?: () => void }).unref?.();
  };
  const { client, options: inUse, warnings } = entry;
  return { client, inUse, warnings, leave: () => letGo(KEPT_MS), end: () => letGo(0) };
}

/** A client that is only kept gives way to the next user's. */
function newEntry(key: string, options: UserSessionClientOptions): Entry {
  const client = new UserSessionClient(options);
  const endpoint = endpointOf(options.url);
  for (const [other, entry] of entries) if (endpointOf(entry.options.url) === endpoint) closeIfFree(other, entry);
  const entry = { client, options: { ...options }, warnings: new WarnOnce(), holders: 0, isKept: false, closing: undefined };
  entries.set(key, entry);
  return entry;
}

function hasEnded({ client }: Entry): boolean {
  return isOver(client.getSnapshot().connectionStatus);
}

function closeIfFree(key: string, entry: Entry): void {
  if (entry.holders > 0 || entries.get(key) !== entry) return;
  entries.delete(key);
  clearTimeout(entry.closing);
  entry.client.close();
}

function keyOf({ url, userId, deviceId, environment }: UserSessionClientOptions): string {
  const { storage, randomUUID } = environmentOption(environment);
  const id = deviceId ?? ownDeviceId(storeOf(storage), randomUUID);
  // An installation has one id, known or not.
  return JSON.stringify([endpointOf(url), userIdOption(userId), id instanceof Promise ? null : deviceIdOption(id)]);
}
