/** Nothing is published whose users could not find where it comes from. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { missingOrigin, REPOSITORY } from "../../scripts/lib/repository.mjs";
import { runTool } from "../support/consumer.mjs";
import { ROOT } from "../support/server.mjs";

const ADDRESS = "https://git.example/owner/name";

/** @type {{scripts: Record<string, string>} & import("../../scripts/lib/repository.mjs").Origin} */
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

const SET = {
  repository: { type: "git", url: `git+${ADDRESS}.git` },
  homepage: `${ADDRESS}#readme`,
  bugs: { url: `${ADDRESS}/issues` },
};

test("npm publish is stopped by one sentence while the package does not say where it comes from", async () => {
  const missing = missingOrigin(REPOSITORY, manifest);
  const published = runTool(ROOT, "npm", ["run", "prepublishOnly"]);
  if (missing === null) await published;
  else await assert.rejects(published, ({ message }) => message.includes(missing));
});

test("an address that is not set is told where to set it", () => {
  assert.match(String(missingOrigin(null, SET)), /^the address .* is not set: .*scripts\/lib\/repository\.mjs\.$/);
});

test("an address that is set and stands in package.json is enough", () => {
  assert.equal(missingOrigin(ADDRESS, SET), null);
});

for (const name of /** @type {const} */ (["repository", "homepage", "bugs"])) {
  test(`a package.json without ${name}, or with another project's, is told what to run`, () => {
    const command = /npm pkg set repository\.type=git repository\.url=git\+https:\/\/git\.example\/owner\/name\.git /;
    assert.match(String(missingOrigin(ADDRESS, { ...SET, [name]: undefined })), command);
    assert.match(String(missingOrigin("https://git.example/other/name", SET)), /other\/name/);
  });
}

test("no address stands in package.json that REPOSITORY does not have", () => {
  const { repository, homepage, bugs } = manifest;
  if (REPOSITORY === null) assert.deepEqual([repository, homepage, bugs], [undefined, undefined, undefined]);
  else assert.equal(missingOrigin(REPOSITORY, manifest), null);
});
