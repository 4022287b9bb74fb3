/** The presence that was last set through this tab, kept because the server may forget it. */
import type { UpdateFrame } from "./frames.js";
import type { Memory, SessionModel } from "./model.js";
import { type Presence, isPresence } from "./protocol.js";
import type { Message } from "./messages.js";

export class ChosenPresence {
  readonly #model: SessionModel;
  readonly #isRequesting: () => boolean;
  #forgotten: Presence | null = null;

  /** @param isRequesting Whether a presence is being asked for, and has no answer yet. */
  constructor(model: SessionModel, isRequesting: () => boolean) {
    this.#model = model;
    this.#isRequesting = isRequesting;
  }

  /** The presence to set again, since the server has forgotten it and nobody else has set one, or `null`. */
  get forgotten(): Presence | null {
    return this.#isRequesting() ? null : this.#forgotten;
  }

  /** A request is made. */
  noteRequest({ type, presence }: Message): void {
    if (type === "update_presence" && isPresence(presence)) this.#model.choose(presence);
  }

  /** The session is over, and what was chosen in it with it. */
  forget(): void {
    this.#model.choose(null);
  }

  /**
   * Finds out from a frame whether the chosen presence still stands, is forgotten, or was superseded.
   * @param before What was known before the frame.
   * @param silentMs How long nothing had come before it.
   */
  noteFrame({ type }: UpdateFrame, before: Memory, silentMs: number): void {
    const isFirst = type === "initial_state";
    if (isFirst) this.#forgotten = null;
    const { said, state } = this.#model.memory;
    const mayTell = isFirst || type === "presence_updated" || type === "state";
    if (!mayTell || said === null || state?.presence === said || this.#isRequesting()) return;
    if (isFirst && !mayBeChosenElsewhere(before, this.#model.memory, silentMs)) this.#forgotten = said;
    else this.#model.choose(isAnotherHere(this.#model.memory) ? null : (state?.presence ?? null));
  }
}

/** Whether another device is connected. If none is, a tab of this one has set the presence, and it is as good as its own. */
function isAnotherHere({ devices }: Memory): boolean {
  const isOwnKnown = devices.some(({ current }) => current);
  return !isOwnKnown || devices.some(({ current, tabs }) => !current && tabs > 0);
}

/**
 * Whether another device or tab may have chosen a presence: another device or another tab of this one is
 * connected, or a device was while nothing came. A server of version 1 lists nobody.
 */
function mayBeChosenElsewhere(before: Memory, { devices }: Memory, silentMs: number): boolean {
  const own = devices.find(({ current }) => current);
  if (!own || own.tabs > 1) return true;
  // The connect is the last thing that this device did, so the server's clock is known.
  const silentSince = (own.lastActive || 0) - silentMs;
  return devices.some(({ deviceId, tabs, lastActive }) => {
    if (deviceId === own.deviceId) return false;
    const known = before.devices.find((one) => one.deviceId === deviceId)?.lastActive ?? 0;
    return tabs > 0 || (lastActive > known && lastActive > silentSince);
  });
}
