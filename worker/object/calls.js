/**
 * Answers the object's RPC methods, whose caller gets the answer's JSON as a value. Which work belongs to which
 * method is written beside the methods, in worker-shim.js.
 */
import { reportFailure } from "./failures.js";
import { bodyOf, resolvePushOptions } from "../http/push-options.js";
import { changeFrame, resolveValueOptions, valueText } from "../http/value-change.js";
import { CREDENTIAL_ID_EXPECTED, TRUSTED, isCredentialId } from "../auth/identity.js";
import { refusal } from "../http/responses.js";
import { LogoutScope } from "../../bindings/wire.js";

/** @import { Answer, LogoutDemand } from "../../bindings/wire.js" */
/** @import { ValueOptions } from "../http/value-change.js" */
/** @import { PushOptions } from "../http/push-options.js" */
/** @import { SessionHost } from "./session-host.js" */
/** @import { UserObject } from "./user-object.js" */

/** @typedef {(session: SessionHost) => Answer | null} Work */

/**
 * Does a call's work and returns the JSON of its answer, which may be an error.
 * @param {UserObject} object
 * @param {Work} work
 */
export function answerCall({ ctx, restart, session }, work) {
  restart.noteCall();
  try {
    const answer = work(session);
    return answer && JSON.parse(answer.body);
  } catch (error) {
    reportFailure(ctx, error);
    throw error;
  }
}

/**
 * Does the work of a call about something with a name. A caller who has lost a device's id must not end all
 * sessions by it, nor join a game that is called "undefined".
 * @param {UserObject} object
 * @param {string} parameter
 * @param {unknown} name
 * @param {Work} work
 */
export function answerNamedCall(object, parameter, name, work) {
  const isName = typeof name === "string" && name !== "";
  const refuse = () => refusal("invalid_message", `${parameter}: expected a string, not empty`);
  return answerCall(object, isName ? work : refuse);
}

/** The demand to end everything. */
export const EVERYTHING = Object.freeze({ scope: LogoutScope.All, id: "", endedAt: 0 });

/**
 * Does the work of a logout that names something. An id that no credential can have is refused, since the answer would
 * say that it is ended.
 * @param {UserObject} object
 * @param {LogoutDemand["scope"]} scope
 * @param {string} parameter
 * @param {string} id
 */
export function answerLogout(object, scope, parameter, id) {
  return answerNamedCall(object, parameter, id, (session) => {
    const isPossible = scope === LogoutScope.Device || isCredentialId(id);
    if (!isPossible) return refusal("invalid_message", `${parameter}: ${CREDENTIAL_ID_EXPECTED}`);
    return session.logout({ scope, id, endedAt: 0 }, TRUSTED);
  });
}

/**
 * Does the work of a push.
 * @param {UserObject} object
 * @param {string | object} message
 * @param {PushOptions} [options]
 */
export function answerPush(object, message, options) {
  return answerCall(object, (session) => {
    try {
      const body = bodyOf(message);
      return session.push(body, resolvePushOptions(options ?? {}), { misfit: object.check.ofPush(body) });
    } catch (error) {
      if (error instanceof RangeError) return refusal("invalid_request", error.message);
      throw error;
    }
  });
}

/**
 * Does the work of setting a value, or of deleting it if no value is given.
 * @param {UserObject} object
 * @param {string} key
 * @param {ValueOptions} [options]
 * @param {{value: unknown}} [setting]
 */
export function answerValueChange(object, key, options, setting) {
  return answerNamedCall(object, "key", key, (session) => {
    try {
      const text = setting ? valueText(setting.value) : null;
      const frame = changeFrame(key, text, resolveValueOptions(options ?? {}));
      return session.changeValue(frame, TRUSTED, text === null ? "" : object.check.ofValue(key, text));
    } catch (error) {
      if (error instanceof RangeError) return refusal("invalid_request", error.message);
      throw error;
    }
  });
}
