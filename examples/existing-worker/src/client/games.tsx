import { useEffect, useState } from "react";
import { type ActionOutcome, useConnectionStatus, useUserSession } from "user-session-worker/react";

import { Account } from "./account";
import type { Game, Profile } from "../model";

async function read<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

interface Props {
  onLeave: () => Promise<void>;
  onLeaveEverywhere: () => Promise<ActionOutcome>;
}

export function Games({ onLeave, onLeaveEverywhere }: Props) {
  const [profile, setProfile] = useState<Profile | null>(null);
  const [games, setGames] = useState<Game[]>([]);
  const [problem, setProblem] = useState("");
  // Which games are joined is not asked for: the session says it, now and whenever it changes.
  const joined = useUserSession(({ state }) => state?.activeGames) ?? [];
  const { status } = useConnectionStatus();

  // A device that was away when the user logged out everywhere finds out when it comes back.
  const isOut = status === "unauthorized";
  useEffect(() => {
    if (isOut) void onLeave();
  }, [isOut, onLeave]);

  useEffect(() => {
    const failed = (error: unknown) => setProblem(String(error));
    read<Profile>("/api/profile").then(setProfile, failed);
    read<{ games: Game[] }>("/api/games").then((answer) => setGames(answer.games), failed);
  }, []);

  // Not the session's `joinGame`: D1 would know nothing of it, and the next reconciliation take it back.
  const change = async (gameId: string, action: "join" | "leave") => {
    const path = `/api/games/${encodeURIComponent(gameId)}/${action}`;
    const answer = await fetch(path, { method: "POST" }).catch(() => null);
    setProblem(answer?.ok ? "" : "That did not work: try again.");
  };

  return (
    <main>
      <h1>{profile?.name ?? "…"}</h1>
      <p role="status">{status}</p>
      <ul aria-label="Games">
        {games.map(({ id, title }) => {
          const action = joined.includes(id) ? "leave" : "join";
          const label = action === "join" ? `Join ${title}` : `Leave ${title}`;
          return (
            <li key={id}>
              <button onClick={() => void change(id, action)}>{label}</button>
            </li>
          );
        })}
      </ul>
      <Account onLeave={onLeave} onLeaveEverywhere={onLeaveEverywhere} />
      <p role="alert">{problem}</p>
    </main>
  );
}
