/** The least versions of what the package works with: the documentation, the manifest and the messages say the same. */

/**
 * @typedef {object} Requirement
 * @property {string} least With which it works at all.
 * @property {string} [forExports] With which the class may be declared by `exports`; below it by `migrations`.
 */

/** @type {Record<string, Requirement>} By the package's name. */
export const PACKAGES = {
  "@cloudflare/vite-plugin": { least: "1.40.0", forExports: "1.48.0" },
  "@cloudflare/vitest-plugin": { least: "1.0.0" },
  react: { least: "18" },
  typescript: { least: "5.8" },
  wrangler: { least: "4.79.0", forExports: "4.115.0" },
};

/** For the client, which has no global WebSocket before Node 22 and takes that of `ws`. */
export const NODE = "20";

/** For wrangler and Vite's plugin, as their newest releases say themselves. */
export const NODE_OF_WRANGLER = "22.12";

/** The compatibility date, for RPC. */
export const LEAST_DAY = "2024-09-23";
