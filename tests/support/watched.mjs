/**
 * The Worker of `tests/worker/fixtures/watched.js`, whose objects are watched at work.
 */
import assert from "node:assert/strict";

import { ROOT, startServer } from "./server.mjs";

/** @import { Counts, Stored } from "./watched.js" */
/** @import { Server } from "./server.mjs" */

const CONFIG = `${ROOT}tests/worker/fixtures/watched.wrangler.jsonc`;

/** The counts of writes. @typedef {Pick<Counts, "puts" | "deletes" | "others">} Writes */

/** @type {Writes} */
export const NO_WRITES = { puts: 0, deletes: 0, others: 0 };

/**
 * @typedef {object} Watching
 * @property {(userId: string) => Promise<Counts>} counts What the user's object has done so far.
 *   Asking does not wake it.
 * @property {(userId: string, work: () => unknown) => Promise<Writes>} writesDuring What the user's
 *   object writes while `work` runs, which must wait for the last effect it means.
 * @property {(userId: string, entries: Record<string, Stored>) => Promise<void>} plant Stores
 *   entries behind the session's back.
 * @property {(userId: string) => Promise<Record<string, Stored>>} stored Everything that is stored.
 * @property {(userId: string, method: "put" | "delete") => Promise<void>} failNext Makes the next
 *   such write of the user's object throw.
 */

/** @returns {Promise<Server & Watching>} */
export async function startWatchedServer() {
  const server = await startServer(CONFIG);
  /**
   * @param {string} path
   * @param {Record<string, string>} query
   * @param {RequestInit} [options]
   */
  async function ask(path, query, options) {
    const response = await fetch(`${server.http}${path}?${new URLSearchParams(query)}`, options);
    assert.equal(response.status, 200);
    return /** @type {any} */ (await response.json());
  }
  /** @param {string} userId @returns {Promise<Counts>} */
  const counts = (userId) => ask("/test/counts", { userId });
  return {
    ...server,
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
    failNext: (userId, method) => ask("/test/fail", { userId, method }),
  };
}
