/** The page around the client, if there is one. */

/** The global object, of which no more than this is sure: there are servers, workers, other engines. */
export const page = globalThis as unknown as Partial<Window & typeof globalThis>;

export interface PageHandlers {
  /** A connection is worth a try now: the network is back, or somebody looks at the page. */
  wake(): void;
  /** The page is being left, perhaps for good. */
  hide(): void;
}

/** @returns Ends the watching. */
export function watchPage({ wake, hide }: PageHandlers): () => void {
  const seen = () => {
    if (isVisible()) wake();
  };
  const heard = [
    ["online", wake],
    ["pageshow", wake],
    ["pagehide", hide],
  ] as const;
  for (const [type, listener] of heard) page.addEventListener?.(type, listener);
  page.document?.addEventListener("visibilitychange", seen);
  return () => {
    for (const [type, listener] of heard) page.removeEventListener?.(type, listener);
    page.document?.removeEventListener("visibilitychange", seen);
  };
}

/**
 * Watches for a policy of the page (CSP) that forbids a socket: of such a one not every browser tells
 * that it has closed.
 * @param blocked Is told which policy.
 * @returns Ends the watching.
 */
export function watchPolicy(address: string, blocked: (policy: string) => void): () => void {
  const type = "securitypolicyviolation";
  const heard = (event: Event) => {
    const { blockedURI, disposition, originalPolicy } = event as SecurityPolicyViolationEvent;
    if (disposition !== "enforce" || !/^wss?:\/\/./.test(blockedURI)) return;
    const { origin, host } = new URL(address);
    if (new URL(blockedURI).host !== host) return;
    blocked(`the page's Content-Security-Policy lets it not connect to ${origin}: add that to connect-src in ${originalPolicy}`);
  };
  page.addEventListener?.(type, heard);
  return () => page.removeEventListener?.(type, heard);
}

/** Whether somebody may be looking. */
export function isVisible(): boolean {
  return page.document?.visibilityState !== "hidden";
}
