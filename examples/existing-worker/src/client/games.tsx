import { useEffect, useState } from "react";
import { useUserSession } from "user-session-worker/react";

import type { Game, Profile } from "../model";

async function read<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

interface Props {
  userId: string;
  onLeave: () => Promise<void>;
  /** @returns Whether it was done. */
  onLeaveEverywhere: () => Promise<boolean>;
}

export function Games({ userId, onLeave, onLeaveEverywhere }: Props) {
  const [profile, setProfile] = useState<Profile | null>(null);
  const [games, setGames] = useState<Game[]>([]);
  const [problem, setProblem] = useState("");
  // Which games are joined is not asked for: the session says it, now and whenever it changes.
  const session = useUserSession({
    userId,
    deviceName: navigator.platform || "browser",
    onLoggedOut: () => void onLeave(),
  });

  // A device that was away when the user logged out everywhere finds out when it comes back.
  const isOut = session.connectionStatus === "unauthorized";
  useEffect(() => {
    if (isOut) void onLeave();
  }, [isOut, onLeave]);

  useEffect(() => {
    const failed = (error: unknown) => setProblem(String(error));
    read<Profile>("/api/profile").then(setProfile, failed);
    read<{ games: Game[] }>("/api/games").then((answer) => setGames(answer.games), failed);
  }, [userId]);

  // Not `session.joinGame`: D1 would know nothing of it, and the next reconciliation take it back.
  const change = async (gameId: string, action: "join" | "leave") => {
    const path = `/api/games/${encodeURIComponent(gameId)}/${action}`;
    const answer = await fetch(path, { method: "POST" }).catch(() => null);
    setProblem(answer?.ok ? "" : "That did not work: try again.");
  };

  const leaveEverywhere = async () => {
    const isDone = await onLeaveEverywhere();
    setProblem(isDone ? "" : "That did not work: try again.");
  };

  const joined = session.state?.activeGames ?? [];
  return (
    <main>
      <h1>{profile?.name ?? "…"}</h1>
      <p role="status">{session.connectionStatus}</p>
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
      <h2>Devices</h2>
      <ul aria-label="Devices">
        {session.devices.map(({ deviceId, name, current }) => (
          <li key={deviceId}>
            {name || deviceId} {current && "(this one)"}
          </li>
        ))}
      </ul>
      <button onClick={() => void onLeave()}>Log out</button>{" "}
      <button onClick={() => void leaveEverywhere()}>Log out everywhere</button>
      <p role="alert">{problem}</p>
    </main>
  );
}
