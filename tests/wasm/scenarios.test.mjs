/** Every file of tests/scenarios, against every build of the module: it does what the C++ does. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withoutWords } from "./effect-lines.mjs";
import { Host } from "./host.mjs";
import { builds, root } from "./modules.mjs";
import { parseScenario } from "./scenario-text.mjs";

const folder = "tests/scenarios";
const files = readdirSync(join(root, folder)).filter((name) => name.endsWith(".txt")).sort();

test("the scenario files are found", () => {
  assert.ok(files.length >= 10, `${files.length} files in ${folder}`);
});

for (const { path, module } of builds) {
  describe(`${path} has the effects that the file shows:`, () => {
    for (const file of files) {
      test(file, () => {
        const host = new Host(module);
        const text = readFileSync(join(root, folder, file), "utf8");
        assert.doesNotMatch(text, /[^\n -~]/, "a file of ASCII reads the same everywhere");
        const steps = parseScenario(text);
        assert.ok(steps.length > 0, `${folder}/${file} has no command`);
        for (const { line, command, expected } of steps) {
          const actual = host.run(command);
          if (actual.join("\n") === expected.map(withoutWords).join("\n")) continue;
          assert.fail(
            `${folder}/${file}:${line}: ${command}\n  expected\n${indented(expected)}\n` +
              `  actual\n${indented(actual)}`,
          );
        }
      });
    }
  });
}

/** @param {string[]} lines */
function indented(lines) {
  return lines.map((line) => `    ${line}`).join("\n") || "    (nothing)";
}
