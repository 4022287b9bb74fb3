/**
 * Makes releases with one mistake in them, and finds the first world that notices it.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { Failure, root, run } from "../../scripts/lib/run.mjs";
import { loadRelease } from "./bundle.mjs";
import { LOGOUT_MUTANTS } from "./logout-mutants.mjs";
import { MODULE_MUTANTS } from "./module-mutants.mjs";
import { planOf } from "./plan.mjs";
import { runPlan } from "./run.mjs";

/** @import { Edit, Release } from "./bundle.mjs" */
/** @import { Mutant } from "./mutant-table.mjs" */
/** @import { Limits } from "./plan.mjs" */

/** All mutants of the module. */
const BUILT = [...LOGOUT_MUTANTS, ...MODULE_MUTANTS];

/** Where the module of a mutant is built: a copy of the sources, so that the project's own module stays. */
const COPY = join(root, "build/mutants");

/** The switch in the module: some bytes to find it by, and the number of the mutant that is on. */
const MARK = "which mutant?:";
const DECLARATION = `#ifndef PLANTED_MUTANT
#define PLANTED_MUTANT
struct PlantedMutant { char mark[${MARK.length}]; unsigned char number; };
extern const volatile PlantedMutant planted_mutant;
#endif
`;
const DEFINING = "src/session.cpp";
const DEFINITION = `extern const volatile PlantedMutant planted_mutant = {{${[...MARK].map((one) => `'${one}'`).join(", ")}}, 0};`;

/** @type {Promise<Buffer> | undefined} */
let built;

/** The folders of the project that are copied; all others are linked. */
const COPIED = ["src", "bindings"];
const NOT_LINKED = [".git", "build", "dist"];

/** @param {Mutant} mutant @param {NodeJS.ProcessEnv} env @returns {Promise<Release>} */
export async function mutatedRelease(mutant, env) {
  const at = BUILT.indexOf(mutant);
  if (at < 0) return loadRelease(root, { edit: editOf(mutant) });
  built ??= buildMutants(env);
  return loadRelease(root, { module: moduleOf(await built, at + 1) });
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

/** Builds the module with all mutants in it. @param {NodeJS.ProcessEnv} env @returns {Promise<Buffer>} */
async function buildMutants(env) {
  copySources();
  for (const [file, text] of mutatedFiles()) {
    const copy = join(COPY, file);
    // What is built again is only what has changed.
    if (readFileSync(copy, "utf8") !== text) writeFileSync(copy, text);
  }
  await run("cmake", ["-S", COPY, "--preset", "wasm"], { env, quiet: true });
  await run("cmake", ["--build", join(COPY, "build/wasm")], { env, quiet: true });
  return readFileSync(join(COPY, "dist/session.wasm"));
}

/** The sources with mutants in them, by path. @returns {Map<string, string>} */
function mutatedFiles() {
  /** @type {Map<string, string>} */
  const files = new Map([[DEFINING, `${readFileSync(join(root, DEFINING), "utf8")}\n${DEFINITION}\n`]]);
  BUILT.forEach((mutant, at) => {
    const { file, to } = mutant;
    const text = files.get(file) ?? readFileSync(join(root, file), "utf8");
    const chosen = { ...mutant, to: to.replaceAll("WRONG", `(planted_mutant.number == ${at + 1})`) };
    files.set(file, mutated(chosen, text));
  });
  for (const [file, text] of files) files.set(file, `${DECLARATION}\n${text}`);
  return files;
}

/** The module in which one mutant is switched on. @param {Buffer} bytes @param {number} number */
function moduleOf(bytes, number) {
  const at = bytes.indexOf(MARK);
  if (at < 0 || bytes.includes(MARK, at + 1)) throw new Failure("the module does not have the mutants' switch once.");
  const copy = Buffer.from(bytes);
  copy[at + MARK.length] = number;
  const file = join(COPY, `dist/mutant-${number}.wasm`);
  writeFileSync(file, copy);
  return file;
}

/** Copies what is built, so that only what is newer is built again. */
function copySources() {
  mkdirSync(join(COPY, "dist"), { recursive: true });
  const mutants = mutatedFiles();
  for (const folder of COPIED) {
    const filter = (/** @type {string} */ path) => !existsSync(path.replace(root, COPY)) || !mutants.has(relative(root, path));
    cpSync(join(root, folder), join(COPY, folder), { recursive: true, preserveTimestamps: true, filter });
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
