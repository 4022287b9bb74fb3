/**
 * Reads what a server asks of the values, from a call or from a query, and writes it as the frame by which a device
 * would ask for the same. What a value may be is decided in `src/`.
 */
import { errorResponse } from "./responses.js";

const OPTIONS = ["ifVersion"];
const PARAMETERS = ["userId", "key", ...OPTIONS];

/**
 * The options that a caller may give.
 * @typedef {object} ValueOptions
 * @property {number} [ifVersion] The version that the value must have, 0 if it must not be there.
 */

/**
 * The parameters of a request for values.
 * @typedef {object} ValueQuery
 * @property {string} key Empty if none is named.
 * @property {ValueOptions} options
 */

/**
 * Writes the frame that sets a value, or deletes it if there is no text.
 * @param {string} key
 * @param {string | null} text JSON.
 * @param {ValueOptions} options
 */
export function changeFrame(key, text, { ifVersion }) {
  const type = text === null ? "delete_value" : "set_value";
  const value = text === null ? "" : `,"value":${text}`;
  const condition = ifVersion === undefined ? "" : `,"ifVersion":${ifVersion}`;
  return `{"type":"${type}","key":${JSON.stringify(key)}${value}${condition}}`;
}

/**
 * Writes a value as JSON.
 * @param {unknown} value
 * @throws {RangeError} if JSON can't express it.
 */
export function valueText(value) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch {
    text = undefined;
  }
  if (text === undefined) throw new RangeError("value: expected what JSON can express");
  return text;
}

/**
 * Checks a caller's options. A mistyped one is refused: ignoring it could overwrite what somebody else has written.
 * @param {unknown} options
 * @returns {ValueOptions}
 * @throws {RangeError} that names the option which is wrong.
 */
export function resolveValueOptions(options) {
  const isObject = typeof options === "object" && options !== null && !Array.isArray(options);
  if (!isObject || Object.keys(options).some((name) => !OPTIONS.includes(name))) {
    throw new RangeError(`options: expected an object with ${OPTIONS.join(", ")} and nothing else`);
  }
  const { ifVersion } = /** @type {ValueOptions} */ (options);
  if (ifVersion !== undefined && !(Number.isSafeInteger(ifVersion) && ifVersion >= 0)) {
    throw new RangeError("ifVersion: expected a version, which is a whole number, or 0 for a value that is not there");
  }
  return { ifVersion };
}

/**
 * Reads the parameters of a request for values. A change with one that is not known is refused: a mistyped condition
 * that is ignored could overwrite what somebody else has written.
 * @param {URLSearchParams} query
 * @param {boolean} isChange Whether it needs a key and may have a version.
 * @returns {ValueQuery | Response} The refusal if one is wrong.
 */
export function readValueQuery(query, isChange) {
  const keys = query.getAll("key");
  const versions = query.getAll("ifVersion");
  const isOnce = keys.length <= 1 && versions.length <= (isChange ? 1 : 0);
  const isAnyUnknown = isChange && [...query.keys()].some((name) => !PARAMETERS.includes(name));
  if (!isOnce || isAnyUnknown || (isChange && !keys[0]) || keys[0] === "") {
    const expected = isChange ? "one key, not empty, at most one ifVersion, and nothing else" : "at most one key, not empty, and no ifVersion";
    return errorResponse(400, "invalid_request", `expected ${expected}`);
  }
  try {
    const [version] = versions;
    const ifVersion = version === undefined ? version : Number(/^\d{1,16}$/.exec(version)?.[0]);
    return { key: keys[0] ?? "", options: resolveValueOptions({ ifVersion }) };
  } catch (error) {
    return errorResponse(400, "invalid_request", /** @type {Error} */ (error).message);
  }
}

/**
 * Reads the value in a request's body.
 * @param {Uint8Array} body
 * @returns {string | Response} JSON, exactly as it was written; the refusal of anything else.
 */
export function readValue(body) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    JSON.parse(text);
    return text.trim();
  } catch {
    return errorResponse(400, "invalid_json", "the body must be the value: one JSON text in UTF-8");
  }
}
