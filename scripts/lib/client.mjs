/** The client's build, and the demo that uses it. */

import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { root, run } from "./run.mjs";
import { filesBelow } from "./sources.mjs";

/** What `wrangler dev --assets` serves at `/`. */
export const DEMO = "build/demo";

/**
 * Builds client/dist anew, as strict as tsc can be, and links it and the demo's files to where they
 * are served together.
 * @param {NodeJS.ProcessEnv} env
 */
export async function buildClient(env) {
  rmSync(join(root, "client/dist"), { recursive: true, force: true });
  await run("tsc", ["-p", "client"], { env, failure: "tsc objects to the client, see above." });
  linkDemo();
}

/** Links and no copies: what is saved is served at the next reload. */
function linkDemo() {
  const folder = join(root, DEMO);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of filesBelow(["demo"], /\.(html|css|js|svg)$/)) {
    symlinkSync(join(root, file), join(folder, basename(file)));
  }
  symlinkSync(join(root, "client/dist"), join(folder, "client"));
}
