/** Holds the client for a part of a page. */
import { type ReactNode, createElement, useEffect, useMemo } from "react";

import type { UseUserSessionOptions } from "./session-handle.js";
import { useSelected } from "./use-selected.js";
import { type Provided, SessionContext, useHandle, useResult } from "./use-session.js";

export interface UserSessionProviderProps extends UseUserSessionOptions {
  children?: ReactNode;
}

/**
 * Holds one user's session for all below it, whichever of them are mounted: a change of routes, or what React hides and
 * shows again, changes nothing of the connection. Its options are those of `useUserSession`; it renders nothing of its own.
 */
export function UserSessionProvider({ children, ...options }: UserSessionProviderProps): ReactNode {
  const handle = useHandle(options);
  useEffect(handle.hold, [handle]);
  const value = useMemo<Provided>(() => {
    const useSession: Provided["useSession"] = (select, isEqual) => (select ? useSelected(handle, select, isEqual) : useResult(handle, "listen"));
    return { handle, useSession };
  }, [handle]);
  return createElement(SessionContext.Provider, { value }, children);
}
