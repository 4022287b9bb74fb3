/** The knowledge of a tab that leads, which it tells another as the server would. */
import type { Connected } from "./connection-types.js";
import type { SessionModel } from "./model.js";
import type { Breaks, HostKnown } from "./tab-messages.js";

/** All that a tab must know to serve others. */
export function knownTo({ memory: { position, stateSeq, inbox }, now: time }: SessionModel): HostKnown {
  // While it catches up, the state is ahead of the frames.
  const seq = Math.max(position?.seq ?? 0, stateSeq);
  const { place = null, read = 0 } = inbox ?? {};
  return { position: position && { ...position, seq }, inbox: place, read, time };
}

/** The beginning of a connection, whose first frame a tab's model has. @param floor From where on messages were asked for. */
export function beginningOf(version: 1 | 2, { memory, resumed, refused }: SessionModel, floor: number | null): Connected {
  const { position, inbox, stateSeq } = memory;
  return {
    ...{ version, resumed, refused, position: position && { ...position, seq: stateSeq } },
    ...{ inbox: inbox && Math.min(inbox.place, floor ?? inbox.place), lostAt: inbox?.lostAt ?? 0 },
  };
}

/**
 * A first frame for another tab, as the server would write it now.
 * @param lost Whether messages that the tab has not may have been dropped.
 * @param reset Whether the tab must start over.
 */
export function firstFrame(model: SessionModel, deviceId: string, { lost, reset }: Breaks): string {
  const { state, devices, inbox, values } = model.memory;
  const { position } = knownTo(model);
  const frame = { type: "initial_state", ...state, deviceId };
  if (!position) return JSON.stringify(frame);
  // Whoever connects is active now, and whoever reads it sets its clock by that.
  const lastActive = Math.round(model.now);
  const { last, read, unread } = model.inboxNow ?? {};
  return JSON.stringify({
    ...frame,
    lastActive,
    devices: devices.map((one) => (one.current ? { ...one, lastActive } : one)),
    ...position,
    // One that was never there may have an error here.
    values: Object.fromEntries(Object.entries(values).filter(([, { version }]) => version)),
    ...(reset && { reset }),
    ...(inbox && { inbox: { last, read, unread }, lost }),
  });
}
