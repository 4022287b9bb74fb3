/**
 * Makes releases with one mistake in them, and finds the first world that notices it.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Failure, root, run } from "../../scripts/lib/run.mjs";
import { loadRelease } from "./bundle.mjs";
import { planOf } from "./plan.mjs";
import { runPlan } from "./run.mjs";

/** @import { Edit, Release } from "./bundle.mjs" */
/** @import { Mutant } from "./mutant-table.mjs" */
/** @import { Limits } from "./plan.mjs" */

/** Where the module of a mutant is built: a copy of the sources, so that the project's own module stays. */
const COPY = join(root, "build/mutants");

/** The folders of the project that are copied; all others are linked. */
const COPIED = ["src", "bindings"];
const NOT_LINKED = [".git", "build", "dist"];

/** @param {Mutant} mutant @param {NodeJS.ProcessEnv} env @returns {Promise<Release>} */
export async function mutatedRelease(mutant, env) {
  const isModule = /\.(?:cpp|h)$/.test(mutant.file);
  if (!isModule) return loadRelease(root, { edit: editOf(mutant) });
  return loadRelease(root, { edit: (_path, text) => text, module: await mutatedModule(mutant, env) });
}

/** @param {Mutant} mutant @returns {Edit} */
function editOf(mutant) {
  mutated(mutant, readFileSync(join(root, mutant.file), "utf8"));
  return (path, text) => (path === mutant.file ? mutated(mutant, text) : text);
}

/** @param {Mutant} mutant @param {string} text */
function mutated({ name, file, from, to }, text) {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Failure(`${name}: ${file} has what is to be changed ${parts.length - 1} times.`);
  return parts.join(to);
}

/** @param {Mutant} mutant @param {NodeJS.ProcessEnv} env */
async function mutatedModule(mutant, env) {
  copySources();
  const file = join(COPY, mutant.file);
  const right = readFileSync(file, "utf8");
  writeFileSync(file, mutated(mutant, right));
  try {
    await run("cmake", ["-S", COPY, "--preset", "wasm"], { env, quiet: true });
    await run("cmake", ["--build", join(COPY, "build/wasm")], { env, quiet: true });
  } finally {
    writeFileSync(file, right);
  }
  return join(COPY, "dist/session.wasm");
}

/** Copies what is built, so that only what is newer is built again. */
function copySources() {
  mkdirSync(join(COPY, "dist"), { recursive: true });
  for (const folder of COPIED) {
    cpSync(join(root, folder), join(COPY, folder), { recursive: true, preserveTimestamps: true });
  }
  for (const name of readdirSync(root)) {
    if ([...COPIED, ...NOT_LINKED].includes(name) || existsSync(join(COPY, name))) continue;
    symlinkSync(join(root, name), join(COPY, name));
  }
}

/**
 * How a mutant was noticed.
 * @typedef {{property: string, seed: number, what: string}} Catch
 */

/**
 * Finds the first seed in which a release breaks a property that the right one keeps.
 * @param {Release} wrong
 * @param {Release} right
 * @param {number} seeds
 * @param {Limits} [limits]
 * @returns {Promise<Catch | null>}
 */
export async function firstCatch(wrong, right, seeds, limits) {
  for (let seed = 1; seed <= seeds; seed++) {
    const plan = planOf(seed, limits);
    const { violations } = await runPlan(plan, [wrong]);
    if (violations.length === 0) continue;
    const known = new Set((await runPlan(plan, [right])).violations.map(({ property }) => property));
    const found = violations.find(({ property }) => !known.has(property));
    if (found) return { property: found.property, seed, what: found.what };
  }
  return null;
}
