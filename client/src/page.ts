/** The page around the client, if there is one. */

/** The global object, of which no more than this is sure: there are servers, workers, other engines. */
export const page = globalThis as unknown as Partial<Window & typeof globalThis>;

export interface PageHandlers {
  /** A connection is worth a try now: the network is back, or somebody looks at the page. */
  wake(): void;
  /** The page is being left, perhaps for good, or the browser is about to freeze it. */
  hide(): void;
}

/** Returns the result of an action, `undefined` if it throws: in some engines even reading a property does. */
export function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/**
 * Listens, where there is something that lets itself be listened to.
 * @param target Gives it. Where it is forbidden the property itself throws.
 * @returns Ends it.
 */
export function listen(target: () => Partial<EventTarget> | undefined, type: string, listener: (event: Event) => void): () => void {
  attempt(() => target()?.addEventListener?.(type, listener));
  return () => void attempt(() => target()?.removeEventListener?.(type, listener));
}

/** @returns Ends the watching. */
export function watchPage({ wake, hide }: PageHandlers): () => void {
  const seen = () => {
    if (isVisible()) wake();
  };
  const stops = [
    listen(() => page, "online", wake),
    listen(() => page, "pageshow", wake),
    listen(() => page, "pagehide", hide),
    listen(() => page.document, "freeze", hide),
    listen(() => page.document, "resume", wake),
    onVisibilityChange(seen),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** @returns Ends it. */
export function onVisibilityChange(listener: () => void): () => void {
  return listen(() => page.document, "visibilitychange", listener);
}

/** A watch for a policy of the page that keeps a connection from being made, one at a time. */
export class PolicyWatch {
  #stop = () => {};

  /** Watches from now on, in place of what was watched before: see `watchPolicy`. */
  start(...what: Parameters<typeof watchPolicy>): void {
    this.stop();
    this.#stop = watchPolicy(...what);
  }

  stop(): void {
    this.#stop();
  }
}

/**
 * Watches for a policy of the page (CSP) that forbids a socket, of which not every browser tells that it has
 * closed, or a request beside it.
 * @param asks Whether there may be requests.
 * @param blocked Is told which policy.
 * @returns Ends the watching.
 */
function watchPolicy(address: string, asks: boolean, blocked: (policy: string) => void): () => void {
  const onViolation = (event: Event) => {
    const { blockedURI, disposition, originalPolicy } = event as SecurityPolicyViolationEvent;
    const scheme = asks ? /^(?:http|ws)s?:\/\/./ : /^wss?:\/\/./;
    if (disposition !== "enforce" || !scheme.test(blockedURI)) return;
    const { origin, host } = new URL(blockedURI);
    if (host !== new URL(address).host) return;
    blocked(`the page's Content-Security-Policy lets it not connect to ${origin}: add that to connect-src in ${originalPolicy}`);
  };
  return listen(() => page, "securitypolicyviolation", onViolation);
}

/** Whether there is a page. */
export function isPage(): boolean {
  return Boolean(attempt(() => page.document?.createElement));
}

/** Whether somebody may be looking. */
export function isVisible(): boolean {
  return attempt(() => page.document?.visibilityState) !== "hidden";
}
