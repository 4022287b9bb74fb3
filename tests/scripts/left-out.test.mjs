/** Tools that are optional: what can't be tried here is left out and told, and nothing else is. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { LEFT_OUT, linesLeftOut, noteLeftOut } from "../../scripts/lib/left-out.mjs";
import { steps } from "../../scripts/lib/steps.mjs";
import { toolEnv } from "../../scripts/lib/npm-tools.mjs";
import { ROOT } from "../support/server.mjs";

/** @import { TestContext } from "node:test" */

/**
 * Runs the set-up of `npm test` where dpkg and apt-get are scripts: of the packages some are missing, and of these some
 * can't be had.
 * @param {TestContext} t
 * @param {string[]} missing
 * @param {string[]} unknown
 * @returns {Promise<{printed: string, installed: string[], environments: string[]}>}
 */
async function setUp(t, missing, unknown) {
  const folder = await mkdtemp(join(tmpdir(), "tools-"));
  t.after(() => rm(folder, { recursive: true }));
  const log = join(folder, "log");
  const scripts = {
    "dpkg-query": `shift 3; for name; do case " ${missing.join(" ")} " in *" $name "*) ;; *) echo "$name installed";; esac; done`,
    "apt-get": `for name; do case " ${unknown.join(" ")} " in *" $name "*) exit 100;; esac; done
case "$*" in *" install "*) echo "$RUNLEVEL $*" >> ${log};; esac`,
    sudo: 'while [ "$1" = -n ]; do shift; done; [ "$1" = -v ] || exec "$@"',
  };
  await writeFile(log, "");
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  const code = `import { ensureNativeTools } from ${JSON.stringify(join(ROOT, "scripts/lib/native-tools.mjs"))}; await ensureNativeTools("test");`;
  const env = { ...process.env, PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin` };
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], { env });
  const lines = (await readFile(log, "utf8")).trim().split("\n").filter(Boolean);
  return {
    printed: stdout,
    installed: lines.flatMap((line) => line.split("--no-install-recommends ")[1]?.split(" ") ?? []),
    environments: lines.map((line) => String(line.split(" ")[0])),
  };
}

test("the browsers are installed where they are missing, and no package starts a service", async (t) => {
  const browsers = ["firefox-esr", "webkit2gtk-driver", "xvfb"];
  const { installed, environments } = await setUp(t, [...browsers, "spin"], []);
  assert.deepEqual(installed, ["spin", ...browsers]);
  assert.deepEqual([...new Set(environments)], ["1"], "the runlevel in which none is started");
});

test("an optional tool that can't be had keeps nothing else from being installed, and is told", async (t) => {
  const { installed, printed } = await setUp(t, ["firefox-esr", "xvfb", "spin"], ["firefox-esr"]);
  assert.deepEqual(installed, ["spin", "xvfb"]);
  assert.match(printed, /Firefox can't be installed: its tests are left out/);
});

test("a needed tool that can't be had is a failure that names it", async (t) => {
  await assert.rejects(setUp(t, ["spin"], ["spin"]), ({ stderr }) => /could not install these tools[^]*package spin/.test(stderr));
});

test("tests that are left out for want of a tool are counted, by the tool, and others that are skipped are not", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "left-out-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "some.test.mjs");
  const skips = [`${LEFT_OUT}Firefox (none)`, `${LEFT_OUT}nginx (none)`, `${LEFT_OUT}Firefox (none)`, "another reason", false];
  const tests = skips.map((skip) => `test("a test", { skip: ${JSON.stringify(skip)} }, () => {});`);
  await writeFile(file, `import { describe, test } from "node:test";\ndescribe("some", () => { ${tests.join("\n")} });`);
  const before = linesLeftOut();
  const env = { ...toolEnv(), NODE_TEST_CONTEXT: undefined };
  const run = steps.find(({ name }) => name === "node");
  assert.equal(await run?.check(env, { files: [file], patterns: [] }), 5);
  assert.deepEqual([before, linesLeftOut()], [[], ["left out: Firefox (none): 2 tests", "left out: nginx (none): 1 test"]]);
  noteLeftOut({ [`${LEFT_OUT}nginx (none)`]: 2 });
  assert.deepEqual(linesLeftOut().at(-1), "left out: nginx (none): 3 tests");
});
