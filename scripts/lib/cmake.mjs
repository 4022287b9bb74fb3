import { run } from "./run.mjs";

/**
 * Configures and builds a preset of CMakePresets.json.
 * @param {string} preset
 * @param {NodeJS.ProcessEnv} env
 * @param {{quiet?: boolean, configuration?: string}} [options] The configuration's name, if it is another than the build's.
 */
export async function buildPreset(preset, env, { quiet = false, configuration = preset } = {}) {
  await runAlone({ CONFIGURE: configuration, BUILD: preset }, env, quiet, `the build of preset ${preset} failed, see above.`);
}

/**
 * Builds a build preset whose configuration is there already.
 * @param {string} preset
 * @param {NodeJS.ProcessEnv} env
 * @param {{quiet?: boolean}} [options]
 */
export async function buildConfigured(preset, env, { quiet = false } = {}) {
  await runAlone({ BUILD: preset }, env, quiet, `the build of preset ${preset} failed, see above.`);
}

/**
 * Configures a preset of CMakePresets.json.
 * @param {string} preset
 * @param {NodeJS.ProcessEnv} env
 */
export async function configurePreset(preset, env) {
  await runAlone({ CONFIGURE: preset }, env, true, `CMake could not configure preset ${preset}, see above.`);
}

/**
 * Runs CMake while no other process does so in this checkout.
 * @param {{CONFIGURE?: string, BUILD?: string}} presets
 * @param {NodeJS.ProcessEnv} env
 * @param {boolean} quiet
 * @param {string} failure
 */
async function runAlone(presets, env, quiet, failure) {
  const variables = Object.entries(presets).flatMap(([name, preset]) => ["-D", `${name}=${preset}`]);
  await run("cmake", [...variables, "-P", "cmake/build-preset.cmake"], { env, quiet, failure, group: true });
}
