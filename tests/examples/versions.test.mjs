import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ROOT } from "../support/server.mjs";

for (const example of readdirSync(join(ROOT, "examples"), { withFileTypes: true })) {
  if (!example.isDirectory()) continue;
  test(`${example.name} asks for the versions that it is tested with`, () => {
    const { dependencies = {}, devDependencies = {} } = manifest(`examples/${example.name}`);
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      if (name === "user-session-worker") continue;
      assert.equal(version, manifest(`node_modules/${name}`).version, name);
    }
  });
}

/** @param {string} folder */
function manifest(folder) {
  return JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
}
