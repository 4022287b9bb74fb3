/** The presence that was last set through this tab, kept because the server may forget it. */
import type { ToldFrame } from "./frames.js";
import type { Memory, SessionModel } from "./model.js";
import { type Presence, isPresence } from "./protocol.js";
import type { Message } from "./requests.js";

export class SpokenPresence {
  readonly #model: SessionModel;
  readonly #isAsking: () => boolean;
  #forgotten: Presence | null = null;

  /** @param isAsking Whether a presence is being asked for, and has no answer yet. */
  constructor(model: SessionModel, isAsking: () => boolean) {
    this.#model = model;
    this.#isAsking = isAsking;
  }

  /** The presence to set again, since the server has forgotten it and nobody else has set one, or `null`. */
  get forgotten(): Presence | null {
    return this.#isAsking() ? null : this.#forgotten;
  }

  /** Something is asked for. */
  asked({ type, presence }: Message): void {
    if (type === "update_presence" && isPresence(presence)) this.#model.say(presence);
  }

  /** The session is over: what was said in it counts no more. */
  forget(): void {
    this.#model.say(null);
  }

  /**
   * Finds out from a frame whether the word still stands, is forgotten, or was superseded.
   * @param before What was known before the frame.
   * @param unheardMs How long nothing had been heard when it came.
   */
  told({ type }: ToldFrame, before: Memory, unheardMs: number): void {
    const isFirst = type === "initial_state";
    if (isFirst) this.#forgotten = null;
    const { said, state } = this.#model.memory;
    const mayTell = isFirst || type === "presence_updated" || type === "state";
    if (!mayTell || said === null || state?.presence === said || this.#isAsking()) return;
    if (isFirst && !mayHaveSpoken(before, this.#model.memory, unheardMs)) this.#forgotten = said;
    else this.#model.say(null);
  }
}

/**
 * Whether somebody else may have spoken for the user: another device or another tab of this one is
 * connected, or a device was while nothing was heard. A server of version 1 lists nobody.
 */
function mayHaveSpoken(before: Memory, { devices }: Memory, unheardMs: number): boolean {
  const own = devices.find(({ current }) => current);
  if (!own || own.tabs > 1) return true;
  // The connect is the last thing that this device did, so the server's clock is known.
  const unheardSince = (own.lastActive || 0) - unheardMs;
  return devices.some(({ deviceId, tabs, lastActive }) => {
    if (deviceId === own.deviceId) return false;
    const known = before.devices.find((one) => one.deviceId === deviceId)?.lastActive ?? 0;
    return tabs > 0 || (lastActive > known && lastActive > unheardSince);
  });
}
