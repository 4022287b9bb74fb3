/**
 * What this package gives to a Worker: the Durable Object's class, a function that routes requests
 * to it, and a Worker made of both.
 */
import { DurableObject } from "cloudflare:workers";

/** How present a user is; one without a connected device is `offline`. */
export type Presence = "online" | "away" | "offline";

/** A user's state. */
export interface UserState {
  userId: string;
  /** In the order in which they were joined. */
  activeGames: string[];
  presence: Presence;
  /** Time of the last thing any device did, in milliseconds since the Unix epoch; 0 for never. */
  lastActive: number;
  /** How many sockets are open. */
  connectedDevices: number;
  /** Kept for old readers: no device is connected. */
  isHibernating: boolean;
}

/** Why a call was refused: nothing was done. */
export interface CallError {
  error: { code: string; message: string };
}

/** A message for the devices: it arrives as the JSON text it is written as. */
export interface PushedMessage {
  type: string;
  [key: string]: unknown;
}

/** What the Worker's environment must hold. */
export interface UserSessionEnv {
  USER_SESSION_DO: DurableObjectNamespace<UserSessionDO>;
}

/** One user's devices and what they share. Address it by `idFromName(userId)`. */
export class UserSessionDO extends DurableObject {
  /** Serves the paths below `/__user-session`, with that prefix or without. */
  override fetch(request: Request): Promise<Response>;
  override webSocketMessage(socket: WebSocket, content: string | ArrayBuffer): void;
  override webSocketClose(socket: WebSocket, code: number, reason: string): void;
  override webSocketError(socket: WebSocket): void;

  /** The user's state. */
  getState(): UserState;
  /** Erases the user's data and tells every connected device. */
  clear(): { success: true };
  /**
   * Sends a message to every connected device: an object, or JSON text that goes out to the letter,
   * of at most 64 KiB.
   */
  push(message: string | PushedMessage): { delivered: number } | CallError;
  /** Adds a game, as if a device had joined it; an id has 1 to 128 bytes of UTF-8. */
  joinGame(gameId: string): { activeGames: string[] } | CallError;
  /** Removes a game, as if a device had left it. */
  leaveGame(gameId: string): { activeGames: string[] } | CallError;
  /** Ends the session on every device, at once. The games stay. */
  logoutAll(): { success: true };
}

/**
 * Serves a request whose path is `/__user-session` or below.
 * @returns The answer, or `null` if the request is for another path.
 */
export function routeUserSession(request: Request, env: UserSessionEnv): Promise<Response | null>;

declare const worker: {
  fetch(request: Request, env: UserSessionEnv): Promise<Response>;
};
export default worker;
