/**
 * Reads the record of a run and says what in it can't be. A simple model of what devices may rely on,
 * which shares no code with the server: what was announced is there after a crash, what was sent and
 * not announced may be, and nothing else is.
 */
import { V2Devices } from "./v2-devices.mjs";
import { commonOrder } from "./order.mjs";
import { Stream } from "./stream.mjs";

/** @import { Entry, SawEntry, SentEntry, StateEntry } from "./record.mjs" */
/** @import { Asked } from "./stream.mjs" */

/** What is stored of `lastActive` may be older by so much. */
const LAST_ACTIVE_LAG_MS = 60_000;

/**
 * What is known of the games when the server has ended.
 * @typedef {object} Knowledge
 * @property {string[]} sure In their order.
 * @property {Set<string>} unsure They may be there or not: somebody has asked, and nobody was told.
 */

/**
 * What a complaint is about.
 * @typedef {"loss" | "age" | "order" | "answer" | "converge" | "number" | "request" | "push"
 *   | "value" | "version"} Kind
 */

/**
 * @typedef {object} Complaint
 * @property {Kind} kind
 * @property {string} what
 * @property {number} life How often the server had been started.
 */

/**
 * @typedef {object} User
 * @property {string[]} devices
 * @property {Knowledge[]} known From before the last start, by several who have seen something.
 * @property {Map<string, Stream>} streams Since the last start, by visit.
 * @property {Asked} asked
 * @property {number} shown The newest `lastActive` that anybody was told since the last start.
 * @property {number} shownWhenAsked The same, when `GET /state` was sent.
 * @property {number} stored The newest of which it is certain that a row was written with it.
 * @property {{shown: number, stored: number}} before The same from before the last start.
 * @property {V2Devices} newer Those of version 2, since the first start.
 * @property {any} state The last answer to `GET /state` since the last start.
 */

export class Checker {
  /** @type {Complaint[]} */
  complaints = [];
  counts = {
    ...{ starts: 0, kills: 0, sent: 0, seen: 0, changes: 0, unplaced: 0 },
    ...{ checkedAfterKill: 0, unsureAfterKill: 0, lastActiveBackMs: 0, forgotten: 0 },
    ...{ resumed: 0, reset: 0, brought: 0, answered: 0, again: 0, repeated: 0 },
    ...{ unknown: 0, pushed: 0, kept: 0, lost: 0 },
  };
  /** @type {Map<string, User>} */
  #users = new Map();

  /** @param {Entry} entry */
  take(entry) {
    switch (entry.kind) {
      case "run":
        for (const [user, devices] of Object.entries(entry.users)) {
          const known = [{ sure: [], unsure: new Set() }];
          const before = { shown: 0, stored: 0 };
          const complain = this.#complain.bind(this);
          const newer = new V2Devices(this.counts, complain);
          this.#users.set(user, { devices, known, before, newer, ...sinceStart() });
        }
        return;
      case "start":
        if (this.counts.starts++ > 0) this.#endLife();
        return;
      case "kill":
        this.counts.kills++;
        return;
      case "stuck":
        return this.#complain("converge", entry.what);
      case "settled":
        for (const [name, user] of this.#users) this.#checkSettled(name, user);
        return;
      default:
        return this.#takeOfUser(entry, this.#user(entry.user));
    }
  }

  /** Says that the record is complete. */
  end() {
    this.#endLife();
  }

  /**
   * @param {Exclude<Entry, {kind: "run" | "start" | "kill" | "stuck" | "settled"}>} entry
   * @param {User} user
   */
  #takeOfUser(entry, user) {
    switch (entry.kind) {
      case "connecting":
        return user.newer.connecting(entry);
      case "open": {
        const { visit } = entry;
        // Frames that don't fit to those before them are out of order, or lost, or made up.
        const complain = (/** @type {string} */ what) => this.#complain("order", `${visit}: ${what}`);
        user.streams.set(visit, new Stream(entry, user.asked, complain));
        user.asked.byVisit.set(visit, []);
        return;
      }
      case "sent":
        return this.#takeSent(entry, user);
      case "saw":
        return this.#takeSeen(entry, user);
      case "closed": {
        const stream = user.streams.get(entry.visit);
        if (stream) stream.isClosed = true;
        user.newer.closed(entry.visit);
        return;
      }
      case "pushing":
        return user.newer.pushes.sent(entry.push);
      case "pushed":
        this.counts.pushed++;
        return user.newer.pushes.answered(entry.push, entry.inbox);
      case "asked":
        user.shownWhenAsked = user.shown;
        return;
      case "state":
        return this.#takeState(entry, user);
    }
  }

  /** @param {SentEntry} entry @param {User} user */
  #takeSent({ visit, n, frame }, { asked, newer }) {
    this.counts.sent++;
    const novelty = newer.requests.sent(frame, this.counts.starts);
    if (novelty === "new") newer.values.sent(frame);
    const isDone = novelty === "done";
    if (isDone) this.counts.repeated++;
    else if (novelty !== "new") this.counts.again++;
    const request = isDone ? { type: "repetition" } : frame;
    asked.byVisit.get(visit)?.push({ n, frame: request, isAgain: novelty !== "new" });
    if (isDone || novelty === "still") return;
    if (frame.type === "join_game") count(asked.joins, frame.gameId);
    if (frame.type === "leave_game") count(asked.leaves, frame.gameId);
    if (frame.type === "update_presence") asked.presences.add(frame.presence);
  }

  /** @param {SawEntry} entry @param {User} user */
  #takeSeen({ visit, frame }, user) {
    this.counts.seen++;
    const stream = user.streams.get(visit);
    if (!stream) return this.#complain("order", `${visit} saw a frame before it was open`);
    const older = user.newer.saw(frame, stream);
    if (older) stream.saw(older);
    if (older && stream.change === older) user.newer.changed(frame, stream);
    user.shown = Math.max(user.shown, stream.lastActive);
    if (frame.type === "initial_state") {
      this.#checkSurvival(visit, user, frame);
      this.#checkLastActive(visit, user, frame.lastActive);
    }
    user.stored = Math.max(user.stored, stream.storedActive);
  }

  /** @param {StateEntry} entry @param {User} user */
  #takeState({ user: name, body }, user) {
    const who = `GET /state of ${name}`;
    user.state = body;
    const { userId, presence, connectedDevices, lastActive } = body;
    if (userId !== name) this.#complain("answer", `${who}: it is of ${userId}`);
    this.#checkSurvival(who, user, body);
    this.#checkLastActive(who, user, lastActive);
    if (connectedDevices === 0 && presence !== "offline") {
      this.#complain("answer", `${who}: ${presence} without a device`);
    }
    const back = user.shownWhenAsked - lastActive;
    if (back > LAST_ACTIVE_LAG_MS) {
      this.#complain("age", `${who}: lastActive went back by ${back} ms`);
    }
    user.shown = Math.max(user.shown, lastActive);
  }

  /**
   * What was known before the last start must be there, except for what somebody has asked for since.
   * @param {string} who
   * @param {User} user
   * @param {{activeGames: string[]}} state
   */
  #checkSurvival(who, { known, asked }, { activeGames }) {
    for (const before of known) {
      const unsure = unsureOf(before.sure, new Set(asked.joins.keys()), new Set(asked.leaves.keys()));
      const doubted = union(before.unsure, unsure);
      const expected = before.sure.filter((game) => !doubted.has(game));
      const actual = activeGames.filter((game) => !doubted.has(game));
      if (JSON.stringify(actual) === JSON.stringify(expected)) continue;
      const lost = expected.filter((game) => !actual.includes(game));
      const unasked = actual.filter((game) => !expected.includes(game));
      const text = JSON.stringify({ lost, unasked, actual, expected });
      return this.#complain("loss", `${who}: what was announced is not what is there: ${text}`);
    }
  }

  /**
   * @param {string} who
   * @param {User} user
   * @param {number} lastActive
   */
  #checkLastActive(who, { before }, lastActive) {
    if (lastActive < before.stored) {
      const older = before.stored - lastActive;
      this.#complain("age", `${who}: lastActive is ${older} ms older than what was stored`);
    }
    if (before.shown === 0) return;
    if (lastActive === 0) this.counts.forgotten++;
    else this.counts.lastActiveBackMs = Math.max(this.counts.lastActiveBackMs, before.shown - lastActive);
  }

  /** @param {string} name @param {User} user */
  #checkSettled(name, { devices, streams, newer, state }) {
    newer.settled();
    const open = [...streams.values()].filter(({ isClosed, hasState }) => hasState && !isClosed);
    const present = open.map(({ who }) => who.device).sort();
    if (JSON.stringify(present) !== JSON.stringify([...devices].sort())) {
      this.#complain("converge", `${name}: of ${devices.join(", ")} only ${present.join(", ")} are back`);
    }
    if (!state) return this.#complain("converge", `${name}: nobody has asked for the state`);
    if (state.connectedDevices !== devices.length) {
      this.#complain("converge", `${name}: GET /state has ${state.connectedDevices} devices`);
    }
    const wanted = JSON.stringify([state.activeGames, state.presence]);
    for (const { who, games, presence } of open) {
      const actual = JSON.stringify([games, presence]);
      if (actual === wanted) continue;
      this.#complain("converge", `${who.visit} has ${actual} and GET /state ${wanted}`);
    }
  }

  #endLife() {
    for (const [name, user] of this.#users) {
      user.newer.endLife();
      const streams = [...user.streams.values()].filter(({ hasState }) => hasState);
      this.#checkOrder(name, user, streams);
      if (streams.length > 0) user.known = streams.map(knowledgeOf);
      this.#countKnowledge(user);
      const { before, shown, stored } = user;
      user.before = { shown: Math.max(before.shown, shown), stored: Math.max(before.stored, stored) };
      Object.assign(user, sinceStart());
    }
  }

  /**
   * @param {string} name
   * @param {User} user
   * @param {Stream[]} streams
   */
  #checkOrder(name, { asked }, streams) {
    const stretches = streams.map(({ who, history, events }) => ({ name: who.visit, history, events }));
    const { order, unplaced, contradictions } = commonOrder(stretches);
    for (const contradiction of contradictions) this.#complain("order", contradiction);
    this.counts.unplaced += unplaced;
    this.counts.changes += Math.max(0, ...streams.map(({ changes }) => changes));
    /** @type {Record<string, [told: Map<string, number>, asked: Map<string, number>]>} */
    const changes = { game_joined: [new Map(), asked.joins], game_left: [new Map(), asked.leaves] };
    for (const text of order) {
      const { type, gameId } = JSON.parse(text);
      if (type in changes) count(changes[type][0], gameId);
    }
    for (const [type, [told, requests]] of Object.entries(changes)) {
      for (const [gameId, times] of told) {
        const wanted = requests.get(gameId) ?? 0;
        if (times <= wanted) continue;
        this.#complain("order", `${name}: ${type} of ${gameId} ${times} times, asked for ${wanted} times`);
      }
    }
  }

  /** @param {User} user */
  #countKnowledge({ known }) {
    // Of what several know, the one with the least doubt counts.
    const [best] = known.toSorted((a, b) => a.unsure.size - b.unsure.size);
    this.counts.checkedAfterKill += best.sure.length;
    this.counts.unsureAfterKill += best.unsure.size;
  }

  /** @param {string} name */
  #user(name) {
    const user = this.#users.get(name);
    if (!user) throw new Error(`the record does not say who ${name} is`);
    return user;
  }

  /** @param {Kind} kind @param {string} what */
  #complain(kind, what) {
    this.complaints.push({ kind, what, life: this.counts.starts });
  }
}

/** What is known of a user since a start that was just now. */
function sinceStart() {
  return {
    streams: new Map(),
    /** @type {Asked} */
    asked: { byVisit: new Map(), joins: new Map(), leaves: new Map(), presences: new Set() },
    ...{ shown: 0, shownWhenAsked: 0, stored: 0 },
    state: null,
  };
}

/** @param {Stream} stream @returns {Knowledge} */
function knowledgeOf(stream) {
  const { joins, leaves } = stream.pending();
  const unsure = unsureOf(stream.games, joins, leaves);
  return { sure: stream.games.filter((game) => !unsure.has(game)), unsure };
}

/**
 * The games of which it can't be known whether they are there.
 * @param {string[]} games Those that were.
 * @param {Set<string>} joins What has been asked for since, in whatever order.
 * @param {Set<string>} leaves
 */
function unsureOf(games, joins, leaves) {
  const left = games.filter((game) => leaves.has(game));
  return union(new Set(left), new Set([...joins].filter((game) => !games.includes(game))));
}

/** @param {Set<string>} a @param {Set<string>} b */
function union(a, b) {
  return new Set([...a, ...b]);
}

/** @param {Map<string, number>} counts @param {string} key */
function count(counts, key) {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
