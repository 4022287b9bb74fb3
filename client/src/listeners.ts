/** The app's listeners. */

/** The result of a listener that had no use for what it was told. */
export const UNHEARD = Symbol();

/** @returns Ends it. */
export function added<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * A listener that fails takes nothing down with it, and is reported as if it stood alone.
 * @returns Whether any has heard it.
 */
export function callAll<T>(listeners: Set<T>, call: (listener: T) => unknown): boolean {
  let isHeard = false;
  for (const listener of [...listeners]) {
    try {
      if (listeners.has(listener) && call(listener) !== UNHEARD) isHeard = true;
    } catch (error) {
      isHeard = true;
      queueMicrotask(() => {
        throw error;
      });
    }
  }
  return isHeard;
}

/** As `callAll`, for one. */
export function callOne(listener: () => unknown): void {
  callAll(new Set([listener]), () => listener());
}
