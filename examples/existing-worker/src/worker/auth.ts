/** better-auth, which keeps users and their sessions in D1, and what the session server asks of it. */
import { betterAuth } from "better-auth";
import type { BetterAuthOptions } from "better-auth";
import { waitUntil } from "cloudflare:workers";
import { userSession } from "user-session-worker";
import type { EndedSessions, Identity } from "user-session-worker";
import { userSessionPlugin } from "user-session-worker/better-auth";

import { forgetProfile } from "./profile";

/** D1 takes a hundred values in a query. */
const TOKENS_MAX = 50;

/** better-auth as the app's users ask it. A session that it ends loses its sockets, too. */
export function createAuth(env: Env, origin: string) {
  return betterAuth({
    ...options(env, origin),
    plugins: [userSessionPlugin((userId) => userSession(env, userId))],
  });
}

function options(env: Env, origin?: string) {
  return {
    baseURL: origin,
    secret: env.BETTER_AUTH_SECRET,
    database: env.DB,
    emailAndPassword: { enabled: true },
    // What KV remembers of a user is dropped when it changes.
    databaseHooks: { user: { update: { after: ({ id }) => forgetProfile(env, id) } } },
    advanced: {
      // So many sessions of a user are found at once; the usual number is 100.
      database: { defaultFindManyLimit: 100_000 },
      // The only header on Cloudflare that no client can write.
      ipAddress: { ipAddressHeaders: ["cf-connecting-ip"] },
      // The answer to a sign-out does not wait for the session object.
      backgroundTasks: { handler: waitUntil },
    },
  } satisfies BetterAuthOptions;
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

/**
 * Ends in better-auth what a logout has ended in the session object. Whoever has signed in again since then stays. The
 * plugin is left out: the object knows of these ends, and would be told of each.
 */
export async function endSessions(env: Env, userId: string, ended: EndedSessions): Promise<void> {
  const { internalAdapter } = await betterAuth(options(env)).$context;
  const sessions = await internalAdapter.listSessions(userId);
  const tokens = sessions.filter(isIn(ended)).map(({ token }) => token);
  for (let at = 0; at < tokens.length; at += TOKENS_MAX) {
    await internalAdapter.deleteSessions(tokens.slice(at, at + TOKENS_MAX));
  }
}

function isIn({ credentialIds, issuedUntil = -1, exceptCredentialId }: EndedSessions) {
  return ({ id, createdAt }: { id: string; createdAt: Date }) =>
    credentialIds.includes(id) ||
    (Math.floor(createdAt.getTime() / 1_000) <= issuedUntil && id !== exceptCredentialId);
}
