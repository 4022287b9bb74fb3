/**
 * The versions and settings that the server requires, and the texts that say what to do if one is missing. The
 * checks belong to platform.js and to those who throw a PlatformError.
 */

/** The least versions of the tools that bring the runtime, and the least compatibility date. */
export const LEAST = {
  wrangler: "4.79.0",
  "@cloudflare/vite-plugin": "1.40.0",
  compatibilityDate: "2024-09-23",
};

/** The least versions that know the storage of a class which `exports` declares. */
export const LEAST_FOR_EXPORTS = { wrangler: "4.115.0", "@cloudflare/vite-plugin": "1.48.0" };

/** The advice for a runtime that is too old. */
export const UPDATE =
  `update wrangler to ${LEAST.wrangler} or newer, and @cloudflare/vite-plugin to ` +
  `${LEAST["@cloudflare/vite-plugin"]} or newer`;

export const NO_BINDING = "env.USER_SESSION_DO: expected the binding to the class UserSessionDO";

/** Two runtimes that share objects by wrangler's dev registry lose the objects' names. */
const ONE_RUNTIME = "Workers that share objects run in one `wrangler dev -c <one> -c <other>`";

/** The advice if an object was found by its name and does not know it. */
export const OLD_TOOLS = `the runtime is too old to tell an object its name: ${UPDATE}. ${ONE_RUNTIME}`;

/** The advice if an object does not know its name, however it was found. */
export const NO_NAME =
  "this object does not know its user. If it was found by newUniqueId or idFromString, find it by " +
  `userSession(env, userId) or idFromName(userId). If it was found by idFromName, ${UPDATE}. ${ONE_RUNTIME}`;

export const NO_SQLITE =
  "the class UserSessionDO has no SQLite storage: declare it in wrangler.jsonc by new_sqlite_classes (or " +
  `by exports with "storage": "sqlite", from wrangler ${LEAST_FOR_EXPORTS.wrangler} and ` +
  `@cloudflare/vite-plugin ${LEAST_FOR_EXPORTS["@cloudflare/vite-plugin"]} on) and not by new_classes, which ` +
  "can't be changed afterwards: such a class needs another name";

export const NO_RPC =
  "a Durable Object's methods can't be called: set compatibility_date in wrangler.jsonc to " +
  `${LEAST.compatibilityDate} or later`;

/** The platform or its configuration lacks something. The message says what to do. */
export class PlatformError extends Error {}
