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
  const ofPage = (type: string, listener: () => void) => listen(() => page, type, listener);
  const ofDocument = (type: string, listener: () => void) => listen(() => page.document, type, listener);
  const stops = [
    ofPage("online", wake),
    ofPage("pageshow", wake),
    ofPage("pagehide", hide),
    ofDocument("freeze", hide),
    ofDocument("resume", wake),
    ofDocument("visibilitychange", () => isVisible() && wake()),
  ];
  return () => stops.forEach((stop) => stop());
}

/**
 * Watches for a policy of the page (CSP) that forbids a socket, of which not every browser tells that it has
 * closed, or a request beside it.
 * @param asks Whether there may be requests.
 * @param blocked Is told which policy.
 * @returns Ends the watching.
 */
export function watchPolicy(address: string, asks: boolean, blocked: (policy: string) => void): () => void {
  const onViolation = (event: Event) => {
    const { blockedURI, disposition, originalPolicy } = event as SecurityPolicyViolationEvent;
    const scheme = asks ? /^(?:http|ws)s?:\/\/./ : /^wss?:\/\/./;
    if (disposition !== "enforce" || !scheme.test(blockedURI)) return;
    const { origin, host } = new URL(blockedURI);
    if (host === new URL(address).host) blocked(`the page's Content-Security-Policy forbids ${origin}: add it to connect-src in ${originalPolicy}`);
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
