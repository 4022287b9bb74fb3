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

/** Whether somebody may be looking. */
export function isVisible(): boolean {
  return page.document?.visibilityState !== "hidden";
}
