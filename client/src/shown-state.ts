/** The state as the app sees it: the server's, with what was asked and may still be granted. */
import type { SessionState } from "./protocol.js";
import { isAboutGame } from "./messages.js";
import type { Request } from "./requests.js";

/**
 * @param state What the server has told, `null` if nothing.
 * @param pending What waits for its answer, in the order in which it was asked.
 * @param before What was shown last: the same object is shown again if nothing is new.
 */
export function stateToShow(
  state: SessionState | null,
  pending: readonly Request[],
  before: SessionState | null,
): SessionState | null {
  if (!state) return null;
  let { activeGames } = state;
  for (const { message } of pending.filter((one) => isAboutGame(one.message))) {
    const gameId = String(message["gameId"]);
    const isIn = activeGames.includes(gameId);
    if (message.type === "leave_game" && isIn) activeGames = activeGames.filter((one) => one !== gameId);
    if (message.type === "join_game" && !isIn) activeGames = [...activeGames, gameId];
  }
  const next = { ...state, activeGames };
  return before && isSameState(before, next) ? before : next;
}

function isSameState(a: SessionState, b: SessionState): boolean {
  return (
    a.userId === b.userId &&
    a.presence === b.presence &&
    a.lastActive === b.lastActive &&
    a.activeGames.length === b.activeGames.length &&
    a.activeGames.every((gameId, at) => gameId === b.activeGames[at])
  );
}
