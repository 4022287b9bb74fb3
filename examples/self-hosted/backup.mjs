/** Copies every user's database while the server runs: `npm run backup <folder>`. */
import { mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync, backup } from "node:sqlite";

const [given] = process.argv.slice(2);
if (!given) throw new Error("usage: npm run backup <folder>");
const folder = resolve(given);
process.chdir(import.meta.dirname);

// Each user's file is whole in itself, and no two depend on each other.
const files = readdirSync("data", { recursive: true, encoding: "utf8" });
const databases = files.filter((name) => name.endsWith(".sqlite"));
for (const name of databases) {
  const copy = join(folder, name);
  mkdirSync(join(copy, ".."), { recursive: true });
  const database = new DatabaseSync(join("data", name), { readOnly: true, timeout: 5_000 });
  await backup(database, copy);
  database.close();
}
console.log(`${databases.length} databases are in ${folder}`);
