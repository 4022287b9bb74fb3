/** The session object of this app: it knows where the truth about the games is. */
import { UserSessionDO as SessionDO } from "user-session-worker";
import type { EndedSessions, LogoutScope } from "user-session-worker";

import { endSessions } from "./auth";
import { gamesOf } from "./games";
import { forgetProfile } from "./profile";

export class UserSessionDO extends SessionDO<Env> {
  #reconciling: Promise<unknown> = Promise.resolve();

  /**
   * A device that connects is told what D1 has; so is one that stays through a `clear`. D1 is asked only behind the
   * session's own answer, which refuses strangers.
   */
  override async fetch(request: Request): Promise<Response> {
    const response = await super.fetch(request);
    const isClear = new URL(request.url).pathname.endsWith("/clear");
    if (response.status === 101 || (isClear && response.ok)) await this.#tryToReconcile();
    return response;
  }

  override clear(): { success: true } {
    const result = super.clear();
    this.ctx.waitUntil(this.#tryToReconcile());
    return result;
  }

  /**
   * Makes the list of games what D1 says, and tells the devices each difference. One at a time, each
   * with a read of its own: so the last one has read after the last change, in whatever order the
   * Workers that made the changes reach this object.
   */
  reconcile(): Promise<void> {
    const next = this.#reconciling.then(() => this.#applyTruth());
    this.#reconciling = next.catch(() => {});
    return next;
  }

  /** Ends better-auth's sessions too, or their cookies would still be good for the app. */
  override async onLogout(userId: string, _scope: LogoutScope, env: Env, ended: EndedSessions): Promise<void> {
    await endSessions(env, userId, ended);
    await forgetProfile(env, userId);
  }

  async #applyTruth(): Promise<void> {
    const { userId } = this.getState();
    const truth = await gamesOf(this.env, userId);
    // From here on nothing waits, so nothing comes between.
    const { activeGames } = this.getState();
    const extra = activeGames.filter((gameId) => !truth.includes(gameId));
    const missing = truth.filter((gameId) => !activeGames.includes(gameId));
    const results = [
      ...extra.map((gameId) => this.leaveGame(gameId)),
      ...missing.map((gameId) => this.joinGame(gameId)),
    ];
    const refused = results.find((result) => "error" in result);
    if (refused) console.error("a game of D1 could not be announced:", refused);
  }

  /** A list that may be old is better than no session. */
  async #tryToReconcile(): Promise<void> {
    await this.reconcile().catch((error: unknown) => console.error("D1 could not be read:", error));
  }
}
