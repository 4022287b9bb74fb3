/** What the server has told: the state, the devices, and up to where all has been seen. */
import type { FrameOf, UpdateFrame } from "./frames.js";
import type { Presence, SessionChange, SessionDevice, SessionState } from "./protocol.js";
import { wellFormed } from "./texts.js";

/** How many devices that are away are listed; the server remembers as many. */
export const AWAY_MAX = 64;

/** All that a model knows. */
export interface Memory {
  state: SessionState | null;
  devices: readonly SessionDevice[];
  /** Up to where all frames to all have been seen; `null` with a server of version 1. */
  position: { epoch: number; seq: number } | null;
  /** The state tells what happened up to this number of that epoch. */
  stateSeq: number;
  /**
   * The presence that was asked for last and that nobody has changed since, `null` if there is none. The
   * field keeps its name: other tabs read it, and may run an older version.
   */
  said: Presence | null;
}

const NOTHING: Memory = { state: null, devices: [], position: null, stateSeq: 0, said: null };

export class SessionModel {
  memory: Memory = NOTHING;
  /** Where the present connection resumes, `null` if it doesn't. */
  #resumedFrom: string | null = null;

  /** Where to resume, as the server reads it; `null` for nowhere. */
  get since(): string | null {
    const { position } = this.memory;
    return position && `${position.epoch}.${position.seq}`;
  }

  /** This tab, or one that asks through it, has set a presence; `null`: none that was set counts any more. */
  choose(said: Presence | null): void {
    this.#know({ said });
  }

  /** A new socket is asked for, with `since` as it is now. */
  connecting(): void {
    this.#resumedFrom = this.since;
  }

  /** @returns What happened, in order. */
  apply(frame: UpdateFrame): SessionChange[] {
    if (frame.type === "initial_state") return this.#begin(frame);
    if (frame.type === "state") return this.#merge(frame);
    const isKept = "kept" in frame && frame.kept === true;
    const seq = (isKept ? null : frame.seq) ?? null;
    const { position } = this.memory;
    if (seq !== null && position) {
      if (seq <= position.seq) return [];
      this.#know({ position: { epoch: position.epoch, seq } });
    }
    // While it catches up, the state is ahead of the frames.
    return this.#happened(frame, seq === null || seq > this.memory.stateSeq);
  }

  #begin(frame: FrameOf<"initial_state">): SessionChange[] {
    const before = this.memory.state;
    const state = stateOf(frame);
    const { epoch, seq } = frame;
    const isCounted = epoch !== undefined && seq !== undefined;
    const { position } = this.memory;
    const isResumed =
      isCounted && this.#resumedFrom !== null && frame.reset !== true && position?.epoch === epoch;
    this.#know({
      state,
      devices: frame.devices ?? [],
      position: isResumed ? position : isCounted ? { epoch, seq } : null,
      stateSeq: isCounted ? seq : 0,
    });
    if (!before) return [];
    const changes: SessionChange[] = isResumed ? [] : [{ type: "reset" }];
    if (before.presence === state.presence) return changes;
    return [...changes, { type: "presenceChanged", presence: state.presence }];
  }

  #merge(frame: FrameOf<"state">): SessionChange[] {
    if (!this.memory.state) return [];
    this.#know({ state: stateOf(frame) });
    const { epoch, seq } = frame;
    // Erasing a user's data begins a new count.
    if (epoch !== undefined && seq !== undefined) this.#know({ position: { epoch, seq }, stateSeq: seq });
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
        return [pushOf(frame)];
    }
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

  #knowState(more: Partial<SessionState>): void {
    if (this.memory.state) this.#know({ state: { ...this.memory.state, ...more } });
  }

  #know(more: Partial<Memory>): void {
    this.memory = { ...this.memory, ...more };
  }
}

function eventOf({ event: name, data = null, from }: FrameOf<"event">): SessionChange {
  return { type: "event", event: { name, data, from, kept: false } };
}

function pushOf({ body, kept }: FrameOf<"push">): SessionChange {
  const name = wellFormed(body.type);
  return { type: "event", event: { name, data: body, from: null, kept: kept === true } };
}

function stateOf(frame: FrameOf<"initial_state" | "state">): SessionState {
  const { userId, activeGames = [], presence = "online", lastActive = 0 } = frame;
  return { userId, activeGames, presence, lastActive };
}
