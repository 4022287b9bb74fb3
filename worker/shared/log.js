/**
 * The only way to the log. Whatever a line holds may have been written by anybody, so nothing in it
 * can begin another line, steer a terminal, or hide or turn around what stands beside it.
 */

const LINE_BEGIN = "user-session: ";

// Controls, directions, joiners, byte order marks, lone surrogates, separators of lines.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const MESSAGE_LENGTH_MAX = 200;
const STACK_LINES_MAX = 12;

// Whoever makes up causes must not fill the log.
const NOTICES_MAX = 16;
const NOTICES_MS = 600_000;

/** The texts logged lately, by their kind. @type {Map<string, {since: number, texts: Set<string>}>} */
const recentNotices = new Map();

/**
 * Says in the log that something went wrong.
 * @param {string} text
 */
export function report(text) {
  console.error(LINE_BEGIN + printable(text));
}

/**
 * Says in the log what strangers can cause as often as they like. The same text is told once in ten
 * minutes, and so are the first few different ones of a kind.
 * @param {string} kind
 * @param {string} text
 * @param {"error" | "warn"} [level] A refusal is a warning: it is mostly what it should be.
 */
export function notice(kind, text, level = "error") {
  const now = Date.now();
  let recent = recentNotices.get(kind);
  if (!recent || Math.abs(now - recent.since) >= NOTICES_MS) {
    recent = { since: now, texts: new Set() };
    recentNotices.set(kind, recent);
  }
  if (recent.texts.has(text) || recent.texts.size >= NOTICES_MAX) return;
  recent.texts.add(text);
  console[level](LINE_BEGIN + printable(text));
}

/**
 * A text with an escape in place of every character that is not seen.
 * @param {string} text
 */
export function printable(text) {
  return text.replace(UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, at) => escapeOf(character.charCodeAt(at))).join(""),
  );
}

/**
 * A text of somebody else's in quotes, which it can't leave.
 * @param {unknown} text
 * @param {number} [max] How much of it is shown, in UTF-16 units.
 */
export function quoted(text, max = Infinity) {
  const whole = String(text);
  const shown = whole.length > max ? `${whole.slice(0, max)}…` : whole;
  return printable(JSON.stringify(shown));
}

/**
 * The name and message of an error. The message of a SyntaxError is left out, since it quotes the text
 * that could not be parsed.
 * @param {unknown} error
 */
export function summary(error) {
  if (!(error instanceof Error)) return "not an Error";
  if (error instanceof SyntaxError) return error.name;
  return `${error.name}: ${error.message}`.slice(0, MESSAGE_LENGTH_MAX);
}

/**
 * The same with where it happened.
 * @param {unknown} error
 */
export function summaryWithStack(error) {
  return [summary(error), ...stackOf(error)].join(" ");
}

/**
 * Where an error happened. Places in the module begin with a hash of it, by which its build is known.
 * @param {unknown} error
 */
export function stackOf(error) {
  const lines = error instanceof Error ? (error.stack ?? "").split("\n") : [];
  return lines
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at "))
    .slice(0, STACK_LINES_MAX);
}

/** @param {number} unit */
function escapeOf(unit) {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}
