/** What the server has told: the state, the devices, and up to where all has been seen. */
import type { Frame, Presence, SessionChange, SessionDevice, SessionState } from "./protocol.js";
import { wellFormed } from "./texts.js";

/** How many devices that are away are listed; the server remembers as many. */
const AWAY_MAX = 64;

/** All that a model knows. */
export interface Memory {
  state: SessionState | null;
  devices: readonly SessionDevice[];
  /** Up to where all frames to all have been seen; `null` with a server of version 1. */
  position: { epoch: number; seq: number } | null;
  /** The state tells what happened up to this number of that epoch. */
  stateSeq: number;
  /** The presence that was asked for last and that nobody has changed since, `null` if there is none. */
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

  /** This tab, or one that asks through it, has asked for a presence; `null`: what was said counts no more. */
  say(said: Presence | null): void {
    this.#know({ said });
  }

  /** A new socket is asked for, with `since` as it is now. */
  connecting(): void {
    this.#resumedFrom = this.since;
  }

  /** @returns What happened, in order. */
  apply(frame: Frame): SessionChange[] {
    if (frame.type === "initial_state") return this.#begin(frame);
    if (frame.type === "state") return this.#merge(frame);
    const seq = frame["kept"] !== true ? numberOf(frame["seq"]) : null;
    const { position } = this.memory;
    if (seq !== null && position) {
      if (seq <= position.seq) return [];
      this.#know({ position: { epoch: position.epoch, seq } });
    }
    // While it catches up, the state is ahead of the frames.
    return this.#happened(frame, seq === null || seq > this.memory.stateSeq);
  }

  #begin(frame: Frame): SessionChange[] {
    const before = this.memory.state;
    const state = stateOf(frame);
    const epoch = numberOf(frame["epoch"]);
    const seq = numberOf(frame["seq"]);
    const isCounted = epoch !== null && seq !== null;
    const { position } = this.memory;
    const isResumed =
      isCounted && this.#resumedFrom !== null && frame["reset"] !== true && position?.epoch === epoch;
    this.#know({
      state,
      devices: (frame["devices"] as SessionDevice[] | undefined) ?? [],
      position: isResumed ? position : isCounted ? { epoch, seq } : null,
      stateSeq: isCounted ? seq : 0,
    });
    if (!before) return [];
    const changes: SessionChange[] = isResumed ? [] : [{ type: "reset" }];
    if (before.presence === state.presence) return changes;
    return [...changes, { type: "presenceChanged", presence: state.presence }];
  }

  #merge(frame: Frame): SessionChange[] {
    if (!this.memory.state) return [];
    this.#know({ state: stateOf(frame) });
    const epoch = numberOf(frame["epoch"]);
    const seq = numberOf(frame["seq"]);
    // Erasing a user's data begins a new count.
    if (epoch !== null && seq !== null) this.#know({ position: { epoch, seq }, stateSeq: seq });
    return [];
  }

  #happened(frame: Frame, isNews: boolean): SessionChange[] {
    switch (frame.type) {
      case "game_joined":
      case "game_left": {
        if (isNews) this.#knowState({ activeGames: frame["activeGames"] as string[] });
        const type = frame.type === "game_joined" ? "gameJoined" : "gameLeft";
        return [{ type, gameId: frame["gameId"] as string }];
      }
      case "presence_updated": {
        const presence = frame["presence"] as Presence;
        if (isNews) this.#knowState({ presence });
        return [{ type: "presenceChanged", presence }];
      }
      case "device_connected":
      case "device_updated":
        if (isNews) this.#setDevice(frame["device"] as SessionDevice);
        return [];
      case "device_disconnected":
        if (isNews) this.#dropDevice(frame["deviceId"] as string);
        return [];
      case "event":
        return [eventOf(frame)];
      default:
        return [pushOf(frame)];
    }
  }

  #setDevice(device: SessionDevice): void {
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

function eventOf(frame: Frame): SessionChange {
  const { event: name, data = null, from } = frame as Frame & { event: string; from: string };
  return { type: "event", event: { name, data, from, kept: false } };
}

function pushOf({ body, kept }: Frame): SessionChange {
  const name = wellFormed((body as Frame).type);
  return { type: "event", event: { name, data: body, from: null, kept: kept === true } };
}

function stateOf(frame: Frame): SessionState {
  return {
    userId: frame["userId"] as string,
    activeGames: (frame["activeGames"] as string[] | undefined) ?? [],
    presence: (frame["presence"] as Presence | undefined) ?? "online",
    lastActive: numberOf(frame["lastActive"]) ?? 0,
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
