/** The runs that the core knows: those of open sockets, and of the others the 32 that asked last. */

const AWAY_RUNS_MAX = 32;

export class AwayRuns {
  /** The run of each socket that has one. @type {Map<string, string>} */
  #connected = new Map();
  /** The known runs, the one that asked last at the end. @type {string[]} */
  #known = [];

  /**
   * @param {string} socket
   * @param {string} run
   */
  connect(socket, run) {
    this.#connected.set(socket, run);
  }

  /** @param {string} socket */
  leave(socket) {
    this.#connected.delete(socket);
  }

  leaveAll() {
    this.#connected.clear();
  }

  /**
   * @param {string} id
   * @param {string} outcome
   * @param {boolean} isAgain A repetition that is not done changes nothing.
   */
  ask(id, outcome, isAgain) {
    if (outcome === "invalid" || (isAgain && outcome !== "done")) return;
    const run = id.slice(0, id.lastIndexOf("."));
    this.#known = [...this.#known.filter((known) => known !== run), run];
  }

  /** Forgets those that are too many, and says which. */
  trimmed() {
    const connected = new Set(this.#connected.values());
    const away = this.#known.filter((run) => !connected.has(run));
    const forgotten = away.slice(0, Math.max(0, away.length - AWAY_RUNS_MAX));
    this.#known = this.#known.filter((run) => !forgotten.includes(run));
    return forgotten;
  }
}
