import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path/posix";
import { test } from "node:test";

import { ROOT } from "../support/server.mjs";
import { anchorsOf, linksOf, pages } from "./markdown.mjs";

for (const page of pages()) {
  test(`every link of ${page} leads somewhere`, () => {
    for (const link of linksOf(page)) {
      const [path, anchor] = link.split("#");
      const target = path === "" ? page : join(page, "..", path);
      assert.ok(existsSync(join(ROOT, target)), `${page}: there is no ${link}`);
      if (anchor !== undefined) {
        assert.ok(anchorsOf(target).includes(anchor), `${page}: no heading is called ${link}`);
      }
    }
  });
}

test("every page can be found from README.md", () => {
  const found = new Set(["README.md"]);
  // A set goes on over what is added meanwhile.
  for (const page of found) {
    for (const link of linksOf(page)) {
      const target = join(page, "..", link.split("#")[0]);
      if (target.endsWith(".md")) found.add(target);
    }
  }
  const missed = pages().filter((page) => !found.has(page) && !/^(?:tests|tools)\//.test(page));
  assert.deepEqual(missed, []);
});
