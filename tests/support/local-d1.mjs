/** The D1 database of an app with better-auth in `wrangler dev`, as it lies on the disk. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const STATE = ".wrangler/state/v3/d1";

/**
 * Opens the database of an app that has a table.
 * @param {string} app The app's folder.
 * @param {string} table
 */
export function openD1(app, table) {
  const folder = join(app, STATE);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of names.filter((path) => path.endsWith(".sqlite"))) {
    const found = new DatabaseSync(join(folder, name), { timeout: 5_000 });
    if (found.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table)) return found;
    found.close();
  }
  throw new Error(`no database with the table ${table} in ${names.join(", ")}`);
}

/**
 * Adds copies of each session of a user, with ids and tokens of their own.
 * @param {DatabaseSync} database
 * @param {string} userId
 * @param {number} count
 */
export function copySessions(database, userId, count) {
  const copied = "id || n, expiresAt, token || n, createdAt, updatedAt, ipAddress, userAgent, userId";
  const statement = database.prepare(`
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
    INSERT INTO session (id, expiresAt, token, createdAt, updatedAt, ipAddress, userAgent, userId)
    SELECT ${copied} FROM session, numbers WHERE userId = ?`);
  statement.run(count, userId);
}

/** @param {DatabaseSync} database @param {string} userId */
export function sessionCount(database, userId) {
  return database.prepare("SELECT count(*) AS count FROM session WHERE userId = ?").get(userId)?.count;
}
