/**
 * The build must not depend on PATH, and on a wasi-sdk by its prefix alone. The tests build a prefix with
 * a wasi-sdk's layout from the clang and the wasi libc of this machine.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Host } from "./host.mjs";
import { builds, root } from "./modules.mjs";

const LLVM = "/usr/lib/llvm-22";
const TARGET = "wasm32-wasi";

test("WASI_SDK_PREFIX alone is enough to build the module with a wasi-sdk", (context) => {
  if (process.env.WASI_SDK_PREFIX) return context.skip("all tests run on such a module already");
  const folder = mkdtempSync(join(tmpdir(), "user-session-wasi-sdk-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const prefix = join(folder, "sdk");
  layOut(prefix);
  const build = join(folder, "build");
  const module = join(folder, "session.wasm");
  const run = (/** @type {string[]} */ ...args) =>
    execFileSync("cmake", args, {
      cwd: root,
      env: { ...process.env, WASI_SDK_PREFIX: prefix },
      encoding: "utf8",
    });
  run("--preset", "wasm", "-B", build, `-DMODULE_PATH=${module}`);
  run("--build", build);

  const commands = JSON.parse(readFileSync(join(build, "compile_commands.json"), "utf8"));
  for (const { command } of commands) {
    assert.ok(command.startsWith(`${prefix}/bin/clang++ `), command);
    assert.ok(command.includes(`--sysroot=${prefix}/share/wasi-sysroot `), command);
  }
  const built = new WebAssembly.Module(readFileSync(module));
  assert.deepEqual(WebAssembly.Module.imports(built), []);
  assert.deepEqual(exportsOf(built), exportsOf(builds[0].module));
  const host = new Host(built);
  host.run("wake alice");
  assert.equal(host.run("connect 0 phone").length, 2);
  return undefined;
});

for (const preset of ["wasm", "emscripten"]) {
  test(`preset ${preset} links the same module whatever optimizer is on PATH`, (context) => {
    const folder = mkdtempSync(join(tmpdir(), "user-session-path-"));
    context.after(() => rmSync(folder, { recursive: true }));
    for (const name of ["wasm-opt", "wasm-metadce"]) {
      writeFileSync(join(folder, name), "#!/bin/sh\necho this $0 is another one >&2\nexit 3\n", { mode: 0o755 });
    }
    const build = join(root, "build", preset);
    const args = ["-t", "commands", "session.linked.wasm"];
    const commands = execFileSync("ninja", args, { cwd: build, encoding: "utf8" }).trim().split("\n");
    const again = join(folder, "again.wasm");
    const link = String(commands.at(-1)).replace(" -o session.linked.wasm", ` -o ${again}`);
    const PATH = `${folder}:${process.env.PATH}`;
    execFileSync("sh", ["-c", link], { cwd: build, env: { ...process.env, PATH } });
    assert.deepEqual(readFileSync(again), readFileSync(join(build, "session.linked.wasm")));
  });
}

/** @param {WebAssembly.Module} module */
function exportsOf(module) {
  return WebAssembly.Module.exports(module).map(({ name }) => name).sort();
}

/**
 * Makes the folders of a wasi-sdk. In its sysroot libc and libc++ share folders, as in Debian.
 * @param {string} prefix
 */
function layOut(prefix) {
  const sysroot = join(prefix, "share/wasi-sysroot");
  link(join(LLVM, "bin"), join(prefix, "bin"), ["clang", "clang++", "wasm-ld"]);
  link(join("/usr/include", TARGET), join(sysroot, "include", TARGET));
  link(join("/usr/lib", TARGET), join(sysroot, "lib", TARGET));
}

/**
 * @param {string} from A folder.
 * @param {string} to The folder that gets links to its entries.
 * @param {string[]} [names] Which of them.
 */
function link(from, to, names = readdirSync(from)) {
  mkdirSync(to, { recursive: true });
  for (const name of names) symlinkSync(join(from, name), join(to, name));
}
