/**
 * A handler that waits between reading and writing lets another one in between. So none may wait: what
 * an event changes is read, changed, stored and told in one turn. What devices see of that order is
 * checked in tools/torture.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { Linter } from "eslint";

import { ROOT } from "../support/server.mjs";

/** Between an event and the last of its effects. */
const HOT_PATH = [
  "worker/object/socket-events.js",
  "worker/object/session-host.js",
  "bindings/session-instance.js",
  "worker/object/socket-table.js",
  "bindings/event-writer.js",
  "bindings/effect-reader.js",
  "bindings/wire.js",
];

/** What makes code wait, or lets a part of it come later. */
const LATER = [
  "AwaitExpression",
  ":function[async=true]",
  "ForOfStatement[await=true]",
  "Identifier[name=/^(Promise|setTimeout|setInterval|queueMicrotask|waitUntil|blockConcurrencyWhile)$/]",
  "MemberExpression[property.name=/^(then|catch|finally)$/]",
];

/** The handlers of the platform's events, which belong to the same turn. */
const ASYNC_HANDLERS = ["MethodDefinition[key.name=/^webSocket/] > :function[async=true]"];

/**
 * @param {string} file
 * @param {string[]} selectors What must not be in it.
 */
async function found(file, selectors) {
  const text = await readFile(join(ROOT, file), "utf8");
  return foundIn(text, selectors);
}

/**
 * @param {string} text
 * @param {string[]} selectors
 */
function foundIn(text, selectors) {
  const rules = { "no-restricted-syntax": /** @type {any} */ (["error", ...selectors]) };
  const linterOptions = { reportUnusedDisableDirectives: /** @type {const} */ ("off") };
  const messages = new Linter().verify(text, [{ rules, linterOptions }]);
  return messages.map(({ line, message }) => `${line}: ${message}`);
}

test("no method of the hot path is an async one", async () => {
  for (const file of HOT_PATH) {
    // By a name that only the run knows: tsc would check the file with the types of Node.
    const exported = Object.values(await import(join(ROOT, file)));
    const prototypes = exported.map(({ prototype }) => prototype ?? {});
    const methods = prototypes.flatMap((prototype) => Object.values(Object.getOwnPropertyDescriptors(prototype)));
    for (const method of [...exported, ...methods.map(({ value }) => value)]) {
      if (typeof method === "function") assert.doesNotMatch(method.constructor.name, /^Async/, method.name);
    }
  }
});

test("nothing in the hot path waits, its private methods included", async () => {
  for (const file of HOT_PATH) assert.deepEqual(await found(file, LATER), [], file);
});

test("no handler of a socket's events is async", async () => {
  assert.deepEqual(await found("worker-shim.js", ASYNC_HANDLERS), []);
});

test("the check sees what waits", () => {
  for (const body of [
    "async #run() {}",
    "run() { return setTimeout(() => this.store(), 0); }",
    "run() { this.load().then((state) => this.store(state)); }",
    "run = async () => { await this.load(); }",
  ]) {
    assert.notDeepEqual(foundIn(`class Host { ${body} }`, LATER), [], body);
  }
  const handler = "class Shim { async webSocketMessage() {} }";
  assert.notDeepEqual(foundIn(handler, ASYNC_HANDLERS), []);
});
