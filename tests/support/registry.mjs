/**
 * A package registry on this machine, which has the packages that are installed in the project: so
 * npm can install into another folder as it does for anybody, and asks nobody outside.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { serve } from "./auth.mjs";
import { ROOT } from "./server.mjs";

/** @import { ServerResponse } from "node:http" */

/**
 * An installed package.
 * @typedef {{folder: string, manifest: {name: string, version: string}}} Installed
 */

/**
 * Starts the registry.
 * @returns {Promise<{url: string, close: () => void}>}
 */
export function startRegistry() {
  const packages = installedPackages();
  return serve((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://registry").pathname).slice(1);
    const [name = "", file] = path.split("/-/");
    const versions = packages.get(name);
    const chosen = file && versions?.get(file.replace(".tgz", ""));
    if (chosen) return void sendPackage(chosen, response);
    if (!versions || file) return void response.writeHead(404).end("{}");
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(metadataOf(name, versions, `http://${request.headers.host}`)));
  });
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
 * @param {ServerResponse} response
 */
async function sendPackage({ folder }, response) {
  const args = ["-C", folder, "--exclude=./node_modules", "--transform=s,^\\.,package,", "-cf", "-", "."];
  const tar = spawn("tar", args, { stdio: ["ignore", "pipe", "inherit"] });
  // Whoever asked may have gone.
  await pipeline(tar.stdout, response).catch(() => tar.kill());
}
