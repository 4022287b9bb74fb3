/**
 * The Worker of `tests/worker/fixtures/watched.js` as it is deployed, but with the module of
 * `tests/faults/faulty_exports.cpp`: words in frames and names make it trap.
 */
import { join } from "node:path";

import { buildBundle } from "./bundle.mjs";
import { ROOT } from "./server.mjs";
import { watching } from "./watched.mjs";
import { startWorkerd } from "./workerd.mjs";

/** @import { Watching } from "./watched.mjs" */
/** @import { Workerd } from "./workerd.mjs" */

const CONFIG = "tests/worker/fixtures/watched.wrangler.jsonc";

export const FAULTY_MODULE = join(ROOT, "build/wasm/faulty.wasm");

/** What makes the module trap, and what each does. */
export const FAULTS = {
  __trap_before__: "a trap before the event is looked at",
  __trap_after__: "a trap after the effects are ready",
  __fail_check__: "a failing assertion",
  __exhaust_memory__: "no memory left",
  __overflow_stack__: "no stack left",
};

/** A device with this in its id makes the module trap when it leaves. */
export const AT_CLOSING = "__at_closing__";

/**
 * @param {Record<string, string>} [vars] Without any, nobody is checked.
 * @returns {Promise<Workerd & Watching>}
 */
export async function startFaultyServer(vars) {
  const { modules } = await buildBundle(CONFIG);
  const faulty = modules.map((module) =>
    module.type === "wasm" ? { ...module, path: FAULTY_MODULE } : module,
  );
  const server = await startWorkerd({ modules: faulty, vars });
  return { ...server, ...watching(server) };
}
