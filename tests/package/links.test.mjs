/** The pages in the package, as who has installed it reads them: whatever they link to is there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { posix } from "node:path";
import { after, before, test } from "node:test";

import { anchorsIn, linksIn } from "../docs/markdown.mjs";
import { makeConsumer } from "../support/consumer.mjs";

/** @type {import("../support/consumer.mjs").Consumer} */
let reader;
/** @type {string} */
let installed;
before(async () => {
  reader = await makeConsumer("tests/package/fixture");
  installed = join(reader.folder, "node_modules/user-session-worker");
});
after(() => reader?.remove());

/** @param {string} path */
function read(path) {
  return readFileSync(join(installed, path), "utf8");
}

/**
 * The links of a packed page that lead nowhere.
 * @param {string} page
 * @param {string} text
 */
function deadLinks(page, text) {
  return linksIn(text).filter((link) => {
    const [path, anchor] = link.split("#");
    const target = path === "" ? page : posix.join(page, "..", path);
    // Above the package there are other people's files.
    if (target.startsWith("..") || !existsSync(join(installed, target))) return true;
    if (anchor === undefined) return false;
    return statSync(join(installed, target)).isDirectory() || !anchorsIn(read(target)).includes(anchor);
  });
}

test("no page in the package links to what is not in it: pages, folders, headings, images", () => {
  const pages = reader.packed.filter((path) => path.endsWith(".md"));
  assert.ok(pages.length > 10 && pages.includes("README.md"), pages.join(", "));
  const dead = pages.flatMap((page) => deadLinks(page, read(page)).map((link) => `${page}: ${link}`));
  assert.deepEqual(dead, []);
});

test("a link to a file, a heading or an image that is not in the package would be found", () => {
  const text = '[a](tests/a.md) [b](#no-such) [c](docs/client.md#no-such) <img src="docs/images/no.png"> [d](../x)';
  assert.equal(deadLinks("README.md", text).length, 5);
});
