/** The messages between the tabs of a browser that share a socket. */
import type { Memory } from "./model.js";
import type { RequestOutcome, SessionChange } from "./protocol.js";
import type { Message } from "./requests.js";
import type { SessionSnapshot } from "./snapshot.js";

/** A leader's news, all that belongs together at once. */
export interface LeaderUpdate {
  snapshot: SessionSnapshot;
  memory: Memory;
  changes: readonly SessionChange[];
  /** Whether they are what the frame at the memory's position has brought, which is told once. */
  isCounted: boolean;
}

/** A message on their channel, which all of them hear. */
export type TabMessage =
  | ({ kind: "told"; from: string } & LeaderUpdate)
  | { kind: "leading"; from: string }
  | { kind: "hello"; token: string | null }
  | { kind: "wake" }
  | { kind: "reconnect" }
  | { kind: "token"; token: string }
  | { kind: "ask"; key: string; message: Message; id: string | null }
  | { kind: "sent"; key: string; id: string }
  | { kind: "outcome"; key: string; outcome: RequestOutcome };

/** A request that waits for its outcome, which a leader tells. */
export interface ForwardedRequest {
  /** It begins with the run of the tab that was asked. */
  key: string;
  message: Message;
  /** The id under which a leader has sent it, `null` if none has. */
  id: string | null;
  settle: (outcome: RequestOutcome) => void;
}
