import assert from "node:assert/strict";
import { test } from "node:test";

import { Checker } from "../../tools/torture/checker.mjs";

/** @import { Kind } from "../../tools/torture/checker.mjs" */
/** @import { Entry } from "../../tools/torture/record.mjs" */

const USER = "kim";

/** @type {Entry[]} */
const BEGIN = [{ kind: "run", users: { kim: ["a", "b"], lee: ["c"] } }, { kind: "start" }];
/** @type {Entry[]} */
const CRASH = [{ kind: "kill" }, { kind: "start" }];

/**
 * @param {string} visit `a#1` is device a's first.
 * @param {string[]} [games]
 * @param {object} [more]
 * @returns {Entry[]}
 */
function comes(visit, games = [], more = {}) {
  const device = visit.split("#")[0];
  const state = { userId: USER, activeGames: games, presence: "online", lastActive: 1_000, ...more };
  const frame = { type: "initial_state", ...state, deviceId: device };
  return [{ kind: "open", user: USER, device, visit }, saw(visit, frame)];
}

/** @param {string} visit @param {any} frame @returns {Entry} */
function saw(visit, frame) {
  return { kind: "saw", user: USER, visit, frame };
}

/** @param {string} visit @param {number} n @param {any} frame @returns {Entry} */
function sent(visit, n, frame) {
  return { kind: "sent", user: USER, visit, n, frame };
}

/** @param {string} visit @param {number} n */
const sentEvent = (visit, n) => sent(visit, n, { type: "broadcast", data: { visit, n } });

/** @param {string} visit @param {string} sender @param {number} n */
const sawEvent = (visit, sender, n) =>
  saw(visit, { type: "event", from: sender.split("#")[0], data: { visit: sender, n } });

const join = (/** @type {string} */ gameId) => ({ type: "join_game", gameId });
const leave = (/** @type {string} */ gameId) => ({ type: "leave_game", gameId });
/** @param {string} gameId @param {...string} activeGames */
const joined = (gameId, ...activeGames) => ({ type: "game_joined", gameId, activeGames });
/** @param {string} gameId @param {...string} activeGames */
const left = (gameId, ...activeGames) => ({ type: "game_left", gameId, activeGames });

/** @param {string[]} games @param {object} [more] @returns {Entry} */
function state(games, more = {}) {
  const usual = { userId: USER, presence: "online", lastActive: 1_000, connectedDevices: 2 };
  return { kind: "state", user: USER, body: { ...usual, activeGames: games, ...more } };
}

/** Device a has joined a game and been told of it. @type {Entry[]} */
const JOINED = [...comes("a#1"), sent("a#1", 0, join("go")), saw("a#1", joined("go", "go"))];

/** Device a has asked for one, and was told nothing. @type {Entry[]} */
const ASKED = [...comes("a#1"), sent("a#1", 0, join("go"))];

/** @param {Entry[]} entries */
function complaintsOf(entries) {
  const checker = new Checker();
  for (const entry of [...BEGIN, ...entries]) checker.take(entry);
  checker.end();
  return checker.complaints;
}

/** @type {[name: string, entries: Entry[]][]} */
const GOOD = [
  ["a change that was announced and is there", [...JOINED, ...CRASH, ...comes("a#2", ["go"])]],
  [
    "a change that was announced and is still there after two crashes, one of which nobody saw",
    [...JOINED, ...CRASH, ...CRASH, ...comes("a#2", ["go"])],
  ],
  ["a request that was not announced and is there", [...ASKED, ...CRASH, ...comes("a#2", ["go"])]],
  ["a request that was not announced and is not there", [...ASKED, ...CRASH, ...comes("a#2")]],
  [
    "an announced game that somebody may have left",
    [...JOINED, sent("a#1", 1, leave("go")), ...CRASH, ...comes("a#2")],
  ],
  [
    "an announced game that somebody left after the crash",
    [...JOINED, ...CRASH, ...comes("a#2", ["go"]), sent("a#2", 0, leave("go")), ...comes("b#1")],
  ],
  [
    "one who has seen less than the other",
    [
      ...[...JOINED, ...comes("b#1", ["go"]), sent("a#1", 1, leave("go")), saw("a#1", left("go"))],
      ...[...CRASH, ...comes("a#2")],
    ],
  ],
  [
    "a newcomer who sees the rest of what the others see, and one whose end the crash has cut off",
    [
      ...[...comes("a#1"), sentEvent("a#1", 0), sawEvent("a#1", "a#1", 0)],
      ...[...comes("b#1"), sentEvent("a#1", 1), sawEvent("a#1", "a#1", 1), sawEvent("b#1", "a#1", 1)],
      ...[sentEvent("a#1", 2), sawEvent("b#1", "a#1", 2)],
    ],
  ],
  [
    "a join without effect, of a game that is there",
    [
      ...JOINED,
      ...[sentEvent("a#1", 1), sent("a#1", 2, join("go")), sentEvent("a#1", 3)],
      ...[sawEvent("a#1", "a#1", 1), sawEvent("a#1", "a#1", 3)],
    ],
  ],
];

for (const [name, entries] of GOOD) {
  test(`no complaint of ${name}`, () => assert.deepEqual(complaintsOf(entries), []));
}

/** @type {[name: string, kind: Kind, what: RegExp, entries: Entry[]][]} */
const BAD = [
  ["an announced game that is gone", "loss", /"lost":\["go"\]/, [...JOINED, ...CRASH, ...comes("a#2")]],
  ["the same, seen by GET /state", "loss", /"lost":\["go"\]/, [...JOINED, ...CRASH, state([])]],
  ["the same, two crashes later", "loss", /"lost":\["go"\]/, [...JOINED, ...CRASH, ...CRASH, ...comes("a#2")]],
  [
    "an announced game that is gone although another was left",
    "loss",
    /"lost":\["go"\]/,
    [...JOINED, sent("a#1", 1, leave("chess")), ...CRASH, ...comes("a#2")],
  ],
  [
    "an announced leaving that is undone",
    "loss",
    /"unasked":\["go"\]/,
    [
      ...[...JOINED, sent("a#1", 1, leave("go")), sentEvent("a#1", 2)],
      ...[saw("a#1", left("go")), sawEvent("a#1", "a#1", 2), ...CRASH, ...comes("a#2", ["go"])],
    ],
  ],
  [
    "a game that nobody has asked for",
    "loss",
    /"unasked":\["poker"\]/,
    [...JOINED, ...CRASH, ...comes("a#2", ["go", "poker"])],
  ],
  [
    "games in another order",
    "loss",
    /what was announced is not what is there/,
    [
      ...[...JOINED, sent("a#1", 1, join("chess")), saw("a#1", joined("chess", "go", "chess"))],
      ...[...CRASH, ...comes("a#2", ["chess", "go"])],
    ],
  ],
  [
    "a lastActive older than the row that was written with it",
    "age",
    /lastActive is 100 ms older/,
    [...JOINED, ...CRASH, ...comes("a#2", ["go"], { lastActive: 900 })],
  ],
  [
    "a join that nobody has asked for",
    "order",
    /nobody has asked for/,
    [...comes("a#1"), saw("a#1", joined("go", "go"))],
  ],
  ["a join told twice", "order", /a second time/, [...JOINED, saw("a#1", joined("go", "go"))]],
  [
    "a leaving told more often than asked for",
    "order",
    /2 times, asked for 1 times/,
    [...comes("a#1"), sent("a#1", 0, leave("go")), saw("a#1", left("go")), saw("a#1", left("go"))],
  ],
  ["a presence that nobody has asked for", "order", /presence away/, comes("a#1", [], { presence: "away" })],
  ["another user's state", "order", /userId "lee"/, comes("a#1", [], { userId: "lee" })],
  ["another user's event", "order", /not one of the user's/, [...comes("a#1"), sawEvent("a#1", "c#1", 0)]],
  ["an error", "order", /nobody asked for/, [...comes("a#1"), saw("a#1", { type: "error", code: "internal" })]],
  [
    "a lastActive that GET /state shows more than a minute too old",
    "age",
    /went back by 61000 ms/,
    [
      ...comes("a#1", [], { lastActive: 100_000 }),
      { kind: "asked", user: USER },
      state([], { lastActive: 39_000 }),
    ],
  ],
  ["a frame before the first one", "order", /initial_state must be/, [comes("a#1")[0], saw("a#1", { type: "pong" })]],
  [
    "a lastActive that goes back",
    "order",
    /went back by 1 ms/,
    [
      ...[...comes("a#1"), sent("a#1", 0, { type: "sync_state" })],
      saw("a#1", { type: "state", userId: USER, activeGames: [], presence: "online", lastActive: 999 }),
    ],
  ],
  [
    "frames of one device in another order",
    "order",
    /came after its successor/,
    [...comes("a#1"), sentEvent("a#1", 0), sentEvent("a#1", 1), sawEvent("a#1", "a#1", 1), sawEvent("a#1", "a#1", 0)],
  ],
  [
    "an event left out between two",
    "order",
    /was left out/,
    [
      ...[...comes("a#1"), sentEvent("a#1", 0), sentEvent("a#1", 1), sentEvent("a#1", 2)],
      ...[sawEvent("a#1", "a#1", 0), sawEvent("a#1", "a#1", 2)],
    ],
  ],
  [
    "a join left out between two events",
    "order",
    /joining go, has had no effect/,
    [
      ...[...comes("a#1"), sentEvent("a#1", 0), sent("a#1", 1, join("go")), sentEvent("a#1", 2)],
      ...[sawEvent("a#1", "a#1", 0), sawEvent("a#1", "a#1", 2)],
    ],
  ],
  [
    "two devices that saw two senders' events in different orders",
    "order",
    /at another place than others/,
    [
      ...[...comes("a#1"), ...comes("b#1"), sentEvent("a#1", 0), sentEvent("b#1", 0)],
      ...[sawEvent("a#1", "a#1", 0), sawEvent("a#1", "b#1", 0)],
      ...[sawEvent("b#1", "b#1", 0), sawEvent("b#1", "a#1", 0)],
    ],
  ],
  [
    "a change that only one of two devices saw",
    "order",
    /where others saw/,
    [
      ...[...comes("a#1"), ...comes("b#1"), sentEvent("a#1", 0), sent("a#1", 1, leave("go")), sentEvent("a#1", 2)],
      ...[sawEvent("a#1", "a#1", 0), saw("a#1", left("go")), sawEvent("a#1", "a#1", 2)],
      ...[sawEvent("b#1", "a#1", 0), sawEvent("b#1", "a#1", 2)],
    ],
  ],
  [
    "a device that does not come back",
    "converge",
    /only a are back/,
    [...comes("a#1"), state([], { connectedDevices: 1 }), { kind: "settled" }],
  ],
  [
    "devices that end with different games",
    "converge",
    /b#1 has \[\[\],"online"\] and GET \/state \[\["go"\],"online"\]/,
    [...comes("a#1"), ...comes("b#1"), ...JOINED.slice(2), state(["go"]), { kind: "settled" }],
  ],
];

for (const [name, kind, what, entries] of BAD) {
  test(`a complaint of ${name}`, () => {
    const found = complaintsOf(entries).filter((complaint) => complaint.kind === kind);
    assert.ok(found.some((complaint) => what.test(complaint.what)), JSON.stringify(complaintsOf(entries)));
  });
}
