/** A D1 database of `wrangler dev`, as it lies on the disk. */
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
