/**
 * The frames of a connection, kept for tabs that are served by it. A tab that joins is given what the server would give
 * it, the frames that it has missed, if the connection reaches back to where the tab was.
 */
import type { Connected } from "./connection-types.js";
import type { ServerFrame } from "./frames.js";
import type { HostKnown, Known, Place } from "./tab-messages.js";

/** So many frames are kept, and so many characters of them. Whoever has missed more asks the server. */
const FRAMES_MAX = 128;
const CHARACTERS_MAX = 131_072;

/** The frames that are brought later. The first frame tells what the others do. */
const BROUGHT: readonly ServerFrame["type"][] = ["game_joined", "game_left", "event", "push"];

interface Kept {
  text: string;
  seq: number | undefined;
  /** The number of a message of the inbox, which has no other. */
  message: number | undefined;
  /** When the message expires, milliseconds since the Unix epoch. */
  expiresAt: number;
}

export class TabStream {
  /** Differs from that of any other. */
  readonly name: string;
  readonly version: 1 | 2;
  /** The epochs that the server has named or gone on from. */
  #epochs: Set<number>;
  /** Where a tab must have come, at least: what is older has been let go. */
  #seq: number;
  /** The same for messages of the inbox, `null` if there is none. */
  #message: number | null;
  /** Messages up to this number may have been dropped. */
  readonly #lostAt: number;
  /** The place from which the server has not gone on for the tab that leads, `null` if it was not asked to. */
  readonly #refused: Place | null;
  #frames: Kept[] = [];
  #characters = 0;

  constructor(name: string, { version, resumed, refused, position, inbox, lostAt }: Connected) {
    this.name = name;
    this.version = version;
    this.#epochs = new Set([resumed, position].flatMap((place) => place?.epoch ?? []));
    this.#seq = resumed?.seq ?? position?.seq ?? 0;
    this.#message = inbox;
    this.#lostAt = lostAt;
    this.#refused = refused;
  }

  /** Keeps a frame that went to all devices. */
  keep(text: string, frame: ServerFrame): void {
    if (!("seq" in frame || "inbox" in frame)) return;
    const { epoch, seq } = frame as Partial<Place>;
    // Erasing a user's data begins a new count, which the state tells of.
    if (frame.type === "state") return this.#startOver(epoch, seq);
    const { inbox: message, expiresAt = Infinity } = frame.type === "push" ? frame : {};
    if (epoch !== undefined) this.#epochs.add(epoch);
    if (!BROUGHT.includes(frame.type) || (seq === undefined && message === undefined)) return;
    this.#frames.push({ text, seq, message, expiresAt });
    this.#characters += text.length;
    while (this.#frames.length > FRAMES_MAX || this.#characters > CHARACTERS_MAX) this.#letGo();
  }

  /**
   * The frames that a tab has missed, in order; `null` if only the server can tell.
   * @param now What the tab that leads knows.
   */
  missedBy(known: Known, now: HostKnown): readonly string[] | null {
    const { position } = known;
    if (!now.position) return [];
    const place = messagePlace(known, now);
    if (this.#message !== null && place < this.#message) return null;
    const mustReset = this.mustReset(known);
    const isReached = position && !mustReset && this.#reaches(position, now.position.seq);
    if (position && !isReached && !mustReset) return null;
    const from = isReached ? position.seq : Infinity;
    const isMissed = ({ seq, message, expiresAt }: Kept) =>
      message === undefined ? Number(seq) > from : message > place && expiresAt > now.time;
    return this.#frames.filter(isMissed).map(({ text }) => text);
  }

  /** Up to where it has brought no message of the inbox, `null` if there is none. */
  get inbox(): number | null {
    return this.#message;
  }

  /** Whether the server would have a tab start over: it has had the tab that leads, which was at the same place. */
  mustReset({ position }: Known): boolean {
    return position !== null && position.epoch === this.#refused?.epoch && position.seq === this.#refused.seq;
  }

  /** Whether messages that a tab has missed may have been dropped by the server. */
  hasLost(known: Known, now: HostKnown): boolean {
    return this.#lostAt > messagePlace(known, now);
  }

  /** Whether all frames between a place and the newest one are kept. */
  #reaches({ epoch, seq }: Place, last: number): boolean {
    return this.#epochs.has(epoch) && seq >= this.#seq && seq <= last;
  }

  #startOver(epoch: number | undefined, seq: number | undefined): void {
    if (epoch === undefined || seq === undefined) return;
    this.#epochs = new Set([epoch]);
    this.#seq = seq;
    this.#frames = this.#frames.filter(({ message }) => message !== undefined);
    this.#characters = this.#frames.reduce((sum, { text }) => sum + text.length, 0);
  }

  #letGo(): void {
    const gone = this.#frames.shift();
    this.#characters -= gone?.text.length ?? 0;
    this.#seq = gone?.seq ?? this.#seq;
    this.#message = gone?.message ?? this.#message;
  }
}

/** Up to where a tab has the inbox: whoever has no place in it, or one that it has not reached, has what is read. */
function messagePlace(known: Known, now: HostKnown): number {
  return known.inbox !== null && known.inbox <= (now.inbox ?? 0) ? known.inbox : now.read;
}
