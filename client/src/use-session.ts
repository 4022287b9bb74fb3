/** The hook, and what the others are made of. */
import { createContext, useContext, useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";

import { SessionHandle, type UseUserSessionOptions, type UseUserSessionResult } from "./session-handle.js";
import type { SessionSnapshot } from "./snapshot.js";

/** The context that a provider gives to those below it. The hook with a selector comes with it, so a page without a provider pays nothing for that. */
export interface Provided {
  handle: SessionHandle;
  useSession: (select?: Selector<unknown>, isEqual?: (before: unknown, now: unknown) => boolean) => unknown;
}

export const SessionContext = /* @__PURE__ */ createContext<Provided | null>(null);

/** Takes a part of the session. It is called often, and must return the same for the same. */
export type Selector<T> = (session: SessionSnapshot) => T;

/** The session of the provider above, as `useUserSession(options)` returns it. It renders at each change. */
export function useUserSession(): UseUserSessionResult;
/**
 * A part of the session of the provider above. It renders when that part changes, and at no other change.
 * @param isEqual Whether a part is the same as before: `Object.is` if left out. A selector that makes an object anew each
 *   time needs another, `shallowEqual` for example.
 */
export function useUserSession<T>(select: Selector<T>, isEqual?: (before: T, now: T) => boolean): T;
/**
 * The user's session: its state, kept current, and what can be done with it. All components of a page
 * that ask for the same session share one socket. The functions keep their identity.
 */
export function useUserSession(options: UseUserSessionOptions): UseUserSessionResult;
export function useUserSession(given?: Selector<unknown> | UseUserSessionOptions, isEqual?: (before: unknown, now: unknown) => boolean): unknown {
  // A component is written with one of them, so its hooks are the same each time.
  if (typeof given === "object") return useResult(useHandle(given), "subscribe");
  return useProvided("useUserSession").useSession(given, isEqual);
}

/** The handle of a component on the session that its options name. */
export function useHandle(options: UseUserSessionOptions): SessionHandle {
  const { userId, url, deviceId, environment, enabled = true } = options;
  const latest = useRef(options);
  const isOn = enabled && Boolean(userId);
  const handle = useMemo(
    () => new SessionHandle(latest, isOn && userId ? { userId, url, deviceId, environment } : null),
    [isOn, userId, url, deviceId],
  );
  const mounted = useRef(handle);
  useInsertionEffect(() => {
    latest.current = options;
    if (mounted.current !== handle) mounted.current.end();
    mounted.current = handle;
    handle.update();
  });
  return handle;
}

/** The session of the provider above. @param hook Who needs it. @throws {Error} If there is none. */
export function useProvided(hook: string): Provided {
  const provided = useContext(SessionContext);
  if (!provided) throw new Error(`user-session: ${hook} needs a <UserSessionProvider> around its component`);
  return provided;
}

/** All of a session. @param way Whether the component itself holds the client. */
export function useResult(handle: SessionHandle, way: "subscribe" | "listen"): UseUserSessionResult {
  const snapshot = useSyncExternalStore(handle[way], handle.getSnapshot, handle.getServerSnapshot);
  return useMemo(() => ({ ...snapshot, ...handle.actions }), [snapshot, handle]);
}
