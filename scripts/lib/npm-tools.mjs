/** The npm packages, and the environment in which their tools run. */

import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Failure, root, run } from "./run.mjs";

const NODE_MIN = [22, 12];
const modules = join(root, "node_modules");
const nodeFolder = join(modules, `node-${process.platform}-${process.arch}`, "bin");

/**
 * Installs the npm packages if those in `node_modules` are not the lock file's.
 * @throws {Failure} If npm fails, or leaves no Node that wrangler accepts.
 */
export async function ensureNpmPackages() {
  if (!isInstalled()) {
    console.log("Installing npm packages");
    // Nothing here needs its install script: the binaries come as packages of their own.
    await run("npm", ["ci", "--ignore-scripts", "--loglevel=error", "--no-audit", "--no-fund"], {
      quiet: true,
      failure: "npm could not install the packages, see above.",
    });
  }
  if (!existsSync(join(nodeFolder, "node")) && !isNewEnough(process.versions.node)) {
    throw new Failure(
      `wrangler needs Node ${NODE_MIN.join(".")} or newer and this is ${process.versions.node}. ` +
        "npm has none for this machine (or left it out: then delete node_modules and try again); " +
        "install a newer one.",
    );
  }
}

/**
 * The environment for the tools: the Node that wrangler accepts and the packages' commands come
 * first, and wrangler neither asks nor tells anybody anything over the network.
 * @returns {NodeJS.ProcessEnv}
 */
export function toolEnv() {
  const path = [nodeFolder, join(modules, ".bin"), process.env.PATH ?? ""];
  return {
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    ...process.env,
    PATH: path.join(delimiter),
  };
}

/**
 * @typedef {{version?: string, optional?: boolean}} Locked
 */

function isInstalled() {
  const wanted = lockedPackages(join(root, "package-lock.json"));
  const present = lockedPackages(join(modules, ".package-lock.json"));
  const node = `node_modules/node-${process.platform}-${process.arch}`;
  return Object.entries(wanted)
    .filter(([path, { optional }]) => path.startsWith("node_modules/") && (!optional || path === node))
    .every(([path, { version }]) => path in present && present[path].version === version);
}

/**
 * @param {string} file
 * @returns {Record<string, Locked>}
 */
function lockedPackages(file) {
  if (!existsSync(file)) return {};
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

/** @param {string} version */
function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
}
