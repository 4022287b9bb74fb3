/** A device without a browser: `node device.mjs <user> [game to join]`. It brings its token itself. */
import { UserSessionClient } from "user-session-worker/client";

import { signToken } from "./development.mjs";

const [userId, gameId] = process.argv.slice(2);
if (!userId) throw new Error("usage: node device.mjs <user> [game to join]");

const session = new UserSessionClient({
  url: process.env.SESSION_URL ?? "http://localhost:8787/__user-session",
  userId,
  deviceName: "terminal",
  token: () => signToken(userId),
});
let shown = "";
session.subscribe(() => {
  const { connectionStatus, state, devices } = session.getSnapshot();
  const line = `${connectionStatus}: ${devices.length} devices, games: ${state?.activeGames.join(", ") ?? ""}`;
  // A game's id may hold what steers a terminal.
  if (line !== shown) console.log(line.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd"));
  shown = line;
});
session.on("loggedOut", () => {
  console.log("logged out everywhere");
  session.close();
});
session.connect();
if (gameId) await session.joinGame(gameId);
