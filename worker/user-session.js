/** The calls that a Worker with the binding can make to a user's object. */
import { isRestart } from "./forward.js";
import { USER_ID_BYTES_MAX, encodedLength } from "./shared/limits.js";
import { NO_BINDING, NO_NAME, NO_RPC, OLD_TOOLS, PlatformError } from "./shared/requirements.js";

/** @import { UserSession } from "./package.js" */

/**
 * The object's methods, and whether a call may be made twice without anybody noticing.
 * @type {Record<keyof UserSession, (args: any[]) => boolean>}
 */
const METHODS = {
  getState: always,
  getDevices: always,
  getMetrics: always,
  export: always,
  push: hasPushId,
  joinGame: never,
  leaveGame: never,
  clear: never,
  logoutDevice: never,
  logoutAll: never,
};

/**
 * A user's session to call, as often as needed. An object restarts after a logout, and what held it
 * then is of no use any more: so each failure makes us take hold of it anew, and a call that was
 * surely not begun, or may be made twice, is made once more.
 * @template {string} [M=never]
 * @param {{USER_SESSION_DO: DurableObjectNamespace<any>}} env
 * @param {string} userId At most 1,024 bytes of UTF-8.
 * @param {readonly M[]} [own] The methods that a class of the app's own adds.
 * @returns {UserSession & Record<M, (...args: any[]) => Promise<unknown>>}
 * @throws {TypeError} if there is no such binding, or the user's id can't be one.
 */
export function userSession(env, userId, own = []) {
  /** @type {any} */
  const sessions = env?.USER_SESSION_DO;
  if (typeof sessions?.idFromName !== "function") {
    throw new TypeError(NO_BINDING);
  }
  if (typeof userId !== "string" || userId === "") {
    throw new TypeError("userId: expected a string, not empty");
  }
  if (encodedLength(userId) > USER_ID_BYTES_MAX) {
    throw new TypeError(`userId: expected at most ${USER_ID_BYTES_MAX} bytes of UTF-8`);
  }
  // Half a character is read as in an address, where a page's client writes the same id.
  const id = sessions.idFromName(userId.toWellFormed());
  // The stub of any class: its methods are what METHODS and `own` say.
  const hold = () => /** @type {Record<string, (...args: any[]) => Promise<any>>} */ (sessions.get(id));
  let stub = hold();
  /** @param {string} name @param {any[]} args */
  const call = async (name, args) => {
    const held = stub;
    try {
      if (typeof held[name] !== "function") throw new PlatformError(NO_RPC);
      return await held[name](...args);
    } catch (error) {
      // It was found by its name here.
      if (error instanceof Error && error.message.includes(NO_NAME)) throw new PlatformError(OLD_TOOLS);
      // Another call may have done it by now.
      if (stub === held) stub = hold();
      throw error;
    }
  };
  /** @param {string} name @param {(args: any[]) => boolean} isHarmless */
  const caller = (name, isHarmless) => async (/** @type {any[]} */ ...args) => {
    try {
      return await call(name, args);
    } catch (error) {
      if (!isRestart(error) && !(isTransient(error) && isHarmless(args))) throw error;
    }
    return call(name, args);
  };
  const callers = [
    ...Object.entries(METHODS).map(([name, isHarmless]) => [name, caller(name, isHarmless)]),
    ...own.map((name) => [name, caller(name, never)]),
  ];
  return Object.fromEntries(callers);
}

/**
 * Whether the platform could not bring a call to its object, or the answer back.
 * @param {any} error
 */
function isTransient(error) {
  return error?.retryable === true && error.overloaded !== true;
}

function always() {
  return true;
}

function never() {
  return false;
}

/** @param {any[]} args Those of a push. One that has an id is delivered once. */
function hasPushId([, options]) {
  return typeof options?.pushId === "string";
}
