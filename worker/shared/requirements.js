/**
 * The server's requirements for the platform around it, and what to do where one is not met. A newer
 * version of anything is as good.
 */

/** The least versions of the tools that bring the runtime, and the least compatibility date. */
export const LEAST = {
  wrangler: "4.79.0",
  "@cloudflare/vite-plugin": "1.40.0",
  compatibilityDate: "2024-09-23",
};

/** Below these a tool takes the class for one without storage if `exports` declares it. */
export const LEAST_FOR_EXPORTS = { wrangler: "4.115.0", "@cloudflare/vite-plugin": "1.48.0" };

/** The advice when the runtime is too old. */
export const UPDATE =
  `update wrangler to ${LEAST.wrangler} or newer, and @cloudflare/vite-plugin to ` +
  `${LEAST["@cloudflare/vite-plugin"]} or newer`;

export const NO_BINDING = "env.USER_SESSION_DO: expected the binding to the class UserSessionDO";

/** Two runtimes that share objects, as wrangler's dev registry lets them, pass on no names. */
const ONE_RUNTIME = "Workers that share objects run in one `wrangler dev -c <one> -c <other>`";

/** The object was found by its name, and does not know it. */
export const OLD_TOOLS = `the runtime is too old to tell an object its name: ${UPDATE}. ${ONE_RUNTIME}`;

/** The object does not know its name, and nobody knows how it was found. */
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

/** The platform, or how it is set up, lacks what the server needs. The message says what to do. */
export class PlatformError extends Error {}
