import { parseArgs } from "node:util";
import { Failure } from "./run.mjs";

/**
 * Reads a script's arguments. If `--help` is among them, it prints the usage and ends the script.
 * @template {import("node:util").ParseArgsConfig} T
 * @param {T} config As for `parseArgs`.
 * @param {string} usage
 * @returns {ReturnType<typeof parseArgs<T>>}
 * @throws {Failure} If there are others than the usage names; it shows the usage.
 */
export function readArguments(config, usage) {
  if (process.argv.slice(2).includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Failure(`${error.message}\n\n${usage}`);
  }
}
