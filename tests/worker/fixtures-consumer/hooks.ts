/** What a consumer may add; only its types are tested here. */
import { UserSessionDO, routeUserSession } from "user-session-worker";
import type { EndedSessions, Identity, LogoutScope } from "user-session-worker";

export class HookedSessionDO extends UserSessionDO<Env> {
  override async onLogout(userId: string, scope: LogoutScope, env: Env, ended: EndedSessions): Promise<void> {
    const where: "all" | "others" | "device" | "credential" = scope;
    const until: number | undefined = ended.issuedUntil;
    const spared: string | undefined = ended.exceptCredentialId;
    const ids: string[] = ended.credentialIds;
    const body = JSON.stringify({ until, spared, ids, at: ended.at.toFixed(), scope: ended.scope });
    await fetch(`https://app.example/${where}/${userId}/${typeof env.USER_SESSION_DO}`, { method: "POST", body });
  }
}

async function authenticate(request: Request, env: Env): Promise<Identity | null> {
  const userId = request.headers.get("X-User");
  return userId && env.USER_SESSION_DO ? { userId, issuedAt: 1, credentialId: "c" } : null;
}

export function route(request: Request, env: Env): Promise<Response | null> {
  return routeUserSession(request, env, { authenticate });
}

export function refused(request: Request, env: Env): Promise<Response | null> {
  // @ts-expect-error An identity says when it was issued.
  return routeUserSession(request, env, { authenticate: () => ({ userId: "kim" }) });
}
