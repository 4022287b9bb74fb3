/** Where a Worker has files to serve beside it, the session's paths are none of them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ROOT } from "../support/server.mjs";
import { blocksOf, pages } from "./markdown.mjs";

const RUN_WORKER_FIRST = '"run_worker_first": ["/__user-session", "/__user-session/*"]';

const examples = execFileSync("git", ["ls-files", "examples/**/wrangler.jsonc"], { cwd: ROOT, encoding: "utf8" });
const configurations = [
  ...examples.trim().split("\n").map((path) => ({ at: path, text: readFileSync(join(ROOT, path), "utf8") })),
  ...pages().flatMap(blocksOf).flatMap(({ page, language, text }) => (language === "jsonc" ? { at: page, text } : [])),
].filter(({ text }) => text.includes('"assets":'));

test("a person who opens the state in a browser sees it and no page: every shown assets says run_worker_first", () => {
  assert.ok(configurations.length >= 2, `${configurations.length} configurations`);
  for (const { at, text } of configurations) assert.ok(text.includes(RUN_WORKER_FIRST), at);
});
