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
  let isOn = true;

  /** Tabs that are seen hold the lock in common. While a hidden one waits for them they may have to wait for it. */
  const isSeenElsewhere = async () => {
    const { held = [], pending = [] } = (await attempt(() => locks?.query?.().catch(() => null))) ?? {};
    return [...held, ...pending].some((lock) => lock.name === lockName && lock.mode === "shared");
  };
  /** Begins the moment of absence anew when no other tab is seen any more. */
  const waitForOthers = () => {
    const turn = attempt(() => new AbortController());
    if (!turn) return;
    release = () => turn.abort();
    const alone = () => void (turn.signal.aborted || hide());
    attempt(() => locks?.request?.(lockName, { signal: turn.signal }, alone).catch(() => {}));
  };
  const leave = async () => {
    const isElsewhere = await isSeenElsewhere();
    if (isVisible() || !isOn) return;
    if (isElsewhere) waitForOthers();
    else say("away");
  };
  const hide = () => {
    timer = setTimeout(() => void leave(), AWAY_AFTER_MS);
  };
  const update = () => {
    clearTimeout(timer);
    release?.();
    release = undefined;
    if (!isVisible()) return hide();
    const hidden = new Promise<void>((resolve) => (release = resolve));
    // A page that may have no locks is alone.
    attempt(() => locks?.request?.(lockName, { mode: "shared" }, () => hidden).catch(() => {}));
    say("online");
  };

  const stop = onVisibilityChange(update);
  update();
  return () => {
    isOn = false;
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
