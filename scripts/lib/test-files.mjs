/** Which of the tests of `node --test` are to run. */

import { statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Failure, root } from "./run.mjs";
import { filesBelow } from "./sources.mjs";

/** The files that take longest come first, so that none of them runs alone in the end. */
const FOLDERS = ["client/tests", "tests"];
const TEST_FILE = /\.test\.mjs$/;

/**
 * The files of tests among some paths, and below them.
 * @param {string[]} paths None: all of the project's.
 * @returns {string[]} Relative to the project's folder.
 * @throws {Failure} If there is no test in one of them.
 */
export function testFiles(paths) {
  const files = (paths.length > 0 ? paths : FOLDERS).flatMap((given) => {
    const path = relative(root, resolve(root, given));
    const entry = statSync(join(root, path), { throwIfNoEntry: false });
    const found = entry?.isDirectory() ? filesBelow([path], TEST_FILE) : [path];
    const tests = entry && !path.startsWith("..") ? found.filter(isTest) : [];
    if (tests.length === 0) throw new Failure(`there is no test in ${given}. ${hint(given)}`);
    return tests;
  });
  return [...new Set(files)];
}

/** @param {string} file */
function isTest(file) {
  return TEST_FILE.test(file) && !file.includes("node_modules");
}

/** @param {string} given */
function hint(given) {
  if (/_test\.cpp$|^tests\/(unit|scenarios)/.test(given)) {
    return "C++ tests are chosen by name: `npm run test:native -- --name Journal`.";
  }
  return "Give a file such as tests/worker/rows.test.mjs or a folder; `npm test -- --help` says more.";
}

/**
 * A regular expression, for node's as for CTest's tests, that finds a text as it stands.
 * @param {string} text
 */
export function asPattern(text) {
  return text.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&");
}
