/**
 * Answers the object's RPC methods, whose caller gets the answer's JSON as a value. Which work belongs to which
 * method is written beside the methods, in worker-shim.js.
 */
import { bodyOf, resolvePushOptions } from "../http/push-options.js";
import { refusal } from "../http/responses.js";
import { reportFailure } from "./failures.js";

/** @import { Answer, ResolvedPushOptions } from "../../bindings/wire.js" */
/** @import { PushOptions } from "../http/push-options.js" */
/** @import { LogoutRestart } from "./logout-restart.js" */

export class Calls {
  #ctx;
  #restart;

  /**
   * @param {DurableObjectState} ctx
   * @param {LogoutRestart} restart
   */
  constructor(ctx, restart) {
    this.#ctx = ctx;
    this.#restart = restart;
  }

  /**
   * Does a call's work and returns the JSON of its answer, which may be an error.
   * @param {() => Answer | null} work
   */
  answer(work) {
    this.#restart.noteCall();
    try {
      const answer = work();
      return answer && JSON.parse(answer.body);
    } catch (error) {
      reportFailure(this.#ctx.id.name, error);
      throw error;
    }
  }

  /**
   * Does the work of a call about something with a name. A caller who has lost a device's id must not
   * end all sessions by it, nor join a game that is called "undefined".
   * @param {Record<string, unknown>} names
   * @param {() => Answer | null} work
   */
  answerNamed(names, work) {
    const wrong = Object.keys(names).find((name) => typeof names[name] !== "string" || names[name] === "");
    if (wrong === undefined) return this.answer(work);
    return this.answer(() => refusal("invalid_message", `${wrong}: expected a string, not empty`));
  }

  /**
   * Does the work of a push.
   * @param {string | object} message
   * @param {PushOptions | undefined} options
   * @param {(text: string, options: ResolvedPushOptions) => Answer | null} work
   */
  answerPush(message, options, work) {
    return this.answer(() => {
      try {
        return work(bodyOf(message), resolvePushOptions(options ?? {}));
      } catch (error) {
        if (error instanceof RangeError) return refusal("invalid_request", error.message);
        throw error;
      }
    });
  }
}
