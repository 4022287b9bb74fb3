/**
 * The codes by which a device or a server is told what went wrong: docs/protocol.md against whatever says
 * them, which are the module in all scenarios and the shim, and against the client, which acts on them.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";

import { CLOSE_CODES } from "../../worker/http/responses.js";
import { EffectKind } from "../../bindings/wire.js";
import { FAILURES_BY_CLOSE } from "../../client/dist/backoff.js";
import { ENDINGS_BY_CODE } from "../../client/dist/connection-types.js";
import { TOO_LARGE_CLOSE } from "../../client/dist/core.js";
import { problemOfClose } from "../../client/dist/problem.js";
import { LOGOUT_REASON } from "../../client/dist/protocol.js";
import { codeIn, sentencesOf, tableOf, textOf } from "../docs/markdown.mjs";
import { Host } from "./host.mjs";
import { builds, root } from "./modules.mjs";
import { parseScenario } from "./scenario-text.mjs";

const PAGE = "docs/protocol.md";
const LOGOUT_CLOSE = 1000;

/** Closes that the platform makes, when a server goes away. */
const PLATFORM_CLOSES = [1001, 1012];

/** The codes that no scenario brings about: only the shim says them. */
const SHIM_CLOSES = [4403];
const SHIM_ERRORS = ["internal"];

/** The page's close codes, and those that a page gets in the place of a status. */
const closes = tableOf(PAGE, "| close code | |").map(([code]) => Number.parseInt(code, 10));
const closesByStatus = tableOf(PAGE, "| close code | instead of |").flatMap(([code, statuses]) =>
  statuses.split(" and ").map((status) => [Number(status), Number(code)]),
);
const errors = tableOf(PAGE, "| error code | |").flatMap(([codes]) => codeIn(codes));

/** The page's refusals of requests, `413 too_large` for instance. */
const refusals = new Set(refusalsIn(sentencesOf(PAGE)));

/** @param {string} page */
function refusalsIn(page) {
  const [, sentence = ""] = /`\{"error":\{"code","message"\}\}`: (.*?) \(a missing user id/.exec(page) ?? [];
  return sentence.split(/\b(?=\d{3} `)/).flatMap((part) => {
    const codes = codeIn(part).filter((code) => /^[a-z_]+$/.test(code));
    return [...codes, ...(part.includes("a frame's codes") ? errors : [])].map((code) => `${Number.parseInt(part, 10)} ${code}`);
  });
}

/** The codes that the module says in all scenarios. */
const said = { closes: new Set(), errors: new Set(), refusals: new Set() };
before(() => {
  const folder = join(root, "tests/scenarios");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".txt"))) {
    const host = new Host(builds[0].module);
    host.onStep = (_event, effects) => effects.forEach(note);
    for (const { command } of parseScenario(readFileSync(join(folder, file), "utf8"))) host.run(command);
  }
});

/** @param {import("../../bindings/wire.js").Effect} effect */
function note({ kind, number, text }) {
  const { Close, CloseAll, Expel, Send, Answer } = EffectKind;
  if (kind === Close || kind === CloseAll || kind === Expel) said.closes.add(number);
  if (kind === Send && text.startsWith('{"type":"error"')) said.errors.add(JSON.parse(text).code);
  if (kind === Answer && number !== 200) said.refusals.add(`${number} ${JSON.parse(text).error.code}`);
}

/** @param {Iterable<unknown>} list */
const sorted = (list) => [...new Set(list)].sort();

test("the page has every code by which a socket is closed, and no other", () => {
  assert.deepEqual(sorted([...said.closes, ...SHIM_CLOSES]), sorted(closes));
  assert.deepEqual([...CLOSE_CODES].sort(), closesByStatus.sort());
  for (const code of CLOSE_CODES.values()) assert.ok(closes.includes(code), String(code));
});

test("the page and the document have every code of an error frame, and no other", () => {
  assert.deepEqual(sorted([...said.errors, ...SHIM_ERRORS]), sorted(errors));
  const { schemas } = JSON.parse(textOf("docs/asyncapi.json")).components;
  assert.deepEqual(sorted(schemas.errorCode.enum), sorted(errors));
});

test("the page has every refusal of a request, and no other", () => {
  const sources = globSync(["worker/**/*.js", "bindings/*.js"], { cwd: root });
  const shim = [...sources, "worker-shim.js"].flatMap((file) =>
    [...textOf(file).matchAll(/errorResponse\((\d+), "(\w+)"/g)].map(([, status, code]) => `${status} ${code}`),
  );
  // A frame's codes stand behind 400 as they are in frames, and behind the status of their own as well.
  const own = [...refusals].filter((refusal) => !errors.some((code) => refusal === `400 ${code}`));
  for (const refusal of [...said.refusals, ...shim]) assert.ok(refusals.has(refusal), refusal);
  for (const refusal of own) assert.ok(said.refusals.has(refusal) || shim.includes(refusal), refusal);
});

test("the client understands every code that closes a socket, and believes in no other", () => {
  const understood = (/** @type {number} */ code) => {
    const problem = problemOfClose(code, "");
    return ENDINGS_BY_CODE.has(code) || code === TOO_LARGE_CLOSE || (problem && problem.code !== "server_error");
  };
  const all = Array.from({ length: 4_000 }, (_, at) => at + 1_001).filter(understood);
  assert.deepEqual(sorted(all), sorted([...closes.filter((code) => code !== LOGOUT_CLOSE), ...PLATFORM_CLOSES]));
  for (const code of FAILURES_BY_CLOSE.keys()) assert.ok(closes.includes(code), String(code));
  assert.ok(tableOf(PAGE, "| close code | |").some(([code]) => code === `${LOGOUT_CLOSE} \`${LOGOUT_REASON}\``));
});
