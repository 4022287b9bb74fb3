/**
 * A package registry on this machine, which has the packages that are installed in the project: so
 * npm can install into another folder as it does for anybody, and asks nobody outside.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { serve } from "./auth.mjs";
import { ROOT } from "./server.mjs";

/** @import { ServerResponse } from "node:http" */

/** A larger program is not copied: a script in its place runs the installed one. */
const PROGRAM_BYTES_MAX = 2 ** 25;

/**
 * An installed package.
 * @typedef {{folder: string, manifest: {name: string, version: string}}} Installed
 */

/**
 * Starts the registry.
 * @returns {Promise<{url: string, close: () => void}>}
 */
export async function startRegistry() {
  const packages = installedPackages();
  const copies = mkdtempSync(join(tmpdir(), "registry-"));
  const { url, close } = await serve((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://registry").pathname).slice(1);
    const [name = "", file] = path.split("/-/");
    const versions = packages.get(name);
    const chosen = file && versions?.get(file.replace(".tgz", ""));
    if (chosen) return void sendPackage(chosen, copies, response);
    if (!versions || file) return void response.writeHead(404).end("{}");
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(metadataOf(name, versions, `http://${request.headers.host}`)));
  });
  return {
    url,
    close() {
      close();
      rmSync(copies, { recursive: true });
    },
  };
}

/** @returns {Map<string, Map<string, Installed>>} By name and version. */
function installedPackages() {
  /** @type {{packages: Record<string, {link?: boolean}>}} */
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  /** @type {ReturnType<typeof installedPackages>} */
  const packages = new Map();
  for (const [path, { link }] of Object.entries(lock.packages)) {
    const folder = join(ROOT, path);
    const isInstalled = path.includes("node_modules/") && existsSync(join(folder, "package.json"));
    if (!isInstalled || link) continue;
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const versions = packages.get(manifest.name) ?? new Map();
    packages.set(manifest.name, versions.set(manifest.version, { folder, manifest }));
  }
  return packages;
}

/**
 * @param {string} name
 * @param {Map<string, Installed>} versions
 * @param {string} registry
 */
function metadataOf(name, versions, registry) {
  const withFiles = [...versions.values()].map(({ manifest }) => {
    const tarball = `${registry}/${name}/-/${manifest.version}.tgz`;
    return [manifest.version, { ...manifest, dist: { tarball } }];
  });
  const [latest] = versions.keys();
  return { name, "dist-tags": { latest }, versions: Object.fromEntries(withFiles) };
}

/**
 * Packs a package as it lies there, not compressed, which npm takes as well.
 * @param {Installed} installed
 * @param {string} copies The folder of the copies that have scripts in place of programs.
 * @param {ServerResponse} response
 */
async function sendPackage({ folder, manifest }, copies, response) {
  const programs = largePrograms(folder);
  const copy = join(copies, `${manifest.name}@${manifest.version}`);
  if (programs.length > 0) {
    cpSync(folder, copy, { recursive: true, filter: (path) => !programs.includes(path) });
    for (const program of programs) {
      writeFileSync(program.replace(folder, copy), `#!/bin/sh\nexec '${program}' "$@"\n`, { mode: 0o755 });
    }
  }
  const packed = programs.length > 0 ? copy : folder;
  const args = ["-C", packed, "--exclude=./node_modules", "--transform=s,^\\.,package,", "-cf", "-", "."];
  const tar = spawn("tar", args, { stdio: ["ignore", "pipe", "inherit"] });
  // Whoever asked may have gone.
  await pipeline(tar.stdout, response).catch(() => tar.kill());
}

/** @param {string} folder Of a package. */
function largePrograms(folder) {
  const programs = join(folder, "bin");
  if (!existsSync(programs)) return [];
  const paths = readdirSync(programs).map((name) => join(programs, name));
  return paths.filter((path) => statSync(path).size > PROGRAM_BYTES_MAX);
}
