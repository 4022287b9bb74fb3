/** What the checker says of the places and requests of devices of version 2. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  BACK,
  CRASH,
  JOINED,
  MISSED,
  ack,
  ackAgain,
  again,
  closed,
  comes,
  complaintsOf,
  event,
  join,
  joined,
  leave,
  left,
  oldComes,
  oldNews,
  other,
  pushing,
  returns,
  said,
  saw,
  say,
  sent,
  settled,
  tooOld,
} from "./v2-entries.mjs";

/** @import { Kind } from "../../tools/torture/checker.mjs" */
/** @import { Entry } from "../../tools/torture/record.mjs" */

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
    "another epoch, in which the numbers go on",
    [
      ...MISSED,
      ...[closed("a#1"), ...returns("b#2", "7.1", 2, { epoch: 8 }), saw("b#2", event(2, "a#1", 0))],
      ...[saw("b#2", { ...other(3), epoch: 9 }), saw("b#2", other(4)), closed("b#2")],
      ...[...returns("a#2", "7.2", 4, { epoch: 9 }), saw("a#2", other(5))],
    ],
  ],
  [
    "a new epoch after a crash, in which numbers are given again",
    [
      ...[...JOINED, ...CRASH],
      ...returns("a#2", "7.1", 0, { epoch: 9, reset: true, activeGames: ["go"] }),
      saw("a#2", other(1)),
    ],
  ],
  [
    "a request that is repeated after a crash, and answered as done",
    [...BACK, sent("a#2", 0, again(join("go", "r.1"))), saw("a#2", ackAgain("r.1"))],
  ],
  [
    "a request that is repeated after a crash, of which nobody knows",
    [...BACK, sent("a#2", 0, again(join("go", "r.1"))), saw("a#2", tooOld("r.1"))],
  ],
  [
    "a request without an answer that is sent again and was done",
    [
      ...[...comes("a#1", 0), sent("a#1", 0, join("go", "r.1")), closed("a#1")],
      ...[...returns("a#2", "7.0", 1, { activeGames: ["go"] }), saw("a#2", joined(1, "go", "go"))],
      ...[sent("a#2", 0, again(join("go", "r.1"))), saw("a#2", ackAgain("r.1"))],
    ],
  ],
  [
    "an event without an answer that is sent again and was not done",
    [
      ...[...comes("a#1", 0), sent("a#1", 0, say("r.1")), closed("a#1"), ...returns("a#2", "7.0", 0)],
      ...[sent("a#2", 0, again(say("r.1"))), saw("a#2", said(1, "r.1")), saw("a#2", ack("r.1"))],
    ],
  ],
  [
    "an event that one who comes later is brought in another epoch",
    [
      ...[...comes("a#1", 0), ...comes("b#1", 0), closed("b#1"), sent("a#1", 0, say("r.1"))],
      ...[saw("a#1", said(1, "r.1")), saw("a#1", ack("r.1")), closed("a#1")],
      ...[...returns("a#2", "7.1", 1, { epoch: 8 }), saw("a#2", other(2))],
      ...[...returns("b#2", "7.0", 2, { epoch: 8 }), saw("b#2", said(1, "r.1")), saw("b#2", other(3)), settled],
    ],
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
    [...comes("a#1", 4), saw("a#1", { type: "device_disconnected", deviceId: "x" })],
  ],
  [
    "a number that carries two frames",
    "number",
    /as number 1 of 7, others/,
    [...comes("a#1", 0), ...comes("b#1", 0), saw("a#1", other(1)), saw("b#1", { ...other(1), deviceId: "y" })],
  ],
  [
    "a number that is given again without a reset",
    "number",
    /as number 1 of 7, others/,
    [...JOINED, ...CRASH, ...returns("a#2", "7.1", 0, { epoch: 9, activeGames: ["go"] }), saw("a#2", other(1))],
  ],
  [
    "a count that goes back",
    "number",
    /number 0 of 7, after 1/,
    [...JOINED, ...CRASH, ...returns("a#2", "7.1", 0, { activeGames: ["go"] })],
  ],
  [
    "a missed frame that has the name of an epoch",
    "number",
    /brought with the epoch 8/,
    [...MISSED, ...returns("b#2", "7.1", 2), saw("b#2", { ...event(2, "a#1", 0), epoch: 8 })],
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
    [...MISSED, ...returns("b#2", "7.1", 2), saw("b#2", other(2))],
  ],
  [
    "a missed frame that is brought twice",
    "number",
    /number 2 was brought after 2/,
    [...MISSED, ...returns("b#2", "7.1", 2), saw("b#2", event(2, "a#1", 0)), saw("b#2", event(2, "a#1", 0))],
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
    [...comes("a#1", 0), sent("a#1", 0, join("go", "r.1")), saw("a#1", ack("r.1"))],
  ],
  [
    "an answer to a leave that is not told",
    "request",
    /is not done/,
    [...comes("a#1", 0), sent("a#1", 0, leave("go", "r.1")), saw("a#1", ack("r.1"))],
  ],
  [
    "an answer to an event that nobody hears",
    "request",
    /is not done/,
    [...comes("a#1", 0), sent("a#1", 0, say("r.1")), saw("a#1", ack("r.1"))],
  ],
  ["an answer that nobody waits for", "request", /has not asked/, [...comes("a#1", 0), saw("a#1", ack("r.1"))]],
  [
    "a request that was sent once and answered as repeated",
    "request",
    /was sent once/,
    [...comes("a#1", 0), sent("a#1", 0, join("go", "r.1")), saw("a#1", ackAgain("r.1"))],
  ],
  [
    "a request that was sent once and is too old",
    "request",
    /refused with too_old/,
    [...comes("a#1", 0), sent("a#1", 0, join("go", "r.1")), saw("a#1", tooOld("r.1"))],
  ],
  [
    "a request that is done again",
    "request",
    /done after it was done/,
    [...BACK, sent("a#2", 0, again(leave("go", "r.2"))), saw("a#2", left(1, "go")), saw("a#2", ack("r.2"))],
  ],
  [
    "a request that is done although nobody knew",
    "request",
    /done after it was unknown/,
    [
      ...[...BACK, sent("a#2", 0, again(say("r.3"))), sent("a#2", 1, again(say("r.3"))), saw("a#2", tooOld("r.3"))],
      ...[saw("a#2", said(1, "r.3")), saw("a#2", ack("r.3"))],
    ],
  ],
  [
    "a request that is done twice, before a crash and after it",
    "request",
    /game_joined go 2 times, asked for 1 times/,
    [...BACK, sent("a#2", 0, again(join("go", "r.1"))), saw("a#2", joined(1, "go", "go"))],
  ],
  [
    "an event that is heard twice, before a crash and after it",
    "request",
    /event r.1 2 times, asked for 1 times/,
    [
      ...[...comes("a#1", 0), sent("a#1", 0, say("r.1")), saw("a#1", said(1, "r.1")), ...CRASH],
      ...[...returns("a#2", "7.1", 0, { epoch: 9, reset: true }), sent("a#2", 0, again(say("r.1"))), saw("a#2", said(1, "r.1"))],
    ],
  ],
  [
    "an event that is heard twice on one connection",
    "order",
    /event r.1 came twice/,
    [...comes("a#1", 0), sent("a#1", 0, say("r.1")), saw("a#1", said(1, "r.1")), saw("a#1", said(2, "r.1"))],
  ],
  [
    "a leaving that is done again",
    "order",
    /2 times, asked for 1 times/,
    [
      ...[...comes("a#1", 0), sent("a#1", 0, leave("go", "r.1")), saw("a#1", left(1, "go")), saw("a#1", ack("r.1"))],
      ...[sent("a#1", 1, again(leave("go", "r.1"))), saw("a#1", left(2, "go"))],
    ],
  ],
  [
    "a number in version 1",
    "version",
    /speaks version 1/,
    [...oldComes("old#1"), pushing, saw("old#1", { ...oldNews, seq: 1 })],
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
];

for (const [name, kind, what, entries] of BAD) {
  test(`a complaint of ${name}`, () => {
    const found = complaintsOf(entries).filter((complaint) => complaint.kind === kind);
    assert.ok(found.some((complaint) => what.test(complaint.what)), JSON.stringify(complaintsOf(entries)));
  });
}
