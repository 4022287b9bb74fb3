/**
 * What each kind of event asks of the platform, counted at the real Worker. Each event finds its
 * user's object asleep, as it does when a user says something once a minute; one that finds it awake
 * costs less.
 */
import { Device } from "../../tests/support/device.mjs";
import { eventually } from "../../tests/support/eventually.mjs";
import { startMeteredServer } from "../../tests/support/watched.mjs";

/** @import { Server } from "../../tests/support/server.mjs" */
/** @import { Metering } from "../../tests/support/watched.mjs" */

const PING = '{"type":"ping"}';

/**
 * What one event of a kind costs, on average.
 * @typedef {object} EventCost
 * @property {number} workerRequests Requests to the Worker.
 * @property {number} requests Requests to the object.
 * @property {number} frames Frames that the device sends, whether the object sees them or not.
 * @property {number} handled Frames and closings that the object sees.
 * @property {number} wakes
 * @property {number} rowsRead
 * @property {number} rowsWritten
 * @property {number} activeMs How long the object is at work.
 */

/** @typedef {"connect" | "event" | "change" | "sync" | "heartbeat" | "leave"} Kind */

/**
 * @typedef {object} Measured
 * @property {Record<Kind, EventCost>} events
 * @property {number} bytesPerUser The size of an object's database.
 */

/** The kinds that are a frame, and the one that changes something on and off. */
const FRAMES = {
  event: () => ({ type: "broadcast", event: "moved", data: { from: "e2", to: "e4" } }),
  change: (/** @type {number} */ turn) => ({
    type: turn % 2 === 0 ? "join_game" : "leave_game",
    gameId: "chess",
  }),
  sync: () => ({ type: "sync_state" }),
};

/**
 * Measures every kind of event.
 * @param {number} [times] How often each.
 * @returns {Promise<Measured>}
 */
export async function measure(times = 25) {
  const server = await startMeteredServer();
  try {
    const visits = await measureVisits(server, times);
    const frames = await measureFrames(server, times);
    return { events: { ...visits, ...frames }, bytesPerUser: await server.bytes("frames") };
  } finally {
    await server.close();
  }
}

/**
 * Leaving, by users of whom nothing has been written for a minute, and then connecting again.
 * @param {Server & Metering} server
 * @param {number} times
 */
async function measureVisits(server, times) {
  const leave = nothing();
  const connect = nothing();
  for (let visit = 0; visit < times; visit++) {
    const userId = `visitor ${visit}`;
    const device = await Device.connect(server, userId);
    await addTo(leave, server, userId, async () => {
      await device.close();
      await closings(server, userId, 1);
    });
    /** @type {Device | undefined} */
    let again;
    await addTo(connect, server, userId, async () => {
      again = await Device.connect(server, userId);
    });
    await again?.close();
    await closings(server, userId, 2);
  }
  return { leave: average(leave, times), connect: average(connect, times) };
}

/**
 * Frames and heartbeats of one device.
 * @param {Server & Metering} server
 * @param {number} times
 */
async function measureFrames(server, times) {
  const userId = "frames";
  const device = await Device.connect(server, userId);
  await device.next();
  for (const gameId of ["go", "backgammon"]) await device.ask({ type: "join_game", gameId });
  /** @param {(turn: number) => object | string} frame */
  const measureFrame = async (frame) => {
    const sum = nothing();
    for (let turn = 0; turn < times; turn++) {
      await addTo(sum, server, userId, () => device.ask(frame(turn)));
    }
    return average({ ...sum, frames: times }, times);
  };
  const costs = {
    event: await measureFrame(FRAMES.event),
    change: await measureFrame(FRAMES.change),
    sync: await measureFrame(FRAMES.sync),
    heartbeat: await measureFrame(() => PING),
  };
  await device.close();
  return costs;
}

/**
 * Puts a user's object to sleep and adds what some work costs it then.
 * @param {EventCost} sum
 * @param {Server & Metering} server
 * @param {string} userId
 * @param {() => Promise<unknown>} work Waits for the last effect it means.
 */
async function addTo(sum, server, userId, work) {
  await server.hibernate(userId);
  const before = await server.meter(userId);
  await work();
  const now = await server.meter(userId);
  if (now.others !== before.others) throw new Error("the object writes in a way that is not metered");
  /** @param {Exclude<keyof typeof now, "points">} name */
  const more = (name) => now[name] - before[name];
  Object.assign(sum, {
    workerRequests: sum.workerRequests + more("workerRequests"),
    requests: sum.requests + more("requests"),
    handled: sum.handled + more("messages") + more("closes"),
    wakes: sum.wakes + more("instances"),
    rowsRead: sum.rowsRead + more("rowsRead"),
    rowsWritten: sum.rowsWritten + more("puts") + more("deletes"),
    activeMs: sum.activeMs + more("activeMs"),
  });
}

/**
 * Waits until the object has seen so many devices close.
 * @param {Metering} server
 * @param {string} userId
 * @param {number} count
 */
function closings(server, userId, count) {
  return eventually("the closing", async () => (await server.meter(userId)).closes >= count);
}

/** @returns {EventCost} */
function nothing() {
  return {
    workerRequests: 0,
    requests: 0,
    frames: 0,
    handled: 0,
    wakes: 0,
    rowsRead: 0,
    rowsWritten: 0,
    activeMs: 0,
  };
}

/**
 * @param {EventCost} sum
 * @param {number} times
 */
function average(sum, times) {
  const each = Object.entries(sum).map(([name, value]) => [name, value / times]);
  return /** @type {EventCost} */ (Object.fromEntries(each));
}
