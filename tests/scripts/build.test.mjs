/** Building: each server builds before it serves, and several may start at the same time. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { toolEnv } from "../../scripts/lib/npm-tools.mjs";
import { start } from "../../scripts/lib/run.mjs";
import { eventually } from "../support/eventually.mjs";
import { ROOT } from "../support/server.mjs";

/** @import { TestContext } from "node:test" */

/**
 * Starts CMake with a script.
 * @param {TestContext} t
 * @param {string[]} args
 */
function cmake(t, ...args) {
  const running = start("cmake", args, { env: toolEnv(), quiet: true, group: true });
  t.after(() => running.signal("SIGKILL"));
  const told = { ...running, text: "" };
  for (const stream of [running.child.stdout, running.child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text) => (told.text += text));
  }
  return told;
}

test("a build waits for another one of the same checkout, which would damage its files, until that has ended or was killed", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "build-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = join(folder, "lasting.cmake");
  const lasting = `execute_process(COMMAND "${process.execPath}" -e "setInterval(() => {}, 1000)")`;
  writeFileSync(script, `file(LOCK "${ROOT}build/lock" GUARD PROCESS)\nmessage("building")\n${lasting}\n`);
  const first = cmake(t, "-P", script);
  await eventually("the first to build", () => first.text.includes("building"));
  const second = cmake(t, "-D", "BUILD=wasm", "-P", join(ROOT, "cmake/build-preset.cmake"));
  await eventually("the second to wait or end", () => /Waiting for another build|no work to do/.test(second.text));
  assert.match(second.text, /^Waiting for another build/);
  first.signal("SIGKILL");
  assert.equal(await second.ended, 0);
  assert.match(second.text, /no work to do/);
});
