/** Finds out whether a tab that shares a socket has missed anything, by what it knows and what the tab that leads knows. */
import type { Memory } from "./model.js";
import type { SessionChange } from "./protocol.js";

/** Whether a leader was given messages of the inbox, or told that some were dropped, of which a tab does not know. */
export function isAhead({ inbox }: Memory, known: Memory | undefined): boolean {
  if (!inbox) return false;
  const { place = 0, lostAt = 0 } = known?.inbox ?? {};
  // Whoever has all up to a number had what was dropped below it.
  return inbox.place > place || inbox.lostAt > Math.max(lostAt, place);
}

/** Whether frames without a number, or messages, may have come between what a tab knows and what its leader does. */
export function mayHaveMissed(known: Memory | undefined, memory: Memory, isUncounted: boolean): boolean {
  if (!known?.state) return false;
  return isUncounted || (!known.position && memory.position !== null) || isAhead(memory, known);
}

/** The changes, a reset among them. */
export function withReset(changes: readonly SessionChange[]): readonly SessionChange[] {
  return changes.some(({ type }) => type === "reset") ? changes : [{ type: "reset" }, ...changes];
}
