import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { configurePreset } from "./cmake.mjs";
import { Failure, root, run } from "./run.mjs";

/**
 * Runs clang-tidy over the C++ files of src/ and bindings/, each as the first preset that has it
 * compiles it.
 * @param {NodeJS.ProcessEnv} env
 * @throws {Failure} If it finds anything.
 */
export async function clangTidy(env) {
  const presets = ["tidy", "wasm"];
  for (const preset of presets) await configurePreset(preset, env);
  const queue = [...presetsByFile(presets)];
  /** @type {string[]} */
  const failed = [];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [file, preset] = next;
      const found = await check(file, preset, env);
      console.log(`${found ? "FAILED" : "ok"} ${file}`);
      if (found) failed.push(file);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  if (failed.length > 0) throw new Failure(`clang-tidy objects to ${failed.join(", ")}, see above.`);
}

/**
 * @param {string} file
 * @param {string} preset
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<boolean>} Whether it found anything.
 */
async function check(file, preset, env) {
  try {
    await run("clang-tidy-22", ["-p", `build/${preset}`, "--quiet", file], { env, quiet: true });
    return false;
  } catch (error) {
    if (error instanceof Failure) return true;
    throw error;
  }
}

/**
 * @param {string[]} presets
 * @returns {Map<string, string>}
 */
function presetsByFile(presets) {
  /** @type {Map<string, string>} */
  const presetOf = new Map();
  for (const preset of presets) {
    const database = join(root, "build", preset, "compile_commands.json");
    if (!existsSync(database)) throw new Failure(`preset ${preset} wrote no compile_commands.json.`);
    for (const { file } of JSON.parse(readFileSync(database, "utf8"))) {
      const name = relative(root, file);
      if (/^(src|bindings)\//.test(name) && !presetOf.has(name)) presetOf.set(name, preset);
    }
  }
  return presetOf;
}
