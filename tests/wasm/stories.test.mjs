/** The kept corpus of the fuzz targets: native code and both modules do the same at all of it. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { buildFixedTargets } from "../../scripts/lib/fuzz.mjs";
import { toolEnv } from "../../scripts/lib/npm-tools.mjs";
import { builds } from "./modules.mjs";
import { replayStories, storyFiles } from "./stories.mjs";

const files = storyFiles("tests/fuzz/corpus");

before(() => buildFixedTargets(toolEnv()));

test("the corpus is found", () => {
  assert.ok(files.length >= 10, `${files.length} files`);
});

for (const build of builds) {
  test(`${build.path} has the effects of the native session`, () => replayStories(files, [build], "native"));
}
