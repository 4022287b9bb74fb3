/** Thousands of devices on one server. */
import { Companion } from "../../tests/support/companion.mjs";

/** @import { AskOptions, AskResult, BackResult, ConnectOptions, PartingWay, SustainOptions, SustainResult } from "./fleet-process.mjs" */

/**
 * What can be asked of the process.
 * @typedef {object} Calls
 * @property {(options: ConnectOptions) => number} connect Connects users' devices, and says how many
 *   milliseconds that took.
 * @property {(options: AskOptions) => AskResult} ask Has devices ask for the state.
 * @property {(turn: number) => string[]} turnAll Has every user change games and send an event, and
 *   says what went wrong.
 * @property {(options: SustainOptions) => SustainResult} sustain Sends at a rate.
 * @property {() => void} expectLoss Has devices come back, from now on, as the hook does.
 * @property {() => BackResult} backAgain Waits until all are back from the loss of every one.
 * @property {(way: PartingWay) => void} part Has all devices go at once, in a way.
 */

const MAIN = new URL("fleet-process.mjs", import.meta.url);

/** @extends {Companion<Calls>} */
export class Fleet extends Companion {
  constructor() {
    super(MAIN, "the fleet");
  }
}
