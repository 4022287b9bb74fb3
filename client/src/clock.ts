/** How long something has lasted, whatever becomes of the device's clock meanwhile. */
import { attempt, page } from "./page.js";

let lastWall = 0;
let counted = 0;

/** The wall clock without its steps back: an engine without `performance` has nothing better. */
function countedWallMs(): number {
  const now = Date.now();
  counted += Math.max(0, now - (lastWall || now));
  lastWall = now;
  return counted;
}

/**
 * Milliseconds since some moment, to measure durations by. They never go back. Some engines stop
 * them while the machine sleeps, and each tab counts from another moment: never compare two tabs'.
 */
export function monotonicMs(): number {
  return attempt(() => page.performance?.now()) ?? countedWallMs();
}

/** A moment of the past, by both clocks. */
export interface Moment {
  /** The moment by `monotonicMs` of this tab. */
  at: number;
  /** The moment by the wall clock, in milliseconds since the Unix epoch. */
  wallAt: number;
}

export function moment(): Moment {
  return { at: monotonicMs(), wallAt: Date.now() };
}

/**
 * How long ago it was at least: the one clock may have been set back, the other may have stood still
 * while the machine slept.
 */
export function ageMs({ at, wallAt }: Moment): number {
  return Math.max(monotonicMs() - at, Date.now() - wallAt);
}
