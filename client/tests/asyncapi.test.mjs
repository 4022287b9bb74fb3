/**
 * The client's tables against the document that describes the frames, so that no frame, no field and no
 * message that is new can be forgotten in silence. The types that the client is compiled with are made of
 * the tables.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { ROOT } from "../../tests/support/server.mjs";
import { DEVICE, FRAMES, LISTED } from "../dist/frames.js";
import { BOTH_VERSIONS, ONLY_VERSION_2, isOnlyVersion2 } from "../dist/messages.js";

/** @typedef {{const?: unknown, enum?: unknown[], type?: string, $ref?: string, allOf?: Schema[], minimum?: number, properties?: Record<string, Schema>, required?: string[], additionalProperties?: boolean | Schema}} Schema */
/** @typedef {{needs: Record<string, (value: unknown) => boolean>, may?: Record<string, (value: unknown) => boolean>}} Shape */

/** @type {{components: {messages: Record<string, {payload: Schema}>, schemas: Record<string, Schema>}}} */
const api = JSON.parse(readFileSync(`${ROOT}docs/asyncapi.json`, "utf8"));
const { messages, schemas } = api.components;

/** Values of each kind that JSON has. @type {Record<string, unknown[]>} */
const SAMPLES = {
  null: [null],
  boolean: [true, false],
  number: [0, 1, 1.5, -1],
  string: ["", "x", "online", "all", "1"],
  array: [[], ["x"], [1], [null]],
  object: [{}, { type: "x" }, { deviceId: "x" }],
};
/** A text that is in no list of the protocol. */
const NO_WORD = "x";

/** A newer server may have other words for these, which are shown and not understood. */
const OPEN_LISTS = ["code"];

/** @param {unknown} value */
function kindOf(value) {
  if (value === null || Array.isArray(value)) return value === null ? "null" : "array";
  return typeof value;
}

/** A schema without its reference, or that of which it only says more. @param {Schema | undefined} schema @returns {Schema} */
function resolved({ $ref, allOf, ...schema } = {}) {
  if (allOf) return { ...resolved(allOf[0]), ...schema };
  return $ref ? resolved(schemas[$ref.split("/").at(-1) ?? ""]) : schema;
}

/** The kinds of value that a schema takes. @param {Schema} schema */
function kindsOf(schema) {
  const { type, enum: words, ...rest } = resolved(schema);
  if ("const" in rest) return [kindOf(rest.const)];
  if (words) return words.map(kindOf);
  if (type === undefined) return Object.keys(SAMPLES);
  return [type === "integer" ? "number" : type];
}

/** The least that a schema takes. @param {Schema | undefined} schema @returns {unknown} */
function leastOf(schema) {
  const { type, enum: words, minimum, required = ["type"], properties, additionalProperties, ...rest } = resolved(schema);
  if ("const" in rest) return rest.const;
  if (words) return words[0];
  if (type === "string") return NO_WORD;
  if (type === "integer") return minimum;
  if (type === "boolean") return true;
  if (type === "array") return [];
  if (typeof additionalProperties === "object") return {};
  return Object.fromEntries(required.map((key) => [key, leastOf(properties?.[key] ?? { const: "x" })]));
}

/**
 * Holds a shape against the schema of the same object. The client may do without a field that is always
 * there, and may leave one unchecked; it must not ask for more than the document promises.
 * @param {string} name
 * @param {Shape} shape
 * @param {Schema} schema
 */
function assertSame(name, { needs, may = {} }, { properties = {}, required = [] }) {
  const fields = { ...needs, ...may };
  const documented = Object.keys(properties).filter((field) => field !== "type");
  assert.deepEqual(Object.keys(fields).sort(), documented.sort(), `the fields of ${name}`);
  for (const field of Object.keys(needs)) assert.ok(required.includes(field), `${name} may lack ${field}`);
  for (const [field, check] of Object.entries(fields)) {
    const schema = properties[field];
    const words = resolved(schema).enum ?? [leastOf(schema)];
    for (const value of words) assert.ok(check(value), `${name}: ${field} is not believed as ${JSON.stringify(value)}`);
    // A check that takes what no JSON has leaves the field to whoever reads it.
    if (check(Symbol())) continue;
    const kinds = kindsOf(schema);
    /** @type {unknown[]} */
    const foreign = Object.entries(SAMPLES).flatMap(([kind, values]) => (kinds.includes(kind) ? [] : values));
    if (resolved(schema).enum && !OPEN_LISTS.includes(field)) foreign.push(NO_WORD);
    for (const value of foreign) assert.ok(!check(value), `${name}: ${field} is believed as ${JSON.stringify(value)}`);
  }
}

/** The messages of one direction and version, by their types. @param {string} ending */
function documented(ending) {
  const names = Object.keys(messages).filter((name) => name.endsWith(ending));
  return new Map(names.map((name) => [name.slice(0, -ending.length), messages[name].payload]));
}

for (const version of /** @type {const} */ ([1, 2])) {
  describe(`version ${version}`, () => {
    const frames = documented(`.to.v${version}`);
    // The document's name for a bare body, which has no type of its own.
    frames.delete("pushed");

    test("the client knows the types of the document's frames, and no others", () => {
      const known = [...FRAMES].filter(([, shapes]) => shapes[version]).map(([type]) => type);
      assert.deepEqual(known.sort(), [...frames.keys()].sort());
    });

    for (const [type, schema] of frames) {
      test(`${type} has the document's fields, and each is of its kind`, () => {
        const shape = FRAMES.get(type)?.[version];
        assert.ok(shape);
        assertSame(type, shape, schema);
      });
    }
  });
}

test("a device has the document's fields, alone and in a list", () => {
  assertSame("device", DEVICE, schemas["device"]);
  assertSame("knownDevice", LISTED, schemas["knownDevice"]);
});

/** A server of version 1 ignores these, and the message is done without. */
const IGNORED = ["latest"];
/** Messages that ask for no change, so that nobody waits for their being done. */
const NO_REQUESTS = ["sync_state", "ping"];

describe("what a server of version 1 could not do is not sent to it:", () => {
  const [older, newer] = [documented(".v1"), documented(".v2")];
  // Frames to devices end like that, too.
  for (const name of [...newer.keys(), ...older.keys()]) if (name.endsWith(".to")) [older, newer].forEach((of) => of.delete(name));

  test("the client can send each of the document's messages that ask for a change", () => {
    const requests = [...older.keys()].filter((type) => !NO_REQUESTS.includes(type));
    assert.deepEqual([...BOTH_VERSIONS].sort(), requests.sort());
  });

  test("messages that the document has in version 2 alone", () => {
    assert.deepEqual([...older.keys()].filter((type) => !newer.has(type)), [], "version 2 has all of version 1");
    assert.deepEqual([...ONLY_VERSION_2].sort(), [...newer.keys()].filter((type) => !older.has(type)).sort());
  });

  test("members that the document has in version 2 alone", () => {
    let found = 0;
    for (const [type, { properties = {} }] of newer) {
      const before = older.get(type)?.properties;
      if (!before) continue;
      assert.ok(!isOnlyVersion2(/** @type {any} */ ({ type })), type);
      // An id makes a request of a message, and `again` a repetition.
      for (const member of Object.keys(properties).filter((name) => !["id", "again", ...IGNORED, ...Object.keys(before)].includes(name))) {
        found++;
        assert.ok(isOnlyVersion2(/** @type {any} */ ({ type, [member]: ["x"] })), `${type} with ${member}`);
      }
    }
    assert.ok(found > 0);
  });
});
