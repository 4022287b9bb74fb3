/**
 * Writes to the log, and nothing else does. Strangers may have written any part of a line, so no character in
 * it can begin another line, steer a terminal, or hide or turn around the text beside it. The texts of lines
 * belong to the callers.
 */

const LINE_BEGIN = "user-session: ";

// These classes are controls, directions, joiners, byte order marks, lone surrogates and line separators.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const MESSAGE_LENGTH_MAX = 200;
const STACK_LINES_MAX = 12;

// A stranger who makes up ever new causes must not fill the log.
const NOTICES_MAX = 16;
const NOTICES_MS = 600_000;

/** The texts that were logged lately, by their kind. @type {Map<string, {since: number, texts: Set<string>}>} */
const recentNotices = new Map();

/**
 * Logs a failure.
 * @param {string} text
 */
export function report(text) {
  console.error(LINE_BEGIN + printable(text));
}

/**
 * Logs an event that strangers can cause at will. In ten minutes the same text is logged once, and of one
 * kind only the first few different ones.
 * @param {string} kind
 * @param {string} text
 * @param {"error" | "warn"} [level] A refusal is a warning, since most refusals are right.
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
 * Escapes every character that can't be seen.
 * @param {string} text
 */
export function printable(text) {
  return text.replace(UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, at) => escapeOf(character.charCodeAt(at))).join(""),
  );
}

/**
 * Quotes a stranger's text so that it can't leave the quotes.
 * @param {unknown} text
 * @param {number} [max] The most UTF-16 units that are shown.
 */
export function quoted(text, max = Infinity) {
  const whole = String(text);
  const shown = whole.length > max ? `${whole.slice(0, max)}…` : whole;
  return printable(JSON.stringify(shown));
}

/**
 * Writes an error's name and message. A SyntaxError's message is left out, since it quotes the text that
 * could not be parsed.
 * @param {unknown} error
 */
export function summary(error) {
  if (!(error instanceof Error)) return "not an Error";
  if (error instanceof SyntaxError) return error.name;
  return `${error.name}: ${error.message}`.slice(0, MESSAGE_LENGTH_MAX);
}

/**
 * Writes an error's name, message and stack.
 * @param {unknown} error
 */
export function summaryWithStack(error) {
  return [summary(error), ...stackOf(error)].join(" ");
}

/**
 * Lists the lines of an error's stack. A line in the module begins with a hash, which tells the build.
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
