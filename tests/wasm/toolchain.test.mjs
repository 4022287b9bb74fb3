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
import { root } from "./modules.mjs";

const LLVM = "/usr/lib/llvm-22";
const TARGET = "wasm32-wasi";

const BUILD = join(root, "build/wasm");
const LINKED = "session.linked.wasm";

test("WASI_SDK_PREFIX alone is enough to build the module with a wasi-sdk", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "user-session-wasi-sdk-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const prefix = process.env.WASI_SDK_PREFIX ?? layOut(join(folder, "sdk"));
  const build = join(folder, "build");
  const env = { ...process.env, WASI_SDK_PREFIX: prefix };
  execFileSync("cmake", ["--preset", "wasm", "-B", build, `-DMODULE_PATH=${join(folder, "session.wasm")}`], { cwd: root, env });
  const commands = JSON.parse(readFileSync(join(build, "compile_commands.json"), "utf8"));
  for (const { command } of commands) {
    assert.ok(command.startsWith(`${prefix}/bin/clang++ `), command);
    assert.ok(command.includes(`--sysroot=${prefix}/share/wasi-sysroot `), command);
  }
  // The compiler is the same, so one file of each kind stands for the others, whose objects are there.
  for (const object of ["session_core.dir/src/json/json_fields.cpp.obj", "session.dir/bindings/runtime/heap.cpp.obj"]) {
    execFileSync("ninja", [`CMakeFiles/${object}`], { cwd: build });
    assert.deepEqual(readFileSync(join(build, "CMakeFiles", object)), readFileSync(join(BUILD, "CMakeFiles", object)), object);
  }
  assert.deepEqual(linkedAgain(build, BUILD, folder), readFileSync(join(BUILD, LINKED)));
});

for (const preset of ["wasm", "emscripten"]) {
  test(`preset ${preset} links the same module whatever optimizer is on PATH`, (context) => {
    const folder = mkdtempSync(join(tmpdir(), "user-session-path-"));
    context.after(() => rmSync(folder, { recursive: true }));
    for (const name of ["wasm-opt", "wasm-metadce"]) {
      writeFileSync(join(folder, name), "#!/bin/sh\necho this $0 is another one >&2\nexit 3\n", { mode: 0o755 });
    }
    const build = join(root, "build", preset);
    const again = linkedAgain(build, build, folder, { PATH: `${folder}:${process.env.PATH}` });
    assert.deepEqual(again, readFileSync(join(build, LINKED)));
  });
}

/**
 * Links the module as a build does.
 * @param {string} build
 * @param {string} objects The folder of the build that has the objects.
 * @param {string} folder Gets the module.
 * @param {Record<string, string>} [env]
 */
function linkedAgain(build, objects, folder, env = {}) {
  const commands = execFileSync("ninja", ["-t", "commands", LINKED], { cwd: build, encoding: "utf8" });
  const again = join(folder, "again.wasm");
  const link = String(commands.trim().split("\n").at(-1)).replace(` -o ${LINKED}`, ` -o ${again}`);
  execFileSync("sh", ["-c", link], { cwd: objects, env: { ...process.env, ...env } });
  return readFileSync(again);
}

/**
 * Makes the folders of a wasi-sdk. In its sysroot libc and libc++ share folders, as in Debian.
 * @param {string} prefix
 * @returns {string} It again.
 */
function layOut(prefix) {
  const sysroot = join(prefix, "share/wasi-sysroot");
  link(join(LLVM, "bin"), join(prefix, "bin"), ["clang", "clang++", "wasm-ld"]);
  link(join("/usr/include", TARGET), join(sysroot, "include", TARGET));
  link(join("/usr/lib", TARGET), join(sysroot, "lib", TARGET));
  return prefix;
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
