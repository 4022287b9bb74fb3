/** A presence that follows whether anybody looks at the app. */
import { attempt, isVisible, onVisibilityChange, page } from "./page.js";
import type { Presence } from "./protocol.js";

/** A glance at another tab is no absence. */
const AWAY_AFTER_MS = 5_000;

/**
 * Says `online` when this tab becomes visible, and `away` when no tab of this browser has been for a
 * moment.
 * @param name Common to the tabs of one user.
 * @returns Ends it.
 */
export function followVisibility(name: string, say: (presence: Presence) => void): () => void {
  const locks = attempt(() => page.navigator?.locks as Partial<LockManager> | undefined);
  const lockName = `${name} visible`;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let release: (() => void) | undefined;

  const isSeenElsewhere = async () => {
    const { held = [] } = (await attempt(() => locks?.query?.().catch(() => null))) ?? {};
    return held.some((lock) => lock.name === lockName);
  };
  const leave = async () => {
    if (!(await isSeenElsewhere()) && !isVisible()) say("away");
  };
  const update = () => {
    clearTimeout(timer);
    release?.();
    release = undefined;
    if (!isVisible()) {
      timer = setTimeout(() => void leave(), AWAY_AFTER_MS);
      return;
    }
    const hidden = new Promise<void>((resolve) => (release = resolve));
    // A page that may have no locks is alone.
    attempt(() => locks?.request?.(lockName, { mode: "shared" }, () => hidden).catch(() => {}));
    say("online");
  };

  const stop = onVisibilityChange(update);
  update();
  return () => {
    stop();
    clearTimeout(timer);
    release?.();
  };
}
