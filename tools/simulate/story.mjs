/**
 * Tells a run so that a person can follow it: what was done to the world, what the apps asked and saw, and what
 * did not hold.
 */

/** @import { Outcome } from "./run.mjs" */
/** @import { Plan } from "./plan.mjs" */

/** How much of a line is shown: the beginning of a frame says what it is. */
const LENGTH_MAX = 220;

/** How many of the properties that did not hold are told. */
const ENDS_MAX = 5;

// Heartbeats would fill most of a story.
const NOT_TOLD = /^\S+: (?:sends \{"type":"ping"\}|gets \{"type":"pong"\})/;

/**
 * @param {Plan} plan
 * @param {Outcome} outcome
 */
export function storyOf({ seed, profiles, steps }, { lines, violations }) {
  const names = Object.entries(profiles).map(([name, { shareTabs }]) => `${name}${shareTabs ? " (its tabs share a socket)" : ""}`);
  const head = `seed ${seed}, ${steps.length} steps; devices: ${names.join(", ")}`;
  const told = lines.filter(({ text }) => !NOT_TOLD.test(text) && !text.startsWith("!!")).map(({ at, text }) => `${seconds(at)}  ${cut(text)}`);
  return [head, "", ...told, "", ...endingOf(violations)].join("\n");
}

/** @param {Outcome["violations"]} violations */
function endingOf(violations) {
  if (violations.length === 0) return ["All held."];
  const ends = violations.map(({ property, what, at }) => `${seconds(at)}  ${property}: ${cut(what)}`);
  const more = ends.length - ENDS_MAX;
  return ["What did not hold:", ...ends.slice(0, ENDS_MAX), ...(more > 0 ? [`… and ${more} more`] : [])];
}

/** @param {number} ms */
function seconds(ms) {
  return (ms / 1_000).toFixed(3).padStart(10);
}

/** @param {string} text */
function cut(text) {
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text;
}
