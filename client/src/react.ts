"use client";
/** The React hook. */
import { useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";

import type { PublishOptions, UserSessionClient, UserSessionClientOptions } from "./client.js";
import type { ConnectionMetrics } from "./connection.js";
import { ENDED, type SessionSnapshot, blankSnapshot } from "./core.js";
import type { Presence, RequestOutcome, SessionEvent } from "./protocol.js";
import { findSharedClient, shareClient } from "./shared.js";

export type { PublishOptions } from "./client.js";
export type { ConnectionMetrics, Token } from "./connection.js";
export type { ConnectionStatus, SessionSnapshot } from "./core.js";
export type { Presence, RequestOutcome, SessionDevice, SessionEvent, SessionState } from "./protocol.js";

/** The callbacks may be written inline: a new one is used from then on, and nothing reconnects. */
export interface UseUserSessionOptions extends Omit<UserSessionClientOptions, "userId"> {
  /** Whose session it is. Without one nothing connects. */
  userId: string | null | undefined;
  /** `false` disconnects. */
  enabled?: boolean | undefined;
  onGameJoined?: ((gameId: string) => void) | undefined;
  onGameLeft?: ((gameId: string) => void) | undefined;
  onLoggedOut?: (() => void) | undefined;
  onPresenceChanged?: ((presence: Presence) => void) | undefined;
  /** An event of a device, this one's too, or a server's push. */
  onEvent?: ((event: SessionEvent) => void) | undefined;
  /** Events may have been missed while there was no connection. */
  onReset?: (() => void) | undefined;
}

export interface UseUserSessionResult extends SessionSnapshot {
  /** Adds a game, 1 to 128 bytes of UTF-8. */
  joinGame: (gameId: string) => void;
  leaveGame: (gameId: string) => void;
  /** Ends the session on every device, this one too. */
  logoutAllDevices: () => void;
  updatePresence: (presence: Presence) => void;
  /** Sends an event to all of the user's devices, or to some. */
  publish: (name: string, data?: unknown, options?: PublishOptions) => Promise<RequestOutcome>;
  /** Calls back at every event or push of a name. @returns Ends it. */
  onEvent: (name: string, listener: (event: SessionEvent) => void) => () => void;
  logoutOthers: () => Promise<RequestOutcome>;
  logoutDevice: (deviceId: string) => Promise<RequestOutcome>;
  setDeviceName: (name: string) => Promise<RequestOutcome>;
  /** Connects again after a logout, a replacement or a refusal. */
  reconnect: () => void;
  /** What was counted of the connection, `null` before there was one. */
  getMetrics: () => ConnectionMetrics | null;
}

type Actions = Omit<UseUserSessionResult, keyof SessionSnapshot>;

const LOADING = blankSnapshot("connecting", true);
const DISABLED = blankSnapshot("idle", false);

/**
 * The user's session: its state, kept current, and what can be done with it. All components of a page
 * that ask for the same session share one socket. The functions keep their identity.
 */
export function useUserSession(options: UseUserSessionOptions): UseUserSessionResult {
  const { userId, url, deviceId, enabled = true, token } = options;
  const latest = useRef(options);
  const isOn = enabled && Boolean(userId);
  const session = useMemo(
    () => new MountedSession(latest, isOn ? { userId: String(userId), url, deviceId } : null),
    [isOn, userId, url, deviceId],
  );
  useInsertionEffect(() => {
    latest.current = options;
    session.setToken(token);
  });
  const snapshot = useSyncExternalStore(session.subscribe, session.getSnapshot, session.getServerSnapshot);
  return useMemo(() => ({ ...snapshot, ...session.actions }), [snapshot, session]);
}

type Key = Pick<UserSessionClientOptions, "userId" | "url" | "deviceId">;

/** What one component has of the page's client, which exists while anything is subscribed to it. */
class MountedSession {
  readonly actions: Actions = this.#newActions();
  readonly #latest: { readonly current: UseUserSessionOptions };
  readonly #key: Key | null;
  #client: UserSessionClient | null = null;
  #wasMounted = false;

  /** @param key `null` if the session is off. */
  constructor(latest: { readonly current: UseUserSessionOptions }, key: Key | null) {
    this.#latest = latest;
    this.#key = key;
  }

  subscribe = (listener: () => void): (() => void) => {
    if (!this.#key) return () => {};
    const { client, release } = shareClient(this.#clientOptions(this.#key));
    this.#client = client;
    this.#wasMounted = true;
    const current = () => this.#latest.current;
    const stops = [
      client.subscribe(listener),
      client.on("gameJoined", ({ gameId }) => current().onGameJoined?.(gameId)),
      client.on("gameLeft", ({ gameId }) => current().onGameLeft?.(gameId)),
      client.on("loggedOut", () => current().onLoggedOut?.()),
      client.on("presenceChanged", ({ presence }) => current().onPresenceChanged?.(presence)),
      client.on("event", ({ event }) => current().onEvent?.(event)),
      client.on("reset", () => current().onReset?.()),
      release,
    ];
    return () => {
      this.#client = null;
      for (const stop of stops) stop();
    };
  };

  getSnapshot = (): SessionSnapshot => {
    if (!this.#key) return DISABLED;
    return (this.#client ?? findSharedClient(this.#key))?.getSnapshot() ?? LOADING;
  };

  getServerSnapshot = (): SessionSnapshot => (this.#key ? LOADING : DISABLED);

  setToken(token: UseUserSessionOptions["token"]): void {
    if (this.#client) this.#client.token = token;
  }

  /** The client, also for what runs in effects before this component's own. */
  #reach(): UserSessionClient | null {
    if (this.#client || !this.#key || this.#wasMounted) return this.#client;
    const { client, release } = shareClient(this.#clientOptions(this.#key));
    release();
    return client;
  }

  #clientOptions(key: Key): UserSessionClientOptions {
    return { ...this.#latest.current, ...key };
  }

  #newActions(): Actions {
    const ask = (request: (client: UserSessionClient) => Promise<RequestOutcome>) => {
      const client = this.#reach();
      return client ? request(client) : Promise.resolve(ENDED);
    };
    return {
      joinGame: (gameId) => void ask((client) => client.joinGame(gameId)),
      leaveGame: (gameId) => void ask((client) => client.leaveGame(gameId)),
      logoutAllDevices: () => void ask((client) => client.logoutAllDevices()),
      updatePresence: (presence) => void ask((client) => client.updatePresence(presence)),
      publish: (name, data, options) => ask((client) => client.publish(name, data, options)),
      onEvent: (name, listener) => this.#reach()?.onEvent(name, listener) ?? (() => {}),
      logoutOthers: () => ask((client) => client.logoutOthers()),
      logoutDevice: (deviceId) => ask((client) => client.logoutDevice(deviceId)),
      setDeviceName: (name) => ask((client) => client.setDeviceName(name)),
      reconnect: () => this.#reach()?.reconnect(),
      getMetrics: () => this.#client?.getMetrics() ?? null,
    };
  }
}
