/** The socket of a tab that has none: that of the tab that leads, behind a channel. */
import { PROTOCOL_VERSION_1, PROTOCOL_VERSION_2 } from "./protocol.js";
import { CLOSED, OPEN, type Socket } from "./sockets.js";

/** What a served tab is served by. */
interface Served {
  /** Names the connection of the tab that leads. */
  stream: string;
  /** The run of the tab that leads. */
  leader: string;
  version: 1 | 2;
}

export class TabSocket implements Socket {
  readyState: number = OPEN;
  readonly stream: string;
  readonly leader: string;
  readonly protocol: string;
  readonly send: (text: string) => void;
  readonly #closed: () => void;

  constructor({ stream, leader, version }: Served, send: (text: string) => void, closed: () => void) {
    this.stream = stream;
    this.leader = leader;
    this.protocol = version === 2 ? PROTOCOL_VERSION_2 : PROTOCOL_VERSION_1;
    this.send = send;
    this.#closed = closed;
  }

  /** Gives it up. The tab that leads need not know. */
  close(): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.#closed();
  }
}
