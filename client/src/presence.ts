/** A presence that follows whether anybody looks at the app. */
import type { AppStateLike } from "./environment.js";
import { attempt, isVisible, onVisibilityChange, page } from "./page.js";
import type { Presence } from "./protocol.js";

/** A glance at another tab is no absence. */
const AWAY_AFTER_MS = 5_000;

/**
 * Says `online` when this tab becomes visible, and `away` when no tab of this browser has been for a
 * moment.
 * @param name Common to the tabs of one user.
 * @param appState Tells it where there is no page. The socket of an app that is not in front is closed at once.
 * @returns Ends it.
 */
export function followVisibility(name: string, say: (presence: Presence) => void, appState?: AppStateLike): () => void {
  if (appState) return followAppState(say, appState);
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

function followAppState(say: (presence: Presence) => void, appState: AppStateLike): () => void {
  const update = (state: string | null | undefined) => say(state === "background" ? "away" : "online");
  const subscription = attempt(() => appState.addEventListener("change", (state) => state !== "inactive" && update(state)));
  update(appState.currentState);
  return () => void attempt(() => subscription?.remove());
}
