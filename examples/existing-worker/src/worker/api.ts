/** What the page asks for, as the user that better-auth's cookie names. */
import { sessionOf } from "./auth";
import { allGames, gamesOf, join, leave } from "./games";
import { profileOf } from "./profile";

export async function api(request: Request, env: Env): Promise<Response> {
  const { pathname, origin } = new URL(request.url);
  // A cookie comes along whatever page asks; no other page may change anything.
  if (request.method !== "GET" && request.headers.get("Origin") !== origin) return refusal(403);
  const session = await sessionOf(request, env);
  if (!session) return refusal(401);
  const userId = session.user.id;
  const route = `${request.method} ${pathname}`;
  if (route === "GET /api/profile") return Response.json(await profileOf(env, userId));
  if (route === "GET /api/games") {
    const [games, joined] = await Promise.all([allGames(env), gamesOf(env, userId)]);
    return Response.json({ games, joined });
  }
  const [, gameId, action] = /^POST \/api\/games\/([^/]+)\/(join|leave)$/.exec(route) ?? [];
  if (!gameId) return refusal(404);
  const id = decoded(gameId);
  if (id === null) return refusal(400);
  const change = action === "join" ? join : leave;
  const isDone = await change(env, userId, id);
  return isDone ? Response.json({ joined: await gamesOf(env, userId) }) : refusal(404);
}

/** @returns `null` for what is no escaped text, like `%`. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function refusal(status: 400 | 401 | 403 | 404): Response {
  return Response.json({ error: status }, { status });
}
