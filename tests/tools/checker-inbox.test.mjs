/** What the checker says of pushes: of messages in version 2, and of frames that version 1 may not see. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  CRASH,
  KEPT,
  MESSAGE,
  MISSED,
  closed,
  comes,
  complaintsOf,
  event,
  message,
  oldComes,
  oldNews,
  other,
  pushed,
  pushing,
  returns,
  saw,
  settled,
} from "./v2-entries.mjs";

/** @import { Kind } from "../../tools/torture/checker.mjs" */
/** @import { Entry } from "../../tools/torture/record.mjs" */

/** @type {[name: string, entries: Entry[]][]} */
const GOOD = [
  ["a message that comes live", [...comes("a#1", 0), pushing, saw("a#1", message()), pushed, settled]],
  [
    "a message that has waited",
    [...KEPT, ...CRASH, ...returns("a#2", "7.1", 0, { epoch: 9, reset: true }), saw("a#2", message()), saw("a#2", other(1)), settled],
  ],
  [
    "a message that was cut off behind the first frame and comes again",
    [
      ...[...KEPT, ...returns("a#2", "7.1", 1), closed("a#2")],
      ...[...returns("a#3", "7.1", 1), saw("a#3", message()), saw("a#3", other(2)), settled],
    ],
  ],
  [
    "a message that a device has which says so",
    [...KEPT, ...returns("a#2", "7.1", 1), saw("a#2", message()), ...CRASH, ...returns("a#3", "7.1", 0, { epoch: 9, reset: true }, MESSAGE), saw("a#3", other(1)), settled],
  ],
  [
    "a message that the user has read before a device has come for the first time",
    [...KEPT, ...comes("b#1", 1, { inbox: { last: MESSAGE, read: MESSAGE, unread: 0 } }), saw("b#1", other(2))],
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
  [
    "a message that comes twice",
    "push",
    /a second time/,
    [...KEPT, ...returns("a#2", "7.1", 1), saw("a#2", message()), saw("a#2", message())],
  ],
  [
    "a message that comes twice, with a crash between",
    "push",
    /a second time/,
    [...comes("a#1", 0), pushing, saw("a#1", message()), pushed, ...CRASH, ...returns("a#2", "7.0", 0, { epoch: 9, reset: true }, MESSAGE), saw("a#2", message())],
  ],
  [
    "a message below the place of its device",
    "number",
    /message 100 came after 100/,
    [...KEPT, ...returns("a#2", "7.1", 1, {}, MESSAGE), saw("a#2", message())],
  ],
  [
    "a message by another number than its push was answered with",
    "push",
    /is message 100 and 101/,
    [...KEPT, ...returns("a#2", "7.1", 1), saw("a#2", message(101))],
  ],
  [
    "a message that one who comes is not told",
    "push",
    /came and was not told p/,
    [...KEPT, ...CRASH, ...returns("a#2", "7.1", 0, { epoch: 9, reset: true }), saw("a#2", other(1))],
  ],
  [
    "a message that was cut off behind the first frame and never comes again",
    "push",
    /came and was not told p/,
    [...KEPT, ...returns("a#2", "7.1", 1), closed("a#2"), ...returns("a#3", "7.1", 1), saw("a#3", other(2))],
  ],
  [
    "a message that one who was there never saw",
    "push",
    /was never told p/,
    [...comes("a#1", 0), pushing, pushed, saw("a#1", other(1)), settled],
  ],
  [
    "a missed frame that comes behind a message",
    "number",
    /number 2 was brought after a message/,
    [...MISSED, pushing, pushed, ...returns("b#2", "7.1", 2), saw("b#2", message()), saw("b#2", event(2, "a#1", 0))],
  ],
  [
    "what is read, that goes back",
    "number",
    /read up to 0, after 100/,
    [...KEPT, ...returns("a#2", "7.1", 1), saw("a#2", { type: "inbox_read", inbox: MESSAGE, unread: 0, seq: 2 }), closed("a#2"), ...returns("a#3", "7.2", 2)],
  ],
  [
    "an inbox that ends before what a device has",
    "number",
    /the inbox ends at 0, before 100/,
    [...KEPT, ...returns("a#2", "7.1", 1, { inbox: { last: 0, read: 0, unread: 0 } }, MESSAGE)],
  ],
  ["a push that nobody has sent", "push", /which nobody has sent/, [...comes("a#1", 0), saw("a#1", message())]],
  [
    "a push that comes twice in version 1",
    "push",
    /a second time/,
    [...oldComes("old#1"), pushing, saw("old#1", oldNews), saw("old#1", oldNews)],
  ],
  ["a message in version 1", "version", /speaks version 1/, [pushing, ...oldComes("old#1"), saw("old#1", message())]],
];

for (const [name, kind, what, entries] of BAD) {
  test(`a complaint of ${name}`, () => {
    const found = complaintsOf(entries).filter((complaint) => complaint.kind === kind);
    assert.ok(found.some((complaint) => what.test(complaint.what)), JSON.stringify(complaintsOf(entries)));
  });
}
