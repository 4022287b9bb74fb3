const KEPT_MS = 5_000;
const NEVER_MS = 1_000_000_000;

/**
 * Notes the length of each of the page's timers in `app.timers`. While `app.keeps` is true none ends of the length for
 * which a client is kept, so no machine is too slow for a story about what is kept.
 * @param {{timers: number[], keeps?: boolean}} app
 */
export function watchTimers(app) {
  const setTimer = setTimeout;
  globalThis.setTimeout = /** @type {any} */ ((/** @type {() => void} */ run, /** @type {number} */ ms) => {
    app.timers.push(ms);
    return setTimer(run, app.keeps && ms === KEPT_MS ? NEVER_MS : ms);
  });
}
