/** The voice of a device, which reads out each change of it once. */

/** @import { SessionState } from "/client/index.js" */

/** States that are over before they are read out. */
const FLEETING = ["idle", "connecting", "reconnecting"];

/**
 * @typedef {object} Changed
 * @property {string} status As in `data-status`.
 * @property {string} text The same for the user.
 * @property {string} waiting What waits to be sent, empty if nothing does.
 * @property {SessionState | null} state
 */

export class Voice {
  #say;
  #told = { status: "", waiting: "", games: "", presence: "" };

  /** @param {(text: string, subject: string) => void} say See `Announcer.say`. */
  constructor(say) {
    this.#say = say;
  }

  /** Says what is new. @param {Changed} changed */
  changed({ status, text, waiting, state }) {
    if (!FLEETING.includes(status)) this.#tell("status", text);
    this.#tell("waiting", waiting && `${waiting} to be sent`);
    if (status !== "connected" || !state) return;
    const isFirst = this.#told.presence === "";
    const { activeGames, presence } = state;
    this.#tell("games", activeGames.join(", ") || "no games", isFirst && activeGames.length === 0);
    this.#tell("presence", `shown as ${presence}`, isFirst);
  }

  /**
   * @param {"status" | "waiting" | "games" | "presence"} subject
   * @param {string} text
   * @param {boolean} [isQuiet] Only notes it.
   */
  #tell(subject, text, isQuiet = false) {
    if (text === this.#told[subject]) return;
    this.#told[subject] = text;
    if (text !== "" && !isQuiet) this.#say(text, subject);
  }
}
