"use client";
/** The React hook. */
import { useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";

import type { PublishOptions, UserSessionClient, UserSessionClientOptions } from "./client.js";
import type { ConnectionMetrics } from "./connection-types.js";
import { ENDED } from "./core.js";
import { Deadline } from "./deadline.js";
import { UNHEARD } from "./listeners.js";
import type { Presence, RequestOutcome, SessionEvent } from "./protocol.js";
import { findSharedClient, shareClient } from "./shared.js";
import { type SessionSnapshot, blankSnapshot } from "./snapshot.js";

export type { PublishOptions } from "./client.js";
export type { ConnectionMetrics, Token } from "./connection-types.js";
export type { ProblemCode, SessionProblem } from "./problem.js";
export type { Presence, RequestOutcome, SessionDevice, SessionEvent, SessionState } from "./protocol.js";
export type { ConnectionStatus, SessionSnapshot } from "./snapshot.js";

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
  /** Events, or messages of the inbox, were missed or may have been. */
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
  /** Calls back at every event or push of a name, whose data is taken for `Data`. @returns Ends it. */
  onEvent: <Data = unknown>(name: string, listener: (event: SessionEvent<Data>) => void) => () => void;
  /** Ends every credential but this tab's own, and all sockets that came by them. */
  logoutOthers: () => Promise<RequestOutcome>;
  /** Ends a device and the credentials that it came by, but not this tab's own. */
  logoutDevice: (deviceId: string) => Promise<RequestOutcome>;
  /** Ends one credential, by its id or its session's, wherever it is used. */
  logoutCredential: (credentialId: string) => Promise<RequestOutcome>;
  setDeviceName: (name: string) => Promise<RequestOutcome>;
  /** Marks messages of the inbox as read on all devices, up to a number, or all that this page has. */
  markRead: (upTo?: number) => Promise<RequestOutcome>;
  /** Connects again after a logout, a replacement or a refusal. */
  reconnect: () => void;
  /** What was counted of the connection, `null` before there was one. */
  getMetrics: () => ConnectionMetrics | null;
}

type Actions = Omit<UseUserSessionResult, keyof SessionSnapshot>;

/** How long something asked by a component that is not mounted waits until it is. */
const UNMOUNTED_MS = 1_000;

const unheard = (): unknown => UNHEARD;

const LOADING = blankSnapshot("connecting", true);
const DISABLED = blankSnapshot("idle", false);

/**
 * The user's session: its state, kept current, and what can be done with it. All components of a page
 * that ask for the same session share one socket. The functions keep their identity.
 */
export function useUserSession(options: UseUserSessionOptions): UseUserSessionResult {
  const { userId, url, deviceId, environment, enabled = true, token } = options;
  const latest = useRef(options);
  const isOn = enabled && Boolean(userId);
  const session = useMemo(
    () => new MountedSession(latest, isOn && userId ? { userId, url, deviceId, environment } : null),
    [isOn, userId, url, deviceId],
  );
  useInsertionEffect(() => {
    latest.current = options;
    session.update(token);
  });
  const snapshot = useSyncExternalStore(session.subscribe, session.getSnapshot, session.getServerSnapshot);
  return useMemo(() => ({ ...snapshot, ...session.actions }), [snapshot, session]);
}

type Key = Pick<UserSessionClientOptions, "userId" | "url" | "deviceId" | "environment">;

interface EventSubscription {
  name: string;
  listener: (event: SessionEvent<never>) => void;
  stop: (() => void) | undefined;
}

/**
 * What one component has of the page's client, which exists while anything is subscribed to it. Effects
 * of its children run before it subscribes, at every mount and whenever React shows it again.
 */
class MountedSession {
  readonly actions: Actions = this.#newActions();
  readonly #latest: { readonly current: UseUserSessionOptions };
  readonly #key: Key | null;
  #client: UserSessionClient | null = null;
  /** The newest token that this component has given its client. */
  #given: UseUserSessionOptions["token"];
  /** Ends the listening of the callback `onEvent`. */
  #stopEvents: (() => void) | undefined;
  #subscriptions = new Set<EventSubscription>();
  /** The requests made before it subscribed: each gets the client, or `null` if it never subscribes. */
  #waiting = new Set<(client: UserSessionClient | null) => void>();

  /** @param key `null` if the session is off. */
  constructor(latest: { readonly current: UseUserSessionOptions }, key: Key | null) {
    this.#latest = latest;
    this.#key = key;
  }

  subscribe = (listener: () => void): (() => void) => {
    if (!this.#key) return () => {};
    const { client, release } = shareClient(this.#clientOptions(this.#key));
    this.#client = client;
    this.#given = undefined;
    this.update(this.#latest.current.token);
    const current = () => this.#latest.current;
    const stops = [
      client.subscribe(listener),
      client.on("gameJoined", ({ gameId }) => current().onGameJoined?.(gameId)),
      client.on("gameLeft", ({ gameId }) => current().onGameLeft?.(gameId)),
      client.on("loggedOut", () => current().onLoggedOut?.()),
      client.on("presenceChanged", ({ presence }) => current().onPresenceChanged?.(presence)),
      client.on("reset", () => (current().onReset ?? unheard)()),
      release,
    ];
    for (const subscription of this.#subscriptions) subscription.stop = client.onEvent(subscription.name, subscription.listener);
    for (const ask of this.#waiting) ask(client);
    return () => {
      this.#client = null;
      this.#followEvents();
      for (const { stop } of this.#subscriptions) stop?.();
      for (const stop of stops) stop();
    };
  };

  getSnapshot = (): SessionSnapshot => {
    if (!this.#key) return DISABLED;
    return (this.#client ?? findSharedClient(this.#key))?.getSnapshot() ?? LOADING;
  };

  getServerSnapshot = (): SessionSnapshot => (this.#key ? LOADING : DISABLED);

  /**
   * Takes the options of a render. A component that gives no token does not take away another's, and one that renders
   * again with the same not either. A function that is written inline is another at each render, and no other token.
   */
  update(token: UseUserSessionOptions["token"]): void {
    this.#followEvents();
    const given = typeof token === "function" ? this.#askLatest : token;
    if (!this.#client || given === undefined || given === this.#given) return;
    this.#client.token = this.#given = given;
  }

  /** A component without the callback must not count as one that listens. */
  #followEvents(): void {
    if (this.#client && this.#latest.current.onEvent) {
      this.#stopEvents ??= this.#client.on("event", ({ event }) => this.#latest.current.onEvent?.(event));
    } else {
      this.#stopEvents?.();
      this.#stopEvents = undefined;
    }
  }

  #askLatest = () => {
    const { token } = this.#latest.current;
    return typeof token === "function" ? token() : token;
  };

  #ask(request: (client: UserSessionClient) => Promise<RequestOutcome>): Promise<RequestOutcome> {
    if (this.#client) return request(this.#client);
    if (!this.#key) return Promise.resolve(ENDED);
    return new Promise((resolve) => {
      const unmounted = new Deadline();
      const ask = (client: UserSessionClient | null) => {
        unmounted.clear();
        this.#waiting.delete(ask);
        resolve(client ? request(client) : ENDED);
      };
      unmounted.set(UNMOUNTED_MS, () => ask(null));
      this.#waiting.add(ask);
    });
  }

  #onEvent(name: string, listener: EventSubscription["listener"]): () => void {
    const subscription: EventSubscription = { name, listener, stop: this.#client?.onEvent(name, listener) };
    this.#subscriptions.add(subscription);
    return () => {
      this.#subscriptions.delete(subscription);
      subscription.stop?.();
    };
  }

  #clientOptions(key: Key): UserSessionClientOptions {
    return { ...this.#latest.current, ...key };
  }

  #newActions(): Actions {
    const ask = this.#ask.bind(this);
    return {
      joinGame: (gameId) => void ask((client) => client.joinGame(gameId)),
      leaveGame: (gameId) => void ask((client) => client.leaveGame(gameId)),
      logoutAllDevices: () => void ask((client) => client.logoutAllDevices()),
      updatePresence: (presence) => void ask((client) => client.updatePresence(presence)),
      publish: (name, data, options) => ask((client) => client.publish(name, data, options)),
      onEvent: this.#onEvent.bind(this),
      logoutOthers: () => ask((client) => client.logoutOthers()),
      logoutDevice: (deviceId) => ask((client) => client.logoutDevice(deviceId)),
      logoutCredential: (credentialId) => ask((client) => client.logoutCredential(credentialId)),
      setDeviceName: (name) => ask((client) => client.setDeviceName(name)),
      markRead: (upTo) => ask((client) => client.markRead(upTo)),
      reconnect: () => this.#client?.reconnect(),
      getMetrics: () => this.#client?.getMetrics() ?? null,
    };
  }
}
