/**
 * When a test gives up on something that must happen, in milliseconds. It says nothing of how fast
 * anything is, and is so long that no load reaches it: only what never happens does.
 */
export const PATIENCE_MS = 120_000;
