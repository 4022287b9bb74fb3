/** Installs the npm packages, if those that are there are not the lock file's. */

import { ensureNpmPackages } from "./lib/npm-tools.mjs";
import { main } from "./lib/run.mjs";

await main(ensureNpmPackages);
