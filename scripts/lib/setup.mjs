import { ensureNativeTools } from "./native-tools.mjs";
import { ensureNpmPackages, toolEnv } from "./npm-tools.mjs";

/**
 * Installs what is missing.
 * @param {"build" | "test"} purpose
 * @returns {Promise<NodeJS.ProcessEnv>} The environment in which to run the tools.
 */
export async function setUp(purpose) {
  await ensureNativeTools(purpose);
  await ensureNpmPackages();
  return toolEnv();
}
