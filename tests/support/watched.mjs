/**
 * The Worker of `tests/worker/fixtures/watched.js`, whose objects are watched at work, and that of
 * `metered.js` beside it, which also tells what they cost.
 */
import assert from "node:assert/strict";

import { ROOT, startServer } from "./server.mjs";

/** @import { Counts, Meter, Stored } from "./watched.js" */
/** @import { Server } from "./server.mjs" */

const CONFIG = `${ROOT}tests/worker/fixtures/watched.wrangler.jsonc`;
const METERED_CONFIG = `${ROOT}tests/worker/fixtures/metered.wrangler.jsonc`;

/** The counts of writes. @typedef {Pick<Counts, "puts" | "deletes" | "others">} Writes */

/** @type {Writes} */
export const NO_WRITES = { puts: 0, deletes: 0, others: 0 };

/**
 * @typedef {object} Watching
 * @property {(userId: string) => Promise<Counts>} counts What the user's object has done so far.
 *   Asking does not wake it.
 * @property {(userId: string, work: () => unknown) => Promise<Writes>} writesDuring What the user's
 *   object writes while `work` runs, which must wait for the last effect it means.
 * @property {(userId: string, entries: Record<string, Stored | null>) => Promise<void>} plant Stores
 *   entries behind the session's back; those that are `null` are deleted.
 * @property {(userId: string) => Promise<Record<string, Stored>>} stored Everything that is stored.
 * @property {(whose: string, method: "put" | "delete" | "attach", how?: {times?: number, spared?: number}) => Promise<void>} failNext
 *   Makes the next such write of the user's object throw, or of the device's socket by its id; or the
 *   next few of them, and those only after some that succeed.
 * @property {(deviceId: string) => Promise<void>} damage From now on only half of what is attached to
 *   the device's sockets is kept.
 * @property {(userId: string, method: string, ...args: unknown[]) => Promise<{result?: any, thrown?: string}>} call
 *   Calls a method of the user's object as a Worker does that holds the binding.
 */

/**
 * @typedef {object} Metering
 * @property {(userId: string) => Promise<Counts & Meter>} meter What the user's object has done and
 *   cost so far. Asking does not wake it.
 * @property {(userId: string) => Promise<number>} bytes The size of its database.
 */

/**
 * @param {Pick<Server, "http">} server
 * @param {string} path
 * @param {Record<string, string>} query
 * @param {RequestInit} [options]
 */
async function askServer(server, path, query, options) {
  const response = await fetch(`${server.http}${path}?${new URLSearchParams(query)}`, options);
  assert.equal(response.status, 200);
  return /** @type {any} */ (await response.json());
}

/** @returns {Promise<Server & Watching>} */
export async function startWatchedServer() {
  const server = await startServer(CONFIG);
  return { ...server, ...watching(server) };
}

/**
 * What a server of the watched Worker can be asked.
 * @param {Pick<Server, "http">} server
 * @returns {Watching}
 */
export function watching(server) {
  /** @type {(path: string, query: Record<string, string>, options?: RequestInit) => Promise<any>} */
  const ask = (path, query, options) => askServer(server, path, query, options);
  /** @param {string} userId @returns {Promise<Counts>} */
  const counts = (userId) => ask("/test/counts", { userId });
  return {
    counts,
    async writesDuring(userId, work) {
      const before = await counts(userId);
      await work();
      const now = await counts(userId);
      return {
        puts: now.puts - before.puts,
        deletes: now.deletes - before.deletes,
        others: now.others - before.others,
      };
    },
    plant: (userId, entries) =>
      ask("/test/plant", { userId }, { method: "POST", body: JSON.stringify(entries) }),
    stored: (userId) => ask("/test/stored", { userId }),
    failNext: (userId, method, { times = 1, spared = 0 } = {}) =>
      ask("/test/fail", { userId, method, times: String(times), spared: String(spared) }),
    damage: (deviceId) => ask("/test/damage", { deviceId }),
    call: (userId, method, ...args) =>
      ask("/test/call", { userId }, { method: "POST", body: JSON.stringify({ method, args }) }),
  };
}

/** @returns {Promise<Server & Metering>} */
export async function startMeteredServer() {
  const server = await startServer(METERED_CONFIG);
  return {
    ...server,
    async meter(userId) {
      const counts = await askServer(server, "/test/counts", { userId });
      return { ...counts, ...(await askServer(server, "/test/meter", { userId })) };
    },
    bytes: (userId) => askServer(server, "/test/bytes", { userId }),
  };
}
