/** Who plays what: D1 is the truth, the user's session object announces it to the devices. */
import { userSession } from "user-session-worker";

import type { Game } from "../model";

export async function allGames({ DB }: Env): Promise<Game[]> {
  const { results } = await DB.prepare("SELECT id, title FROM game ORDER BY title").all<Game>();
  return results;
}

/** The games of a user, in the order in which they were joined. */
export async function gamesOf({ DB }: Env, userId: string): Promise<string[]> {
  const query = "SELECT gameId FROM game_player WHERE userId = ? ORDER BY joinedAt, gameId";
  const { results } = await DB.prepare(query).bind(userId).all<{ gameId: string }>();
  return results.map(({ gameId }) => gameId);
}

/** @returns Whether there is such a game. */
export async function join(env: Env, userId: string, gameId: string): Promise<boolean> {
  if (!(await isGame(env, gameId))) return false;
  const query = "INSERT OR IGNORE INTO game_player (userId, gameId, joinedAt) VALUES (?, ?, ?)";
  await env.DB.prepare(query).bind(userId, gameId, Date.now()).run();
  await announce(env, userId);
  return true;
}

/** @returns Whether there is such a game. */
export async function leave(env: Env, userId: string, gameId: string): Promise<boolean> {
  if (!(await isGame(env, gameId))) return false;
  const query = "DELETE FROM game_player WHERE userId = ? AND gameId = ?";
  await env.DB.prepare(query).bind(userId, gameId).run();
  await announce(env, userId);
  return true;
}

async function isGame({ DB }: Env, gameId: string): Promise<boolean> {
  return (await DB.prepare("SELECT 1 FROM game WHERE id = ?").bind(gameId).first()) !== null;
}

/**
 * Has the user's object read D1 and tell the devices what is new. The change is made by now, so a
 * failure is no reason to answer that it is not: the next reconciliation heals it.
 */
async function announce(env: Env, userId: string): Promise<void> {
  await userSession(env, userId, { own: ["reconcile"] })
    .reconcile()
    .catch((error: unknown) => console.error("a change of games is not announced yet:", error));
}
