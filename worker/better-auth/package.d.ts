/** The package's plugin of better-auth, as an app sees it. */

/** The part of a user's session that the plugin calls: `userSession(env, userId)` has it. */
export interface EndableSession {
  /**
   * Ends a credential, and the sockets that came by it.
   * @param credentialId The `id` of better-auth's session.
   */
  logoutCredential(credentialId: string): Promise<unknown>;
}

/** A plugin of better-auth, 1.6 or later. */
export interface UserSessionPlugin {
  id: "user-session";
  /**
   * Makes the storage to give to better-auth as `secondaryStorage`. It is the same storage, and the plugin learns
   * from it which sessions end. Without it better-auth does not start where it keeps its sessions there.
   */
  watch<S extends object>(storage: S): S;
  /** Called by better-auth alone. */
  init(context: any): { options?: { databaseHooks: { session: { delete: { after: (session: any) => Promise<void> } } } } };
}

/**
 * Makes the plugin by which a session that better-auth ends loses its open sockets at once: by a sign-out, a
 * revocation, a changed password, a ban, the end of the user.
 *
 * better-auth's own action is done first. If the session server can't be reached, that is logged, and the action
 * succeeds all the same, a second later at most.
 * @param session Gives the session of a user: `(userId) => userSession(env, userId)`.
 * @throws {TypeError} if that is no function.
 */
export function userSessionPlugin(session: (userId: string) => EndableSession): UserSessionPlugin;
