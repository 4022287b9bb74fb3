/** Hooks for one thing each, below a provider. */
import { useEffect, useInsertionEffect, useMemo, useRef } from "react";

import type { UserSessionClient } from "./client.js";
import { shallowEqual } from "./equal.js";
import { Hearing } from "./hearing.js";
import type { SessionProblem } from "./problem.js";
import type { Presence, RequestOutcome, SessionDevice, SessionEvent, SessionMessage, SessionValue } from "./protocol.js";
import type { SessionHandle, UseUserSessionResult } from "./session-handle.js";
import type { ConnectionStatus, SessionSnapshot } from "./snapshot.js";
import { wellFormed } from "./texts.js";
import { useSelected } from "./use-selected.js";
import { useProvided } from "./use-session.js";
import type { SessionValues, SetOptions } from "./values.js";

/** Functions of a session. Their promises say how each request ended, and are never rejected. */
export interface SessionActions
  extends Pick<
      UserSessionClient,
      "joinGame" | "leaveGame" | "updatePresence" | "logoutAllDevices" | "logoutOthers" | "logoutDevice" | "logoutCredential" | "setDeviceName" | "markRead"
    >,
    Pick<UseUserSessionResult, "publish" | "onEvent" | "reconnect" | "getMetrics"> {
  /** Reads and changes the user's own values. */
  values: SessionValues;
}

/** The functions of the session. They and their object stay the same, so the component never renders for them. */
export function useSessionActions(): SessionActions {
  const { handle } = useProvided("useSessionActions");
  return useMemo(() => actionsOf(handle), [handle]);
}

/** Makes the functions of a session. */
export function actionsOf({ ask, actions, getSnapshot }: SessionHandle): SessionActions {
  return {
    ...actions,
    joinGame: (gameId) => ask((client) => client.joinGame(gameId)),
    leaveGame: (gameId) => ask((client) => client.leaveGame(gameId)),
    updatePresence: (presence) => ask((client) => client.updatePresence(presence)),
    logoutAllDevices: () => ask((client) => client.logoutAllDevices()),
    values: {
      get: (key) => valueOf(getSnapshot().values, key),
      set: (key: string, next: unknown, options?: SetOptions) => ask((client) => client.values.set(key, next, options)),
      delete: (key, options) => ask((client) => client.values.delete(key, options)),
    },
  };
}

/** The user's presence, `null` until it is known, and a function that sets it on all devices. */
export function usePresence(): readonly [presence: Presence | null, setPresence: (presence: Presence) => Promise<RequestOutcome>] {
  const { handle } = useProvided("usePresence");
  const presence = useSelected(handle, ({ state }) => state?.presence ?? null);
  const setPresence = useMemo(() => (next: Presence) => handle.ask((client) => client.updatePresence(next)), [handle]);
  return [presence, setPresence];
}

/** All devices of the user, also those that are away. */
export function useDevices(): readonly SessionDevice[] {
  return useSelected(useProvided("useDevices").handle, ({ devices }) => devices);
}

/** How it is with the connection. */
export interface ConnectionState {
  status: ConnectionStatus;
  /** Whether there is a connection, or was a moment ago. */
  isConnected: boolean;
  /** Whether the first state is still to come. */
  isLoading: boolean;
  /** Why there is no connection, as far as it is known. */
  problem: SessionProblem | null;
}

/** How it is with the connection. */
export function useConnectionStatus(): ConnectionState {
  const { handle } = useProvided("useConnectionStatus");
  return useSelected<ConnectionState>(
    handle,
    ({ connectionStatus, isConnected, isLoading, problem }) => ({ status: connectionStatus, isConnected, isLoading, problem }),
    shallowEqual,
  );
}

export interface SessionEventOptions {
  /** Events were missed or may have been, of this name or of others: read again what hangs on them. */
  onReset?: (() => void) | undefined;
}

/**
 * Listens to the events and pushes of a name while the component is mounted. The listener may be written inline: the
 * newest is called, and nothing begins anew. What comes while React has hidden the component is told when it is shown
 * again, in order; if that was for more than some seconds, `onReset` is called.
 * @template Data What the event's data is taken for. Nothing checks that it is.
 */
export function useSessionEvent<Data = unknown>(
  name: string,
  listener: (event: SessionEvent<Data>) => void,
  { onReset }: SessionEventOptions = {},
): void {
  const { handle } = useProvided("useSessionEvent");
  const latest = useRef({ event: listener, reset: onReset });
  useInsertionEffect(() => {
    latest.current = { event: listener, reset: onReset };
  });
  const hearing = useMemo(() => new Hearing(handle, name, latest), [handle, name]);
  useEffect(hearing.begin, [hearing]);
}

/** The state of a value: its version, and how its last change goes. */
export interface UserValueState extends Omit<SessionValue, "value"> {
  /** Removes the value on all devices. */
  remove: () => Promise<RequestOutcome>;
}

/** Sets a value on all devices: to a value, or to what a function makes of the present one. */
export type SetUserValue<T> = (next: T | ((now: T) => T), options?: { readonly ifVersion?: number | undefined }) => Promise<RequestOutcome>;

/**
 * One of the user's own values, as `useState` has one of a component: `set` shows at once, and on all devices soon.
 * @param fallback What it is while it is not there. It is not stored.
 * @template T What the value is taken for. Nothing checks that it is.
 */
export function useUserValue<T = unknown>(key: string, fallback: T): readonly [value: T, set: SetUserValue<T>, state: UserValueState] {
  const [{ value }, handle, state] = useStoredValue("useUserValue", key);
  const latest = useRef(fallback);
  useInsertionEffect(() => {
    latest.current = fallback;
  });
  const set = useMemo<SetUserValue<T>>(
    () => (next, options) => handle.ask((client) => client.values.set(key, next, { fallback: latest.current, ...options })),
    [handle, key],
  );
  return [value === undefined ? fallback : (value as T), set, state];
}

/** Takes the stored value of a key. @param hook The hook that needs it. */
export function useStoredValue(hook: string, key: string): readonly [SessionValue, SessionHandle, UserValueState] {
  const { handle } = useProvided(hook);
  const stored = useSelected(handle, ({ values }) => valueOf(values, key));
  const { version, isPending, error } = stored;
  const remove = useMemo(() => () => handle.ask((client) => client.values.delete(key)), [handle, key]);
  const state = useMemo(() => ({ version, isPending, error, remove }), [version, isPending, error, remove]);
  return [stored, handle, state];
}

function valueOf(values: SessionSnapshot["values"], key: string): SessionValue {
  return values[wellFormed(key)] ?? ABSENT;
}

const ABSENT: SessionValue = { value: undefined, version: 0, isPending: false, error: null };

export interface Inbox {
  /** The messages that the user has not read, oldest first. */
  messages: readonly SessionMessage[];
  /** How many there are, which may be more than this page has. */
  unread: number;
  /** Marks messages as read on all devices, up to the one with this number, or all that this page has. */
  markRead: (upTo?: number) => Promise<RequestOutcome>;
}

/** The user's inbox. */
export function useInbox(): Inbox {
  const { handle } = useProvided("useInbox");
  const part = useSelected(handle, ({ messages, unread }) => ({ messages, unread }), shallowEqual);
  return useMemo(() => ({ ...part, markRead: handle.actions.markRead }), [part, handle]);
}
