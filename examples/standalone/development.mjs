/** What your own app does with your own secret; here for trying it out on this machine. */
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { SignJWT } from "jose";

const FILE = new URL(".dev.vars", import.meta.url);

/** How long a token is good, and the cookie that holds it. */
export const TOKEN_SECONDS = 3_600;

/** The secret that `wrangler dev` reads from `.dev.vars`, a new one if there is none yet. */
export function developmentSecret() {
  if (!existsSync(FILE)) {
    const secret = randomBytes(48).toString("base64");
    writeFileSync(FILE, `AUTH_JWT_SECRET="${secret}"\n`, { mode: 0o600 });
  }
  const secret = /^AUTH_JWT_SECRET="?([^"\n]+)/m.exec(readFileSync(FILE, "utf8"))?.[1];
  if (!secret) throw new Error(".dev.vars has no AUTH_JWT_SECRET");
  return secret;
}

/**
 * Signs a user in.
 * @param {string} userId
 * @returns {Promise<string>} A token. `sid` names the sign-in, so that one device can be logged out;
 *   where an app renews its tokens it keeps `sid` and puts the sign-in's time into `auth_time`.
 */
export function signToken(userId) {
  return new SignJWT({ sid: randomUUID() })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime(`${TOKEN_SECONDS} seconds`)
    .sign(new TextEncoder().encode(developmentSecret()));
}
