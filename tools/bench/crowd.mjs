/** The devices that talk to one server. */
import { Companion } from "../../tests/support/companion.mjs";

/** @import { ConnectOptions, ConnectTime, Load, LoadResult, VisitOptions } from "./crowd-process.mjs" */

/**
 * What can be asked of the process.
 * @typedef {object} Calls
 * @property {(options: ConnectOptions) => void} connect Connects users' devices.
 * @property {() => void} joinStandingGames Has every user join them.
 * @property {(load: Load) => LoadResult} load Sends frames and waits for every answer.
 * @property {(options: VisitOptions) => ConnectTime[]} visit Connects and closes devices one by one.
 */

const MAIN = new URL("crowd-process.mjs", import.meta.url);

/** @extends {Companion<Calls>} */
export class Crowd extends Companion {
  /** @param {string} name Whose devices they are. It stands in failures' messages. */
  constructor(name) {
    super(MAIN, name);
  }
}
