/** The definition of an app's messages: what fits, what does not and where, and what can't be defined. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { z } from "zod";

import { MOVES, session } from "../../tests/support/definition.mjs";
import { ROOT } from "../../tests/support/server.mjs";
import { defineSession, type } from "../dist/session.js";

for (const [library, move] of Object.entries(MOVES)) {
  describe(`by a schema of ${library}`, () => {
    const defined = defineSession({ events: { move }, values: { move }, pushes: { move } });

    test("what fits is told to fit, and a listener gets what the schema makes of it", () => {
      assert.deepEqual(defined.check("events", "move", { from: "e2" }), { ok: true, value: { from: "e2" } });
      const checked = defined.check("values", "move", { from: "e2", at: "2026-01-02" });
      assert.ok(checked.ok);
      assert.deepEqual(checked.value, { from: "e2", at: new Date("2026-01-02") });
    });

    test("what does not fit is told by its place", () => {
      /** @type {[unknown, string][]} */
      const wrong = [
        [{ from: 7 }, ".from"],
        [{}, ".from"],
        [{ from: "e2", pieces: [{ name: "king" }, {}, { name: 1 }] }, ".pieces[1].name"],
        [null, ""],
        [undefined, ""],
        ["e2", ""],
      ];
      const roots = /** @type {const} */ ({ events: "data", values: "value", pushes: "body" });
      for (const part of /** @type {(keyof typeof roots)[]} */ (Object.keys(roots))) {
        for (const [value, path] of wrong) {
          const checked = defined.check(part, "move", value);
          assert.ok(!checked.ok && checked.message !== "" && checked.fault === undefined);
          assert.equal(checked.path, `${roots[part]}${path}`);
        }
      }
    });
  });
}

test("names and numbers of a path are written as JavaScript writes them", () => {
  const deep = defineSession({ values: { deep: z.record(z.string(), z.array(z.number())) } });
  const paths = ["a", "a b", "7", 'q"', "é", "__proto__x"].map((name) => {
    const checked = deep.check("values", "deep", { [name]: [1, "x"] });
    return checked.ok || checked.path;
  });
  assert.deepEqual(paths, ["value.a[1]", 'value["a b"][1]', 'value["7"][1]', 'value["q\\""][1]', 'value["é"][1]', "value.__proto__x[1]"]);
});

test("a name that is not defined fits, since another release may know it, and so does a type alone", () => {
  for (const name of ["other", "toString", "constructor", "", "theme"]) {
    assert.deepEqual(session.check("events", name, { x: 1 }), { ok: true, value: { x: 1 } });
  }
  assert.deepEqual(session.check("events", "anything", 7), { ok: true, value: 7 });
  assert.ok(!session.check("events", "__proto__", "x").ok);
  assert.ok(!session.check("events", "half \ud800", "x").ok, "the name as the server reads it");
});

test("an event without data is one with null, as its listeners get it", () => {
  assert.deepEqual(session.check("events", "wave", undefined), { ok: true, value: null });
  assert.deepEqual(session.check("events", "anything", undefined), { ok: true, value: null });
});

test("an event that may be without data fits without, in whatever way its schema says so, and nothing else may be", () => {
  const entries = { none: z.void(), word: z.string().optional(), usual: z.string().default("all"), either: z.string().nullish(), needed: z.string() };
  const optional = defineSession({ events: entries, values: entries });
  for (const absent of [undefined, null]) {
    const made = Object.keys(entries).map((name) => {
      const checked = optional.check("events", name, absent);
      return checked.ok ? checked.value : checked.path;
    });
    assert.deepEqual(made, [undefined, undefined, "all", null, "data"]);
    assert.deepEqual(Object.keys(entries).map((name) => optional.check("values", name, absent).ok), [false, false, false, true, false]);
  }
  assert.ok(!optional.check("events", "word", 7).ok);
});

test("a definition knows where it has schemas, so that nothing is parsed for types alone", () => {
  const types = defineSession({ events: { move: type() }, values: {} });
  const parts = /** @type {const} */ (["events", "values", "pushes"]);
  assert.deepEqual(parts.map((part) => types.checks(part)), [false, false, false]);
  assert.deepEqual(parts.map((part) => session.checks(part)), [true, true, true]);
});

test("a schema that can't answer at once, or throws, lets nothing through, and leaves no rejection behind", async (t) => {
  /** @type {unknown[]} */
  const unhandled = [];
  const note = (/** @type {unknown} */ reason) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  // Zod answers by a promise that rejects where a schema has thrown, Valibot throws.
  for (const [name, fault] of /** @type {const} */ ([["late", TypeError], ["broken", TypeError], ["snapped", Error]])) {
    const checked = session.check("events", name, "text");
    assert.ok(!checked.ok && checked.path === "data" && checked.fault instanceof fault, name);
    assert.match(checked.message, /^its schema /);
  }
  const rejecting = defineSession({ events: { e: schemaThat(() => Promise.reject(new Error("late"))) } });
  assert.ok(!rejecting.check("events", "e", 1).ok);
  // Node reports a rejection when the queue of microtasks has run dry.
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(unhandled, []);
});

/** @param {() => any} validate */
function schemaThat(validate) {
  return /** @type {import("../dist/session.js").StandardSchema} */ ({ "~standard": { version: 1, vendor: "test", validate } });
}

test("a schema that breaks the standard refuses rather than lets through", () => {
  for (const issues of [[], [{}], [null], [{ message: "m", path: undefined }]]) {
    assert.ok(!defineSession({ events: { e: schemaThat(() => ({ issues })) } }).check("events", "e", 1).ok, JSON.stringify(issues));
  }
});

/** @type {[string, unknown, RegExp][]} */
const NO_DEFINITIONS = [
  ["nothing", undefined, /^defineSession: expected an object$/],
  ["null", null, /^defineSession: expected an object$/],
  ["a list", [], /^defineSession: expected an object$/],
  ["an unknown part", { event: {} }, /^event: expected only events, values, pushes$/],
  ["a part that is none", { events: [] }, /^events: expected an object$/],
  ["null for a part", { values: null }, /^values: expected an object$/],
  ["a function that is no schema", { events: { move: type } }, /^events\.move: expected a Standard Schema or type<T>\(\)$/],
  ["a type's name", { values: { theme: "string" } }, /^values\.theme: expected a Standard Schema/],
  ["nothing for a schema", { pushes: { note: undefined } }, /^pushes\.note: expected a Standard Schema/],
  ["another version", { events: { e: { "~standard": { version: 2, validate() {} } } } }, /^events\.e: expected/],
  ["an empty name", { events: { "": type() } }, /^events: expected names of 1 to 128 bytes of UTF-8, and "" has 0$/],
  ["a long name", { events: { ["é".repeat(65)]: type() } }, /^events: expected names of 1 to 128 bytes of UTF-8, and "é+" has 130$/],
  ["half a character", { values: { "a\ud800": type() } }, /^values: expected whole characters/],
];
for (const [name, parts, message] of NO_DEFINITIONS) {
  test(`${name} is refused where it is defined`, () => {
    assert.throws(() => defineSession(/** @type {any} */ (parts)), { name: "TypeError", message });
  });
}

test("no push has a name that the server itself sends to version 1", () => {
  const header = readFileSync(`${ROOT}src/json/frame.h`, "utf8");
  const names = [...(/kVersion1FrameTypes = \{([^}]*)\}/.exec(header)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(([, name]) => name);
  assert.equal(names.length, 8);
  for (const name of names) {
    assert.throws(() => defineSession({ pushes: { [name]: type() } }), { name: "TypeError", message: new RegExp(`^pushes\\.${name}: `) });
    defineSession({ events: { [name]: type() }, values: { [name]: type() } });
  }
  assert.equal(defineSession({ pushes: { ["é".repeat(64)]: type() } }).check("pushes", "x", 1).ok, true);
});

test("a definition does not change with what it was made of", () => {
  /** @type {Record<string, any>} */
  const events = { move: MOVES.Zod };
  const defined = defineSession({ events });
  events.move = type();
  events.other = MOVES.Zod;
  assert.ok(!defined.check("events", "move", 7).ok);
  assert.deepEqual(Object.keys(defined.events), ["move"]);
  assert.ok(Object.isFrozen(defined) && Object.isFrozen(defined.events));
});
