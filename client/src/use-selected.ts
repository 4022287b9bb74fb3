/** A part of a session. */
import { useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";

import type { SessionHandle } from "./session-handle.js";
import type { SessionSnapshot } from "./snapshot.js";
import type { Selector } from "./use-session.js";

/** Renders when what is selected changes. The same snapshot gives the same value, so React sees no tearing. */
export function useSelected<T>(handle: SessionHandle, select: Selector<T>, isEqual: (before: T, now: T) => boolean = Object.is): T {
  const shown = useRef<{ handle: SessionHandle; value: T } | null>(null);
  const selected = useMemo(() => {
    let last: { snapshot: SessionSnapshot; value: T } | undefined;
    return (snapshot: SessionSnapshot): T => {
      if (last?.snapshot === snapshot) return last.value;
      const now = select(snapshot);
      // A part of another session is never the same, whatever the app takes for that.
      const before = last ?? (shown.current?.handle === handle ? shown.current : null);
      const value = before && isEqual(before.value, now) ? before.value : now;
      last = { snapshot, value };
      return value;
    };
  }, [handle, select, isEqual]);
  const value = useSyncExternalStore(
    handle.listen,
    () => selected(handle.getSnapshot()),
    () => selected(handle.getServerSnapshot()),
  );
  useInsertionEffect(() => {
    shown.current = { handle, value };
  });
  return value;
}
