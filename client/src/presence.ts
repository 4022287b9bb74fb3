/** A presence that follows whether anybody looks at the app. */
import { isVisible, page } from "./page.js";
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
  const locks = page.navigator?.locks as LockManager | undefined;
  const lockName = `${name} visible`;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let release: (() => void) | undefined;

  const isSeenElsewhere = async () => {
    const { held = [] } = (await locks?.query().catch(() => null)) ?? {};
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
    locks?.request(lockName, { mode: "shared" }, () => hidden).catch(() => {});
    say("online");
  };

  page.document?.addEventListener("visibilitychange", update);
  update();
  return () => {
    page.document?.removeEventListener("visibilitychange", update);
    clearTimeout(timer);
    release?.();
  };
}
