/**
 * Calls the methods of a user's object for a Worker that has the binding. What a method does is decided in
 * the object.
 */
import { isRestart } from "./forward.js";
import { USER_ID_BYTES_MAX, isLonger } from "./common/limits.js";
import { NO_BINDING, NO_NAME, NO_RPC, OLD_TOOLS, PlatformError } from "./common/requirements.js";

/** @import { UserSession } from "./package.js" */
/** @import { SessionDefinition } from "../client/dist/session.js" */

/**
 * The object's methods, each with a check whether repeating a call does no harm.
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
  getValues: always,
  setValue: never,
  deleteValue: never,
  logoutDevice: always,
  logoutCredential: always,
  logoutOthers: never,
  logoutAll: never,
};

/**
 * Makes a user's session, which can be called as often as needed. An object restarts after a logout, and a
 * stub that has failed is of no use any more: each failure makes a new one. A call is repeated once if it
 * was surely not begun, or if repeating it does no harm.
 * @param {{USER_SESSION_DO: DurableObjectNamespace<any>}} env
 * @param {string} userId At most 1,024 bytes of UTF-8.
 * @param {{own?: readonly string[], session?: SessionDefinition}} [options] The methods that the app's own class adds,
 *   and the app's definition of its messages.
 * @returns {any} What package.d.ts says.
 * @throws {TypeError} if there is no such binding, or the user's id can't be one.
 */
export function userSession(env, userId, { own = [], session } = {}) {
  /** @type {any} */
  const sessions = env?.USER_SESSION_DO;
  if (typeof sessions?.idFromName !== "function") {
    throw new TypeError(NO_BINDING);
  }
  if (typeof userId !== "string" || userId === "") {
    throw new TypeError("userId: expected a string, not empty");
  }
  if (isLonger(userId, USER_ID_BYTES_MAX)) {
    throw new TypeError(`userId: expected at most ${USER_ID_BYTES_MAX} bytes of UTF-8`);
  }
  // Half a surrogate pair becomes what it is in a URL, where a page's client writes the same id.
  const id = sessions.idFromName(userId.toWellFormed());
  // The stub's class may be the app's own, so its type says nothing of METHODS and `own`.
  const hold = () => /** @type {Record<string, (...args: any[]) => Promise<any>>} */ (sessions.get(id));
  let stub = hold();
  /** @param {string} name @param {any[]} args */
  const call = async (name, args) => {
    const held = stub;
    try {
      if (typeof held[name] !== "function") throw new PlatformError(NO_RPC);
      return await held[name](...args);
    } catch (error) {
      // The object was found by its name here, so old tools are the only cause left.
      if (error instanceof Error && error.message.includes(NO_NAME)) throw new PlatformError(OLD_TOOLS);
      // Another call may have replaced the stub meanwhile.
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
  const calls = Object.fromEntries(callers);
  return session ? { ...calls, push: pushByName(calls.push, session) } : calls;
}

/**
 * A push that also takes a name which is defined, and what the message holds beside its type.
 * @param {(...args: any[]) => Promise<unknown>} push
 * @param {SessionDefinition} session
 */
function pushByName(push, { pushes }) {
  return (/** @type {any[]} */ ...args) => {
    const [type, data, ...options] = args;
    if (typeof type !== "string" || !Object.hasOwn(pushes, type)) return push(...args);
    // The name stands first, and no member of the data replaces it.
    return push({ ...{ type }, ...data, type }, ...options);
  };
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

/** @param {any[]} args The arguments of a push, which is delivered once if it has an id. */
function hasPushId([, options]) {
  return typeof options?.pushId === "string";
}
