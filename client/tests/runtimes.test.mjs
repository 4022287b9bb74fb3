/** The client where no page is: every engine runs the same program against the real Worker. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { ROOT } from "../../tests/support/server.mjs";
import { startSurroundings } from "./runtimes/surroundings.mjs";

const STORY = fileURLToPath(new URL("runtimes/story.mjs", import.meta.url));
const STORIES = ["connects", "two devices", "a break", "once each", "inbox", "logout", "refused"];

/** How npm's packages call this machine, which differs. */
const PLATFORM = `${process.platform}-${process.arch}`;
const ARM = process.arch === "arm64" ? "aarch64" : "x64-baseline";

/**
 * An engine: its program and what stands before the program that it runs.
 * The older Nodes are in folders of their own, since npm makes the command `node` of any that is beside the newest.
 * @type {Record<string, {program: string, args: string[]}>}
 */
const ENGINES = {
  "Node 20": { program: `client/tests/node-20/node_modules/node-${PLATFORM}/bin/node`, args: [] },
  "Node 22": { program: `client/tests/runtimes/node_modules/node-${PLATFORM}/bin/node`, args: [] },
  "Node 24": { program: `node_modules/node-${PLATFORM}/bin/node`, args: [] },
  Bun: { program: `node_modules/@oven/bun-${process.platform}-${ARM}/bin/bun`, args: ["run"] },
  Deno: { program: `node_modules/@deno/${PLATFORM}-glibc/deno`, args: ["run", "--no-config", "--no-lock", "--cached-only", "--allow-net=127.0.0.1"] },
};

/** @type {Awaited<ReturnType<typeof startSurroundings>>} */
let around;
before(async () => {
  around = await startSurroundings();
});
after(() => around.close());

/**
 * Runs the stories in an engine.
 * @param {string} name
 * @returns {Promise<{told: {story: string, ms: number, error: string | null}[], code: number | null, printed: string}>}
 */
async function run(name) {
  const { program, args } = ENGINES[name];
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };
  const options = [...args, STORY, around.origin, name];
  const child = spawn(ROOT + program, options, { stdio: ["ignore", "pipe", "pipe"], env });
  const orphaned = () => child.kill("SIGKILL");
  process.once("exit", orphaned);
  let [lines, printed] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => (lines += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (printed += text));
  const code = await new Promise((resolve) => child.once("close", resolve));
  process.off("exit", orphaned);
  return { told: lines.split("\n").filter(Boolean).map((line) => JSON.parse(line)), code, printed };
}

test("the command `node` is the newest Node here, or wrangler would be run by one that it refuses", () => {
  const { program } = ENGINES["Node 24"];
  if (existsSync(ROOT + program)) assert.equal(realpathSync(`${ROOT}node_modules/.bin/node`), realpathSync(ROOT + program));
});

for (const name of Object.keys(ENGINES)) {
  const { program } = ENGINES[name];
  const skip = !existsSync(ROOT + program) && `left out: npm has no ${name} for ${PLATFORM}`;
  test(`${name}: who writes a bot, a server or a tool has the same session as a page`, { skip }, async (t) => {
    const { told, code, printed } = await run(name);
    t.diagnostic(told.map(({ story, ms }) => `${story} ${ms} ms`).join(", "));
    assert.deepEqual(told.filter(({ error }) => error !== null), [], printed);
    assert.deepEqual(told.map(({ story }) => story), STORIES, printed);
    // A client that is closed keeps no timer, which would keep a program from ending.
    assert.deepEqual([code, printed], [0, ""]);
  });
}
