/**
 * A component as it was written for the hook in production. That it compiles with ours is the test:
 * changing the import must be all that a migration takes.
 */
import { useEffect } from "react";
import { useUserSession } from "user-session-worker/react";

type Presence = "online" | "away" | "offline";

interface OldState {
  userId: string;
  activeGames: string[];
  presence: Presence;
  lastActive: number;
}

interface OldResult {
  state: OldState | null;
  isConnected: boolean;
  isLoading: boolean;
  error: string | null;
  joinGame: (gameId: string) => void;
  leaveGame: (gameId: string) => void;
  logoutAllDevices: () => void;
  updatePresence: (presence: Presence) => void;
}

export function useOldComponent(userId: string): OldResult {
  const session: OldResult = useUserSession({
    userId,
    enabled: true,
    onGameJoined: (gameId: string) => console.log(gameId),
    onGameLeft: (gameId: string) => console.log(gameId),
    onLoggedOut: () => console.log("logged out"),
    onPresenceChanged: (presence: string) => console.log(presence),
  });
  const { joinGame } = session;
  // An effect may not return a promise.
  useEffect(() => joinGame("chess"), [joinGame]);
  return session;
}

/** What is new is typed, too. */
export function useMoves(userId: string, show: (square: string) => void): void {
  const { onEvent } = useUserSession({ userId });
  useEffect(() => onEvent<{ square: string }>("move", ({ data }) => show(data.square)), [onEvent, show]);
}
