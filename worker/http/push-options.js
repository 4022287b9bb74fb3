/**
 * Reads the message and the options of a push, from a call or from a query. What a message may say is decided
 * in `src/`.
 */
import { errorResponse } from "./responses.js";
import { AIMED_DEVICES_MAX, KEEP_SECONDS_MAX, PUSH_ID_BYTES_MAX, isLonger } from "../common/limits.js";

/** @import { ResolvedPushOptions } from "../../bindings/wire.js" */

const OPTIONS = ["keep", "pushId", "to", "except"];

// A caller can write a name of any length into the refusal.
const NAME_LENGTH_SHOWN = 40;

/**
 * The options that a caller may give.
 * @typedef {object} PushOptions
 * @property {number} [keep] Seconds.
 * @property {string} [pushId]
 * @property {string[]} [to]
 * @property {string[]} [except]
 */

/**
 * Writes a message as JSON text. The text is empty, and so no message, if JSON can't express it.
 * @param {string | object} message
 */
export function bodyOf(message) {
  try {
    return typeof message === "string" ? message : (JSON.stringify(message) ?? "");
  } catch {
    return "";
  }
}

/**
 * Checks a caller's options and fills in the defaults. A mistyped option is refused: ignoring it could make a
 * push to a few a push to all.
 * @param {PushOptions} options
 * @returns {ResolvedPushOptions}
 * @throws {RangeError} that names the option which is wrong.
 */
export function resolvePushOptions(options) {
  requireKnown(options);
  const { keep, pushId, to, except } = options;
  if (keep !== undefined && !(Number.isInteger(keep) && keep > 0 && keep <= KEEP_SECONDS_MAX)) {
    throw new RangeError(`keep is out of range: expected a whole number, 1 to ${KEEP_SECONDS_MAX} seconds`);
  }
  if (pushId !== undefined && !isPushId(pushId)) {
    throw new RangeError(`pushId: expected a text of 1 to ${PUSH_ID_BYTES_MAX} bytes of UTF-8`);
  }
  // An empty list is refused, since its caller did not mean everybody.
  if (!isListOfNames(to) || !isListOfNames(except)) {
    const expected = `expected lists of 1 to ${AIMED_DEVICES_MAX} device ids`;
    throw new RangeError(`to and except: ${expected}, in a query as to=<id>&to=<id>`);
  }
  return { keep: keep ?? 0, pushId: pushId ?? "", to: to ?? [], except: except ?? [] };
}

/** @param {unknown} options The caller's, which may be of any type. */
function requireKnown(options) {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new RangeError(`options: expected an object with ${OPTIONS.join(", ")}`);
  }
  const stranger = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (stranger === undefined) return;
  const shown = stranger.slice(0, NAME_LENGTH_SHOWN);
  throw new RangeError(`options: expected ${OPTIONS.join(", ")}, and not ${shown}`);
}

/** @param {unknown} list The caller's, which may be of any type. */
function isListOfNames(list) {
  if (list === undefined) return true;
  return (
    Array.isArray(list) && list.length > 0 && list.length <= AIMED_DEVICES_MAX && list.every(isText)
  );
}

/** @param {unknown} value */
function isPushId(value) {
  return isText(value) && !isLonger(value, PUSH_ID_BYTES_MAX);
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isText(value) {
  return typeof value === "string" && value !== "";
}

/**
 * Reads the options of a push by HTTP.
 * @param {URLSearchParams} query
 * @returns {ResolvedPushOptions | Response} The refusal if one is wrong.
 */
export function readPushOptions(query) {
  try {
    const keep = onlyOne(query, "keep");
    return resolvePushOptions({
      keep: keep === undefined ? keep : Number(/^\d{1,7}$/.exec(keep)?.[0]),
      pushId: onlyOne(query, "pushId"),
      to: query.has("to") ? query.getAll("to") : undefined,
      except: query.has("except") ? query.getAll("except") : undefined,
    });
  } catch (error) {
    return errorResponse(400, "invalid_request", /** @type {Error} */ (error).message);
  }
}

/**
 * @param {URLSearchParams} query
 * @param {string} name
 * @returns {string | undefined}
 */
function onlyOne(query, name) {
  const [value, ...more] = query.getAll(name);
  if (more.length > 0) throw new RangeError(`${name} is there twice: expected one`);
  return value;
}
