import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ROOT } from "../support/server.mjs";
import { LEAST_DAY, NODE, NODE_OF_WRANGLER, PACKAGES } from "./requirements.mjs";

const PAGE = "docs/frameworks.md";

/** How texts call what is required. @type {Record<string, string>} */
const CALLED = {
  wrangler: "wrangler",
  "@cloudflare/vite-plugin": "@cloudflare/vite-plugin",
  "@cloudflare/vitest-plugin": "@cloudflare/vitest-plugin",
  "better-auth": "better-auth",
  react: "React",
  typescript: "TypeScript",
};

/** The packages that bring a workerd along, in the versions that the tests run with. */
const RUNTIMES = ["wrangler", "@cloudflare/vite-plugin", "@cloudflare/vitest-plugin"];

/** @param {string} path */
const textOf = (path) => readFileSync(join(ROOT, path), "utf8");

/** @param {string} path */
const manifestOf = (path) => JSON.parse(textOf(join(path, "package.json")));

/** @param {...string} patterns */
function tracked(...patterns) {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", ...patterns];
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
}

test("npm warns whoever has too old a tool, and asks nobody for one that they don't use", () => {
  const { engines, peerDependencies, peerDependenciesMeta } = manifestOf(".");
  const expected = Object.entries(PACKAGES).map(([name, { least }]) => [name, `>=${least}`]);
  assert.deepEqual(peerDependencies, Object.fromEntries(expected));
  for (const name of Object.keys(PACKAGES)) assert.deepEqual(peerDependenciesMeta[name], { optional: true });
  assert.deepEqual(engines, { node: `>=${NODE}` });
});

test("the lock file says the same as the manifest", () => {
  const { packages } = JSON.parse(textOf("package-lock.json"));
  const { engines, peerDependencies, peerDependenciesMeta } = manifestOf(".");
  assert.deepEqual(packages[""].engines, engines);
  assert.deepEqual(packages[""].peerDependencies, peerDependencies);
  assert.deepEqual(packages[""].peerDependenciesMeta, peerDependenciesMeta);
});

test("the page on frameworks has these least versions and no others", () => {
  const [, table = ""] = /## Least versions\n(.*?)(?=\n## |$)/s.exec(textOf(PAGE)) ?? [];
  const rows = [...table.matchAll(/^\| `?([^|`]+?)`? \| ([\d.-]+) \| *([\d.-]*) *\|/gm)];
  const shown = Object.fromEntries(rows.map(([, name, least, forExports]) => [name, [least, forExports]]));
  const packages = Object.entries(PACKAGES).map(([name, { least, forExports = "" }]) => [
    CALLED[name],
    [least, forExports],
  ]);
  assert.deepEqual(shown, {
    ...Object.fromEntries(packages),
    "Node, for wrangler and Vite": [NODE_OF_WRANGLER, ""],
    "Node, for the client": [NODE, ""],
    "compatibility date": [LEAST_DAY, ""],
  });
});

test("no message and no page names another version as the least", () => {
  const versions = Object.entries(PACKAGES).map(([name, { least, forExports = least }]) => {
    const ours = [least, forExports, manifestOf(`node_modules/${name}`).version];
    // A release of a row may be named by its beginning.
    return { name: CALLED[name] ?? name, known: (/** @type {string} */ text) => ours.some((version) => `${version}.`.startsWith(`${text}.`)) };
  });
  const places = tracked("worker/*.js", "bindings/*.js", "worker-shim.js", "client/src/*.ts", "README.md", "docs/*.md", "examples/**/README.md");
  for (const place of places.filter((path) => path !== "docs/platform.md")) {
    for (const { name, known } of versions) {
      const said = new RegExp(`${name.replace("/", "\\/")}[@ ]v?(\\d+(?:\\.\\d+)+)`, "gi");
      for (const [text, version] of textOf(place).matchAll(said)) assert.ok(known(version), `${place}: ${text}`);
    }
  }
});

test("Node is asked of a contributor and of an example as wrangler asks it", () => {
  const { engines } = manifestOf("node_modules/wrangler");
  assert.equal(engines.node, `>=${NODE_OF_WRANGLER}.0`);
  assert.match(textOf("scripts/lib/npm-tools.mjs"), new RegExp(`NODE_MIN = \\[${NODE_OF_WRANGLER.replace(".", ", ")}\\]`));
  for (const path of tracked("examples/*/package.json").map((file) => file.replace("/package.json", ""))) {
    const [, major, minor = "0"] = />=(\d+)(?:\.(\d+))?/.exec(manifestOf(path).engines?.node) ?? [];
    const [leastMajor, leastMinor] = NODE_OF_WRANGLER.split(".").map(Number);
    assert.ok(Number(major) > leastMajor || (Number(major) === leastMajor && Number(minor) >= leastMinor), path);
  }
});

test("one compatibility date everywhere, and every runtime that the tools bring starts with it", () => {
  const [, date = ""] = /"compatibility_date": "([\d-]+)"/.exec(textOf("wrangler.jsonc")) ?? [];
  assert.ok(date >= LEAST_DAY);
  const said = /compatibility_?date"?\s*[:=]\s*"(\d{4}-\d\d-\d\d)"/gi;
  const found = tracked("*.jsonc", "*.capnp", "*.md", "tests/docs/*.mjs").flatMap((path) =>
    [...textOf(path).matchAll(said)].map(([, other]) => ({ path, other })),
  );
  assert.ok(found.length > 10, `${found.length} places`);
  for (const { path, other } of found) assert.equal(other, date, path);
  for (const name of RUNTIMES) {
    const { dependencies } = manifestOf(`node_modules/${name}`);
    // Where it names no workerd, its miniflare has the same day: 5.20261102.0.
    const [, day = ""] = /\.(\d{8})\./.exec(dependencies.workerd ?? dependencies.miniflare) ?? [];
    assert.ok(day >= date.replaceAll("-", ""), `${name} has the runtime of ${day}`);
  }
});
