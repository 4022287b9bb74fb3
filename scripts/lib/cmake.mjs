import { run } from "./run.mjs";

/**
 * Configures and builds a preset of CMakePresets.json.
 * @param {string} preset
 * @param {NodeJS.ProcessEnv} env
 * @param {{quiet?: boolean}} [options]
 */
export async function buildPreset(preset, env, { quiet = false } = {}) {
  await configurePreset(preset, env);
  await buildConfigured(preset, env, { quiet });
}

/**
 * Builds a build preset whose configuration is there already.
 * @param {string} preset
 * @param {NodeJS.ProcessEnv} env
 * @param {{quiet?: boolean}} [options]
 */
export async function buildConfigured(preset, env, { quiet = false } = {}) {
  await run("cmake", ["--build", "--preset", preset], {
    env,
    quiet,
    failure: `the build of preset ${preset} failed, see above.`,
  });
}

/**
 * Configures a preset of CMakePresets.json.
 * @param {string} preset
 * @param {NodeJS.ProcessEnv} env
 */
export async function configurePreset(preset, env) {
  await run("cmake", ["--preset", preset], {
    env,
    quiet: true,
    failure: `CMake could not configure preset ${preset}, see above.`,
  });
}
