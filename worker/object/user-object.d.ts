/** The parts of one user's Durable Object, which those that serve its events share. No code belongs here. */
import type { AuthEnv } from "../auth/identity.js";
import type { LogoutRestart } from "./logout-restart.js";
import type { MessageCheck } from "./message-check.js";
import type { SessionHost } from "./session-host.js";
import type { Tickets } from "./tickets.js";

export interface UserObject {
  ctx: DurableObjectState;
  env: AuthEnv;
  check: MessageCheck;
  session: SessionHost;
  restart: LogoutRestart;
  tickets: Tickets;
}
