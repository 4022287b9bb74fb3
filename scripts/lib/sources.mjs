import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

/**
 * The files below some of the project's folders whose names match.
 * @param {string[]} folders
 * @param {RegExp} name
 * @returns {string[]} Relative to the project's folder, sorted.
 */
export function filesBelow(folders, name) {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) =>
        join(folder, file),
      ),
    )
    .filter((file) => name.test(file))
    .sort();
}

/** @returns {string[]} Every C++ file of the project. */
export function cppFiles() {
  return filesBelow(["src", "bindings", "tests", "tools"], /\.(h|cpp)$/);
}
