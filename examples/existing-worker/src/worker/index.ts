/** The app's Worker, and in it the session server. */
import { routeUserSession } from "user-session-worker";

import { api } from "./api";
import { authenticate, createAuth } from "./auth";

export { UserSessionDO } from "./session-object";

export default {
  async fetch(request, env, ctx) {
    const answer = await routeUserSession(request, env, { authenticate, ctx });
    if (answer) return answer;
    const { pathname, origin } = new URL(request.url);
    if (pathname.startsWith("/api/auth/")) return createAuth(env, origin).handler(request);
    if (pathname.startsWith("/api/")) return api(request, env);
    return new Response("not found", { status: 404 });
  },
} satisfies ExportedHandler<Env>;
