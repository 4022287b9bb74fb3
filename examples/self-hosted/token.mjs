/** Prints a token for an hour, as your app's sign-in makes it: `npm run --silent token <user>`. */
import { randomUUID } from "node:crypto";

import { SignJWT } from "jose";

import { loadSecrets } from "./secrets.mjs";

const [userId] = process.argv.slice(2);
if (!userId) throw new Error("usage: npm run --silent token <user>");
loadSecrets();
const token = await new SignJWT({ sid: randomUUID() })
  .setProtectedHeader({ alg: "HS256" })
  .setSubject(userId)
  .setIssuedAt()
  .setExpirationTime("1 hour")
  .sign(new TextEncoder().encode(process.env.AUTH_JWT_SECRET));
console.log(token);
