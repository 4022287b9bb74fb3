/** better-auth, which keeps users and their sessions in D1, and what the session server asks of it. */
import { betterAuth } from "better-auth";
import type { EndedSessions, Identity } from "user-session-worker";

import { forgetProfile } from "./profile";

/** @param origin Where the app is asked. It is left out where nobody asks. */
export function createAuth(env: Env, origin?: string) {
  return betterAuth({
    baseURL: origin,
    secret: env.BETTER_AUTH_SECRET,
    database: env.DB,
    emailAndPassword: { enabled: true },
    // What KV remembers of a user is dropped when it changes.
    databaseHooks: { user: { update: { after: ({ id }) => forgetProfile(env, id) } } },
    // The only header on Cloudflare that no client can write.
    advanced: { ipAddress: { ipAddressHeaders: ["cf-connecting-ip"] } },
  });
}

/** Whose session a request brings, as better-auth's cookie says. */
export async function sessionOf(request: Request, env: Env) {
  const { origin } = new URL(request.url);
  // Neither a copy in a cookie, which would outlive a logout, nor a new cookie, which would be lost.
  const query = { disableCookieCache: true, disableRefresh: true };
  return createAuth(env, origin).api.getSession({ headers: request.headers, query });
}

/** The same for the session server. What throws here is a 503 there. */
export async function authenticate(request: Request, env: Env): Promise<Identity | null> {
  const found = await sessionOf(request, env);
  if (!found) return null;
  return {
    userId: found.user.id,
    issuedAt: found.session.createdAt.getTime() / 1_000,
    expiresAt: found.session.expiresAt.getTime(),
    credentialId: found.session.id,
  };
}

/** Ends those of a user's sessions that a logout has ended. Whoever has signed in again since then stays. */
export async function endSessions(env: Env, userId: string, ended: EndedSessions): Promise<void> {
  const { issuedUntil = 0, credentialIds, exceptCredentialId } = ended;
  const { internalAdapter } = await createAuth(env).$context;
  const sessions = await internalAdapter.listSessions(userId);
  const over = sessions.filter(({ id, createdAt }) => {
    const isOld = Math.floor(createdAt.getTime() / 1_000) <= issuedUntil && id !== exceptCredentialId;
    return isOld || credentialIds.includes(id);
  });
  await internalAdapter.deleteSessions(over.map(({ token }) => token));
}
