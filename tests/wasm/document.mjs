/**
 * The document that describes the frames, docs/asyncapi.json, and its schemas as checks. Comparing it with the
 * session is the business of the tests.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Ajv } from "ajv";

import { root } from "../../scripts/lib/run.mjs";

/**
 * @typedef {object} Api
 * @property {{messages: Record<string, {name: string, payload: any}>, schemas: Record<string, any>}} components
 * @property {Record<string, {messages: Record<string, {$ref: string}>}>} channels
 * @property {Record<string, {messages: {$ref: string}[]}>} operations
 */

/** @type {Api} */
export const api = JSON.parse(readFileSync(join(root, "docs/asyncapi.json"), "utf8"));

// The document is more than a schema.
const ajv = new Ajv({ strict: false, validateSchema: false });
ajv.addSchema({ $id: "api", ...api });

/**
 * Whether a value fits the payload of a message, or one member of it.
 * @param {string} message Its key.
 * @param {unknown} value
 * @param {string} [member] The name of the member that is meant.
 */
export function fits(message, value, member) {
  const payload = `api#/components/messages/${message}/payload`;
  const path = member === undefined ? payload : `${payload}/properties/${member}`;
  const validate = ajv.getSchema(path);
  assert.ok(validate, path);
  return validate(value) === true;
}
