/** The Worker in front of a reference: every request goes to the object of its user, unchecked. */

/** The path that every reference is reached by, as ours is. */
const PATH = "/__user-session";

/**
 * Finds out whose a request is.
 * @param {Request} request
 * @returns {string | null}
 */
export function userOf(request) {
  const { pathname, searchParams } = new URL(request.url);
  return pathname === PATH ? searchParams.get("userId") : null;
}

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   */
  async fetch(request, env) {
    const userId = userOf(request);
    if (userId === null) return new Response("Missing userId", { status: 400 });
    return env.USER_SESSION_DO.get(env.USER_SESSION_DO.idFromName(userId)).fetch(request);
  },
};
