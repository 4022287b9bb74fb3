/**
 * Stories that the fuzz targets have found (tests/fuzz/operations.h), as scenarios with the effects
 * that the native session has.
 */

import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../scripts/lib/run.mjs";
import { withoutWords } from "./effect-lines.mjs";
import { Host } from "./host.mjs";
import { parseScenario } from "./scenario-text.mjs";

/** @import { Build } from "./modules.mjs" */

const TOOL = "operations_to_scenario";

/** So many at a time: the tool takes their names as arguments. */
const STORIES_A_RUN = 200;
const OUTPUT_BYTES_MAX = 1 << 30;

/** The targets whose inputs are stories. */
const TARGETS = ["operations", "sleep"];

/**
 * The files below a folder of corpora that are stories.
 * @param {string} folder Relative to the project's folder.
 * @returns {string[]}
 */
export function storyFiles(folder) {
  return TARGETS.map((target) => join(folder, target))
    .filter((path) => existsSync(join(root, path)))
    .flatMap((path) => readdirSync(join(root, path)).sort().map((name) => join(path, name)));
}

/**
 * Replays stories in a build of the module, which must have the effects that they have natively.
 * @param {string[]} files
 * @param {Build[]} builds
 * @param {"fuzz" | "native"} configuration Of the native session.
 * @throws {Error} At the first difference, which it shows.
 */
export async function replayStories(files, builds, configuration) {
  for (let first = 0; first < files.length; first += STORIES_A_RUN) {
    const some = files.slice(first, first + STORIES_A_RUN);
    const { stdout } = await promisify(execFile)(join(root, "build", configuration, TOOL), some, {
      cwd: root,
      encoding: "latin1",
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    for (const story of stdout.split(/^# /m).slice(1)) {
      for (const build of builds) replay(story, build);
    }
  }
}

/**
 * @param {string} story Begins with its file's name.
 * @param {Build} build
 */
function replay(story, { path, module }) {
  const file = story.slice(0, story.indexOf("\n"));
  const host = new Host(module);
  /** @type {string[]} */
  const commands = [];
  for (const { command, expected } of parseScenario(story.slice(file.length))) {
    commands.push(command);
    const actual = host.run(command);
    if (actual.join("\n") === expected.map(withoutWords).join("\n")) continue;
    throw new Error(
      [`${path} differs from the native session in ${file}:`, ...commands,
        "natively", ...expected, "in the module", ...actual].join("\n  "),
    );
  }
}
