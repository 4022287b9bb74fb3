/** The surroundings of a client beside the page's own events: whether somebody looks at the app, and signals of an engine that is no browser. */
import type { AppStateLike, Environment } from "./environment.js";
import type { Kit } from "./kit.js";
import type { PageHandlers } from "./page.js";
import type { Presence } from "./protocol.js";

/** The handlers of those events. */
export interface AppHandlers extends PageHandlers {
  /** Whether the app was told that there is no network. */
  offline(isOffline: boolean): void;
  /** Says how the user is seen, `null` if the presence follows nothing. */
  say: ((presence: Presence) => void) | null;
}

/** The pieces that the first part of the client has given. */
let kit: Kit;

/**
 * Watches from now on.
 * @param name Common to the tabs of one user.
 * @returns Ends it.
 */
export function watchApp(given: Kit, name: string, environment: Environment, handlers: AppHandlers): () => void {
  kit = given;
  // A device says that it is away before its socket is closed.
  const stopPresence = handlers.say && followVisibility(name, handlers.say, environment.appState);
  const stopApp = followApp(environment, handlers);
  return () => {
    stopPresence?.();
    stopApp();
  };
}

/** The state of an app: whether it is in front, and whether it has a network, as far as it is told. */
function followApp({ appState, online }: Environment, { wake, hide, offline }: AppHandlers): () => void {
  let isOffline = false;
  const subscription = kit.attempt(() =>
    appState?.addEventListener("change", (state) => (state === "background" ? hide() : state === "active" && wake())),
  );
  const stop = kit.attempt(() =>
    online?.(({ isConnected }) => {
      const wasOffline = isOffline;
      offline((isOffline = isConnected === false));
      if (wasOffline && isConnected) wake();
    }),
  );
  return () => {
    offline(false);
    kit.attempt(() => subscription?.remove());
    kit.attempt(() => stop?.());
  };
}

/** A glance at another tab is no absence. */
const AWAY_AFTER_MS = 5_000;

/**
 * Says `online` when this tab becomes visible, and `away` when no tab of this browser has been for a
 * moment.
 * @param name Common to the tabs of one user.
 * @param appState Tells it where there is no page. The socket of an app that is not in front is closed at once.
 * @returns Ends it.
 */
function followVisibility(name: string, say: (presence: Presence) => void, appState?: AppStateLike): () => void {
  if (appState) return followAppState(say, appState);
  const locks = kit.attempt(() => kit.page.navigator?.locks as Partial<LockManager> | undefined);
  const lockName = `${name} visible`;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let release: (() => void) | undefined;
  let isOn = true;

  /** Tabs that are seen hold the lock in common. While a hidden one waits for them they may have to wait for it. */
  const isSeenElsewhere = async () => {
    const { held = [], pending = [] } = (await kit.attempt(() => locks?.query?.().catch(() => null))) ?? {};
    return [...held, ...pending].some((lock) => lock.name === lockName && lock.mode === "shared");
  };
  /** Begins the moment of absence anew when no other tab is seen any more. */
  const waitForOthers = () => {
    const turn = kit.attempt(() => new AbortController());
    if (!turn) return;
    release = () => turn.abort();
    const alone = () => void (turn.signal.aborted || hide());
    kit.attempt(() => locks?.request?.(lockName, { signal: turn.signal }, alone).catch(() => {}));
  };
  const leave = async () => {
    const isElsewhere = await isSeenElsewhere();
    if (kit.isVisible() || !isOn) return;
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
    if (!kit.isVisible()) return hide();
    const hidden = new Promise<void>((resolve) => (release = resolve));
    // A page that may have no locks is alone.
    kit.attempt(() => locks?.request?.(lockName, { mode: "shared" }, () => hidden).catch(() => {}));
    say("online");
  };

  const stop = kit.listen(() => kit.page.document, "visibilitychange", update);
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
  const subscription = kit.attempt(() => appState.addEventListener("change", (state) => state !== "inactive" && update(state)));
  update(appState.currentState);
  return () => void kit.attempt(() => subscription?.remove());
}
