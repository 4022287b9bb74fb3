/** The client's build. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.mjs";

/**
 * Builds client/dist anew, as strict as tsc can be.
 * @param {NodeJS.ProcessEnv} env
 */
export async function buildClient(env) {
  rmSync(join(root, "client/dist"), { recursive: true, force: true });
  await run("tsc", ["-p", "client"], { env, failure: "tsc objects to the client, see above." });
}
