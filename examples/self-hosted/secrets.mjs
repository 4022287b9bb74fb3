/** The secret that your app and this server share. */
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";

const FILE = new URL(".env", import.meta.url);

/** Loads `.env` into the environment. Without it, or the variable, it gets a new secret. */
export function loadSecrets() {
  if (!existsSync(FILE) && !process.env.AUTH_JWT_SECRET) {
    const secret = randomBytes(48).toString("base64");
    writeFileSync(FILE, `AUTH_JWT_SECRET="${secret}"\n`, { mode: 0o600 });
    console.log("A new secret is in .env: your app signs its tokens with it.");
  }
  // An empty variable would hide the file's.
  if (!process.env.AUTH_JWT_SECRET) delete process.env.AUTH_JWT_SECRET;
  if (existsSync(FILE)) process.loadEnvFile(FILE);
  if (!process.env.AUTH_JWT_SECRET) throw new Error("AUTH_JWT_SECRET is neither in .env nor set");
}
