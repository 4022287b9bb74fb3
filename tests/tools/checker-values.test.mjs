/** The checker's findings about the values of devices of version 2. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { CRASH, ack, ackAgain, again, comes, complaintsOf, returns, saw, sent, settled, tooOld } from "./v2-entries.mjs";

/** @import { Entry } from "../../tools/torture/record.mjs" */

/** @param {string} key @param {unknown} value @param {string} id @param {object} [more] */
const set = (key, value, id, more = {}) => ({ type: "set_value", key, value, id, ...more });
/** @param {string} key @param {string} id */
const remove = (key, id) => ({ type: "delete_value", key, id });
/** @param {number} seq @param {string} key @param {unknown} value @param {number} version */
const changed = (seq, key, value, version) => ({ type: "value_changed", key, value, version, from: "a", seq });
/** @param {number} seq @param {string} key @param {number} version */
const deleted = (seq, key, version) => ({ type: "value_deleted", key, version, from: "a", seq });
/** @param {string} id */
const conflict = (id) => ({ type: "error", code: "conflict", message: "m", key: "count", version: 5, id });
/** @param {object} values @param {number} [seq] */
const backWith = (values, seq = 0) => returns("a#2", "7.1", seq, { epoch: 9, reset: true, values });

const COMES = comes("a#1", 0, { values: {} });
/** Device a has set a value, and been told and answered. */
const SET = [...COMES, sent("a#1", 0, set("k", "one", "r.1")), saw("a#1", changed(1, "k", "one", 50)), saw("a#1", ack("r.1"))];
/** It has counted up, and been told and answered. */
const COUNTED = [
  ...[...COMES, sent("a#1", 0, set("count", 1, "r.1", { ifVersion: 0 }))],
  ...[saw("a#1", changed(1, "count", 1, 50)), saw("a#1", ack("r.1"))],
];

/** @type {[name: string, entries: Entry[]][]} */
const GOOD = [
  ["a value that is there after a crash", [...SET, ...CRASH, ...backWith({ k: { value: "one", version: 50 } })]],
  ["a newer one that nobody was told of", [...SET, ...CRASH, ...backWith({ k: { value: "two", version: 60 } })]],
  [
    "one that is gone, since somebody has asked for that and was never told",
    [...SET, sent("a#1", 1, remove("k", "r.2")), ...CRASH, ...backWith({}), sent("a#2", 0, again(remove("k", "r.2"))), saw("a#2", ackAgain("r.2")), ...CRASH],
  ],
  ["a deletion that holds", [...SET, sent("a#1", 1, remove("k", "r.2")), saw("a#1", deleted(2, "k", 51)), saw("a#1", ack("r.2")), ...CRASH, ...backWith({})]],
  ["a count that is refused, since somebody else has counted", [...COUNTED, sent("a#1", 1, set("count", 2, "r.2", { ifVersion: 0 })), saw("a#1", conflict("r.2")), settled]],
  [
    "a count of which nobody knows whether it went up",
    [...COUNTED, sent("a#1", 1, set("count", 2, "r.2", { ifVersion: 50 })), ...CRASH, ...backWith({ count: { value: 2, version: 60 } }), sent("a#2", 0, again(set("count", 2, "r.2"))), saw("a#2", tooOld("r.2")), settled],
  ],
];

/** @type {[name: string, entries: Entry[], what: RegExp][]} */
const BAD = [
  ["a value that a crash has lost", [...SET, ...CRASH, ...backWith({})], /k was "one" at 50, and is undefined/],
  ["one that a crash has set back", [...SET, ...CRASH, ...backWith({ k: { value: "none", version: 40 } })], /is "none" at 40/],
  ["one version for two changes", [...SET, saw("a#1", changed(2, "k", "two", 50))], /as version 50, others k "one"/],
  ["an answer without the change", [...COMES, sent("a#1", 0, set("k", "one", "r.1")), saw("a#1", ack("r.1"))], /was told undefined/],
  ["a start without values", comes("a#1", 0, { values: undefined }), /starts over without values/],
  [
    "a count that went up twice for one request",
    [...COUNTED, saw("a#1", changed(2, "count", 2, 51)), settled],
    /the count is 2, and went up 1 to 1 times/,
  ],
  [
    "devices with different values",
    [...SET, ...comes("b#1", 1, { values: {} }), saw("a#1", changed(2, "k", "two", 51)), settled],
    /different values: k="two"@51/,
  ],
];

for (const [name, entries] of GOOD) {
  test(`the checker finds nothing wrong with ${name}`, () => {
    assert.deepEqual(complaintsOf(entries).filter(({ kind }) => kind === "value"), []);
  });
}

for (const [name, entries, what] of BAD) {
  test(`the checker complains of ${name}`, () => {
    const complaints = complaintsOf(entries).filter(({ kind }) => kind === "value");
    assert.match(complaints.map((complaint) => complaint.what).join("\n"), what);
  });
}
