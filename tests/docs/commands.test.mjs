/**
 * Every command that the pages show is known here, and run: as it stands, or, where that would take
 * long, serve for good or reach out, with arguments that make it short.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { runTool } from "../support/consumer.mjs";
import { eventually } from "../support/eventually.mjs";
import { freePort } from "../support/free-port.mjs";
import { ROOT } from "../support/server.mjs";
import { blocksOf, pages, textOf } from "./markdown.mjs";

const execute = promisify(execFile);

/**
 * How a command is tried: here, by what another file runs, or along with another command.
 * @typedef {{run: () => Promise<void>} | {by: string, says: string} | {like: string}} Way
 */

/** The steps of `npm test`, and what they run. */
const STEPS = "scripts/lib/steps.mjs";

/** The script that reads the arguments of `npm test`, and its own description of them. */
const CHOICE = "scripts/test.mjs";

const LOADED =
  "npm run cost -- --users 500 --hours 8 --messages 400 --changes 40 --heartbeat 60 --connects 10";

const BENCH = "npm run bench -- --only event,50x2,plain --pairs 9 --json out.json";

/** The guide's app, in Vite and under vitest. */
const VITE = "tests/docs/vite.test.mjs";

/** @type {Record<string, Way>} */
const WAYS = {
  "npm test": { by: ".ci/run", says: "\nnpm test" },
  "npm test -- tests/worker/rows.test.mjs": { by: CHOICE, says: "one file of tests" },
  'npm test -- tests/worker/rows.test.mjs --name "a row"': { by: CHOICE, says: "contain the text" },
  'npm test -- client/tests/browser.test.mjs --name "Firefox: "': { by: CHOICE, says: "contain the text" },
  'npm test -- client/tests/browser.test.mjs --name "WebKit: a reload keeps"': { by: CHOICE, says: "contain the text" },
  "npm run test:native -- --name Journal": { by: CHOICE, says: "C++ tests, by the same" },
  "npm run test:wasm": { by: "package.json", says: '"exec node scripts/test.mjs tests/wasm"' },
  "npm run lint": { by: "package.json", says: '"exec node scripts/test.mjs format tidy' },
  "cmake --preset native": { by: STEPS, says: 'buildPreset("native"' },
  "ctest --preset native -R Scenario": { by: STEPS, says: '"ctest", ["--preset", "native"' },
  "UPDATE_SCENARIOS=1 ctest --preset native -R Scenario": {
    by: "tests/unit/scenario_test.cpp",
    says: '"UPDATE_SCENARIOS"',
  },

  "cp build/fuzz/found/codec-crash-1a2b tests/fuzz/corpus/codec/what-broke": {
    by: "scripts/lib/fuzz.mjs",
    says: "cp ${found} ${join(KEPT_CORPUS, target)}/what-broke",
  },

  "npm run dev": { run: serveAndUse },
  "npm run dev -- --lan": { by: "tests/scripts/lan.test.mjs", says: "a phone scans the code" },
  "npm run build": printing(["run", "build"], /dist\/session\.wasm: \d+ bytes, \d+ gzipped/),
  "npm run types": printing(["run", "types"], /worker-configuration\.d\.ts/),
  "npm pack": { run: packAndInstall },
  "npm install ../user-session-worker/user-session-worker-0.1.0.tgz": { like: "npm pack" },
  "npm install user-session-worker": { like: "npm pack" },
  "npm install --save-dev @cloudflare/vite-plugin wrangler": { by: VITE, says: ".run(\"npm install\")" },
  "npx vite dev": { by: VITE, says: "npm run dev" },
  "npm install": { by: VITE, says: '.run("npm install")' },
  "npm run preview": { by: VITE, says: 'serve("npm run preview")' },
  "npm run deploy": { by: VITE, says: '.run("npm run deploy", "-- --dry-run")' },
  "npm install --save-dev vitest@4 @cloudflare/vitest-plugin": { by: VITE, says: "vitest@4 @cloudflare/vitest-plugin" },
  "npx vitest run": { by: VITE, says: '.run("npx vitest run", ' },
  "npx wrangler deploy": {
    run: async () => assert.match(await npx("wrangler deploy --dry-run"), /exiting now/),
  },
  "npx wrangler deploy --durable-objects-code-update-mode immediate": {
    run: async () =>
      assert.match(await npx("wrangler deploy --durable-objects-code-update-mode immediate --dry-run"), /exiting now/),
  },
  "npx wrangler dev": {
    by: "tests/docs/snippets.test.mjs",
    says: '{ AUTH_MODE: "none" }',
  },
  "npx wrangler dev --assets build/demo --var AUTH_MODE:none": {
    by: "tests/browser/demo-object.test.mjs",
    says: "--assets=build/demo",
  },
  "npm run cost": { like: LOADED },
  [LOADED]: printing(LOADED.split(" ").slice(1), /a month/),
  "npm run fuzz -- --minutes 20": printing(["run", "fuzz", "--", "--help"], /--minutes/),
  "npm run simulate": { by: "tests/tools/simulate.test.mjs", says: "new Campaign(" },
  "npm run simulate -- --seeds 1-20000": simulating("--seeds", "1-2"),
  "npm run simulate -- --hours 1000": simulating("--hours", "1"),
  "npm run simulate -- --minutes 20": printing(["run", "simulate", "--", "--help"], /--minutes/),
  "npm run simulate -- --seed 351": printing(["run", "simulate", "--", "--seed", "351"], /^seed 351: \d+ steps/m),
  "npm run simulate -- --survey": simulating("--survey", "--seeds", "1-2"),
  "npm run simulate:mutants": { by: "tests/tools/simulate.test.mjs", says: "await mutatedRelease(mutant" },
  "npm run torture": printing(["run", "torture", "--", "--kills", "1", "--users", "2"], / 0 {2}complaints/),
  "npm run model": printing(["run", "model", "--", "--help"], /two tabs and another device/),
  "npm run model -- inbox": { by: "scripts/model.mjs", says: "only the checks whose titles contain all of them" },
  "npm test -- tests/model": { by: CHOICE, says: "a folder works, too" },
  "npm test -- tests/model --name NO_BEGUN_ROW": { by: CHOICE, says: "contain the text" },
  "npm run load": printing(["run", "load", "--", "--help"], /--/),
  "npm run bench": { like: BENCH },
  "npm run bench -- --short": { like: BENCH },
  "npm run bench -- --short --before ../base": { like: BENCH },
  [BENCH]: { run: benchALittle },
};

/** Pages whose commands are run, in their order, by tests of their own. */
const TRIED_BY = {
  "docs/self-hosting.md": "tests/examples/self-hosted.test.mjs",
  "examples/existing-worker/README.md": "tests/examples/existing-worker.test.mjs",
  "examples/self-hosted/README.md": "tests/examples/self-hosted.test.mjs",
  "examples/standalone/README.md": "tests/examples/standalone.test.mjs",
};

/** @type {string} */
let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "commands-"));
});
after(() => rm(folder, { recursive: true, force: true }));

test("no page shows a command that nobody tries", async () => {
  const shown = new Set(pages().filter((page) => !(page in TRIED_BY)).flatMap(commandsOf));
  assert.deepEqual([...shown].sort(), Object.keys(WAYS).sort());
  for (const [page, file] of Object.entries(TRIED_BY)) {
    assert.ok((await readFile(join(ROOT, file), "utf8")).includes(page), `${file} does not read ${page}`);
  }
});

for (const [command, way] of Object.entries(WAYS)) {
  test(`${command} does what the pages say`, async () => {
    if ("run" in way) return way.run();
    if ("like" in way) return assert.ok("run" in WAYS[way.like], `${way.like} is not run here`);
    const text = await readFile(join(ROOT, way.by), "utf8");
    assert.ok(text.includes(way.says), `${way.by} no longer runs ${command}`);
  });
}

test("what the pages name in passing is there: scripts, and files of tests", async () => {
  for (const page of pages()) {
    const project = page === "docs/self-hosting.md" ? "examples/self-hosted" : /^examples\/[^/]+(?=\/)/.exec(page)?.[0];
    const manifest = await readFile(join(ROOT, project ?? ".", "package.json"), "utf8");
    const { scripts } = JSON.parse(manifest);
    for (const [, command] of textOf(page).matchAll(/`(npm (?:run|test|start) ?[^`\n]*)`/g)) {
      const [, verb, ...words] = command.split(" ");
      const script = verb === "run" ? words.find((word) => !word.startsWith("--")) : verb;
      assert.ok(script !== undefined && script in scripts, `${page}: ${command}`);
      for (const path of words.filter((word) => word.startsWith("tests/"))) {
        assert.ok(existsSync(join(ROOT, path)), `${page}: there is no ${path}`);
      }
    }
  }
});

/** @param {string} page */
function commandsOf(page) {
  const shell = blocksOf(page).filter(({ language }) => language === "sh");
  return shell.flatMap(({ text }) => text.split("\n").map((line) => line.replace(/\s+#.*$/, "").trim()));
}

/**
 * A command of npm's that prints something.
 * @param {string[]} args
 * @param {RegExp} expected
 * @returns {Way}
 */
function printing(args, expected) {
  return { run: async () => assert.match(await runTool(ROOT, "npm", args), expected) };
}

/** @param {string[]} args @returns {Way} */
function simulating(...args) {
  return printing(["run", "simulate", "--", ...args], /, 0 seeds fail$/m);
}

/** @param {string} command */
function npx(command) {
  return runTool(ROOT, "npx", ["--no-install", ...command.split(" ")]);
}

async function benchALittle() {
  const json = join(folder, "out.json");
  const args = ["--only", "event,1x2,browser,plain,v2", "--pairs", "1", "--before", ".", "--json", json];
  await runTool(ROOT, "npm", ["run", "bench", "--", ...args]);
  const { throughput } = JSON.parse(await readFile(json, "utf8"));
  const names = throughput[0].outcomes.map((/** @type {{name: string}} */ { name }) => name);
  assert.deepEqual(names, ["ours", "before", "plain", "v2", "before-v2"]);
}

/** Packs the project where the guide has its clone, and installs it in an app beside it. */
async function packAndInstall() {
  const [clone, app] = [join(folder, "user-session-worker"), join(folder, "app")];
  await mkdir(clone);
  await mkdir(app);
  await runTool(ROOT, "npm", ["pack", `--pack-destination=${clone}`]);
  // What the package depends on comes from here: the test asks no registry.
  const { stdout } = await execute("npm", ["pack", "--json", join(ROOT, "node_modules/jose")], { cwd: app });
  const [{ filename }] = Object.values(JSON.parse(stdout));
  await writeFile(join(app, "package.json"), '{ "name": "app", "private": true }');
  const packed = "../user-session-worker/user-session-worker-0.1.0.tgz";
  assert.ok(textOf("docs/getting-started.md").includes(`"file:${packed}"`));
  await runTool(app, "npm", ["install", "--offline", "--no-audit", "--no-fund", packed, filename]);
  const installed = await readFile(join(app, "node_modules/user-session-worker/package.json"), "utf8");
  assert.equal(JSON.parse(installed).version, "0.1.0");
}

/** Starts the server as a newcomer does, uses what it tells to use, and stops it by Ctrl-C. */
async function serveAndUse() {
  const port = await freePort();
  const child = spawn("npm", ["run", "dev", "--", "--port", `${port}`], { cwd: ROOT, detached: true });
  let told = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => (told += text));
  }
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    const address = `http://localhost:${port}`;
    await eventually("what to do next", () => told.includes(`Open ${address}`));
    const page = await fetch(address);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<html lang="en"/);
    const state = await fetch(`${address}/__user-session/state?userId=newcomer`);
    assert.equal((await state.json()).userId, "newcomer");
    assert.doesNotMatch(told, /error|warning|▲/i);
  } finally {
    process.kill(-Number(child.pid), "SIGINT");
    await ended;
  }
}
