/**
 * A deploy to a later release and back, under sockets that sleep: what one release has stored and
 * attached is read, and written back whole, by the other. The later release is tests/later/rest.cpp,
 * whose records have one field more.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import { ROOT } from "../support/server.mjs";
import { Host } from "./host.mjs";
import { withoutWords } from "./effect-lines.mjs";
import { parseScenario } from "./scenario-text.mjs";

const FOLDER = join(ROOT, "tests/scenarios");
const release = new WebAssembly.Module(readFileSync(join(ROOT, "dist/session.wasm")));
const later = new WebAssembly.Module(readFileSync(join(ROOT, "build/wasm/later.wasm")));

/** A story with attachments of another later release, which would not come after ours. */
const OF_ANOTHER = "later-release.txt";

/** The commands by which another instance wakes. */
const WAKING = /^(?:wake|sleep|crash|restore)\b/;

/**
 * A line of effects without what is stored and attached, whose bytes differ between releases.
 * @param {string} line
 */
function told(line) {
  return withoutWords(line).replace(/^((?:store|store_\w+|attach)(?: \d+)?) #[0-9a-f]{8}$/, "$1");
}

suite("a later release and this one take turns at each waking, and the story is the same", () => {
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".txt") && file !== OF_ANOTHER)) {
    test(name, () => {
      const host = new Host(release);
      let wakings = 0;
      for (const { line, command, expected } of parseScenario(readFileSync(join(FOLDER, name), "utf8"))) {
        if (WAKING.test(command)) host.deploy(wakings++ % 2 === 0 ? release : later);
        assert.deepEqual(host.run(command).map(told), expected.map(told), `${name}:${line}: ${command}`);
      }
    });
  }
});
