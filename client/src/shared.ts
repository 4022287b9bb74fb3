/** One client for all of a page that ask for the same session. */
import { endpointOf } from "./address.js";
import { UserSessionClient, type UserSessionClientOptions } from "./client.js";
import { environmentOption } from "./environment.js";
import { ownDeviceId } from "./identity.js";
import { storeOf } from "./store.js";
import { deviceIdOption, userIdOption } from "./texts.js";

interface Entry {
  client: UserSessionClient;
  holders: number;
}

const entries = new Map<string, Entry>();

/** A client, and how to let go of it. */
export interface SharedClient {
  client: UserSessionClient;
  release: () => void;
}

/** The client of a session if anybody on the page holds it. */
export function findSharedClient(options: UserSessionClientOptions): UserSessionClient | null {
  return entries.get(keyOf(options))?.client ?? null;
}

/**
 * The page's client for a user, address and device, connected. Who asks first decides the other
 * options. It is closed when everybody has let go of it, but not within the same turn: React
 * unmounts and mounts again.
 */
export function shareClient(options: UserSessionClientOptions): SharedClient {
  const key = keyOf(options);
  const entry = entries.get(key) ?? { client: new UserSessionClient(options), holders: 0 };
  entries.set(key, entry);
  entry.holders++;
  entry.client.connect();
  let isHeld = true;
  const closeIfFree = () => {
    if (entry.holders > 0 || entries.get(key) !== entry) return;
    entries.delete(key);
    entry.client.close();
  };
  const release = () => {
    if (!isHeld) return;
    isHeld = false;
    entry.holders--;
    setTimeout(closeIfFree);
  };
  return { client: entry.client, release };
}

function keyOf({ url, userId, deviceId, environment }: UserSessionClientOptions): string {
  const { storage, randomUUID } = environmentOption(environment);
  const id = deviceId ?? ownDeviceId(storeOf(storage), randomUUID);
  // An installation has one id, known or not.
  return JSON.stringify([endpointOf(url), userIdOption(userId), id instanceof Promise ? null : deviceIdOption(id)]);
}
