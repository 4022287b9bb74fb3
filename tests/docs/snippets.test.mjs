/** What readers copy from the pages: it must be right as it stands. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

import { unstable_readConfig as readConfig } from "wrangler";

import { REACT, makeConsumer, runTool } from "../support/consumer.mjs";
import { Device } from "../support/device.mjs";
import { startServer } from "../support/server.mjs";
import { blocksOf, filesOf, pages } from "./markdown.mjs";

/** @import { Block } from "./markdown.mjs" */

const IS_CODE = /^(?:js|ts|tsx)$/;
const IS_FOR_PAGES = /user-session-worker\/(?:client|react)|react-dom|\bproxy:/;
const GUIDE = "docs/getting-started.md";

// What stands around a fragment in a configuration that has it.
const REST = { name: "reader", main: "index.js", compatibility_date: "2026-10-12" };

const blocks = pages().flatMap(blocksOf);

/** @type {import("../support/consumer.mjs").Consumer} */
let reader;
before(async () => {
  reader = await makeConsumer("tests/docs/fixture", [...REACT, "hono", "zod"]);
  const { "src/worker.js": worker, "wrangler.jsonc": config } = filesOf(GUIDE);
  // Without Vite there are no files to serve beside the Worker, as the guide says.
  const { assets, ...rest } = JSON.parse(config);
  assert.ok(assets);
  mkdirSync(join(reader.folder, dirname(rest.main)));
  writeFileSync(join(reader.folder, rest.main), worker);
  writeFileSync(join(reader.folder, "wrangler.jsonc"), JSON.stringify(rest));
});
after(() => reader?.remove());

test("what pages are shown compiles: the client, the hook", async () => {
  const shown = blocks.filter(({ language, text }) => IS_CODE.test(language) && IS_FOR_PAGES.test(text));
  assert.ok(shown.length >= 4, `${shown.length} blocks`);
  write("page", [...shown, ...blocks.filter(isDefinition)]);
  await runTool(reader.folder, "tsc", ["-p", "tsconfig.json"]);
});

test("what Workers are shown compiles: routes, RPC, checks and the logout hook", async () => {
  const shown = blocks.filter(({ language, text }) => IS_CODE.test(language) && !IS_FOR_PAGES.test(text));
  assert.ok(shown.length >= 6, `${shown.length} blocks`);
  write("worker", shown);
  await runTool(reader.folder, "wrangler", ["types"]);
  await runTool(reader.folder, "tsc", ["-p", "tsconfig.worker.json"]);
});

test("wrangler takes every fragment of a configuration, and knows all of its names", (t) => {
  /** @type {string[]} */
  const warnings = [];
  for (const method of /** @type {const} */ (["warn", "error"])) {
    t.mock.method(console, method, (/** @type {string} */ text) => warnings.push(text));
  }
  const fragments = blocks.filter(({ language }) => language === "jsonc");
  assert.ok(fragments.length >= 4, `${fragments.length} blocks`);
  for (const fragment of fragments) {
    const config = join(reader.folder, "fragment.jsonc");
    writeFileSync(config, configOf(fragment));
    readConfig({ config });
    assert.deepEqual(warnings, [], `${fragment.page}: ${fragment.text}`);
  }
});

test("the Worker that a newcomer is told to write keeps two devices in sync", async (t) => {
  const config = join(reader.folder, "wrangler.jsonc");
  const server = await startServer(config, { AUTH_MODE: "none" });
  t.after(() => server.close());
  assert.equal((await fetch(server.http)).status, 404);
  const desk = await Device.connect(server, "newcomer", "desk");
  const phone = await Device.connect(server, "newcomer", "phone");
  await desk.next();
  await phone.next();
  desk.send({ type: "join_game", gameId: "chess" });
  assert.deepEqual(await phone.next(), {
    type: "game_joined",
    gameId: "chess",
    activeGames: ["chess"],
  });
});

/** @param {Pick<Block, "text">} block */
function isDefinition({ text }) {
  return text.includes("export const session = defineSession(");
}

/** @param {Block} fragment */
function configOf({ text }) {
  if (text.startsWith("{")) return text;
  return `${JSON.stringify(REST).slice(0, -1)},\n${text}\n}`;
}

/**
 * @param {string} folder
 * @param {Block[]} shown
 */
function write(folder, shown) {
  mkdirSync(join(reader.folder, folder), { recursive: true });
  for (const [at, { page, language, text }] of shown.entries()) {
    // The other blocks of its page import it by this name.
    const name = isDefinition({ text }) ? "session.ts" : `${page.replaceAll(/\W/g, "-")}-${at}.${language}`;
    writeFileSync(join(reader.folder, folder, name), text);
  }
}
