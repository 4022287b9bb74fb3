/** The server's word: the state, the devices, the inbox, and up to where all has been seen. */
import { monotonicMs } from "./clock.js";
import type { FrameOf, UpdateFrame } from "./frames.js";
import { type Values, NO_VALUES, NOT_THERE, entryOf, toldValues, withValue } from "./values.js";
import { type Inbox, countedAt, toldInbox, withMessage, withoutExpired } from "./inbox.js";
import type { Presence, SessionChange, SessionDevice, SessionState, SessionValue } from "./protocol.js";
import type { Known, Place } from "./tab-messages.js";
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
  /** The user's values by the server's word, each with the error of the last change of it. */
  values: Values;
  /** The values are those of this version: what is older is no news. */
  valuesAt: number;
  /** The presence that was asked for last and that nobody has changed since, `null` if there is none. */
  said: Presence | null;
}

const NOTHING: Memory = {
  ...{ state: null, devices: [], position: null, stateSeq: 0, inbox: null, said: null },
  ...{ values: NO_VALUES, valuesAt: 0 },
};

/** A value as a frame tells it: without `value` it is gone. */
interface ValueTold {
  key?: string | undefined;
  version?: number | undefined;
  value?: unknown;
}

export class SessionModel {
  memory: Memory = NOTHING;
  /** Where the present connection has gone on from, `null` if it has started over. */
  resumed: Place | null = null;
  /** Where the present connection has asked to go on from, `null` if nowhere. */
  #asked: Place | null = null;
  /** The server's clock, less `monotonicMs`. */
  #clockLead = 0;

  /** Nothing is left of what was known. */
  forget(): void {
    this.memory = NOTHING;
  }

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

  /** Messages that have expired don't count any more. @returns In how many milliseconds the next one does, `null` if none. */
  expire(): number | null {
    if (!this.memory.inbox?.expiring.length) return null;
    const inbox = this.inboxNow;
    this.#know({ inbox });
    return Math.min(...(inbox?.expiring.map(({ expiresAt }) => expiresAt) ?? [])) - this.now;
  }

  /** @returns What happened, in order. */
  apply(frame: UpdateFrame): SessionChange[] {
    if (frame.type === "initial_state") return this.#begin(frame);
    if (frame.type === "state") return this.#merge(frame);
    // A tab may be told of a value that the tab which serves it had not heard of when it told of all.
    if ("version" in frame && frame.version !== undefined && frame.version > this.memory.valuesAt) {
      this.knowValue(frame);
      this.#know({ valuesAt: frame.version });
    }
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
      inbox: frame.inbox ? toldInbox(inbox && countedAt(inbox, this.now), frame.inbox, isLost) : null,
    });
    this.#toldValues(frame, resumed);
    const isReset = (before && !resumed) || isLost;
    const changes: SessionChange[] = isReset ? [{ type: "reset" }] : [];
    if (!before || before.presence === state.presence) return changes;
    return [...changes, { type: "presenceChanged", presence: state.presence }];
  }

  #merge(frame: FrameOf<"state">): SessionChange[] {
    const { state, devices } = this.memory;
    if (!state) return [];
    this.#know({ state: stateOf(frame), devices: frame.devices ?? devices });
    if (frame.inbox) this.#know({ inbox: toldInbox(this.inboxNow, frame.inbox) });
    this.#toldValues(frame, state);
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
      default:
        return [];
    }
  }

  /** The server has told what a value is. */
  knowValue({ key = "", version = 0, value }: ValueTold): void {
    const { values } = this.memory;
    if (values[key]?.version === version) return;
    this.#know({ values: withValue(values, key, value === undefined ? null : entryOf(value, version)) });
  }

  /** A change of a value was refused, or is asked for anew if `error` is `null`. */
  noteFault(key: string, error: SessionValue["error"]): void {
    const entry = this.memory.values[key] ?? NOT_THERE;
    if (entry.error === error) return;
    this.#know({ values: withValue(this.memory.values, key, error || entry.version ? { ...entry, error } : null) });
  }

  /** @param isKept Whether they stay if the frame has none: only the news of them follow. */
  #toldValues({ values: told }: FrameOf<"initial_state" | "state">, isKept: unknown): void {
    if (!told && isKept) return;
    const values = toldValues(this.memory.values, told);
    this.#know({ values, valuesAt: Math.max(0, ...Object.values(values).map(({ version }) => version)) });
  }

  #wasRead({ inbox: read, unread }: FrameOf<"inbox_read">, isNews: boolean): SessionChange[] {
    const inbox = this.inboxNow;
    if (isNews && inbox) this.#know({ inbox: toldInbox(inbox, { last: inbox.last, read, unread }) });
    return [];
  }

  #pushed({ body, inbox: n, expiresAt = Infinity, unread }: FrameOf<"push">): SessionChange[] {
    const { inbox } = this.memory;
    const name = wellFormed(body.type);
    if (n !== undefined) {
      if (inbox && n <= inbox.place) return [];
      const counted = withMessage(inbox, { inbox: n, name, data: body, expiresAt });
      this.#know({ inbox: unread === undefined ? counted : toldInbox(counted, { ...counted, unread }) });
    }
    return [{ type: "event", event: { name, data: body, from: null, inbox: n ?? null } }];
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

  /** The inbox without what has expired. */
  get inboxNow(): Inbox | null {
    const { inbox } = this.memory;
    return inbox && withoutExpired(inbox, this.now);
  }

  /** By the server's clock. */
  get now(): number {
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
