/** To whom a push goes, for how long it is kept, and how it is known when it comes twice. */
import { errorResponse } from "./responses.js";

/** @import { Aim } from "./wire.js" */

/** 30 days: what is kept longer belongs into the app's own database. */
const KEEP_SECONDS_MAX = 2_592_000;

const PUSH_ID_LENGTH_MAX = 128;

const DEVICES_MAX = 64;

/**
 * What a caller may say of a push.
 * @typedef {object} PushOptions
 * @property {number} [keep] Seconds.
 * @property {string} [pushId]
 * @property {string[]} [to]
 * @property {string[]} [except]
 */

/**
 * @param {PushOptions} options
 * @returns {Aim}
 * @throws {RangeError} which names the option that can't be taken.
 */
export function aimOf({ keep = 0, pushId = "", to = [], except = [] }) {
  if (!Number.isInteger(keep) || keep < 0 || keep > KEEP_SECONDS_MAX) {
    throw new RangeError(`keep is out of range: expected 1 to ${KEEP_SECONDS_MAX} seconds`);
  }
  if (typeof pushId !== "string" || pushId.length > PUSH_ID_LENGTH_MAX) {
    throw new RangeError(`pushId: expected a text of at most ${PUSH_ID_LENGTH_MAX} characters`);
  }
  if (!isListOfNames(to) || !isListOfNames(except)) {
    throw new RangeError(`to and except: expected lists of at most ${DEVICES_MAX} device ids`);
  }
  return { keep, pushId, to, except };
}

/** @param {unknown} list What a caller gave, whatever its type says. */
function isListOfNames(list) {
  if (!Array.isArray(list) || list.length > DEVICES_MAX) return false;
  return list.every((name) => typeof name === "string");
}

/**
 * @param {URLSearchParams} query
 * @returns {Aim | Response} The refusal if it can't be taken.
 */
export function readAim(query) {
  try {
    return aimOf({
      keep: Number(query.get("keep") ?? 0),
      pushId: query.get("pushId") ?? "",
      to: query.getAll("to"),
      except: query.getAll("except"),
    });
  } catch (error) {
    return errorResponse(400, "invalid_request", /** @type {Error} */ (error).message);
  }
}
