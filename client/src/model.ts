/** The server's word: the state, the devices, the inbox, and up to where all has been seen. */
import { monotonicMs } from "./clock.js";
import type { FrameOf, UpdateFrame } from "./frames.js";
import { type Inbox, countedAt, toldInbox, withMessage, withoutExpired } from "./inbox.js";
import type { Presence, SessionChange, SessionDevice, SessionState } from "./protocol.js";
import type { Breaks, HostKnown, Known, Place } from "./tab-messages.js";
import { wellFormed } from "./texts.js";

/** How many devices that are away are listed; the server remembers as many. */
export const AWAY_MAX = 64;

/** All that a model knows. */
export interface Memory {
  state: SessionState | null;
  devices: readonly SessionDevice[];
  /** Up to where all frames to all have been seen; `null` with a server of version 1. */
  position: Place | null;
  /** The state tells what happened up to this number. */
  stateSeq: number;
  /** `null` with a server that has none. */
  inbox: Inbox | null;
  /** The presence that was asked for last and that nobody has changed since, `null` if there is none. */
  said: Presence | null;
}

const NOTHING: Memory = { state: null, devices: [], position: null, stateSeq: 0, inbox: null, said: null };

export class SessionModel {
  memory: Memory = NOTHING;
  /** Where the present connection has gone on from, `null` if it has started over. */
  resumed: Place | null = null;
  /** Where the present connection has asked to go on from, `null` if nowhere. */
  #asked: Place | null = null;
  /** The server's clock, less `monotonicMs`. */
  #clockLead = 0;

  /** This tab has set a presence; `null`: none that was set counts any more. */
  choose(said: Presence | null): void {
    this.#know({ said });
  }

  /** A connection is asked for. @returns Up to where it has to bring nothing. */
  connecting(): Known {
    const { position, inbox } = this.memory;
    this.#asked = position;
    return { position, inbox: inbox?.place ?? null };
  }

  /** Where the present connection has asked to go on from and has not, `null` if nowhere. */
  get refused(): Place | null {
    return this.memory.position && !this.resumed ? this.#asked : null;
  }

  /** All that a tab must know to serve others. */
  get known(): HostKnown {
    const { position, stateSeq, inbox } = this.memory;
    // While it catches up, the state is ahead of the frames.
    const seq = Math.max(position?.seq ?? 0, stateSeq);
    const { place = null, read = 0 } = inbox ?? {};
    return { position: position && { ...position, seq }, inbox: place, read, time: this.#now };
  }

  /**
   * A first frame for another tab, as the server would write it now.
   * @param lost Whether messages that the tab has not may have been dropped.
   * @param reset Whether the tab must start over.
   */
  firstFrame(deviceId: string, { lost, reset }: Breaks): string {
    const { state, devices, inbox } = this.memory;
    const { position } = this.known;
    const frame = { type: "initial_state", ...state, deviceId };
    if (!position) return JSON.stringify(frame);
    // Whoever connects is active now, and whoever reads it sets its clock by that.
    const lastActive = Math.round(this.#now);
    const { last, read, unread } = this.#inboxNow ?? {};
    return JSON.stringify({
      ...frame,
      lastActive,
      devices: devices.map((one) => (one.current ? { ...one, lastActive } : one)),
      ...position,
      ...(reset && { reset }),
      ...(inbox && { inbox: { last, read, unread }, lost }),
    });
  }

  /** Messages that have expired don't count any more. @returns In how many milliseconds the next one does, `null` if none. */
  expire(): number | null {
    if (!this.memory.inbox?.expiring.length) return null;
    const inbox = this.#inboxNow;
    this.#know({ inbox });
    return Math.min(...(inbox?.expiring.map(([, expiresAt]) => expiresAt) ?? [])) - this.#now;
  }

  /** @returns What happened, in order. */
  apply(frame: UpdateFrame): SessionChange[] {
    if (frame.type === "initial_state") return this.#begin(frame);
    if (frame.type === "state") return this.#merge(frame);
    const { seq } = frame;
    const { position } = this.memory;
    if (seq !== undefined && position) {
      const { epoch = position.epoch } = frame;
      if (epoch === position.epoch && seq <= position.seq) return [];
      // Numbers that go back were lost, and are given again.
      const isBack = seq <= position.seq;
      this.#know({ position: { epoch, seq } });
      if (isBack) this.#know({ stateSeq: 0 });
    }
    // While it catches up, the state is ahead of the frames.
    return this.#happened(frame, seq === undefined || seq > this.memory.stateSeq);
  }

  #begin(frame: FrameOf<"initial_state">): SessionChange[] {
    const { state: before, inbox } = this.memory;
    const state = stateOf(frame);
    const place = placeOf(frame);
    const isLost = frame.lost === true;
    const resumed = (this.resumed = place && frame.reset !== true ? this.#asked : null);
    this.#clockLead = state.lastActive - monotonicMs();
    this.#know({
      state,
      devices: frame.devices ?? NOTHING.devices,
      // The numbers go on in another epoch, and what was missed is still to come.
      position: place && { epoch: place.epoch, seq: (resumed ?? place).seq },
      stateSeq: place?.seq ?? 0,
      // Its count and the clock are of one moment: nothing in it has expired.
      inbox: frame.inbox ? toldInbox(inbox && countedAt(inbox, this.#now), frame.inbox, isLost) : null,
    });
    const isReset = (before && !resumed) || isLost;
    const changes: SessionChange[] = isReset ? [{ type: "reset" }] : [];
    if (!before || before.presence === state.presence) return changes;
    return [...changes, { type: "presenceChanged", presence: state.presence }];
  }

  #merge(frame: FrameOf<"state">): SessionChange[] {
    const { state, devices } = this.memory;
    if (!state) return [];
    this.#know({ state: stateOf(frame), devices: frame.devices ?? devices });
    if (frame.inbox) this.#know({ inbox: toldInbox(this.#inboxNow, frame.inbox) });
    const place = placeOf(frame);
    // Erasing a user's data begins a new count.
    if (place) this.#know({ position: place, stateSeq: place.seq });
    return [];
  }

  #happened(frame: Exclude<UpdateFrame, FrameOf<"initial_state" | "state">>, isNews: boolean): SessionChange[] {
    switch (frame.type) {
      case "game_joined":
      case "game_left": {
        if (isNews) this.#knowState({ activeGames: frame.activeGames });
        const type = frame.type === "game_joined" ? "gameJoined" : "gameLeft";
        return [{ type, gameId: frame.gameId }];
      }
      case "presence_updated": {
        const { presence } = frame;
        if (isNews) this.#knowState({ presence });
        return [{ type: "presenceChanged", presence }];
      }
      case "device_connected":
      case "device_updated":
        if (isNews) this.#setDevice(frame.device);
        return [];
      case "device_disconnected":
        if (isNews) this.#dropDevice(frame.deviceId);
        return [];
      case "event":
        return [eventOf(frame)];
      case "push":
        return this.#pushed(frame);
      case "inbox_read":
        return this.#wasRead(frame, isNews);
    }
  }

  #wasRead({ inbox: read, unread }: FrameOf<"inbox_read">, isNews: boolean): SessionChange[] {
    const inbox = this.#inboxNow;
    if (isNews && inbox) this.#know({ inbox: toldInbox(inbox, { last: inbox.last, read, unread }) });
    return [];
  }

  #pushed({ body, inbox: n, expiresAt, unread }: FrameOf<"push">): SessionChange[] {
    const { inbox } = this.memory;
    if (n !== undefined) {
      if (inbox && n <= inbox.place) return [];
      const counted = withMessage(inbox, n, expiresAt);
      this.#know({ inbox: unread === undefined ? counted : toldInbox(counted, { ...counted, unread }) });
    }
    return [{ type: "event", event: { name: wellFormed(body.type), data: body, from: null, inbox: n ?? null } }];
  }

  #setDevice(device: Omit<SessionDevice, "current">): void {
    const { devices } = this.memory;
    const known = devices.find(({ deviceId }) => deviceId === device.deviceId);
    const updated = { ...device, current: known?.current ?? false };
    this.#know({ devices: known ? devices.map((one) => (one === known ? updated : one)) : [...devices, updated] });
  }

  #dropDevice(gone: string): void {
    const known = this.memory.devices.find(({ deviceId }) => deviceId === gone);
    if (!known) return;
    // The server goes on to remember it, as one of the last that were here.
    const others = this.memory.devices.filter((one) => one !== known);
    const away = others.filter(({ tabs }) => tabs === 0);
    const tooMany = away.slice(0, Math.max(0, away.length + 1 - AWAY_MAX));
    const device: SessionDevice = { ...known, tabs: 0, presence: "offline" };
    this.#know({ devices: [...others.filter((one) => !tooMany.includes(one)), device] });
  }

  get #inboxNow(): Inbox | null {
    const { inbox } = this.memory;
    return inbox && withoutExpired(inbox, this.#now);
  }

  /** By the server's clock. */
  get #now(): number {
    return monotonicMs() + this.#clockLead;
  }

  #knowState(more: Partial<SessionState>): void {
    if (this.memory.state) this.#know({ state: { ...this.memory.state, ...more } });
  }

  #know(more: Partial<Memory>): void {
    this.memory = { ...this.memory, ...more };
  }
}

function eventOf({ event: name, data = null, from }: FrameOf<"event">): SessionChange {
  return { type: "event", event: { name, data, from, inbox: null } };
}

function placeOf({ epoch, seq }: FrameOf<"initial_state" | "state">): Place | null {
  return epoch === undefined || seq === undefined ? null : { epoch, seq };
}

function stateOf(frame: FrameOf<"initial_state" | "state">): SessionState {
  const { userId, activeGames = [], presence = "online", lastActive = 0 } = frame;
  return { userId, activeGames, presence, lastActive };
}
