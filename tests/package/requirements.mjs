/** The least versions of what the package works with: the documentation, the manifest and the messages say the same. */

import { LEAST, LEAST_FOR_EXPORTS } from "../../worker/common/requirements.js";

/**
 * @typedef {object} Requirement
 * @property {string} least With which it works at all.
 * @property {string} [forExports] With which the class may be declared by `exports`; below it by `migrations`.
 */

/** @param {"wrangler" | "@cloudflare/vite-plugin"} name @returns {Requirement} What the server's messages say. */
const told = (name) => ({ least: LEAST[name], forExports: LEAST_FOR_EXPORTS[name] });

/** @type {Record<string, Requirement>} By the package's name. */
export const PACKAGES = {
  "@cloudflare/vite-plugin": told("@cloudflare/vite-plugin"),
  "@cloudflare/vitest-plugin": { least: "1.0.0" },
  "better-auth": { least: "1.6.0" },
  react: { least: "18" },
  typescript: { least: "5.8" },
  wrangler: told("wrangler"),
};

/** For the client, which has no global WebSocket before Node 22 and takes that of `ws`. */
export const NODE = "20";

/** For wrangler and Vite's plugin, as their newest releases say themselves. */
export const NODE_OF_WRANGLER = "22.12";

/** For RPC. */
export const LEAST_DAY = LEAST.compatibilityDate;
