/** The compilers and tools that npm does not bring: found, or installed where Debian's apt is. */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { spawnSync } from "node:child_process";
import { LEFT_OUT } from "./left-out.mjs";
import { Failure, run } from "./run.mjs";

/**
 * @typedef {object} Tool
 * @property {string} package Its Debian package.
 * @property {string} what What to look for where there is no such package.
 * @property {string | string[]} probe A command's name, or the path of a file below one of `PREFIXES`; of
 *     several, one is enough.
 * @property {boolean} [isOptional] Whether tests are left out where it can't be installed.
 */

const PREFIXES = ["/usr", "/usr/local", "/opt/homebrew"];

/** @type {Tool[]} */
const BUILD = [
  { package: "cmake", what: "CMake 3.25 or newer", probe: "cmake" },
  { package: "ninja-build", what: "Ninja", probe: "ninja" },
  { package: "nlohmann-json3-dev", what: "nlohmann/json 3.11", probe: "include/nlohmann/json.hpp" },
];

/** @type {Tool} */
const CLANG = { package: "clang-22", what: "clang 22", probe: "clang++-22" };

/** @type {Tool[]} What a wasi-sdk named by WASI_SDK_PREFIX stands in for. */
const WASI = [
  CLANG,
  { package: "lld-22", what: "lld 22", probe: "wasm-ld-22" },
  {
    package: "libc++-22-dev-wasm32",
    what: "libc++ for Wasm",
    probe: "lib/wasm32-wasi/libc++.a",
  },
  {
    package: "libc++abi-22-dev-wasm32",
    what: "libc++abi for Wasm",
    probe: "lib/wasm32-wasi/libc++abi.a",
  },
  {
    package: "libclang-rt-22-dev-wasm32",
    what: "compiler-rt for Wasm",
    probe: "lib/llvm-22/lib/clang/22/lib/wasi/libclang_rt.builtins-wasm32.a",
  },
  { package: "wasi-libc", what: "wasi-libc", probe: "lib/wasm32-wasi/libc.a" },
];

/** The commands of Chromium as users have it. */
export const WHOLE_CHROMIUM = ["chromium", "chromium-browser", "google-chrome"];

/**
 * Chromium's commands, of which the first that is there is used: the shell without windows takes half
 * of the time that the whole browser does.
 */
export const CHROMIUM = ["chromium-headless-shell", ...WHOLE_CHROMIUM];

/** Firefox's commands. */
export const FIREFOX = ["firefox-esr", "firefox"];

/** @type {Tool[]} */
const TEST = [
  CLANG,
  { package: "g++", what: "a C++ standard library (with g++)", probe: "g++" },
  {
    package: "libclang-rt-22-dev",
    what: "clang 22's sanitizers",
    probe: "lib/llvm-22/lib/clang/22/lib/linux",
  },
  { package: "clang-tidy-22", what: "clang-tidy 22", probe: "clang-tidy-22" },
  { package: "clang-format-22", what: "clang-format 22", probe: "clang-format-22" },
  { package: "libgtest-dev", what: "GoogleTest", probe: "include/gtest/gtest.h" },
  { package: "emscripten", what: "Emscripten 3.1.6 or newer", probe: "em++" },
  { package: "gcc", what: "a C compiler (gcc or clang as cc)", probe: "cc" },
  { package: "spin", what: "Spin 6.5 (spinroot.com)", probe: "spin" },
  { package: "chromium-headless-shell", what: "Chromium", probe: CHROMIUM },
  { package: "chromium", what: "Chromium with windows", probe: WHOLE_CHROMIUM, isOptional: true },
  { package: "firefox-esr", what: "Firefox", probe: FIREFOX, isOptional: true },
  { package: "webkit2gtk-driver", what: "WebKitGTK's driver", probe: "WebKitWebDriver", isOptional: true },
  { package: "xvfb", what: "Xvfb", probe: "Xvfb", isOptional: true },
  { package: "nginx", what: "nginx", probe: ["nginx", "sbin/nginx"], isOptional: true },
  { package: "haproxy", what: "HAProxy", probe: ["haproxy", "sbin/haproxy"], isOptional: true },
];

/**
 * Sees to it that the tools are there, installing Debian's packages if that is possible.
 * @param {"build" | "test"} purpose
 * @throws {Failure} Naming what is missing, where it can't be installed.
 */
export async function ensureNativeTools(purpose) {
  const wanted = new Set([
    ...BUILD,
    ...(process.env.WASI_SDK_PREFIX ? [] : WASI),
    ...(purpose === "test" ? TEST : []),
  ]);
  const missing = withoutInstalledPackages([...wanted]);
  if (missing.length === 0) return;
  const become = rootPrefix();
  if (become && commandExists("apt-get")) {
    const needed = missing.filter(({ isOptional }) => !isOptional);
    if (needed.length > 0) await install(needed, become);
    // Each by itself, since apt-get installs none of several if it does not know one.
    for (const tool of missing.filter(({ isOptional }) => isOptional)) {
      await install([tool], become).catch(() => console.log(`${tool.what} can't be installed: its tests are left out`));
    }
    return;
  }
  const notFound = missing.filter(({ probe, isOptional }) => !isOptional && !isFound(probe));
  if (notFound.length > 0) {
    throw new Failure(`these tools are missing, and apt-get can't be used:\n${list(notFound)}`);
  }
}

/**
 * Why tests are left out here that need optional tools, if one of these is missing.
 * @param {string} what The tests need.
 * @param {string[]} packages Debian's, of the tools.
 * @returns {string | false}
 */
export function whyLeftOut(what, packages) {
  const missing = TEST.find((tool) => packages.includes(tool.package) && !isFound(tool.probe));
  return missing ? `${LEFT_OUT}${what} (Debian package ${missing.package} is not installed)` : false;
}

/**
 * @param {Tool[]} tools
 * @returns {Tool[]}
 */
function withoutInstalledPackages(tools) {
  const format = "${Package} ${db:Status-Status}\n";
  const names = tools.map((tool) => tool.package);
  const query = spawnSync("dpkg-query", ["-W", "-f", format, ...names], { encoding: "utf8" });
  const lines = new Set((query.stdout ?? "").split("\n"));
  return tools.filter((tool) => !lines.has(`${tool.package} installed`));
}

/**
 * The command that makes the next one run as root: none for root, `null` if there is no way.
 * @returns {string[] | null}
 */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  // With a terminal sudo may ask for the password; it opens the terminal itself.
  const sudo = process.stdin.isTTY ? ["sudo"] : ["sudo", "-n"];
  const check = spawnSync("sudo", [...sudo.slice(1), "-v"], {
    stdio: process.stdin.isTTY ? "inherit" : "ignore",
  });
  return check.status === 0 ? sudo : null;
}

/**
 * @param {Tool[]} tools
 * @param {string[]} become
 */
async function install(tools, become) {
  const names = tools.map((tool) => tool.package);
  console.log(`Installing Debian packages (a few minutes): ${names.join(" ")}`);
  const failure = `apt-get could not install these tools, see above:\n${list(tools)}`;
  // In runlevel 1 a package that is installed starts no server: nginx would listen on port 80 at once.
  const [command, ...args] = [
    ...become,
    ...["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"],
  ];
  await run(command, [...args, "update"], { quiet: true, failure });
  await run(command, [...args, "install", "-y", "--no-install-recommends", ...names], {
    quiet: true,
    failure,
  });
}

/** @param {Tool[]} tools */
function list(tools) {
  const lines = tools.map((tool) => `  ${tool.what} (Debian package ${tool.package})`);
  lines.push("Install them, then run this again.");
  if (tools.some((tool) => WASI.includes(tool))) {
    lines.push("For the Wasm tools a wasi-sdk will do: set WASI_SDK_PREFIX to its folder.");
  }
  return lines.join("\n");
}

/** @param {string | string[]} probe */
function isFound(probe) {
  return [probe].flat().some((path) => {
    if (!path.includes("/")) return commandExists(path);
    return PREFIXES.some((prefix) => existsSync(join(prefix, path)));
  });
}

/** @param {string} name */
function commandExists(name) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, name)));
}
