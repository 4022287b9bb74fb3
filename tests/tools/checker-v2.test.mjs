/**
 * What the checker says of records in which devices speak version 2.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Checker } from "../../tools/torture/checker.mjs";
import {
  ack,
  BEGIN,
  closed,
  comes,
  connecting,
  CRASH,
  event,
  join,
  joined,
  kept,
  leave,
  left,
  news,
  oldComes,
  oldNews,
  other,
  pushed,
  pushing,
  returns,
  saw,
  sent,
  sentEvent,
  settled,
} from "./v2-entries.mjs";

/** @import { Kind } from "../../tools/torture/checker.mjs" */
/** @import { Entry } from "../../tools/torture/record.mjs" */

/** Device a has joined a game, and been told and answered. @type {Entry[]} */
const JOINED = [
  ...[...comes("a#1", 0), sent("a#1", 0, join("go", "1"))],
  ...[saw("a#1", joined(1, "go", "go")), saw("a#1", ack("1", 1))],
];

/** Device b goes at number 1, and device a sees an event as number 2. @type {Entry[]} */
const MISSED = [
  ...[...comes("a#1", 0), ...comes("b#1", 1), saw("a#1", other(1)), closed("b#1")],
  ...[sentEvent("a#1", 0), saw("a#1", event(2, "a#1", 0))],
];

/** A push is kept while nobody is there. @type {Entry[]} */
const KEPT = [...comes("a#1", 0), saw("a#1", other(1)), closed("a#1"), pushing, pushed];

/** @param {Entry[]} entries */
function complaintsOf(entries) {
  const checker = new Checker();
  for (const entry of [...BEGIN, ...entries]) checker.take(entry);
  checker.end();
  // That devices of the user are missing at the end is not what these records are about.
  return checker.complaints.filter(({ kind }) => kind !== "converge");
}

/** @type {[name: string, entries: Entry[]][]} */
const GOOD = [
  ["frames that are numbered by one", [...comes("a#1", 4), saw("a#1", other(5)), saw("a#1", other(6))]],
  [
    "one who is brought what it has missed",
    [...MISSED, ...returns("b#2", "7.1", 2), saw("b#2", event(2, "a#1", 0)), saw("b#2", other(3))],
  ],
  [
    "one who is told to reset instead",
    [...MISSED, ...returns("b#2", "7.1", 2, { reset: true }), saw("b#2", other(3))],
  ],
  [
    "one who is cut off while it is brought that, and comes again",
    [
      ...[...MISSED, ...returns("b#2", "7.1", 2), closed("b#2")],
      ...[...returns("b#3", "7.1", 2), saw("b#3", event(2, "a#1", 0)), saw("b#3", other(3))],
    ],
  ],
  [
    "one who is not told again who has gone meanwhile",
    [
      ...comes("a#1", 0),
      ...comes("b#1", 0),
      closed("b#1"),
      saw("a#1", other(1)),
      ...returns("b#2", "7.0", 1),
      saw("b#2", other(2)),
    ],
  ],
  [
    "a new epoch after a crash",
    [...JOINED, ...CRASH, ...returns("a#2", "7.1", 0, { epoch: 9, reset: true, activeGames: ["go"] })],
  ],
  [
    "a request that is repeated after a crash, and answered as before",
    [
      ...[
        ...JOINED,
        sent("a#1", 1, leave("go", "2")),
        saw("a#1", left(2, "go")),
        saw("a#1", ack("2", 2)),
        ...CRASH,
      ],
      ...[
        ...returns("a#2", "7.2", 0, { epoch: 9, reset: true }),
        sent("a#2", 0, join("go", "1")),
        saw("a#2", ack("1", 1)),
      ],
    ],
  ],
  [
    "a request without an answer that is sent again and was done",
    [
      ...[...comes("a#1", 0), sent("a#1", 0, join("go", "1")), ...CRASH],
      ...[...returns("a#2", "7.0", 1, { activeGames: ["go"] }), saw("a#2", joined(1, "go", "go"))],
      ...[sent("a#2", 0, join("go", "1")), saw("a#2", ack("1", 1))],
    ],
  ],
  ["a kept push that comes live", [...comes("a#1", 0), pushing, saw("a#1", news(1)), pushed, settled]],
  [
    "a kept push that was missed and is brought",
    [...KEPT, ...returns("a#2", "7.1", 2), saw("a#2", news(2)), saw("a#2", other(3)), settled],
  ],
  [
    "a kept push that is given later",
    [
      ...KEPT,
      ...CRASH,
      ...comes("a#2", 0, { epoch: 9, reset: true }, "7.1"),
      saw("a#2", kept),
      saw("a#2", other(1)),
      settled,
    ],
  ],
  [
    "a kept push that was lost behind the first frame, where nobody can know",
    [
      ...KEPT,
      ...comes("a#2", 0, { epoch: 9, reset: true }, "7.1"),
      ...CRASH,
      ...returns("a#3", "9.0", 1, { epoch: 9 }),
      saw("a#3", other(2)),
      settled,
    ],
  ],
  [
    "a push that two sockets of a device of version 1 see",
    [...oldComes("old#1"), ...oldComes("old#2"), pushing, saw("old#1", oldNews), saw("old#2", oldNews)],
  ],
  [
    "a push that nobody has answered and nobody sees",
    [...comes("a#1", 0), pushing, saw("a#1", other(1)), settled],
  ],
];

for (const [name, entries] of GOOD) {
  test(`no complaint of ${name}`, () => assert.deepEqual(complaintsOf(entries), []));
}

/** @type {[name: string, kind: Kind, what: RegExp, entries: Entry[]][]} */
const BAD = [
  ["a gap", "number", /number 6 came after 4/, [...comes("a#1", 4), saw("a#1", other(6))]],
  [
    "a number that comes twice",
    "number",
    /number 5 came after 5/,
    [...comes("a#1", 4), saw("a#1", other(5)), saw("a#1", other(5))],
  ],
  [
    "a frame without a number",
    "number",
    /without a number/,
    [...comes("a#1", 4), saw("a#1", { type: "news", push: "p" })],
  ],
  [
    "a number that carries two frames",
    "number",
    /as number 1 of 7, others/,
    [...comes("a#1", 0), ...comes("b#1", 0), saw("a#1", other(1)), saw("b#1", { ...other(1), deviceId: "y" })],
  ],
  [
    "a number that carries another frame after a crash",
    "number",
    /as number 1 of 7, others/,
    [
      ...JOINED,
      ...CRASH,
      ...returns("a#2", "7.1", 1, { activeGames: ["go"] }),
      ...comes("b#1", 0, { activeGames: ["go"] }),
      saw("b#1", other(1)),
    ],
  ],
  [
    "a count that goes back",
    "number",
    /number 0 of 7, after 1/,
    [...JOINED, ...CRASH, ...returns("a#2", "7.1", 0, { activeGames: ["go"] })],
  ],
  [
    "a missed frame that is left out",
    "number",
    /was not brought number 2/,
    [...MISSED, ...returns("b#2", "7.1", 2), saw("b#2", other(3))],
  ],
  [
    "a missed frame that is another",
    "number",
    /others/,
    [...MISSED, ...returns("b#2", "7.1", 2), saw("b#2", news(2))],
  ],
  [
    "a missed frame that is brought twice",
    "number",
    /number 2 was brought after 2/,
    [...MISSED, ...returns("b#2", "7.1", 2), saw("b#2", event(2, "a#1", 0)), saw("b#2", event(2, "a#1", 0))],
  ],
  [
    "another epoch without a reset",
    "number",
    /not told to reset/,
    [...JOINED, ...CRASH, ...returns("a#2", "7.1", 0, { epoch: 9 })],
  ],
  [
    "a reset for one who was never there",
    "number",
    /came for the first time/,
    comes("a#1", 0, { reset: true }),
  ],
  [
    "games that are brought in another state",
    "number",
    /it was brought the games/,
    [
      ...JOINED,
      closed("a#1"),
      ...returns("a#2", "7.0", 1),
      saw("a#2", joined(1, "go", "go")),
      saw("a#2", other(2)),
    ],
  ],
  ["a device that is not told of itself", "number", /not among the devices/, comes("a#1", 0, { devices: [] })],
  [
    "an answered join that is gone after a crash",
    "loss",
    /"lost":\["go"\]/,
    [...JOINED, ...CRASH, ...returns("a#2", "7.1", 0, { epoch: 9, reset: true })],
  ],
  [
    "an answer to a join that is not done",
    "request",
    /is not done/,
    [...comes("a#1", 0), sent("a#1", 0, join("go", "1")), saw("a#1", ack("1", 0))],
  ],
  [
    "an answer to a leave that is not told",
    "request",
    /and not told/,
    [...comes("a#1", 0), sent("a#1", 0, leave("go", "1")), saw("a#1", ack("1", 0))],
  ],
  [
    "an answer with another number",
    "request",
    /with 3 after number 1/,
    [...JOINED.slice(0, -1), saw("a#1", ack("1", 3))],
  ],
  [
    "an answer that nobody waits for",
    "request",
    /has not asked/,
    [...comes("a#1", 0), saw("a#1", ack("1", 0))],
  ],
  [
    "a repeated request with another answer",
    "request",
    /answered with 2, and before with 1/,
    [...JOINED, saw("a#1", other(2)), sent("a#1", 1, join("go", "1")), saw("a#1", ack("1", 2))],
  ],
  [
    "a request that is done twice, before a crash and after it",
    "request",
    /game_joined go 2 times, asked for 1 times/,
    [
      ...[
        ...JOINED,
        sent("a#1", 1, leave("go", "2")),
        saw("a#1", left(2, "go")),
        saw("a#1", ack("2", 2)),
        ...CRASH,
      ],
      ...[
        ...returns("a#2", "7.2", 0, { epoch: 9, reset: true }),
        sent("a#2", 0, join("go", "1")),
        saw("a#2", joined(1, "go", "go")),
      ],
    ],
  ],
  [
    "a leaving that is done again",
    "order",
    /2 times, asked for 1 times/,
    [
      ...[
        ...comes("a#1", 0),
        sent("a#1", 0, leave("go", "1")),
        saw("a#1", left(1, "go")),
        saw("a#1", ack("1", 1)),
      ],
      ...[sent("a#1", 1, leave("go", "1")), saw("a#1", left(2, "go"))],
    ],
  ],
  [
    "a kept push that comes twice",
    "push",
    /a second time/,
    [...KEPT, ...returns("a#2", "7.1", 2), saw("a#2", news(2)), saw("a#2", kept)],
  ],
  [
    "a kept push that comes twice, with a crash between",
    "push",
    /a second time/,
    [
      ...comes("a#1", 0),
      pushing,
      saw("a#1", news(1)),
      pushed,
      ...CRASH,
      ...comes("a#2", 0, { epoch: 9, reset: true }, "7.1"),
      saw("a#2", kept),
    ],
  ],
  [
    "a kept push that one who comes is not told",
    "push",
    /came and was not told p/,
    [...KEPT, ...CRASH, ...returns("a#2", "7.1", 0, { epoch: 9, reset: true }), saw("a#2", other(1))],
  ],
  [
    "a kept push that was given to one who has not seen the first frame",
    "push",
    /came and was not told p/,
    [
      ...KEPT,
      connecting("a#2", "7.1"),
      ...CRASH,
      ...returns("a#3", "7.1", 0, { epoch: 9, reset: true }),
      saw("a#3", other(1)),
    ],
  ],
  [
    "a kept push that one who was there never saw",
    "push",
    /was never told p/,
    [...comes("a#1", 0), pushing, pushed, saw("a#1", other(1)), settled],
  ],
  ["a push that nobody has sent", "push", /which nobody has sent/, [...comes("a#1", 0), saw("a#1", news(1))]],
  [
    "a push that comes twice in version 1",
    "push",
    /a second time/,
    [...oldComes("old#1"), pushing, saw("old#1", oldNews), saw("old#1", oldNews)],
  ],
  [
    "a number in version 1",
    "version",
    /speaks version 1/,
    [...oldComes("old#1"), pushing, saw("old#1", news(1))],
  ],
  [
    "an answer in version 1",
    "version",
    /speaks version 1/,
    [...oldComes("old#1"), saw("old#1", { type: "ack" })],
  ],
  [
    "a device in version 1",
    "version",
    /speaks version 1/,
    [...oldComes("old#1"), saw("old#1", { type: "device_connected", device: {} })],
  ],
  [
    "a kept push in version 1",
    "version",
    /speaks version 1/,
    [pushing, ...oldComes("old#1"), saw("old#1", kept)],
  ],
];

for (const [name, kind, what, entries] of BAD) {
  test(`a complaint of ${name}`, () => {
    const found = complaintsOf(entries).filter((complaint) => complaint.kind === kind);
    assert.ok(found.some((complaint) => what.test(complaint.what)), JSON.stringify(complaintsOf(entries)));
  });
}
