/**
 * Reads `CREDENTIALS_NOT_BEFORE`, the date before which no credential may have been issued. A credential is
 * compared with it in `src/`, where it has been found out when it was issued.
 */

const MS_PER_SECOND = 1_000;

// JavaScript reads nearly any text as some date, and a time without a zone in the zone of the machine.
const DATE = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** What the variable may be, for its owner. */
export const DATE_EXPECTED =
  "a time that has passed, with its zone, like 2026-11-25T10:00:00Z, or a date alone, which begins at midnight UTC";

/**
 * Whether a text is a date since 1970 that has passed. One that is to come would end every session there is.
 * @param {string} text
 */
export function isPastDate(text) {
  const second = secondOf(text);
  return second > 0 && second <= Date.now() / MS_PER_SECOND;
}

/**
 * Reads the variable for the session.
 * @param {{CREDENTIALS_NOT_BEFORE?: unknown}} env
 * @returns {number} In whole seconds since the epoch; 0 if there is no such variable, or no date in it: nobody is
 *   let in then (settings.js).
 */
export function credentialsNotBefore({ CREDENTIALS_NOT_BEFORE: text }) {
  const second = typeof text === "string" ? secondOf(text) : NaN;
  return second > 0 ? second : 0;
}

/** @param {string} text @returns {number} `NaN` if it is no date. */
function secondOf(text) {
  const [, day] = DATE.exec(text) ?? [];
  // Days that their month does not have are taken for days of the next one.
  if (day === undefined || !isDay(day)) return NaN;
  return Math.floor(Date.parse(text) / MS_PER_SECOND);
}

/** @param {string} day */
function isDay(day) {
  const time = Date.parse(day);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
