/** The size of a page that imports the package: at first, and later. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { ROOT } from "../../tests/support/server.mjs";

/**
 * Bundles a page's import as a bundler does that splits.
 * @param {string} code
 */
async function bundled(code) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: ROOT, sourcefile: "page.js" },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    external: ["react"],
    metafile: true,
    write: false,
    outdir: "/page",
    entryNames: "page",
    chunkNames: "[name]",
  });
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const kB = (/** @type {string} */ name) => {
    const file = outputFiles.find(({ path }) => basename(path) === name);
    return gzipSync(file?.contents ?? "", { level: 9 }).length / 1_000;
  };
  const filesOf = (/** @type {string} */ name) =>
    Object.entries(outputs.get(name)?.inputs ?? {}).filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && path !== "page.js").map(([path]) => path);
  const names = [...outputs.keys()];
  const imports = outputs.get("page.js")?.imports ?? [];
  return {
    /** The modules of what is loaded at first, and of all. */
    first: filesOf("page.js"),
    files: names.flatMap(filesOf),
    /** The files that it may load later. */
    asks: imports.filter(({ kind }) => kind === "dynamic-import").length,
    bytes: outputs.get("page.js")?.bytes ?? 0,
    /** The parts that are loaded later. */
    later: names.filter((name) => name !== "page.js").sort(),
    /** Whatever is loaded at first beside the page's own file. */
    besides: imports.filter(({ kind }) => kind !== "dynamic-import").map(({ path }) => path),
    kB,
  };
}

const CLIENT = 'export { UserSessionClient } from "user-session-worker/client";';
const HOOK = 'export { useUserSession } from "user-session-worker/react";';
const PARTS = ["app.js", "diagnosis.js", "tabs.js"];

test("a page that imports the client loads no React, and neither it nor the hook brings any of the server", async () => {
  const [client, hook] = await Promise.all([bundled(CLIENT), bundled(HOOK)]);
  assert.deepEqual([client.besides, hook.besides], [[], ["react"]]);
  for (const { files } of [client, hook]) {
    assert.ok(files.length > 0 && files.every((path) => path.startsWith("client/dist/")), String(files));
  }
  assert.ok(!client.files.includes("client/dist/react.js"));
});

test("what a page needs at first is one file, and no part that is loaded later has anything of it", async () => {
  for (const code of [CLIENT, HOOK]) {
    const { first, files, later, kB } = await bundled(code);
    assert.deepEqual(later, PARTS);
    assert.equal(files.length, new Set(files).size, "a module that two parts have");
    for (const name of ["tabs", "diagnosis", "app"]) assert.ok(!first.includes(`client/dist/${name}.js`), name);
    const most = code === HOOK ? 19.8 : 17.9;
    assert.ok(kB("page.js") <= most, `${kB("page.js")} kB of ${most}`);
  }
});

test("an export that a page does not use adds nothing to it", async () => {
  const nothing = await bundled('import {} from "user-session-worker/client"; import {} from "user-session-worker/react";');
  assert.deepEqual([nothing.first, nothing.asks, nothing.besides], [[], 0, []]);
  const codes = await bundled('export { PROBLEM_CODES } from "user-session-worker/client";');
  assert.deepEqual([codes.first, codes.asks, codes.besides], [["client/dist/problem.js"], 0, []]);
  assert.ok(codes.bytes < 400, `${codes.bytes} bytes`);
  const client = await bundled(CLIENT);
  const shared = await bundled('export { shareClient } from "user-session-worker/client";');
  assert.deepEqual(shared.first.filter((path) => !client.first.includes(path)), ["client/dist/shared.js"]);
  assert.ok(!client.first.includes("client/dist/shared.js"));
});

/** The modules of client/src that each export for React brings and the hook alone does not. @type {Record<string, string[]>} */
const REACT_EXPORTS = {
  useUserSession: [],
  shallowEqual: ["equal"],
  UserSessionProvider: ["provider", "use-selected"],
  useSessionActions: ["hooks"],
  usePresence: ["hooks", "use-selected"],
  useDevices: ["hooks", "use-selected"],
  useConnectionStatus: ["equal", "hooks", "use-selected"],
  useSessionEvent: ["hearing", "hooks"],
  useUserValue: ["hooks", "use-selected"],
  useInbox: ["equal", "hooks", "use-selected"],
  createSessionHooks: ["equal", "hearing", "hooks", "typed", "typed-hooks", "use-selected"],
  DeviceList: ["account-parts", "device-list", "hooks", "use-selected"],
  LogoutEverywhere: ["account-parts", "hooks", "logout-everywhere"],
};

test("each export for React brings what it needs, and nothing of another: who has the hook alone pays for no other", async () => {
  const exported = await import("user-session-worker/react");
  assert.deepEqual(Object.keys(exported).sort(), Object.keys(REACT_EXPORTS).sort());
  const { first: hook, kB } = await bundled(HOOK);
  for (const [name, modules] of Object.entries(REACT_EXPORTS)) {
    const { first } = await bundled(`export { ${name} } from "user-session-worker/react";`);
    const more = first.filter((path) => !hook.includes(path));
    assert.deepEqual(more.sort(), modules.map((module) => `client/dist/${module}.js`).sort(), name);
  }
  // All of them together are small, too.
  const all = await bundled('export * from "user-session-worker/react";');
  assert.ok(all.kB("page.js") - kB("page.js") < 5, `${all.kB("page.js") - kB("page.js")} kB`);
});

/** The sizes in docs/react.md, and the exports that each is of. @type {[RegExp, string[]][]} */
const REACT_TOLD = [
  [/([\d.]+) kB with `useUserSession` alone/, ["useUserSession"]],
  [/([\d.]+) kB with the provider/, ["UserSessionProvider", "useUserSession"]],
  [/([\d.]+) kB with all hooks/, ["UserSessionProvider", ...Object.keys(REACT_EXPORTS).filter((name) => name.startsWith("use"))]],
  [/([\d.]+) kB with a provider and the hooks of a definition/, ["UserSessionProvider", "createSessionHooks"]],
  [/([\d.]+) kB with everything/, Object.keys(REACT_EXPORTS)],
];

test("the docs tell what it weighs", async () => {
  const docs = ["client", "react"].map((page) => readFileSync(`${ROOT}docs/${page}.md`, "utf8").replaceAll("\n", " ")).join(" ");
  const [client, hook] = await Promise.all([bundled(CLIENT), bundled(HOOK)]);
  /** @type {[string, RegExp, number][]} */
  const told = [
    ["the client", /the client has ([\d.]+) kB at first/, client.kB("page.js")],
    ["the hook", /with the hook ([\d.]+) kB/, hook.kB("page.js")],
    ...PARTS.map((part) => /** @type {[string, RegExp, number]} */ ([part, new RegExp(`\\| \`${part.replace(".js", "")}\` \\| ([\\d.]+) kB`), client.kB(part)])),
  ];
  for (const [pattern, names] of REACT_TOLD) {
    const page = await bundled(`export { ${names.join()} } from "user-session-worker/react";`);
    told.push([names.join(), pattern, page.kB("page.js")]);
  }
  for (const [what, pattern, kB] of told) {
    // Not every zlib compresses alike.
    const said = Number(pattern.exec(docs)?.[1]);
    assert.ok(Math.abs(said - kB) < 0.15, `${what} has ${kB} kB, and the docs say ${said}: write ${kB.toFixed(1)}`);
  }
});
