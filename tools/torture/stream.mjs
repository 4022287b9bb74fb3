/**
 * What one connection has been told, held against what it was told before and what the user's devices
 * have asked for. Shares no code with the server.
 */

/** @import { VisitName } from "./record.mjs" */

/**
 * What the devices of a user have asked for since the server was started.
 * @typedef {object} Asked
 * @property {Map<VisitName, Request[]>} byVisit All frames, in order.
 * @property {Map<string, number>} joins How often, by game.
 * @property {Map<string, number>} leaves
 * @property {Set<string>} presences
 */

/** @typedef {{n: number, frame: any, isAgain: boolean}} Request Sent for the first time, or again. */

/** @typedef {(what: string) => void} Complain */

/** What is told to all devices. */
const TO_ALL = ["game_joined", "game_left", "presence_updated", "event"];

export class Stream {
  /** The frames to all, as text, in order. @type {string[]} */
  history = [];
  /** At which place of the history each event stands, by `eventKey`. @type {Map<string, number>} */
  events = new Map();
  /** @type {string[]} */
  games = [];
  presence = "";
  lastActive = 0;
  /** The newest `lastActive` that a stored row must have: each change of the games writes one. */
  storedActive = 0;
  changes = 0;
  /** The last frame to all, and the last that has changed the games. @type {any} */
  told = null;
  /** @type {any} */
  change = null;
  isClosed = false;
  hasState = false;
  #syncs = 0;
  /** @type {Asked} */
  #asked;
  #complain;
  /** Of each game, after how many frames it was last taken off the list. @type {Map<string, number>} */
  #removedAt = new Map();
  /** The same of each `game_left`. @type {Map<string, number>} */
  #leftAt = new Map();
  /**
   * The last event of each visit, and after how many frames it came.
   * @type {Map<VisitName, {n: number, at: number}>}
   */
  #heard = new Map();

  /**
   * @param {{user: string, device: string, visit: VisitName}} who
   * @param {Asked} asked
   * @param {Complain} complain
   */
  constructor(who, asked, complain) {
    this.who = who;
    this.#asked = asked;
    this.#complain = complain;
  }

  /** @param {any} frame */
  saw(frame) {
    if (this.hasState === (frame.type === "initial_state")) {
      this.#complain(`${frame.type} where ${this.hasState ? "another frame" : "initial_state"} must be`);
    }
    if (TO_ALL.includes(frame.type)) {
      this.history.push(JSON.stringify(frame));
      this.told = frame;
    }
    switch (frame.type) {
      case "initial_state":
        return this.#sawInitialState(frame);
      case "state":
        return this.#sawState(frame);
      case "game_joined":
        return this.#sawJoined(frame);
      case "game_left":
        return this.#sawLeft(frame);
      case "presence_updated":
        return this.#sawPresence(frame);
      case "event":
        return this.#sawEvent(frame);
      case "news":
        return;
      default:
        this.#complain(`a frame that nobody asked for: ${JSON.stringify(frame)}`);
    }
  }

  /**
   * The frames that asked for a change of games and of which this connection can't know whether they
   * have been handled.
   */
  pending() {
    /** @type {{joins: Set<string>, leaves: Set<string>}} */
    const games = { joins: new Set(), leaves: new Set() };
    for (const [visit, requests] of this.#asked.byVisit) {
      const heard = this.#heard.get(visit)?.n ?? -1;
      for (let at = requests.length - 1; at >= 0 && requests[at].n > heard; at--) {
        const { type, gameId } = requests[at].frame;
        if (type === "join_game") games.joins.add(gameId);
        if (type === "leave_game") games.leaves.add(gameId);
      }
    }
    return games;
  }

  /** @param {any} frame */
  #sawInitialState({ userId, deviceId, activeGames, presence, lastActive }) {
    this.#expect("userId", userId, this.who.user);
    this.#expect("deviceId", deviceId, this.who.device);
    this.hasState = true;
    this.games = activeGames;
    this.presence = presence;
    this.lastActive = lastActive;
    if (presence !== "online" && !this.#asked.presences.has(presence)) {
      this.#complain(`presence ${presence}, which nobody has asked for`);
    }
  }

  /** @param {any} frame */
  #sawState({ userId, activeGames, presence, lastActive }) {
    this.#expect("userId", userId, this.who.user);
    this.#expect("games", activeGames, this.games);
    this.#expect("presence", presence, this.presence);
    if (lastActive < this.lastActive) {
      this.#complain(`lastActive went back by ${this.lastActive - lastActive} ms`);
    }
    this.lastActive = lastActive;
    const own = this.#asked.byVisit.get(this.who.visit) ?? [];
    const asked = own.filter(({ frame }) => frame.type === "sync_state").length;
    if (++this.#syncs > asked) this.#complain("a state that it has not asked for");
  }

  /** @param {any} frame */
  #sawJoined({ gameId, activeGames }) {
    if (!this.#asked.joins.has(gameId)) this.#complain(`${gameId} joined, which nobody has asked for`);
    if (this.games.includes(gameId)) this.#complain(`${gameId} joined a second time`);
    this.#expect("games", activeGames, [...this.games, gameId]);
    this.#changed(activeGames);
  }

  /** @param {any} frame */
  #sawLeft({ gameId, activeGames }) {
    if (!this.#asked.leaves.has(gameId)) this.#complain(`${gameId} left, which nobody has asked for`);
    this.#leftAt.set(gameId, this.history.length);
    const wasThere = this.games.includes(gameId);
    this.#expect("games", activeGames, this.games.filter((game) => game !== gameId));
    if (!wasThere) return;
    this.#removedAt.set(gameId, this.history.length);
    this.#changed(activeGames);
  }

  /** @param {string[]} games */
  #changed(games) {
    this.games = games;
    this.change = this.told;
    this.changes++;
    this.storedActive = this.lastActive;
  }

  /** @param {any} frame */
  #sawPresence({ presence }) {
    if (presence === this.presence) this.#complain(`presence ${presence} was told twice`);
    if (!this.#asked.presences.has(presence)) {
      this.#complain(`presence ${presence}, which nobody has asked for`);
    }
    this.presence = presence;
  }

  /** @param {any} frame */
  #sawEvent({ from, data: { once, visit, n } }) {
    if (once !== undefined) return this.#sawOnce(once);
    const requests = this.#asked.byVisit.get(visit);
    if (!requests || !visit.startsWith(`${from}#`)) {
      return this.#complain(`an event from ${from}, of ${visit}: not one of the user's`);
    }
    const key = eventKey(visit, n);
    if (this.events.has(key)) return this.#complain(`event ${key} came twice`);
    this.events.set(key, this.history.length - 1);
    const before = this.#heard.get(visit);
    this.#heard.set(visit, { n, at: this.history.length });
    if (!before) return;
    if (n < before.n) return this.#complain(`event ${key} came after its successor ${before.n}`);
    for (const request of requests.slice(before.n + 1, n)) this.#wasHandled(request, visit, before.at);
  }

  /** @param {string} once */
  #sawOnce(once) {
    if (this.events.has(once)) this.#complain(`event ${once} came twice`);
    this.events.set(once, this.history.length - 1);
  }

  /**
   * Looks for the traces of a frame that lies between two events of its sender.
   * @param {Request} request
   * @param {VisitName} visit
   * @param {number} since Where the first of the two came.
   */
  #wasHandled({ n, frame: { type, gameId, data }, isAgain }, visit, since) {
    if (isAgain) return;
    const name = `frame ${eventKey(visit, n)}`;
    const isLeftOut = type === "broadcast" && !this.events.has(data?.once);
    if (isLeftOut) this.#complain(`${name}, an event, was left out`);
    const wasIn = this.games.includes(gameId) || (this.#removedAt.get(gameId) ?? -1) > since;
    if (type === "join_game" && !wasIn) this.#complain(`${name}, joining ${gameId}, has had no effect`);
    const hasLeft = (this.#leftAt.get(gameId) ?? -1) > since;
    if (type === "leave_game" && !hasLeft) {
      this.#complain(`${name}, leaving ${gameId}, has had no effect`);
    }
  }

  /**
   * @param {string} what
   * @param {unknown} actual
   * @param {unknown} expected
   */
  #expect(what, actual, expected) {
    if (JSON.stringify(actual) === JSON.stringify(expected)) return;
    this.#complain(`${what} ${JSON.stringify(actual)} where ${JSON.stringify(expected)} must be`);
  }
}

/**
 * The name of an event, which no other has.
 * @param {VisitName} visit
 * @param {number} n
 */
function eventKey(visit, n) {
  return `${visit}:${n}`;
}
