/** The socket of a tab that has none: that of the tab that leads, behind a channel. */
import type { Socket } from "./sockets.js";
import { kit } from "./tab-kit.js";

export class TabSocket implements Socket {
  readyState: number = kit.OPEN;
  /** Names the connection of the tab that leads. */
  readonly stream: string;
  /** The run of the tab that leads. */
  readonly leader: string;
  readonly send: (text: string) => void;
  readonly #closed: () => void;

  constructor(stream: string, leader: string, send: (text: string) => void, closed: () => void) {
    this.stream = stream;
    this.leader = leader;
    this.send = send;
    this.#closed = closed;
  }

  /** Gives it up. The tab that leads need not know. */
  close(): void {
    if (this.readyState === kit.CLOSED) return;
    this.readyState = kit.CLOSED;
    this.#closed();
  }
}
