/** The client's build, and the demo that uses it. */

import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { root, run } from "./run.mjs";
import { filesBelow } from "./sources.mjs";

/** What `wrangler dev --assets` serves at `/`. */
export const DEMO = "build/demo";

const BUILT = join(root, "client/dist");

// What tsc remembers of its last run.
const MEMORY = ".tsbuildinfo";

/**
 * Builds client/dist, as strict as tsc can be, and links it and the demo's files to where they are
 * served together. What is up to date stays untouched, since a server or a test may be reading it.
 * @param {NodeJS.ProcessEnv} env
 */
export async function buildClient(env) {
  const stems = filesBelow(["client/src"], /\.ts$/).map((file) => basename(file, ".ts"));
  const isWhole = keepOnly(BUILT, [MEMORY, ...stems.flatMap((stem) => [`${stem}.js`, `${stem}.d.ts`])]);
  // Otherwise tsc would not make again what it remembers to have made.
  if (!isWhole) rmSync(join(BUILT, MEMORY), { force: true });
  await run("tsc", ["-p", "client"], { env, failure: "tsc objects to the client, see above." });
  linkDemo();
}

/** Links and no copies: what is saved is served at the next reload. */
function linkDemo() {
  const folder = join(root, DEMO);
  const links = new Map([["client", BUILT]]);
  for (const file of filesBelow(["demo"], /\.(html|css|js|svg)$/)) {
    links.set(basename(file), join(root, file));
  }
  keepOnly(folder, [...links.keys()]);
  for (const [name, target] of links) {
    if (!existsSync(join(folder, name))) symlinkSync(target, join(folder, name));
  }
}

/**
 * Removes from a folder what doesn't belong there.
 * @param {string} folder It is made if it isn't there.
 * @param {string[]} names
 * @returns {boolean} Whether all that belongs there is.
 */
function keepOnly(folder, names) {
  mkdirSync(folder, { recursive: true });
  const found = readdirSync(folder);
  for (const name of found) {
    if (!names.includes(name)) rmSync(join(folder, name), { recursive: true, force: true });
  }
  return names.every((name) => found.includes(name));
}
